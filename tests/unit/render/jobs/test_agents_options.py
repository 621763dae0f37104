"""What an agent says about the jobs of all objects that it selects."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.scrapes import META, around, condition, job, jobs_of, rules, scrape

from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid

ADDED = {"target_label": "added", "replacement": "yes"}
SERVICE = {"endpoints": [{"port": "http"}], "selector": {"matchLabels": {"app": "web"}}}
EVERY_KIND: dict[str, tuple[str, dict[str, Any]]] = {
    "VMServiceScrape": ("serviceScrapeRelabelTemplate", SERVICE),
    "VMPodScrape": ("podScrapeRelabelTemplate", {"podMetricsEndpoints": [{"port": "http"}]}),
    "VMProbe": (
        "probeScrapeRelabelTemplate",
        {"vmProberSpec": {"url": "p"}, "targets": {"static": {"targets": ["a"]}}},
    ),
    "VMNodeScrape": ("nodeScrapeRelabelTemplate", {}),
    "VMStaticScrape": ("staticScrapeRelabelTemplate", {"targetEndpoints": [{"targets": ["a"]}]}),
    "VMScrapeConfig": ("scrapeConfigRelabelTemplate", {"staticConfigs": [{"targets": ["a"]}]}),
}


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_rules_for_a_kind_come_behind_its_own_and_the_enforced_label_last(kind: str) -> None:
    field, spec = EVERY_KIND[kind]
    made = job(kind, spec, enforcedNamespaceLabel="tenant", **{field: [ADDED]})
    assert rules(made)[-2:] == [ADDED, {"target_label": "tenant", "replacement": "shop"}]
    others = {it: [ADDED] for it, _ in EVERY_KIND.values() if it != field}
    assert ADDED not in rules(job(kind, spec, **others))


def test_no_rule_for_series_changes_the_enforced_label() -> None:
    kept = {"target_label": "team", "replacement": "a"}
    given = [{"target_label": "tenant", "replacement": "bank"}, kept]
    spec = {"targetEndpoints": [{"targets": ["a"], "metricRelabelConfigs": given}]}
    made = job("VMStaticScrape", spec, enforcedNamespaceLabel="tenant")
    assert made["metric_relabel_configs"] == [kept, ENFORCED]


ENFORCED = {"target_label": "tenant", "replacement": "shop"}
MAPPED = {"action": "labelmap", "regex": "my_(tenant)"}


@pytest.mark.parametrize(
    ("endpoint", "rules"),
    [
        ({"metricRelabelConfigs": [MAPPED]}, [MAPPED, ENFORCED]),
        ({"honorLabels": True}, [ENFORCED]),
        ({}, []),
    ],
    ids=["rules-that-map-labels", "labels-of-the-target", "nothing-that-may-change-it"],
)
def test_the_enforced_label_comes_behind_all_that_may_change_it_on_series(
    endpoint: dict[str, Any], rules: list[dict[str, Any]]
) -> None:
    spec = {"targetEndpoints": [{"targets": ["a"], **endpoint}]}
    made = job("VMStaticScrape", spec, enforcedNamespaceLabel="tenant")
    assert made.get("metric_relabel_configs", []) == rules


def test_the_api_server_picks_targets_where_the_agent_wants_that() -> None:
    expressions = [
        {"key": "a", "operator": "In", "values": ["b", "c"]},
        {"key": "d", "operator": "NotIn", "values": ["e"]},
        {"key": "f", "operator": "Exists"},
        {"key": "g", "operator": "DoesNotExist"},
    ]
    selector = {"matchLabels": {"z": "1", "app": "web"}, "matchExpressions": expressions}
    spec = {**SERVICE, "selector": selector}
    made = job("VMServiceScrape", spec, enableKubernetesAPISelectors=True)
    label = "app=web,z=1,a in (b,c),d notin (e),f,!g"
    assert made["kubernetes_sd_configs"][0]["selectors"] == [
        {"role": role, "label": label} for role in ("endpoints", "pod", "service")
    ]
    assert condition(made) == f"{{{META}endpoint_port_name='http'}}"


def test_an_object_without_a_selector_asks_the_api_server_for_all() -> None:
    made = job("VMNodeScrape", {}, enableKubernetesAPISelectors=True)
    assert made["kubernetes_sd_configs"] == [{"role": "node"}]


def test_an_agent_on_each_node_scrapes_the_pods_of_its_own() -> None:
    pods = {"podMetricsEndpoints": [{"port": "a"}], "selector": {"matchLabels": {"a": "b"}}}
    made = job("VMPodScrape", pods, daemonSetMode=True)
    field = "spec.nodeName=%{KUBE_NODE_NAME}"
    assert made["kubernetes_sd_configs"][0]["selectors"] == [{"role": "pod", "field": field}]
    assert f"{META}pod_label_a='b'" in condition(made)


def test_agents_on_each_node_leave_alone_what_all_of_them_would_scrape() -> None:
    objects = [scrape(kind, spec) for kind, (_, spec) in EVERY_KIND.items()]
    made = planned(around(*objects), daemonSetMode=True)
    assert [it["job_name"] for it in jobs_of(made)] == ["podScrape/shop/web/0"]
    assert [it.choice.kinds for it in made.picked] == [("VMPodScrape",), ("PodMonitor",)]


def test_objects_find_targets_in_their_own_namespace_where_the_agent_wants_that() -> None:
    spec = {**SERVICE, "namespaceSelector": {"any": True}}
    made = job("VMServiceScrape", spec, ignoreNamespaceSelectors=True)
    assert made["kubernetes_sd_configs"][0]["namespaces"] == {"names": ["shop"]}


def test_targets_are_discovered_from_another_api_server_with_the_agents_credentials() -> None:
    server = {
        "host": "https://api:6443",
        "tlsConfig": {"ca": {"secret": {"name": "api", "key": "ca.crt"}}},
        "bearerToken": "sesame",
    }
    world = Known(secrets={"monitoring/api": {"ca.crt": b"CA"}})
    made = job("VMServiceScrape", SERVICE, world, apiServerConfig=server)
    assert made["kubernetes_sd_configs"][0] == {
        "role": "endpoints",
        "namespaces": {"names": ["shop"]},
        "api_server": "https://api:6443",
        "tls_config": {"ca_file": "/etc/vmagent-tls/certs/monitoring_api_ca.crt"},
        "bearer_token": "sesame",
    }


@pytest.mark.parametrize(
    ("agent", "field"),
    [
        ({"minScrapeInterval": "soon"}, "spec.minScrapeInterval"),
        ({"maxScrapeInterval": "1"}, "spec.maxScrapeInterval"),
        (
            {"podScrapeRelabelTemplate": [{"action": "kepe"}]},
            r"spec.podScrapeRelabelTemplate\[0\].action",
        ),
        (
            {"probeScrapeRelabelTemplate": [{"action": "keep", "if": "{a"}]},
            r"spec.probeScrapeRelabelTemplate\[0\].if",
        ),
        (
            {"apiServerConfig": {"host": "a", "bearerToken": "b", "bearerTokenFile": "/c"}},
            "spec.apiServerConfig",
        ),
        (
            {
                "apiServerConfig": {
                    "host": "a",
                    "basicAuth": {"username": {"name": "absent", "key": "a"}},
                }
            },
            "spec.apiServerConfig.basicAuth.username",
        ),
    ],
)
def test_an_agent_whose_own_options_make_no_sense_is_refused(
    agent: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid, match=rf"^{field}: "):
        planned(**agent)
