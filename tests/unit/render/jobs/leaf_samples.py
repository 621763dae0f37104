"""What the generated test of the fields of scrape objects cannot know of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from vmoperator.api.around import Known
from vmoperator.base.manifest import Manifest

BASES: Mapping[str, Manifest] = MappingProxyType(
    {
        "VMServiceScrape": {"endpoints": [{"port": "http"}]},
        "VMPodScrape": {"podMetricsEndpoints": [{"port": "http"}]},
        "VMProbe": {
            "vmProberSpec": {"url": "prober:9115"},
            "targets": {"static": {"targets": ["http://a"]}},
        },
        "VMNodeScrape": {},
        "VMStaticScrape": {"targetEndpoints": [{"targets": ["a:1"]}]},
        "VMScrapeConfig": {},
    }
)
"""Kind -> the least that makes a job."""

KEYS = dict.fromkeys(("sample", "other"), b"value")
AROUND = Known(
    secrets=dict.fromkeys(("sample", "other"), KEYS),
    config_maps=dict.fromkeys(("sample", "other"), dict.fromkeys(KEYS, "value")),
)
"""Secrets and ConfigMaps that the samples name."""

_SECRET = {"name": "sample", "key": "sample"}
_OAUTH2 = {"client_id": {"secret": _SECRET}, "client_secret": _SECRET, "token_url": "http://a"}
_GRAPHITE = {
    "action": "graphite",
    "match": "a.*",
    "labels": {"b": "$1"},
    "source_labels": None,
    "target_label": None,
}
_PORTED = (
    *("DNSSDConfig", "EC2SDConfig", "AzureSDConfig", "GCESDConfig", "OpenStackSDConfig"),
    *("DigitalOceanSDConfig", "HetznerSDConfig", "VultrSDConfig", "PuppetDBSDConfig"),
    *("DockerSDConfig", "DockerSwarmSDConfig"),
)
"""Discoveries with a number for the port of their targets."""
_SELECTORS = ("SecretKeySelector", "ConfigMapKeySelector")

NEEDS: Sequence[tuple[str, Mapping[str, Any]]] = (
    ("OVHCloudSDConfig", {"applicationSecret": _SECRET, "consumerKey": _SECRET}),
    ("SecretKeySelector", {"name": "sample"}),
    ("ConfigMapKeySelector", {"name": "sample"}),
    *((name, _OAUTH2) for name in ("OAuth2", "DiscoveryOAuth2")),
    *(
        (f"{name}:client_secret_file", {"client_secret": None})
        for name in ("OAuth2", "DiscoveryOAuth2")
    ),
    *((f"TLSConfig:{name}", {"keyFile": "/key"}) for name in ("cert", "certFile")),
    *((f"TLSConfig:{name}", {"certFile": "/cert"}) for name in ("keySecret", "keyFile")),
    ("Authorization", {"credentials": _SECRET}),
    ("Authorization:credentialsFile", {"credentials": None}),
    ("RelabelConfig", {"source_labels": ["a"], "target_label": "b"}),
    ("RelabelConfig:sourceLabels", {"source_labels": None}),
    ("RelabelConfig:targetLabel", {"target_label": None}),
    ("RelabelConfig:modulus", {"action": "hashmod"}),
    *((f"RelabelConfig:{name}", _GRAPHITE) for name in ("match", "labels")),
    ("SecretOrConfigMap:configMap", {"secret": None}),
    *((f"{name}:optional", {"name": "absent"}) for name in _SELECTORS),
    ("ProbeTargets:staticConfig", {"static": None}),
    ("KubernetesProbeTargets", {"role": "pod"}),
    ("LabelExpression:values", {"operator": "In"}),
    # The name of a port wins over the other ways to say it.
    ("ServiceEndpoint:targetPort", {"port": None}),
    *((f"PodEndpoint:{name}", {"port": None}) for name in ("portNumber", "targetPort")),
)
"""A field, or a model on the way to it -> what else has to be set for it to act."""

SAMPLES: Mapping[str, Sequence[Any]] = MappingProxyType(
    {
        "scheme": ["https"],
        "scrape_interval": ["15s"],
        "interval": ["15s"],
        "scrape_align_interval": ["15s"],
        "scrape_offset": ["15s"],
        "VMScrapeParams:headers": [["a: b"]],
        "max_scrape_size": ["16MiB"],
        "proxy_url": ["http://a:1"],
        "VMNodeScrapeSpec:port": ["9100", "9101"],
        **{f"{kind}:port": [1234, 4321] for kind in _PORTED},
        "LabelExpression:operator": ["Exists", "DoesNotExist"],
        "LabelExpression:values": [["a"], ["b"]],
        "scrapeClass": ["mesh"],
    }
)
"""A field -> values that it may have, at least two where it is required."""

_CLIENT = "a client has an id and a secret, or it is none"
WITHOUT_EFFECT: Mapping[str, str] = MappingProxyType(
    {
        "client_id.secret.optional": _CLIENT,
        "client_id.configMap.optional": _CLIENT,
        "client_secret.optional": _CLIENT,
        "ingress.role": "the older name says the role",
        "spec.kubernetesSDConfigs.proxy_client_config": "refused: agents could not use it",
    }
)
"""The end of the path of a field, or the whole path of a part -> why it makes no other job."""
