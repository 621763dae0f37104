"""VMPodScrape: what each of its fields does to the targets that an agent scrapes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.jobs.scrapes import META, condition, job, jobs, labels, rules

KIND = "VMPodScrape"
GOES_ON = f"{META}pod_phase!~'Failed|Succeeded'"


def _spec(*endpoints: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"podMetricsEndpoints": list(endpoints) or [{"port": "http"}], **spec}


def test_a_pod_is_scraped_with_its_names_as_labels() -> None:
    found = job(KIND, _spec())
    assert found["job_name"] == "podScrape/shop/web/0"
    assert found["kubernetes_sd_configs"] == [{"role": "pod", "namespaces": {"names": ["shop"]}}]
    assert labels(found) == {
        "namespace": f"{META}namespace",
        "container": f"{META}pod_container_name",
        "pod": f"{META}pod_name",
        "job": "shop/web",
        "endpoint": "http",
    }


@pytest.mark.parametrize(
    ("endpoint", "wanted", "label"),
    [
        pytest.param({"port": "a"}, f"{META}pod_container_port_name='a'", "a", id="name"),
        pytest.param(
            {"portNumber": 80}, f"{META}pod_container_port_number='80'", "80", id="number"
        ),
        pytest.param(
            {"targetPort": 80}, f"{META}pod_container_port_number='80'", "80", id="target number"
        ),
        pytest.param(
            {"targetPort": "a"}, f"{META}pod_container_port_name='a'", "a", id="target name"
        ),
        pytest.param(
            {"port": "a", "portNumber": 80, "targetPort": 81},
            f"{META}pod_container_port_name='a'",
            "a",
            id="the name wins",
        ),
        pytest.param(
            {"portNumber": 80, "targetPort": 81},
            f"{META}pod_container_port_number='80'",
            "80",
            id="then the number",
        ),
    ],
)
def test_a_port_is_chosen_and_told_by_the_label_endpoint(
    endpoint: dict[str, Any], wanted: str, label: str
) -> None:
    found = job(KIND, _spec(endpoint))
    assert condition(found) == f"{{{GOES_ON},{wanted}}}"
    assert labels(found)["endpoint"] == label


def test_pods_that_have_ended_are_scraped_only_on_demand() -> None:
    assert condition(job(KIND, _spec({"path": "/m"}))) == f"{{{GOES_ON}}}"
    found = job(KIND, _spec({"filterRunning": False}))
    assert not any("action" in rule for rule in rules(found))


def test_a_label_of_the_pod_becomes_the_job() -> None:
    named = [
        it for it in rules(job(KIND, _spec(jobLabel="app"))) if it.get("target_label") == "job"
    ]
    assert [it.get("source_labels") for it in named] == [None, [f"{META}pod_label_app"]]


def test_labels_of_pods_come_along() -> None:
    assert labels(job(KIND, _spec(podTargetLabels=["a.b/c"])))["a_b_c"] == f"{META}pod_label_a_b_c"


def test_selector_and_namespaces_choose_pods() -> None:
    spec = _spec(selector={"matchLabels": {"app": "web"}}, namespaceSelector={"any": True})
    found = job(KIND, spec)
    assert f"{META}pod_label_app='web'" in condition(found)
    assert "namespaces" not in found["kubernetes_sd_configs"][0]


def test_each_endpoint_is_a_job_of_its_own() -> None:
    found = jobs(KIND, _spec({"port": "a"}, {"port": "b"}, sampleLimit=3))
    assert [it["job_name"][-2:] for it in found] == ["/0", "/1"]
    assert [it["sample_limit"] for it in found] == [3, 3]
