"""VMServiceScrape: what each of its fields does to the targets that an agent scrapes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.jobs.scrapes import (
    META,
    condition,
    job,
    jobs,
    jobs_of,
    labels,
    refusal,
    restricted,
    rules,
)

KIND = "VMServiceScrape"


def _spec(*endpoints: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"endpoints": list(endpoints) or [{"port": "http"}], **spec}


def test_each_port_is_a_job_of_its_own() -> None:
    found = jobs(KIND, _spec({"port": "http"}, {"port": "admin"}))
    assert [it["job_name"] for it in found] == [
        "serviceScrape/shop/web/0",
        "serviceScrape/shop/web/1",
    ]
    assert [labels(it)["endpoint"] for it in found] == ["http", "admin"]


def test_a_plain_object_makes_a_small_job() -> None:
    found = job(KIND, _spec(selector={"matchLabels": {"app": "web"}}))
    assert found == {
        "job_name": "serviceScrape/shop/web/0",
        "kubernetes_sd_configs": [{"role": "endpoints", "namespaces": {"names": ["shop"]}}],
        "relabel_configs": [
            {
                "action": "keep",
                "if": f"{{{META}endpoint_port_name='http',{META}service_label_app='web'}}",
            },
            {
                "if": f"{{{META}endpoint_address_target_kind='Node'}}",
                "source_labels": [f"{META}endpoint_address_target_name"],
                "target_label": "node",
            },
            {"source_labels": [f"{META}pod_name"], "target_label": "pod"},
            {"source_labels": [f"{META}pod_container_name"], "target_label": "container"},
            {"source_labels": [f"{META}namespace"], "target_label": "namespace"},
            {"source_labels": [f"{META}service_name"], "target_label": "service"},
            {"source_labels": [f"{META}service_name"], "target_label": "job"},
            {"target_label": "endpoint", "replacement": "http"},
        ],
    }


@pytest.mark.parametrize(
    ("given", "role", "port"),
    [
        pytest.param(None, "endpoints", "endpoint_port_name", id="by default"),
        pytest.param("endpoints", "endpoints", "endpoint_port_name", id="endpoints"),
        pytest.param("endpointslice", "endpointslice", "endpointslice_port_name", id="slices"),
        pytest.param("endpointslices", "endpointslice", "endpointslice_port_name", id="older name"),
        pytest.param("service", "service", "service_port_name", id="service"),
    ],
)
def test_the_port_is_looked_up_where_targets_are_found(
    given: str | None, role: str, port: str
) -> None:
    found = job(KIND, _spec(**({"discoveryRole": given} if given else {})))
    assert found["kubernetes_sd_configs"][0]["role"] == role
    assert condition(found) == f"{{{META}{port}='http'}}"


def test_a_service_as_the_target_has_no_pod() -> None:
    found = job(
        KIND, _spec({"targetPort": "http"}, discoveryRole="service", podTargetLabels=["app"])
    )
    assert {"pod", "container", "node", "app"} & labels(found).keys() == set()
    assert rules(found)[0].get("action") is None


@pytest.mark.parametrize(
    ("port", "wanted"),
    [
        pytest.param("web", f"{META}pod_container_port_name='web'", id="name"),
        pytest.param(8080, f"{META}pod_container_port_number='8080'", id="number"),
        pytest.param("8080", f"{META}pod_container_port_number='8080'", id="number as text"),
    ],
)
def test_a_target_port_is_a_port_of_the_pod(port: str | int, wanted: str) -> None:
    found = job(KIND, _spec({"targetPort": port}))
    assert condition(found) == f"{{{wanted}}}"
    assert labels(found)["endpoint"] == str(port)


def test_without_a_port_all_are_scraped() -> None:
    found = job(KIND, _spec({"path": "/m"}))
    assert not any("action" in rule for rule in rules(found))
    assert "endpoint" not in labels(found)


def test_labels_of_service_and_pod_come_along_where_they_have_a_value() -> None:
    found = job(KIND, _spec(targetLabels=["team.io/name"], podTargetLabels=["app"]))
    assert labels(found)["team_io_name"] == f"{META}service_label_team_io_name"
    assert labels(found)["app"] == f"{META}pod_label_app"
    copied = [it for it in rules(found) if it.get("target_label") in ("team_io_name", "app")]
    assert [it["regex"] for it in copied] == ["(.+)", "(.+)"]


def test_the_label_job_is_the_service_unless_a_label_of_it_has_a_value() -> None:
    assert labels(job(KIND, _spec()))["job"] == f"{META}service_name"
    named = [
        it for it in rules(job(KIND, _spec(jobLabel="app"))) if it.get("target_label") == "job"
    ]
    assert [it["source_labels"] for it in named] == [
        [f"{META}service_name"],
        [f"{META}service_label_app"],
    ]
    assert named[1]["regex"] == "(.+)"


@pytest.mark.parametrize(
    ("selector", "wanted"),
    [
        pytest.param(None, {"names": ["shop"]}, id="its own by default"),
        pytest.param({}, {"names": ["shop"]}, id="its own where nothing is said"),
        pytest.param({"matchNames": ["a", "b"]}, {"names": ["a", "b"]}, id="those named"),
        pytest.param({"any": True, "matchNames": ["a"]}, None, id="all"),
    ],
)
def test_targets_are_looked_for_in_namespaces(
    selector: dict[str, Any] | None, wanted: dict[str, Any] | None
) -> None:
    found = job(KIND, _spec(**({"namespaceSelector": selector} if selector is not None else {})))
    assert found["kubernetes_sd_configs"][0].get("namespaces") == wanted


def test_an_operator_of_some_namespaces_has_agents_look_into_those() -> None:
    spec = _spec(namespaceSelector={"any": True})
    (found,) = jobs_of(restricted(("shop", "bank"), spec, KIND))
    assert found["kubernetes_sd_configs"][0]["namespaces"] == {"names": ["shop", "bank"]}


def test_limits_of_the_object_hold_where_the_endpoint_has_none() -> None:
    found = jobs(
        KIND,
        _spec(
            {"port": "a"},
            {"port": "b", "sampleLimit": 5, "seriesLimit": 6},
            sampleLimit=1,
            seriesLimit=2,
        ),
    )
    assert [(it["sample_limit"], it["series_limit"]) for it in found] == [(1, 2), (5, 6)]


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        pytest.param({}, {"namespace": True}, id="of the object"),
        pytest.param({"attach_metadata": {"namespace": False}}, None, id="the endpoint's wins"),
        pytest.param(
            {"attach_metadata": {"node": True}}, {"node": True, "namespace": True}, id="both"
        ),
    ],
)
def test_labels_of_node_and_namespace_are_attached(
    given: dict[str, Any], wanted: dict[str, Any] | None
) -> None:
    found = job(KIND, _spec({"port": "a", **given}, attach_metadata={"namespace": True}))
    assert found["kubernetes_sd_configs"][0].get("attach_metadata") == wanted


def test_a_service_has_no_node_to_attach() -> None:
    attach = {"node": True, "namespace": True}
    found = job(KIND, _spec(discoveryRole="service", attach_metadata=attach))
    assert found["kubernetes_sd_configs"][0]["attach_metadata"] == {"namespace": True}


def test_rules_of_the_endpoint_come_behind_the_labels() -> None:
    rule = {"action": "labeldrop", "regex": "pod"}
    endpoint = {"port": "http", "relabelConfigs": [rule], "metricRelabelConfigs": [rule]}
    found = job(KIND, _spec(endpoint))
    assert rules(found)[-1] == rule
    assert found["metric_relabel_configs"] == [rule]


def test_an_object_with_a_bad_rule_is_refused_with_its_place() -> None:
    endpoint = {"port": "http", "relabelConfigs": [{"action": "kepe"}]}
    told = refusal(KIND, _spec({"port": "ok"}, endpoint))
    assert told.startswith("spec.endpoints[1].relabelConfigs[0].action: 'kepe' is no action")
