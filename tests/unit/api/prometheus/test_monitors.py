"""ServiceMonitors and PodMonitors, read as VMServiceScrapes and VMPodScrapes."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.api.prometheus.monitors import METADATA, pod_monitor, service_monitor

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

KEY = {"name": "credentials", "key": "value"}
NOTHING = {"key": ""}


def converted(manifest: dict[str, Any]) -> dict[str, Any]:
    """The specification of ours, which our own door has taken."""
    found = CONVERTERS[manifest["kind"]](manifest)
    assert selected(found).metadata.name == "web"
    spec: dict[str, Any] = found["spec"]
    return spec


def endpoint_of(given: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """The one endpoint that a ServiceMonitor's becomes; the same one of a PodMonitor must."""
    (of_service,) = converted(service_monitor(given, **spec))["endpoints"]
    (of_pod,) = converted(pod_monitor(given, **spec))["podMetricsEndpoints"]
    assert of_service == of_pod
    found: dict[str, Any] = of_service
    return found


@pytest.mark.parametrize(
    ("manifest", "kind"),
    [(service_monitor(), "VMServiceScrape"), (pod_monitor(), "VMPodScrape")],
    ids=["ServiceMonitor", "PodMonitor"],
)
def test_it_is_read_as_an_object_of_ours_with_its_own_metadata(
    manifest: dict[str, Any], kind: str
) -> None:
    before = copy.deepcopy(manifest)
    found = CONVERTERS[manifest["kind"]](manifest)
    assert found["apiVersion"] == "operator.victoriametrics.com/v1beta1"
    assert found["kind"] == kind
    assert found["metadata"] == METADATA
    assert manifest == before


def test_a_service_monitor_keeps_what_selects_and_labels() -> None:
    spec: dict[str, Any] = {
        "jobLabel": "app",
        "targetLabels": ["team"],
        "podTargetLabels": ["version"],
        "selector": {"matchLabels": {"app": "web"}},
        "namespaceSelector": {"matchNames": ["one"]},
        "sampleLimit": 5,
        "scrapeClass": "mesh",
    }
    found = converted(service_monitor(**spec))
    assert {name: found[name] for name in spec} == spec


def test_a_pod_monitor_keeps_what_selects_and_labels() -> None:
    spec: dict[str, Any] = {
        "jobLabel": "app",
        "podTargetLabels": ["version"],
        "selector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
        "namespaceSelector": {"any": True},
        "sampleLimit": 5,
        "scrapeClass": "mesh",
    }
    found = converted(pod_monitor(**spec))
    assert {name: found[name] for name in spec} == spec


def test_attached_metadata_is_kept() -> None:
    attached = {"attach_metadata": {"node": True}}
    assert converted(service_monitor(attachMetadata={"node": True})).items() >= attached.items()
    assert converted(pod_monitor(attachMetadata={"node": True})).items() >= attached.items()


def test_a_pod_monitor_keeps_the_number_of_a_port_and_whether_pods_must_run() -> None:
    given = {"portNumber": 8080, "filterRunning": False}
    assert converted(pod_monitor(given))["podMetricsEndpoints"] == [given]


@pytest.mark.parametrize(
    ("theirs", "ours"), [("Endpoints", "endpoints"), ("EndpointSlice", "endpointslice")]
)
def test_the_role_of_a_service_monitor_is_spelled_our_way(theirs: str, ours: str) -> None:
    assert converted(service_monitor(serviceDiscoveryRole=theirs))["discoveryRole"] == ours


def test_an_endpoint_keeps_how_it_is_scraped() -> None:
    given = {
        "port": "http",
        "targetPort": 8080,
        "path": "/m",
        "params": {"a": ["b"]},
        "interval": "30s",
        "scrapeTimeout": "5s",
        "honorLabels": True,
        "honorTimestamps": False,
    }
    assert endpoint_of(given) == given


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        pytest.param({"scheme": "HTTPS"}, {"scheme": "https"}, id="a scheme in capitals"),
        pytest.param({"proxyUrl": "http://p"}, {"proxyURL": "http://p"}, id="a proxy"),
        pytest.param({"followRedirects": False}, {"follow_redirects": False}, id="redirects"),
        pytest.param({"interval": ""}, {}, id="an empty interval"),
        pytest.param({"interval": "0"}, {}, id="an interval of 0"),
        pytest.param({"scheme": ""}, {}, id="an empty scheme"),
        pytest.param({"path": None}, {}, id="null"),
        pytest.param({"enableHttp2": False}, {}, id="HTTP/2, which vmagent does not speak"),
        pytest.param({"filterRunning": None}, {}, id="pods that run"),
    ],
)
def test_an_endpoint_is_spelled_our_way(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    assert endpoint_of(theirs) == ours


@pytest.mark.parametrize(
    ("size", "bytes_"),
    [("15B", "15"), ("2KB", "2048"), ("2KiB", "2048"), ("1.5MB", "1572864"), ("1GiB", str(2**30))],
)
def test_a_largest_answer_is_set_at_each_endpoint_in_bytes(size: str, bytes_: str) -> None:
    given = service_monitor(bodySizeLimit=size, endpoints=[{"port": "a"}, {"port": "b"}])
    want = [{"max_scrape_size": bytes_, "port": port} for port in ("a", "b")]
    assert converted(given)["endpoints"] == want
    assert endpoint_of({"port": "a"}, bodySizeLimit=size) == want[0]


def test_a_largest_answer_of_0_is_no_limit() -> None:
    assert endpoint_of({"port": "a"}, bodySizeLimit="0") == {"port": "a"}


def test_passwords_and_tokens_stay_in_their_secrets() -> None:
    basic = {"username": KEY, "password": {**KEY, "optional": True}}
    assert endpoint_of({"basicAuth": basic}) == {"basicAuth": basic}
    assert endpoint_of({"bearerTokenSecret": KEY}) == {"bearerTokenSecret": KEY}
    authorization = {"type": "Token", "credentials": KEY}
    assert endpoint_of({"authorization": authorization}) == {"authorization": authorization}


def test_oauth2_is_spelled_our_way() -> None:
    given = {
        "clientId": {"configMap": KEY},
        "clientSecret": KEY,
        "tokenUrl": "https://tokens",
        "scopes": ["read"],
        "endpointParams": {"a": "b"},
        "proxyUrl": "http://proxy",
        "tlsConfig": {"insecureSkipVerify": True},
    }
    assert endpoint_of({"oauth2": given})["oauth2"] == {
        "client_id": {"configMap": KEY},
        "client_secret": KEY,
        "token_url": "https://tokens",
        "scopes": ["read"],
        "endpoint_params": {"a": "b"},
        "proxy_url": "http://proxy",
        "tls_config": {"insecureSkipVerify": True},
    }


def test_certificates_are_kept() -> None:
    tls = {
        "ca": {"configMap": KEY},
        "cert": {"secret": KEY},
        "keySecret": KEY,
        "serverName": "web",
        "insecureSkipVerify": False,
    }
    assert endpoint_of({"tlsConfig": tls}) == {"tlsConfig": tls}


@pytest.mark.parametrize(
    "given",
    [
        {"bearerTokenSecret": NOTHING},
        {"basicAuth": {"username": NOTHING, "password": NOTHING}},
        {"tlsConfig": {"ca": {}, "cert": {"secret": NOTHING}, "keySecret": NOTHING}},
        {"tlsConfig": {}},
    ],
    ids=str,
)
def test_what_go_clients_write_for_nothing_is_nothing(given: dict[str, Any]) -> None:
    assert endpoint_of(given) == {}


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("/etc/prometheus/secrets/tls/ca.crt", "/etc/vm/secrets/tls/ca.crt"),
        ("/etc/prometheus/configmaps/tls/ca.crt", "/etc/vm/configs/tls/ca.crt"),
        ("/etc/prometheus/secretsX/ca.crt", "/etc/prometheus/secretsX/ca.crt"),
        ("/var/run/secrets/token", "/var/run/secrets/token"),
    ],
)
def test_files_lie_where_agents_mount_them(theirs: str, ours: str) -> None:
    assert endpoint_of({"bearerTokenFile": theirs}) == {"bearerTokenFile": ours}
    files = ("caFile", "certFile", "keyFile")
    found = endpoint_of({"tlsConfig": dict.fromkeys(files, theirs)})
    assert found == {"tlsConfig": dict.fromkeys(files, ours)}


RULE = {
    "sourceLabels": ["a", "b"],
    "separator": "",
    "targetLabel": "c",
    "regex": "(.*)",
    "modulus": 3,
    "replacement": "",
    "action": "HashMod",
}


def test_relabelling_is_spelled_our_way_and_an_empty_replacement_stays() -> None:
    want = {
        "source_labels": ["a", "b"],
        "separator": "",
        "target_label": "c",
        "regex": "(.*)",
        "modulus": 3,
        "replacement": "",
        "action": "hashmod",
    }
    found = endpoint_of({"relabelings": [RULE], "metricRelabelings": [RULE, RULE]})
    assert found == {"relabelConfigs": [want], "metricRelabelConfigs": [want, want]}


@pytest.mark.parametrize("action", ["keep", "Drop", "hashmod"])
def test_a_rule_that_needs_source_labels_and_has_none_is_left_out(action: str) -> None:
    rules = [{"action": action, "regex": "a"}, {"action": "labeldrop", "regex": "b"}]
    found = endpoint_of({"metricRelabelings": rules})
    assert found == {"metricRelabelConfigs": [rules[1]]}


@pytest.mark.parametrize("action", ["replace", "labelmap", "labelkeep"])
def test_any_other_rule_without_source_labels_is_kept(action: str) -> None:
    rule = {"action": action, "regex": "a", "replacement": "b"}
    assert endpoint_of({"relabelings": [rule]}) == {"relabelConfigs": [rule]}


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        (service_monitor(selector={"matchNames": ["a"]}), "spec.selector.matchNames"),
        (
            service_monitor(namespaceSelector={"matchLabels": {"a": "b"}}),
            "spec.namespaceSelector.matchLabels",
        ),
        (
            pod_monitor({"relabelings": [{}, {"if": "a"}]}),
            "spec.podMetricsEndpoints[0].relabelings[1].if",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_nobody_knows_is_refused_where_it_may_say_what_is_meant(
    manifest: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid, match="is not known to this operator") as refused:
        CONVERTERS[manifest["kind"]](manifest)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("manifest", "field", "says"),
    [
        (service_monitor(endpoints={}), "spec.endpoints", "must be a list"),
        (service_monitor({"tlsConfig": []}), "spec.endpoints[0].tlsConfig", "must be an object"),
        (pod_monitor({"scheme": 1}), "spec.podMetricsEndpoints[0].scheme", "must be a string"),
        (service_monitor(bodySizeLimit="15 MB"), "spec.bodySizeLimit", "must be a size such as"),
        ({**service_monitor(), "spec": []}, "spec", "must be an object"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_has_another_shape_is_refused_by_its_name(
    manifest: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(SpecInvalid, match=says) as refused:
        CONVERTERS[manifest["kind"]](manifest)
    assert refused.value.field == field
