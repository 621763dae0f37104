"""What the generated test cannot know of itself: values of special forms, and what fields need."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.api.parent import Parent
from vmoperator.api.selected import selected
from vmoperator.base.manifest import Manifest

_NAMES = ("sample", "other")
_AGGREGATIONS = ("aggregation", "other-aggregation")
_SCRAPES = ("scrapes", "other-scrapes")
_NOTIFIERS = ("notifiers", "other-notifiers")


def _alertmanager(namespace: str) -> Parent:
    return parsed(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAlertmanager",
            "metadata": {"name": "main", "namespace": namespace, "labels": {"a": "b"}},
            "spec": {},
        }
    )


_PORT = {"port": "http", "interval": "30s", "honorLabels": True, "honorTimestamps": True}
_TOKEN = {"alert_source_token": {"name": "sample", "key": "sample"}}
SCRAPE_OBJECTS: Mapping[str, Manifest] = MappingProxyType(
    {
        "VMServiceScrape": {
            "selector": {"matchLabels": {"a": "b"}},
            "namespaceSelector": {"any": True},
            "endpoints": [_PORT],
        },
        "VMPodScrape": {"podMetricsEndpoints": [{"port": "http"}]},
        "VMProbe": {
            "vmProberSpec": {"url": "prober:9115"},
            "targets": {"static": {"targets": ["http://a"]}},
        },
        "VMNodeScrape": {},
        "VMStaticScrape": {
            "targetEndpoints": [
                {"targets": ["a:1"], "bearerTokenFile": "/token"},
            ]
        },
        "VMScrapeConfig": {"staticConfigs": [{"targets": ["a:1"]}]},
        "VMRule": {"groups": [{"name": "a", "rules": [{"alert": "a", "expr": "up"}]}]},
        "VMAlertmanagerConfig": {
            "route": {"receiver": "a"},
            "receivers": [
                {"name": "a", "webhook_configs": [{"url": "http://a"}]},
                {"name": "b", "incidentio_configs": [{"url_file": "/b", **_TOKEN}]},
            ],
        },
    }
)
"""One object of each kind that agents select."""

AROUND = Known(
    secrets={
        name: {
            **dict.fromkeys(_NAMES, b"value"),
            **dict.fromkeys(_SCRAPES, b"- job_name: a\n"),
            **dict.fromkeys(_NOTIFIERS, b"static_configs: [{targets: [a]}]\n"),
            "alertmanager.yaml": b"route: {receiver: %s}\nreceivers: [{name: %s}]\n" % (it, it),
        }
        for name in _NAMES
        for it in (name.encode(),)
    },
    config_maps={
        name: {
            **dict.fromkeys(_NAMES, "- action: labeldrop\n  regex: a\n"),
            **dict.fromkeys(_AGGREGATIONS, "- interval: 1m\n  outputs: [avg]\n"),
        }
        for name in _NAMES
    },
    parents=tuple(_alertmanager(it) for it in ("monitoring", "elsewhere")),
    objects=tuple(
        selected(
            {
                "apiVersion": "operator.victoriametrics.com/v1beta1",
                "kind": kind,
                "metadata": {"name": "sample", "namespace": "monitoring"},
                "spec": spec,
            }
        )
        for kind, spec in SCRAPE_OBJECTS.items()
    ),
)
"""Secrets, ConfigMaps, VMAlertmanagers and scrape objects that the samples name or meet."""

BASES: Mapping[str, Manifest] = MappingProxyType(
    {
        "VMCluster": {"vmstorage": {"replicaCount": 9}, "vmselect": {}, "vminsert": {}},
        "VMSingle": {"ingestOnlyMode": False},
        "VMAgent": {"remoteWrite": [{"url": "http://a/api/v1/write"}]},
        "VMAlert": {
            "datasource": {"url": "http://a"},
            "notifier": {"url": "http://b"},
            "rulePath": ["/rules/*.yaml"],
        },
        "VMAlertmanager": {},
    }
)
"""Kind -> the least that its specification needs."""

_LICENCE = {"spec.": {"license": {"key": "k"}}}
_SIZE = {"resources": {"requests": {"storage": "1Gi"}}}
_VOLUMES = {"volumes": [{"name": "sample", "emptyDir": {}}]}
_SECRET = {"name": "sample", "key": "sample"}
_OAUTH2 = {"client_id": {"secret": _SECRET}, "client_secret": _SECRET, "token_url": "http://a"}
_SERVER = {"cert_file": "/cert", "key_file": "/key"}
_GRAPHITE = {
    "action": "graphite",
    "match": "a.*",
    "labels": {"b": "$1"},
    "source_labels": None,
    "target_label": None,
}
_AGGREGATED = {"rules": [{"interval": "1m", "outputs": ["avg"]}]}
_SELECTORS = ("SecretKeySelector", "ConfigMapKeySelector")
_OF_DAEMON_SETS = ("daemonSetUpdateStrategy", "daemonSetRollingUpdateStrategyBehavior")
_OF_STATEFUL_SETS = (
    "claimTemplates",
    "persistentVolumeClaimRetentionPolicy",
    "statefulStorage",
    "statefulRollingUpdateStrategy",
    "statefulRollingUpdateStrategyBehavior",
)
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
    ("Downsampling", _LICENCE),
    ("RetentionFilter", _LICENCE),
    ("VMBackup", {"destination": "s3://sample", **_LICENCE}),
    ("VMBackup:acceptEULA", {"spec.": {"license": None}}),
    ("spec.vmstorage.vmBackup.volumeMounts", {"spec.": {"vmstorage": _VOLUMES}}),
    ("spec.vmBackup.volumeMounts", {"spec.": _VOLUMES}),
    ("DownsamplingRule", {"periods": [{"offset": "30d", "interval": "5m"}]}),
    ("Notifier", {"url": "http://a"}),
    ("Notifier:selector", {"url": None}),
    ("VMAlertSpec:notifierConfigRef", {"notifier": None}),
    ("VMAlertSpec:enforcedNamespaceLabel", {"ruleSelector": {}}),
    *((f"VMAgentSpec:{name}", {"daemonSetMode": True}) for name in _OF_DAEMON_SETS),
    *((f"VMAgentSpec:{name}", {"statefulMode": True}) for name in _OF_STATEFUL_SETS),
    ("License:key", {"key": "k"}),
    ("License:forceOffline", {"key": "k"}),
    ("License:reloadInterval", {"keyRef": {"name": "sample", "key": "sample"}}),
    ("SecretKeySelector", {"name": "sample"}),
    ("ConfigMapKeySelector", {"name": "sample"}),
    *((name, _OAUTH2) for name in ("OAuth2", "OAuth2Flags")),
    *(
        (f"{name}:client_secret_file", {"client_secret": None})
        for name in ("OAuth2", "OAuth2Flags")
    ),
    *((f"TLSConfig:{name}", {"keyFile": "/key"}) for name in ("cert", "certFile")),
    *((f"TLSConfig:{name}", {"certFile": "/cert"}) for name in ("keySecret", "keyFile")),
    *((f"TLSClient:{name}", {"key_file": "/key"}) for name in ("cert_secret_ref", "cert_file")),
    *((f"TLSClient:{name}", {"cert_file": "/cert"}) for name in ("key_secret_ref", "key_file")),
    ("TLSServer", _SERVER),
    ("TLSServer:cert_secret_ref", {"cert_file": None}),
    ("TLSServer:key_secret_ref", {"key_file": None}),
    ("GossipConfig:tls_client_config", {"tls_server_config": _SERVER}),
    ("RelabelConfig", {"source_labels": ["a"], "target_label": "b"}),
    ("RelabelConfig:sourceLabels", {"source_labels": None}),
    ("RelabelConfig:targetLabel", {"target_label": None}),
    ("RelabelConfig:modulus", {"action": "hashmod"}),
    *((f"RelabelConfig:{name}", _GRAPHITE) for name in ("match", "labels")),
    ("StreamAggrConfig:ignoreFirstSampleInterval", _AGGREGATED),
    ("StreamAggrConfig:configmap", {"configmap": {"key": "aggregation"}}),
    *(
        (f"VMSingleSpec:{name}", {"storage": _SIZE})
        for name in ("storageMetadata", "removePvcAfterDelete", "storageDataPath")
    ),
    ("VMAgentSpec:hpa", {"shardCount": 1}),
    ("ScrapeClass", {"default": True}),
    ("ScrapeClass:default", {"relabelConfigs": [{"action": "labeldrop", "regex": "a"}]}),
    ("APIServerConfig", {"host": "https://a"}),
    ("Authorization", {"credentials": _SECRET}),
    ("Authorization:credentialsFile", {"credentials": None}),
    *(
        (f"{kind}:additionalScrapeConfigs", {"additionalScrapeConfigs": {"key": "scrapes"}})
        for kind in ("VMAgentSpec", "VMSingleSpec")
    ),
    ("VMAlertSpec:notifierConfigRef", {"notifierConfigRef": {"key": "notifiers"}}),
    ("SecretOrConfigMap:configMap", {"secret": None}),
    *((f"{name}:optional", {"name": "absent"}) for name in _SELECTORS),
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
        "VMSingleSpec:replicaCount": [0, 1],
        "action": ["keep", "drop"],
        "if": ['{a="b"}'],
        "RelabelConfig:match": ["a.*", "b.*"],
        "outputs": [["avg"], ["last"]],
        "dedup_interval": ["20s"],
        "staleness_interval": ["30m"],
        "ignoreFirstSampleInterval": ["5m"],
        "StreamAggrRule:match": ['{a="b"}'],
        "configmap.key": _AGGREGATIONS,
        "additionalScrapeConfigs.key": _SCRAPES,
        "notifierConfigRef.key": _NOTIFIERS,
        "scrapeInterval": ["15s"],
        "minScrapeInterval": ["1m"],
        "maxScrapeInterval": ["10s"],
        "scrapeTimeout": ["5s"],
        "inlineScrapeConfig": ["- job_name: a\n"],
        "HTTPAuth:headers": [["a: b"]],
        "headers": [["a: b"], {"a": "b"}],
        "flushInterval": ["2s"],
        "lookback": ["2h"],
        "url": ["http://a", "http://b"],
        "proxyURL": ["http://a"],
        "sendTimeout": ["5s"],
        "evaluationInterval": ["5s"],
        "VMAlertmanagerSpec:retention": ["24h"],
        "sampling_fraction": ["0.5"],
        "HTTPServer:headers": [{"X-Frame-Options": "deny"}],
        "basic_auth_users": [{"a": f"$2y$10${'a' * 53}"}],
        "enforcedTopRouteMatchers": [["a=b"]],
        "additionalPeers": [["a:9094"]],
        "clusterAdvertiseAddress": ["1.2.3.4:9094"],
        "configRawYaml": ["route: {receiver: a}\nreceivers: [{name: a}]\n"],
        "labelSelector": [{"matchLabels": {"a": name}} for name in ("b", "c")],
        "matchNames": [["elsewhere"]],
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
        "storageMetadata.name": "the claim is named like its VMSingle, and found by that name",
        "spec.vmBackup.destinationDisableSuffixAdd": "there is one pod, which gets no folder",
        **{
            f"{notifier}.oauth2.client_id.{kind}.optional": "a client has an id, or it is none"
            for notifier in ("notifier", "notifiers")
            for kind in ("secret", "configMap")
        },
        "notifierConfigRef.optional": "without the file there would be no notifier at all",
        "keyRef.optional": "a licence that may be missing is no licence",
    }
)
"""A field -> why it changes no child."""
