"""Many objects of all kinds that are scraped, against the real vmagent: what we take, it takes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from hypothesis import HealthCheck, given, settings
from tests.unit.render.agents import planned
from tests.unit.render.jobs.schemas import Schema, own, shaped, specifications
from tests.unit.render.jobs.scrapes import secrets_of
from tests.unit.render.real_programs import answer

from vmoperator.api.around import Known
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import Plan

OWN = (
    *("VMServiceScrape", "VMPodScrape", "VMProbe"),
    *("VMNodeScrape", "VMStaticScrape", "VMScrapeConfig"),
)
_COUNT = 60
"""Objects of each kind."""
_KEY = {"name!": "", "key!": ""}
_CONTENT = {"secret": _KEY, "configMap": _KEY}
_TLS = {
    "ca": _CONTENT,
    "cert": _CONTENT,
    "keySecret": _KEY,
    "serverName": "",
    "insecureSkipVerify": True,
    "minVersion": "TLS12 TLS13",
}
_FILES = {"caFile": "", "certFile": "", "keyFile": ""}
_OAUTH2 = {
    "clientId!": _CONTENT,
    "clientSecret!": _KEY,
    "tokenUrl!": "",
    "scopes": [""],
    "endpointParams": {"*": ""},
    "tlsConfig": _TLS,
    "proxyUrl": "",
}
_HTTP = {
    "authorization": {"type": "", "credentials": _KEY},
    "basicAuth": {"username": _KEY, "password": _KEY},
    "oauth2": _OAUTH2,
    "tlsConfig": _TLS,
    "followRedirects": True,
    "enableHTTP2": True,
}
_RULE = {
    "sourceLabels": [""],
    "separator": "",
    "targetLabel": "",
    "regex": "",
    "modulus": 1,
    "replacement": "",
    "action": "replace Replace keep drop labelmap LabelDrop labelkeep hashmod lowercase dropequal",
}
_LIMITS = {
    "sampleLimit": 1,
    "targetLimit": 1,
    "labelLimit": 1,
    "keepDroppedTargets": 1,
    "scrapeProtocols": [""],
    "nativeHistogramBucketLimit": 1,
    "scrapeClass": "",
}
_ENDPOINT = {
    **_HTTP,
    "port": "",
    "targetPort": "",
    "path": "",
    "scheme": "http https HTTP HTTPS",
    "params": {"*": [""]},
    "interval": "",
    "scrapeTimeout": "",
    "honorLabels": True,
    "honorTimestamps": True,
    "metricRelabelings": [_RULE],
    "relabelings": [_RULE],
    "bearerTokenSecret": _KEY,
    "proxyUrl": "",
    "filterRunning": True,
}
_SELECTOR = {
    "matchLabels": {"*": ""},
    "matchExpressions": [{"key!": "", "operator!": "In NotIn", "values!": [""]}],
}
_MONITOR = {
    **_LIMITS,
    "jobLabel": "",
    "podTargetLabels": [""],
    "selector!": _SELECTOR,
    "namespaceSelector": {"any": True, "matchNames": [""]},
    "attachMetadata": {"node": True},
    "bodySizeLimit": "",
}
_PROBE = {
    **_LIMITS,
    **_HTTP,
    "jobName": "",
    "module": "",
    "interval": "",
    "prober!": {"url!": "", "scheme": "http https", "path": "", "proxyUrl": ""},
    "targets!": {
        "staticConfig!": {"static!": [""], "labels": {"*": ""}, "relabelingConfigs": [_RULE]},
        "ingress": {"selector!": _SELECTOR, "relabelingConfigs": [_RULE]},
    },
    "metricRelabelings": [_RULE],
    "params": [{"name!": "", "values": [""]}],
}
_DISCOVERY = {**_HTTP, "refreshInterval": "", "proxyUrl": "", "noProxy": ""}
_CONFIG = {
    **_LIMITS,
    **_HTTP,
    "jobName": "",
    "staticConfigs": [{"targets": [""], "labels": {"*": ""}}],
    "fileSDConfigs": [{"files": [""], "refreshInterval": ""}],
    "httpSDConfigs": [{"url!": "", **_DISCOVERY}],
    "kubernetesSDConfigs": [
        {
            **_DISCOVERY,
            "apiServer": "",
            "role!": "Pod pod Node Service Endpoints EndpointSlice Ingress",
            "namespaces": {"ownNamespace": True, "names": [""]},
            "selectors": [{"role!": "Pod Service", "label": "", "field": ""}],
        }
    ],
    "consulSDConfigs": [{"server!": "", "services": [""], "tokenRef": _KEY, **_DISCOVERY}],
    "dnsSDConfigs": [{"names!": [""], "type": "SRV A AAAA MX", "port": 1}],
    "ec2SDConfigs": [{"region": "", "accessKey": _KEY, "secretKey": _KEY, "port": 1}],
    "azureSDConfigs": [{"subscriptionID!": "", "tenantID": "", "clientSecret": _KEY}],
    "gceSDConfigs": [{"project!": "", "zone!": "", "filter": "", "tagSeparator": ""}],
    "openstackSDConfigs": [{"role!": "Instance Hypervisor", "region!": "", "tlsConfig": _TLS}],
    "kumaSDConfigs": [{"server!": "", "clientID": "", **_DISCOVERY}],
    "eurekaSDConfigs": [{"server!": "", **_DISCOVERY}],
    "dockerSDConfigs": [{"host!": "", "filters": [{"name!": "", "values!": [""]}]}],
    "hetznerSDConfigs": [{"role!": "hcloud robot Hcloud", "port": 1, **_DISCOVERY}],
    "nomadSDConfigs": [{"server!": "", "namespace": "", **_DISCOVERY}],
    "puppetDBSDConfigs": [{"url!": "", "query!": "", "includeParameters": True}],
    "metricsPath": "",
    "scrapeInterval": "",
    "honorTimestamps": True,
    "params": {"*": [""]},
    "enableCompression": True,
    "bodySizeLimit": "",
    "relabelings": [_RULE],
    "metricRelabelings": [_RULE],
}
_ALSO_FILES = {"tlsConfig": {**_TLS, **_FILES}, "bearerTokenFile": ""}
FOREIGN: Mapping[str, Schema] = MappingProxyType(
    {
        "ServiceMonitor": shaped({**_MONITOR, "endpoints!": [{**_ENDPOINT, **_ALSO_FILES}]}),
        "PodMonitor": shaped(
            {**_MONITOR, "podMetricsEndpoints!": [{**_ENDPOINT, "portNumber": 1}]}
        ),
        "Probe": shaped(_PROBE),
        "ScrapeConfig": shaped(_CONFIG),
    }
)
_KEYS = dict.fromkeys(("value", "a", "tls.crt", "tls.key", "ca.crt"), b"value")
_NAMES = ("credentials", "client", "authorities", "a")


def _specifications(schema: Schema) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []

    @settings(
        max_examples=_COUNT,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(specifications(schema))
    def collect(spec: dict[str, Any]) -> None:
        found.append(spec)

    collect()
    return found


def _manifest(kind: str, number: int, spec: dict[str, Any]) -> dict[str, Any]:
    group = "operator.victoriametrics.com/v1beta1" if kind in OWN else "monitoring.coreos.com/v1"
    metadata = {"name": f"{kind.lower()}-{number}", "namespace": "shop"}
    return {"apiVersion": group, "kind": kind, "metadata": metadata, "spec": spec}


def _world() -> tuple[Known, int]:
    """All objects that are objects at all, and how many were drawn."""
    schemas = {**{kind: own(kind) for kind in OWN}, **FOREIGN}
    drawn = [
        (kind, _manifest(kind, number, spec))
        for kind, schema in schemas.items()
        for number, spec in enumerate(_specifications(schema))
    ]
    ours, theirs = [], []
    for kind, manifest in drawn:
        try:
            if kind in CONVERTERS:
                theirs.append((kind, selected(CONVERTERS[kind](manifest))))
            else:
                ours.append(selected(manifest))
        except SpecInvalid as refused:
            assert refused.field.startswith("spec"), manifest  # noqa: PT017  # its field alone
    secrets = {f"shop/{name}": _KEYS for name in _NAMES}
    maps = {name: dict.fromkeys(_KEYS, "value") for name in secrets}
    known = Known(objects=tuple(ours), foreign=tuple(theirs), secrets=secrets, config_maps=maps)
    return known, len(drawn)


def _lines(made: Plan) -> list[bytes]:
    """The jobs as they stand in the files, each a list of one."""
    buckets = (data for name, data in secrets_of(made).items() if "-jobs-" in name)
    return [line for data in buckets for line in data["jobs.yaml"].splitlines()]


def test_the_program_takes_every_object_that_is_not_refused(tmp_path: Path) -> None:
    world, drawn = _world()
    made = planned(world, selectAllByDefault=True, scrapeClasses=[{"name": "a"}])
    for number, line in enumerate(_lines(made)):
        (tmp_path / f"{number}.yml").write_bytes(line)
    (tmp_path / "main.yaml").write_text(json.dumps({"scrape_config_files": [f"{tmp_path}/*.yml"]}))
    status, output = answer(
        "vmagent",
        "-dryRun",
        "-promscrape.config.strictParse=true",
        f"-promscrape.config={tmp_path}/main.yaml",
        "-remoteWrite.url=http://127.0.0.1:1",
        "-loggerErrorsPerSecondLimit=0",
    )
    wrong = re.findall(r"\t(?:error|fatal|panic)\t.*", output)
    assert (wrong, status) == ([], 0)
    fragments = [it for one in made.picked for it in one.fragments]
    sound = [it.ref for it in fragments if not it.refusal]
    assert drawn == _COUNT * len((*OWN, *FOREIGN))
    assert drawn / 3 < len(sound) < drawn
    taken = {kind: sum(it.kind == kind for it in sound) for kind in (*OWN, *FOREIGN)}
    assert min(taken.values()) > _COUNT / 6, taken
