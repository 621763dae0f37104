"""Network policies: a direction that the user does not speak of stays open."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import cluster, planned

RULE = {"ports": [{"port": 1}]}


def _policies(policy: dict[str, Any]) -> list[dict[str, Any]]:
    children = planned(cluster(vminsert={"networkPolicy": policy})).shared
    return [it for it in children if it["kind"] == "NetworkPolicy"]


@pytest.mark.parametrize(
    ("given", "types"),
    [
        pytest.param({"ingress": [RULE]}, ["Ingress"], id="who may come in"),
        pytest.param({"egress": [RULE]}, ["Egress"], id="where to, and everybody may come in"),
        pytest.param({"ingress": [RULE], "egress": [RULE]}, ["Ingress", "Egress"], id="both"),
        pytest.param({"ingress": []}, ["Ingress"], id="nobody may come in"),
        pytest.param({"ingress": [RULE], "egress": []}, ["Ingress"], id="no rule closes no way"),
    ],
)
def test_a_policy_closes_only_what_it_speaks_of(given: dict[str, Any], types: list[str]) -> None:
    (policy,) = _policies(given)
    want = {key: rules for key, rules in given.items() if rules or key == "ingress"}
    assert policy["spec"]["policyTypes"] == types
    assert {key: policy["spec"][key] for key in policy["spec"].keys() & {"ingress", "egress"}} == (
        want
    )


@pytest.mark.parametrize("given", [{}, {"egress": []}], ids=str)
def test_a_policy_without_rules_is_not_made_for_kubernetes_would_close_the_way_in(
    given: dict[str, Any],
) -> None:
    assert _policies(given) == []


def test_a_policy_holds_for_the_pods_of_its_component_alone() -> None:
    (policy,) = _policies({"ingress": [RULE]})
    labels = policy["spec"]["podSelector"]["matchLabels"]
    assert labels["app.kubernetes.io/name"] == "vminsert"
    assert policy["metadata"]["name"] == "vminsert-demo"
