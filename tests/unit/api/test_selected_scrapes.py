"""Models of scrape objects: what comes in, what is refused, and by which field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.api.scrapes import FIELDS, SCRAPES, scrape

from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.unknown import unknown
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref


@pytest.mark.parametrize("kind", SCRAPES)
def test_an_object_of_each_kind_is_read_with_all_its_fields(kind: str) -> None:
    read = selected(SCRAPES[kind])
    assert read.kind == kind
    assert read.spec.manifest() == SCRAPES[kind]["spec"]
    assert unknown(SCRAPES[kind], OBJECTS[kind]) == ()


@pytest.mark.parametrize("kind", FIELDS)
def test_a_specification_has_exactly_the_documented_fields(kind: str) -> None:
    spec = OBJECTS[kind].model_fields["spec"].annotation
    assert spec is not None
    aliases = [str(field.alias) for field in spec.model_fields.values()]
    assert sorted(aliases) == sorted(FIELDS[kind].split())


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
        "must have no fewer entries than 1",
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


@pytest.mark.parametrize(("kind", "path", "value", "field", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(
    kind: str, path: str, value: Any, field: str, says: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        selected(scrape(kind, path, value))
    assert refused.value.field == ("spec" if field == "spec" else f"spec.{field}")
    assert says in str(refused.value)


def test_the_message_about_parts_that_do_not_fit_ends_with_what_to_do() -> None:
    twice = scrape("VMScrapeConfig", "bearerTokenFile", "/token")
    with pytest.raises(SpecInvalid) as refused:
        selected(twice)
    assert str(refused.value).endswith("exclude each other: set one of them")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("interval", ""),
        ("scrapeTimeout", ""),
        ("proxyURL", ""),
        ("bearerTokenSecret", {"key": ""}),
        ("max_scrape_size", 1024),
        ("interval", "1m30s"),
        ("interval", "1.5s"),
        ("targetPort", 8080),
        ("vm_scrape_params", {"scrape_offset": "5s", "scrape_align_interval": ""}),
    ],
    ids=str,
)
def test_what_charts_write_is_taken(path: str, value: Any) -> None:
    read = selected(scrape("VMServiceScrape", f"endpoints.0.{path}", value))
    (endpoint,) = read.spec.manifest()["endpoints"]
    assert endpoint[path] == value


def test_a_probe_may_say_what_is_older() -> None:
    targets = {"staticConfig": {"targets": ["a"]}, "ingress": {"selector": {}}}
    read = selected(scrape("VMProbe", "targets", targets))
    assert read.spec.manifest()["targets"] == targets


def test_an_object_that_another_operator_made_names_its_source() -> None:
    made = copy.deepcopy(SCRAPES["VMServiceScrape"])
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Service", "name": "s", "uid": "1"},
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "name": "monitor",
            "uid": "2",
            "controller": True,
        },
    ]
    read = selected(made)
    assert [owner.group for owner in read.owners] == ["", "monitoring.coreos.com"]
    assert read.made_from == Ref("ServiceMonitor", "demo", "monitor")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("operator.victoriametrics.com/v1beta1", "VMAgent"),
        ("monitoring.coreos.com/v1", "Prometheus"),
        ("example.com/v1", "ServiceMonitor"),
    ],
)
def test_any_other_owner_is_no_source(api_version: str, kind: str) -> None:
    made = copy.deepcopy(SCRAPES["VMServiceScrape"])
    owner = {"apiVersion": api_version, "kind": kind, "name": "o", "uid": "1"}
    made["metadata"]["ownerReferences"] = [owner]
    assert selected(made).made_from is None


def test_an_object_without_owners_has_no_source() -> None:
    assert selected(SCRAPES["VMServiceScrape"]).made_from is None
