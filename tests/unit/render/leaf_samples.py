"""What the generated test cannot know of itself: values of special forms, and what fields need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from vmoperator.api.around import Known
from vmoperator.base.manifest import Manifest

_NAMES = ("sample", "other")
AROUND = Known(
    secrets={name: dict.fromkeys(_NAMES, b"value") for name in _NAMES},
    config_maps={
        name: dict.fromkeys(_NAMES, "- action: labeldrop\n  regex: a\n") for name in _NAMES
    },
)
"""Secrets and ConfigMaps that the samples name."""

BASES: Mapping[str, Manifest] = MappingProxyType(
    {
        "VMCluster": {"vmstorage": {"replicaCount": 9}, "vmselect": {}, "vminsert": {}},
    }
)
"""Kind -> the least that its specification needs."""

_LICENCE = {"spec.": {"license": {"key": "k"}}}
_SIZE = {"resources": {"requests": {"storage": "1Gi"}}}
_VOLUMES = {"volumes": [{"name": "sample", "emptyDir": {}}]}
_BALANCED = {"enabled": True}

NEEDS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("HorizontalScaling", {"maxReplicas": 9}),
    (
        "VerticalScaling",
        {
            "updatePolicy": {"updateMode": "Off"},
            "resourcePolicy": {"containerPolicies": [{"containerName": "*"}]},
        },
    ),
    ("DisruptionBudget:selectorLabels", {"minAvailable": 1}),
    ("DisruptionBudget:unhealthyPodEvictionPolicy", {"minAvailable": 1}),
    ("volumeMounts", _VOLUMES),
    ("ClaimTemplate", {"spec": _SIZE}),
    ("ClaimSpec", _SIZE),
    ("Discovery", {"enabled": True, **_LICENCE}),
    ("LoadBalancer", _BALANCED),
    ("spec.downsampling.rules", _LICENCE),
    ("spec.downsampling", _LICENCE),
    ("RetentionFilter", _LICENCE),
    ("VMBackup", {"destination": "s3://sample", **_LICENCE}),
    ("VMBackup:acceptEULA", {"spec.": {"license": None}}),
    ("spec.vmstorage.vmBackup.volumeMounts", {"spec.": {"vmstorage": _VOLUMES}}),
    ("spec.vmBackup.volumeMounts", {"spec.": _VOLUMES}),
    ("DownsamplingRule", {"periods": [{"offset": "30d", "interval": "5m"}]}),
    ("License:key", {"key": "k"}),
    ("License:forceOffline", {"key": "k"}),
    ("License:reloadInterval", {"keyRef": {"name": "sample", "key": "sample"}}),
    ("spec.license.keyRef", {"name": "sample"}),
    ("SecretKeySelector", {"name": "sample"}),
)
"""A field, or a model on the way to it -> what else has to be set for it to act: there, or below
`spec.`."""

_CONTAINERS = [[{"name": "sample", "image": "sample:1"}]]
_PORTS = ["1234", "4321"]

SAMPLES: Mapping[str, Sequence[Any]] = MappingProxyType(
    {
        "retentionPeriod": ["30d"],
        "retention": ["1d", "2d"],
        "claimTemplates": [[{"metadata": {"name": "sample"}, "spec": _SIZE}]],
        "ClaimResources:requests": [{"storage": "2Gi"}],
        "ClaimResources:limits": [{"storage": "2Gi"}],
        "Resources:limits": [{"cpu": "3"}],
        "Resources:requests": [{"cpu": "10m"}],
        "updatePolicy": [{"updateMode": "Initial"}, {"updateMode": "Off"}],
        "resourcePolicy": [{"containerPolicies": [{"containerName": n}]} for n in ("a", "b")],
        "minReplicas": [9, 1],
        "port": _PORTS,
        "vmInsertPort": _PORTS,
        "vmSelectPort": _PORTS,
        "clusterNativeListenPort": _PORTS,
        "graphitePort": _PORTS,
        "influxPort": _PORTS,
        "openTSDBPort": _PORTS,
        "openTSDBHTTPPort": _PORTS,
        "containers": _CONTAINERS,
        "initContainers": _CONTAINERS,
        "volumes": [[{"name": "sample", "emptyDir": {}}]],
        "volumeMounts": [[{"name": "sample", "mountPath": "/sample"}]],
        "imagePullSecrets": [[{"name": "sample"}]],
        "interval": ["5m", "10m"],
        "offset": ["30d", "60d"],
        "dedupInterval": ["1m"],
        "behaviour": [{"scaleUp": {"stabilizationWindowSeconds": 5}}],
        "filter": ['{a="b"}', '{c="d"}'],
        "maxUnavailable": [2, "50%"],
        "customS3Endpoint": ["http://a"],
    }
)
"""A field -> values that it may have, at least two where it is required."""

WITHOUT_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "spec.paused": "the whole pass is left out, before anything is rendered",
        "podMetadata.name": "pods are named by their controllers",
        "ClaimTemplate:apiVersion": "a claim template has one API version",
        "ClaimTemplate:kind": "a claim template has one kind",
        "ClaimTemplate:status": "a template has no status",
        "requestsLoadBalancer.spec.serviceSpec.useAsDefault": "there is one Service, and it does",
        "requestsLoadBalancer.spec.serviceSpec.metadata.name": "there is one Service, of that name",
        "keyRef.optional": "a licence that may be missing is no licence",
    }
)
"""A field -> why it changes no child."""
