"""The order of relabelling, kind by kind, where object, scrape class and agent say all they can."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.jobs.scrapes import META, Job, job

Rules = list[dict[str, Any]]


def _by(whom: str) -> dict[str, str]:
    return {"target_label": "by", "replacement": whom}


def _copied(source: str, target: str, **more: str) -> dict[str, Any]:
    return {"source_labels": [source], **more, "target_label": target}


def _if_set(source: str, target: str) -> dict[str, Any]:
    return _copied(source, target, regex="(.+)")


def _said(target: str, value: str) -> dict[str, str]:
    return {"target_label": target, "replacement": value}


OWN = {"relabelConfigs": [_by("object")], "metricRelabelConfigs": [_by("object")]}
CLASS = {
    "name": "mesh",
    "relabelConfigs": [_by("class")],
    "metricRelabelConfigs": [_by("class"), {**_by("class"), "target_label": "tenant"}],
}
SELECTOR = {"selector": {"matchLabels": {"b/c": "x.y", "a": "1"}}}
LAST: Rules = [_by("agent"), _said("tenant", "shop")]
EACH: Rules = [_by("class"), _by("object"), *LAST]
"""Behind the labels of a kind: rules of the class, of the object and of the agent, and the label
that nobody may change."""


def _kept(role: str, *first: str) -> dict[str, str]:
    labels = (f"{META}{role}_label_a='1'", f"{META}{role}_label_b_c='x.y'")
    return {"action": "keep", "if": f"{{{','.join((*first, *labels))}}}"}


ADDRESS = f"{META}endpoint_address_target"
PORT = {"regex": "(.*):.*", "replacement": "$1:9100"}
KINDS: dict[str, tuple[str, dict[str, Any], Rules]] = {
    "VMServiceScrape": (
        "serviceScrapeRelabelTemplate",
        {
            **SELECTOR,
            "endpoints": [{"port": "http", **OWN}],
            "targetLabels": ["team"],
            "podTargetLabels": ["app.io/version"],
            "jobLabel": "job-name",
        },
        [
            _kept("service", f"{META}endpoint_port_name='http'"),
            {"if": f"{{{ADDRESS}_kind='Node'}}", **_copied(f"{ADDRESS}_name", "node")},
            _copied(f"{META}pod_name", "pod"),
            _copied(f"{META}pod_container_name", "container"),
            _copied(f"{META}namespace", "namespace"),
            _copied(f"{META}service_name", "service"),
            _if_set(f"{META}service_label_team", "team"),
            _if_set(f"{META}pod_label_app_io_version", "app_io_version"),
            _copied(f"{META}service_name", "job"),
            _if_set(f"{META}service_label_job_name", "job"),
            _said("endpoint", "http"),
            *EACH,
        ],
    ),
    "VMPodScrape": (
        "podScrapeRelabelTemplate",
        {
            **SELECTOR,
            "podMetricsEndpoints": [{"portNumber": 8080, **OWN}],
            "podTargetLabels": ["version"],
            "jobLabel": "app",
        },
        [
            _kept(
                "pod",
                f"{META}pod_phase!~'Failed|Succeeded'",
                f"{META}pod_container_port_number='8080'",
            ),
            _copied(f"{META}namespace", "namespace"),
            _copied(f"{META}pod_container_name", "container"),
            _copied(f"{META}pod_name", "pod"),
            _if_set(f"{META}pod_label_version", "version"),
            _said("job", "shop/web"),
            _if_set(f"{META}pod_label_app", "job"),
            _said("endpoint", "8080"),
            *EACH,
        ],
    ),
    "VMNodeScrape": (
        "nodeScrapeRelabelTemplate",
        {**SELECTOR, "targetLabels": ["zone"], "jobLabel": "role", "port": "9100", **OWN},
        [
            _kept("node"),
            _copied(f"{META}node_name", "node"),
            _if_set(f"{META}node_label_zone", "zone"),
            _said("job", "shop/web"),
            _if_set(f"{META}node_label_role", "job"),
            {"source_labels": ["__address__"], "target_label": "__address__", **PORT},
            *EACH,
        ],
    ),
    "VMStaticScrape": (
        "staticScrapeRelabelTemplate",
        {"jobName": "outside", "targetEndpoints": [{"targets": ["a:1"], **OWN}]},
        [_said("job", "outside"), *EACH],
    ),
    "VMScrapeConfig": (
        "scrapeConfigRelabelTemplate",
        {"staticConfigs": [{"targets": ["a:1"]}], **OWN},
        EACH,
    ),
}


def _job(kind: str, field: str, spec: dict[str, Any]) -> Job:
    agent = {"scrapeClasses": [CLASS], field: [_by("agent")], "enforcedNamespaceLabel": "tenant"}
    return job(kind, {**spec, "scrapeClass": "mesh"}, **agent)


@pytest.mark.parametrize("kind", KINDS)
def test_rules_stand_in_the_order_in_which_they_count(kind: str) -> None:
    field, spec, wanted = KINDS[kind]
    made = _job(kind, field, spec)
    assert made["relabel_configs"] == wanted
    series = [_by("class"), _by("object"), _said("tenant", "shop")]
    assert made["metric_relabel_configs"] == series


@pytest.mark.parametrize("role", ["service", "pod", "node", "ingress"])
def test_what_is_probed_is_put_together_before_the_prober_takes_its_place(role: str) -> None:
    target = {**SELECTOR, "role": role, "relabelingConfigs": [_by("object")]}
    spec = {
        "vmProberSpec": {"url": "prober:9115"},
        "jobName": "outside",
        "targets": {"kubernetes": [target]},
        "metricRelabelConfigs": [_by("object")],
    }
    made = _job("VMProbe", "probeScrapeRelabelTemplate", spec)
    note = f"{META}{role}_annotation_operator_victoriametrics_com_probe"
    annotated: Rules = [
        _said(f"{META}{role}_path", "/"),
        _if_set(f"{note}_path", f"{META}{role}_path"),
        _said(f"{META}{role}_scheme", "http"),
        _if_set(f"{note}_scheme", f"{META}{role}_scheme"),
    ]
    parts = [f"{META}{role}_scheme", f"__tmp_{role}_address", f"{META}{role}_path"]
    url = {"regex": "(.+);(.+);(.+)", "replacement": "${1}://${2}${3}"}
    assert made["relabel_configs"] == [
        _kept(role),
        *(annotated if role != "ingress" else []),
        _copied("__address__", f"__tmp_{role}_address"),
        {"source_labels": parts, "target_label": "__param_target", **url},
        *([_copied(f"{META}namespace", "namespace")] if role != "node" else []),
        _copied(f"{META}{role}_name", role),
        _by("class"),
        _by("object"),
        _said("job", "outside"),
        _copied("__param_target", "instance"),
        _said("__address__", "prober:9115"),
        *LAST,
    ]
    series = [_by("class"), _by("object"), _said("tenant", "shop")]
    assert made["metric_relabel_configs"] == series


LOOKING: dict[str, tuple[str, dict[str, Any]]] = {
    "VMServiceScrape": ("endpoints", {"endpoints": [{"port": "a"}]}),
    "VMPodScrape": ("pod", {"podMetricsEndpoints": [{"port": "a"}]}),
    "VMProbe": ("service", {"vmProberSpec": {"url": "p"}}),
}


def _looking(kind: str, chosen: dict[str, Any], **agent: Any) -> dict[str, Any]:
    """Where an object that picks its targets so has an agent look for them."""
    _, spec = LOOKING[kind]
    where = {"targets": {"kubernetes": [{"role": "service", **chosen}]}}
    made = job(kind, {**spec, **(where if kind == "VMProbe" else chosen)}, **agent)
    (entry,) = made["kubernetes_sd_configs"]
    assert not any("label_app" in rule.get("if", "") for rule in made["relabel_configs"])
    found: dict[str, Any] = entry
    return found


@pytest.mark.parametrize("kind", LOOKING)
def test_an_agent_may_keep_every_kind_to_the_namespace_of_its_objects(kind: str) -> None:
    for chosen in ({"any": True}, {"matchNames": ["bank"]}):
        found = _looking(kind, {"namespaceSelector": chosen}, ignoreNamespaceSelectors=True)
        assert found["namespaces"] == {"names": ["shop"]}


@pytest.mark.parametrize("kind", LOOKING)
def test_the_api_server_picks_targets_of_every_kind(kind: str) -> None:
    role, _ = LOOKING[kind]
    chosen = {"selector": {"matchLabels": {"app": "web"}}}
    found = _looking(kind, chosen, enableKubernetesAPISelectors=True)
    roles = ("endpoints", "pod", "service") if role == "endpoints" else (role,)
    assert found["selectors"] == [{"role": it, "label": "app=web"} for it in roles]
