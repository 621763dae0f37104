"""An object of each scrape kind that sets every part once, and the fields of their documents."""

from __future__ import annotations

import copy
from typing import Any

GROUP = "operator.victoriametrics.com/v1beta1"
_KEY = {"name": "credentials", "key": "value"}
_TLS = {
    "ca": {"configMap": {"name": "authorities", "key": "ca.crt"}},
    "cert": {"secret": {"name": "client", "key": "tls.crt"}},
    "keySecret": {"name": "client", "key": "tls.key"},
    "serverName": "server",
    "insecureSkipVerify": False,
}
_OAUTH2 = {
    "client_id": {"secret": _KEY},
    "client_secret": _KEY,
    "token_url": "https://tokens",
    "scopes": ["read"],
    "endpoint_params": {"a": "b"},
    "proxy_url": "http://proxy",
    "tls_config": _TLS,
}
_PROXY = {"basic_auth": {"username": _KEY, "password": _KEY}, "tls_config": _TLS}
_PARAMS: dict[str, Any] = {
    "path": "/metrics",
    "scheme": "HTTPS",
    "params": {"module": ["a", "b"]},
    "follow_redirects": False,
    "sampleLimit": 10_000_000_000,
    "seriesLimit": 0,
    "interval": "30s",
    "scrape_interval": "15s",
    "scrapeTimeout": "5s",
    "proxyURL": "socks5://proxy:1080",
    "honorLabels": True,
    "honorTimestamps": False,
    "max_scrape_size": "16MiB",
    "vm_scrape_params": {
        "disable_compression": True,
        "disable_keep_alive": True,
        "no_stale_markers": True,
        "stream_parse": True,
        "scrape_align_interval": "1m",
        "scrape_offset": "5s",
        "proxy_client_config": _PROXY,
        "headers": ["X-Team: a"],
    },
}
_RELABELINGS = {
    "metricRelabelConfigs": [{"action": "labeldrop", "regex": ["a", "b"]}],
    "relabelConfigs": [{"sourceLabels": ["a"], "target_label": "b", "modulus": 3}],
}
_BASIC = {"basicAuth": {"username": _KEY, "password_file": "/password"}, "tlsConfig": _TLS}
_TOKEN = {"bearerTokenSecret": _KEY, "tlsConfig": {"caFile": "/ca"}}
_SELECTOR = {
    "matchLabels": {"app.kubernetes.io/name": "web"},
    "matchExpressions": [
        {"key": "tier", "operator": "In", "values": ["a", "b"]},
        {"key": "old", "operator": "DoesNotExist"},
    ],
}
_NAMESPACES = {"any": False, "matchNames": ["one", "two"]}
_ATTACH = {"node": True, "namespace": True}
_HTTP = {
    "authorization": {"type": "Token", "credentials": _KEY},
    "tlsConfig": _TLS,
    "proxyURL": "http://proxy",
    "proxy_client_config": _PROXY,
    "followRedirects": True,
}
_FILTERS = [{"name": "tag", "values": ["a"]}]


def _object(kind: str, spec: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "demo"}
    return {"apiVersion": GROUP, "kind": kind, "metadata": metadata, "spec": spec}


_SERVICE = {
    "discoveryRole": "endpointslice",
    "jobLabel": "app",
    "targetLabels": ["team"],
    "podTargetLabels": ["version"],
    "endpoints": [
        {
            "port": "http",
            "targetPort": "web",
            "attach_metadata": _ATTACH,
            **_PARAMS,
            **_BASIC,
            **_RELABELINGS,
        }
    ],
    "selector": _SELECTOR,
    "namespaceSelector": _NAMESPACES,
    "sampleLimit": 1,
    "seriesLimit": 2,
    "attach_metadata": {"node": False},
    "scrapeClass": "mesh",
}
_POD = {
    "jobLabel": "app",
    "podTargetLabels": ["version"],
    "podMetricsEndpoints": [
        {
            "port": "http",
            "portNumber": 8080,
            "targetPort": 8080,
            "filterRunning": False,
            "attach_metadata": _ATTACH,
            **_PARAMS,
            **_RELABELINGS,
            "oauth2": _OAUTH2,
        }
    ],
    "selector": _SELECTOR,
    "namespaceSelector": _NAMESPACES,
    "sampleLimit": 1,
    "seriesLimit": 2,
    "attach_metadata": _ATTACH,
    "scrapeClass": "mesh",
}
_PROBE = {
    **{name: value for name, value in _PARAMS.items() if name != "vm_scrape_params"},
    **_TOKEN,
    "jobName": "pages",
    "vmProberSpec": {"url": "blackbox:9115", "scheme": "https", "path": "/probe"},
    "module": "http_2xx",
    "targets": {
        "static": {
            "targets": ["https://example.com"],
            "labels": {"site": "main"},
            "relabelingConfigs": [{"target_label": "a", "replacement": "b"}],
        },
        "kubernetes": [
            {"role": "ingress", "selector": _SELECTOR, "namespaceSelector": {"any": True}},
            {"role": "service", "relabelingConfigs": [{"action": "drop", "if": "{a='b'}"}]},
        ],
    },
    "metricRelabelConfigs": [],
    "scrapeClass": "mesh",
}
_NODE = {
    **_PARAMS,
    **_RELABELINGS,
    "authorization": {"credentials": _KEY},
    "jobLabel": "pool",
    "targetLabels": ["zone"],
    "port": "9100",
    "selector": _SELECTOR,
    "scrapeClass": "mesh",
}
_STATIC = {
    "jobName": "machines",
    "targetEndpoints": [
        {"targets": ["a:9100"], "labels": {"rack": "1"}, **_PARAMS, **_BASIC, **_RELABELINGS}
    ],
    "sampleLimit": 1,
    "seriesLimit": 2,
    "scrapeClass": "mesh",
}
_DISCOVERIES = {
    "staticConfigs": [{"targets": ["a:1"], "labels": {"a": "b"}}],
    "fileSDConfigs": [{"files": ["/etc/vm/configs/targets/*.json"]}],
    "httpSDConfigs": [{"url": "https://targets", **_HTTP}],
    "kubernetesSDConfigs": [
        {
            "apiServer": "https://api",
            "role": "endpointslice",
            "namespaces": {"ownNamespace": True, "names": ["a"]},
            "attach_metadata": _ATTACH,
            "selectors": [{"role": "pod", "label": "a=b", "field": "spec.nodeName=c"}],
            **_HTTP,
        }
    ],
    "consulSDConfigs": [
        {
            "server": "consul:8500",
            "tokenRef": _KEY,
            "datacenter": "dc",
            "namespace": "ns",
            "partition": "p",
            "scheme": "HTTPS",
            "services": ["a"],
            "tags": ["b"],
            "tagSeparator": ";",
            "nodeMeta": {"a": "b"},
            "allowStale": True,
            "filter": "a == b",
            **_HTTP,
        }
    ],
    "dnsSDConfigs": [{"names": ["a.example.com"], "type": "A", "port": 80}],
    "ec2SDConfigs": [
        {
            "region": "eu",
            "accessKey": _KEY,
            "secretKey": _KEY,
            "roleARN": "arn",
            "port": 80,
            "filters": _FILTERS,
        }
    ],
    "azureSDConfigs": [
        {
            "environment": "AzurePublicCloud",
            "authenticationMethod": "OAuth",
            "subscriptionID": "s",
            "tenantID": "t",
            "clientID": "c",
            "clientSecret": _KEY,
            "resourceGroup": "g",
            "port": 80,
            **_HTTP,
        }
    ],
    "gceSDConfigs": [
        {"project": "p", "zone": ["a", "b"], "filter": "f", "port": 80, "tagSeparator": ","}
    ],
    "openstackSDConfigs": [
        {
            "role": "Instance",
            "region": "r",
            "identityEndpoint": "https://id",
            "username": "u",
            "userid": "i",
            "password": _KEY,
            "domainName": "d",
            "domainID": "di",
            "projectName": "p",
            "projectID": "pi",
            "applicationCredentialName": "n",
            "applicationCredentialId": "ni",
            "applicationCredentialSecret": _KEY,
            "allTenants": True,
            "port": 80,
            "availability": "internal",
            "tlsConfig": _TLS,
        }
    ],
    "digitalOceanSDConfigs": [{"server": "https://api", "port": 80, **_HTTP}],
    "hetznerSDConfigs": [{"role": "hcloud", "port": 80, **_HTTP}],
    "eurekaSDConfigs": [{"server": "https://eureka", **_HTTP}],
    "puppetDBSDConfigs": [
        {"url": "https://db", "query": "q", "includeParameters": True, "port": 80, **_HTTP}
    ],
    "vultrSDConfigs": [
        {
            "label": "l",
            "mainIP": "10.0.0.1",
            "region": "r",
            "firewallGroupID": "f",
            "hostname": "h",
            "port": 80,
            **_HTTP,
        }
    ],
    "kumaSDConfigs": [{"server": "https://kuma", "clientID": "c", **_HTTP}],
    "ovhcloudSDConfigs": [
        {
            "endpoint": "ovh-eu",
            "applicationKey": "k",
            "applicationSecret": _KEY,
            "consumerKey": _KEY,
            "service": "VPS",
            **_HTTP,
        }
    ],
    "nomadSDConfigs": [
        {
            "server": "https://nomad",
            "namespace": "n",
            "region": "r",
            "tagSeparator": ",",
            "allowStale": False,
            **_HTTP,
        }
    ],
    "consulAgentSDConfigs": [
        {
            "server": "localhost:8500",
            "tokenRef": _KEY,
            "datacenter": "dc",
            "namespace": "ns",
            "scheme": "http",
            "services": ["a"],
            "tagSeparator": ",",
            "filter": "f",
            **_HTTP,
        }
    ],
    "dockerSDConfigs": [
        {
            "host": "unix:///docker.sock",
            "port": 80,
            "filters": _FILTERS,
            "hostNetworkingHost": "h",
            "matchFirstNetwork": True,
            **_HTTP,
        }
    ],
    "dockerSwarmSDConfigs": [
        {"host": "tcp://swarm", "role": "tasks", "port": 80, "filters": _FILTERS, **_HTTP}
    ],
    "marathonSDConfigs": [{"servers": ["https://marathon"], **_HTTP}],
    "yandexCloudSDConfigs": [
        {
            "service": "compute",
            "yandexPassportOAuthToken": _KEY,
            "apiEndpoint": "https://api",
            "folderIDs": ["f"],
            "tlsConfig": _TLS,
        }
    ],
}
SCRAPES: dict[str, dict[str, Any]] = {
    "VMServiceScrape": _object("VMServiceScrape", _SERVICE),
    "VMPodScrape": _object("VMPodScrape", _POD),
    "VMProbe": _object("VMProbe", _PROBE),
    "VMNodeScrape": _object("VMNodeScrape", _NODE),
    "VMStaticScrape": _object("VMStaticScrape", _STATIC),
    "VMScrapeConfig": _object(
        "VMScrapeConfig",
        {**_PARAMS, **_TOKEN, **_RELABELINGS, **_DISCOVERIES, "scrapeClass": "mesh"},
    ),
}

_PARAM_NAMES = """
    path scheme params follow_redirects sampleLimit seriesLimit interval scrape_interval
    scrapeTimeout proxyURL honorLabels honorTimestamps max_scrape_size vm_scrape_params
"""
_AUTH_NAMES = "oauth2 tlsConfig bearerTokenFile bearerTokenSecret basicAuth authorization"
_ENDPOINT_NAMES = f"{_PARAM_NAMES} {_AUTH_NAMES} metricRelabelConfigs relabelConfigs"
FIELDS = {
    "VMServiceScrape": """
        discoveryRole jobLabel targetLabels podTargetLabels endpoints selector namespaceSelector
        sampleLimit seriesLimit attach_metadata scrapeClass
    """,
    "VMPodScrape": """
        jobLabel podTargetLabels podMetricsEndpoints selector namespaceSelector sampleLimit
        seriesLimit attach_metadata scrapeClass
    """,
    "VMProbe": f"""
        {_PARAM_NAMES} {_AUTH_NAMES} jobName vmProberSpec module targets metricRelabelConfigs
        scrapeClass
    """,
    "VMNodeScrape": f"{_ENDPOINT_NAMES} jobLabel targetLabels port selector scrapeClass",
    "VMStaticScrape": "jobName targetEndpoints sampleLimit seriesLimit scrapeClass",
    "VMScrapeConfig": f"{_ENDPOINT_NAMES} {' '.join(_DISCOVERIES)} scrapeClass",
}
"""Kind -> names of the fields of its specification, as users of the Go operator know them."""


def scrape(kind: str, path: str, value: Any) -> dict[str, Any]:
    """The object of a kind with one field of its specification changed, or removed by None."""
    changed = copy.deepcopy(SCRAPES[kind])
    *above, last = path.split(".")
    place: Any = changed["spec"]
    for step in above:
        place = place[int(step)] if step.isdigit() else place.setdefault(step, {})
    if value is None:
        del place[last]
    else:
        place[last] = value
    return changed


REFUSED: dict[str, tuple[str, str, Any, str, str]] = {
    "no list of endpoints": ("VMServiceScrape", "endpoints", None, "endpoints", "is required"),
    "a port of 0": (
        "VMPodScrape",
        "podMetricsEndpoints.0.portNumber",
        0,
        "podMetricsEndpoints[0].portNumber",
        "must be at least 1",
    ),
    "a scheme in between": (
        "VMServiceScrape",
        "endpoints.0.scheme",
        "Https",
        "endpoints[0].scheme",
        "must be 'http', 'https', 'HTTP' or 'HTTPS'",
    ),
    "an interval without a unit": (
        "VMServiceScrape",
        "endpoints.0.interval",
        "30",
        "endpoints[0].interval",
        'must be a time such as "30s" or "1m30s", not the string "30"',
    ),
    "a timeout in words": (
        "VMNodeScrape",
        "scrapeTimeout",
        "ten seconds",
        "scrapeTimeout",
        "must be a time",
    ),
    "a role that does not exist": (
        "VMServiceScrape",
        "discoveryRole",
        "pods",
        "discoveryRole",
        "must be 'endpoints', 'service', 'endpointslices' or 'endpointslice'",
    ),
    "a selector without values": (
        "VMServiceScrape",
        "selector.matchExpressions",
        [{"key": "a", "operator": "In"}],
        "selector.matchExpressions[0].values",
        "In and NotIn need values",
    ),
    "a selector with too many values": (
        "VMPodScrape",
        "selector.matchExpressions",
        [{"key": "a", "operator": "Exists", "values": ["b"]}],
        "selector.matchExpressions[0].values",
        "Exists and DoesNotExist take none",
    ),
    "a selector with an operator of nodes": (
        "VMNodeScrape",
        "selector.matchExpressions",
        [{"key": "a", "operator": "Gt", "values": ["1"]}],
        "selector.matchExpressions[0].operator",
        "must be 'In', 'NotIn', 'Exists' or 'DoesNotExist'",
    ),
    "no target": (
        "VMStaticScrape",
        "targetEndpoints.0.targets",
        [],
        "targetEndpoints[0].targets",
        "must have no fewer entries than 1, not 0",
    ),
    "too many parts": (
        "VMStaticScrape",
        "targetEndpoints",
        [{"targets": ["a:1"]}] * 257,
        "targetEndpoints",
        "must have at most 256 entries, not 257",
    ),
    "a negative limit": ("VMStaticScrape", "sampleLimit", -1, "sampleLimit", "must be at least 0"),
    "two kinds of credentials": (
        "VMServiceScrape",
        "endpoints.0.authorization",
        {"credentials": {"name": "a", "key": "b"}},
        "endpoints[0]",
        "basicAuth and authorization exclude each other",
    ),
    "a token twice": (
        "VMScrapeConfig",
        "bearerTokenFile",
        "/token",
        "spec",
        "bearerTokenSecret and bearerTokenFile exclude each other",
    ),
    "two kinds of credentials for the proxy": (
        "VMNodeScrape",
        "vm_scrape_params.proxy_client_config.bearer_token_file",
        "/token",
        "vm_scrape_params.proxy_client_config",
        "basic_auth and bearer_token exclude each other",
    ),
    "a header without a name": (
        "VMNodeScrape",
        "vm_scrape_params.headers",
        ["no colon"],
        "vm_scrape_params.headers[0]",
        'must be a header such as "Name: value"',
    ),
    "a proxy of an unknown scheme": (
        "VMNodeScrape",
        "proxyURL",
        "ftp://proxy",
        "proxyURL",
        'must be a URL such as "http://proxy:3128"',
    ),
    "no prober": ("VMProbe", "vmProberSpec", None, "vmProberSpec", "is required"),
    "a prober without an address": (
        "VMProbe",
        "vmProberSpec.url",
        "",
        "vmProberSpec.url",
        "must not be empty",
    ),
    "static targets under both names": (
        "VMProbe",
        "targets.staticConfig",
        {"targets": ["a"]},
        "targets.static",
        "is the newer name of staticConfig",
    ),
    "kubernetes targets without a role": (
        "VMProbe",
        "targets.kubernetes",
        [{"role": "pod"}, {}],
        "targets.kubernetes[1].role",
        "say what is probed",
    ),
    "a discovery by no URL": (
        "VMScrapeConfig",
        "httpSDConfigs.0.url",
        "targets.json",
        "httpSDConfigs[0].url",
        'must be a URL such as "http://targets:8080/all"',
    ),
    "an unknown role of Kubernetes": (
        "VMScrapeConfig",
        "kubernetesSDConfigs.0.role",
        "Pod",
        "kubernetesSDConfigs[0].role",
        "must be 'node', 'pod', 'service'",
    ),
    "a zone that is no text": (
        "VMScrapeConfig",
        "gceSDConfigs.0.zone",
        {"a": "b"},
        "gceSDConfigs[0].zone",
        "must be text or a list of texts",
    ),
    "a proxy of a discovery with two kinds of credentials": (
        "VMScrapeConfig",
        "consulSDConfigs.0.proxy_client_config",
        {"basic_auth": {}, "oauth2": {"client_id": {}, "token_url": "http://a"}},
        "consulSDConfigs[0].proxy_client_config",
        "basic_auth and oauth2 exclude each other",
    ),
}
"""What is wrong -> kind, path and value of the change, field that is named, words."""
