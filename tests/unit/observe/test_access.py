"""Which rights discovery needs, and what is told of those that are missing."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api import parsed
from vmoperator.api.vmagent import VMAgentSpec
from vmoperator.observe.access import VERBS, Account, Question, allowed, questions, unknown

VMAGENT = Account("default", "vmagent")


def spec(**fields: Any) -> VMAgentSpec:
    agent = parsed(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAgent",
            "metadata": {"name": "demo", "namespace": "default"},
            "spec": {"remoteWrite": [{"url": "http://a/"}], **fields},
        }
    )
    assert isinstance(agent.spec, VMAgentSpec)
    return agent.spec


def asked(*resources: str, namespace: str = "") -> set[tuple[str, str, str]]:
    return {(verb, resource, namespace) for resource in resources for verb in VERBS}


def needs(fields: dict[str, Any], *files: str) -> set[tuple[str, str, str]]:
    found = questions(spec(**fields), files, namespace="own")
    return {(one.verb, one.resource, one.namespace) for one in found}


@pytest.mark.parametrize(
    ("fields", "resources"),
    [
        pytest.param({}, [], id="nothing selected"),
        pytest.param(
            {"serviceMonitorSelector": {}, "serviceMonitorNamespaceSelector": {}},
            ["endpoints", "services", "pods"],
            id="the high availability document",
        ),
        pytest.param({"nodeScrapeNamespaceSelector": {}}, ["nodes"], id="nodes"),
        pytest.param({"probeSelector": {}}, ["ingresses"], id="probes"),
        pytest.param({"staticScrapeSelector": {}}, [], id="static targets"),
        pytest.param(
            {"selectAllByDefault": True},
            ["endpoints", "services", "pods", "nodes", "ingresses"],
            id="everything",
        ),
    ],
)
def test_selectors_need_what_their_jobs_discover(
    fields: dict[str, Any], resources: list[str]
) -> None:
    assert needs(fields) == asked(*resources)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("- job_name: a\n  static_configs: []\n", set(), id="static"),
        pytest.param(
            "- job_name: a\n  kubernetes_sd_configs: [{role: pod}]\n", asked("pods"), id="a list"
        ),
        pytest.param(
            '{"scrape_configs": [{"kubernetes_sd_configs": [{"role": "node"}]}]}',
            asked("nodes"),
            id="a whole file",
        ),
        pytest.param(
            "- kubernetes_sd_configs:\n  - {role: pod, namespaces: {names: [a]}}\n"
            "  - {role: service, namespaces: {own_namespace: true}}\n",
            asked("pods", namespace="a") | asked("services", namespace="own"),
            id="in some namespaces",
        ),
        pytest.param(
            "- kubernetes_sd_configs: [{role: node, namespaces: {names: [a]}}]\n",
            asked("nodes"),
            id="nodes are in no namespace",
        ),
        pytest.param(
            "- kubernetes_sd_configs: [{role: pod, api_server: 'https://elsewhere'}]\n",
            set(),
            id="of another cluster",
        ),
        pytest.param("- kubernetes_sd_configs: [{role: spaceship}]\n", set(), id="no such role"),
    ],
)
def test_jobs_need_what_they_name(text: str, wanted: set[tuple[str, str, str]]) -> None:
    assert needs({}, text, "not: jobs") == wanted


def test_each_missing_verb_and_resource_is_named() -> None:
    missing = [
        *(Question(verb, "", "pods") for verb in VERBS),
        *(Question(verb, "", "endpoints") for verb in VERBS),
        Question("watch", "networking.k8s.io", "ingresses"),
        Question("list", "", "services", "a"),
    ]
    remark = allowed(VMAGENT, missing, exists=True)
    assert remark[1:] == (
        "False",
        "RightsMissing",
        "service account default/vmagent may not get, list, watch endpoints, pods;"
        " watch ingresses.networking.k8s.io; list services in namespace a:"
        " bind a role with these rights to it, see docs/discovery-rights.md",
    )


def test_an_account_that_does_not_exist_is_named_before_its_rights() -> None:
    remark = allowed(VMAGENT, [Question("list", "", "pods")], exists=False)
    assert remark.reason == "ServiceAccountMissing"
    assert remark.message.startswith(
        "service account default/vmagent does not exist, so no pod can be created with it;"
        " it may not list pods: "
    )


def test_an_account_with_all_rights_is_told_as_such() -> None:
    assert allowed(VMAGENT, [], exists=True)[1:3] == ("True", "Allowed")


def test_where_nobody_may_ask_nothing_is_known() -> None:
    assert unknown(VMAGENT, "no")[1:3] == ("Unknown", "NotAsked")
