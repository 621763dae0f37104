"""VMProbe: what each of its fields does to what a prober is asked about."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.jobs.scrapes import META, condition, job, jobs, labels, rules

KIND = "VMProbe"
STATIC = {"targets": ["https://a"], "labels": {"env": "dev"}}


def _spec(targets: dict[str, Any], **spec: Any) -> dict[str, Any]:
    return {"vmProberSpec": {"url": "prober:9115"}, "targets": targets, **spec}


def test_the_prober_is_asked_about_written_targets() -> None:
    assert job(KIND, _spec({"static": STATIC}, module="http_2xx", jobName="outside")) == {
        "job_name": "probe/shop/web",
        "static_configs": [STATIC],
        "metrics_path": "/probe",
        "params": {"module": ["http_2xx"]},
        "relabel_configs": [
            {"source_labels": ["__address__"], "target_label": "__param_target"},
            {"target_label": "job", "replacement": "outside"},
            {"source_labels": ["__param_target"], "target_label": "instance"},
            {"target_label": "__address__", "replacement": "prober:9115"},
        ],
    }


def test_the_older_name_of_static_means_the_same() -> None:
    assert job(KIND, _spec({"staticConfig": STATIC})) == job(KIND, _spec({"static": STATIC}))


def test_path_scheme_and_parameters_of_the_prober_can_be_set() -> None:
    spec = _spec({"static": STATIC}, module="m", params={"b": ["1"], "a": ["2"]})
    spec["vmProberSpec"] = {"url": "p", "path": "/other", "scheme": "https"}
    found = job(KIND, spec)
    assert (found["metrics_path"], found["scheme"]) == ("/other", "https")
    assert list(found["params"]) == ["a", "b", "module"]


def test_an_ingress_tells_scheme_and_path_of_itself() -> None:
    found = job(KIND, _spec({"ingress": {"selector": {"matchLabels": {"a": "b"}}}}))
    assert found["kubernetes_sd_configs"][0]["role"] == "ingress"
    assert condition(found) == f"{{{META}ingress_label_a='b'}}"
    assert labels(found)["ingress"] == f"{META}ingress_name"
    assert f"{META}ingress_path" not in labels(found)


@pytest.mark.parametrize("role", ["service", "pod", "node"])
def test_other_objects_tell_scheme_and_path_by_annotations(role: str) -> None:
    found = job(KIND, _spec({"kubernetes": [{"role": role}]}))
    annotation = f"{META}{role}_annotation_operator_victoriametrics_com_probe"
    assert [it for it in rules(found) if it.get("target_label", "").startswith(META)] == [
        {"target_label": f"{META}{role}_path", "replacement": "/"},
        {
            "source_labels": [f"{annotation}_path"],
            "regex": "(.+)",
            "target_label": f"{META}{role}_path",
        },
        {"target_label": f"{META}{role}_scheme", "replacement": "http"},
        {
            "source_labels": [f"{annotation}_scheme"],
            "regex": "(.+)",
            "target_label": f"{META}{role}_scheme",
        },
    ]
    (target,) = (it for it in rules(found) if it.get("target_label") == "__param_target")
    assert target["source_labels"] == [
        f"{META}{role}_scheme",
        f"__tmp_{role}_address",
        f"{META}{role}_path",
    ]
    assert target["replacement"] == "${1}://${2}${3}"


def test_nodes_have_no_namespace() -> None:
    found = job(KIND, _spec({"kubernetes": [{"role": "node"}]}))
    assert "namespaces" not in found["kubernetes_sd_configs"][0]
    assert "namespace" not in labels(found)


def test_a_rule_for_one_kind_of_targets_leaves_the_others_alone() -> None:
    picked = {"role": "pod", "selector": {"matchLabels": {"a": "b"}}}
    found = jobs(KIND, _spec({"static": STATIC, "kubernetes": [picked, {"role": "service"}]}))
    assert [it["job_name"] for it in found] == [
        "probe/shop/web",
        "probe/shop/web/1",
        "probe/shop/web/2",
    ]
    assert [any("action" in rule for rule in rules(it)) for it in found] == [False, True, False]


def test_without_targets_there_is_no_job() -> None:
    assert jobs(KIND, {"vmProberSpec": {"url": "prober:9115"}}) == []


def test_rules_of_targets_come_before_the_address_of_the_prober() -> None:
    rule = {"target_label": "a", "replacement": "b"}
    found = job(KIND, _spec({"static": {**STATIC, "relabelingConfigs": [rule]}}))
    assert rules(found)[1] == rule
