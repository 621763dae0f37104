"""`vmoperator plan` of other kinds than VMCluster, and of an operator that lacks a right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.installed import ROLE
from tests.cluster.planner import Planner, planning, uids
from tests.cluster.stack import small_object

pytestmark = pytest.mark.cluster

NAME = "plan-kinds"
SIZE = {"resources": {"requests": {"storage": "100Mi"}}}
OBJECTS = {
    "VMSingle": small_object("VMSingle", "one", retentionPeriod="1", storage=SIZE),
    "VMAlertmanager": small_object("VMAlertmanager", "two"),
    "VMAgent": small_object(
        *("VMAgent", "three"),
        daemonSetMode=True,
        remoteWrite=[{"url": "http://vmsingle-one:8429/api/v1/write"}],
    ),
}
CHANGES = [
    pytest.param(
        "VMSingle",
        {"storage": {"resources": {"requests": {"storage": "150Mi"}}}},
        "",
        id="a claim that grows restarts none",
    ),
    pytest.param(
        "VMAlertmanager",
        {"image": {"repository": "docker.io/prom/alertmanager", "tag": "v0.31.1"}},
        "vmalertmanager-two",
        id="another image of a VMAlertmanager",
    ),
    pytest.param(
        "VMAgent",
        {"extraArgs": {"loggerLevel": "WARN"}},
        "vmagent-three",
        id="another flag of a VMAgent on each node",
    ),
]


@pytest.fixture(scope="module")
def planner(
    cluster: Cluster, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Planner]:
    """Of a namespace with these objects, operational."""
    one = Namespace(cluster, NAME)
    cluster.kubectl("create", "namespace", NAME)
    for manifest in OBJECTS.values():
        one.apply(manifest)
    for kind, manifest in OBJECTS.items():
        one.until_status(manifest["metadata"]["name"], "operational", kind=kind.lower())
    with planning(one, tmp_path_factory.mktemp("plan")) as planner:
        yield planner
    one.clear()


def test_an_account_of_the_operator_that_lacks_a_right_is_told_by_whoever_plans(
    planner: Planner,
) -> None:
    cluster, name = planner.namespace.cluster, f"{NAME}-weak"
    planner.namespace.kubectl("create", "serviceaccount", "weak")
    role = json.loads(cluster.kubectl("get", "clusterrole", ROLE, "-o", "json"))
    weak = [part for rule in role["rules"] for part in _without_patching_statefulsets(rule)]
    made = {**role, "metadata": {"name": name}, "rules": weak}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(made))
    subject = f"--serviceaccount={NAME}:weak"
    cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", subject)
    try:
        done = planner.plan("-n", NAME, f"--service-account={NAME}/weak")
    finally:
        cluster.kubectl("delete", f"clusterrole/{name}", f"clusterrolebinding/{name}")
    told = [line for line in done.stdout.splitlines() if line.startswith("! service account")]
    words = "may not patch statefulsets of apps (run the components)"
    assert told == [f"! service account {NAME}/weak {words}"]
    assert done.returncode == 2


def _without_patching_statefulsets(rule: dict[str, Any]) -> list[dict[str, Any]]:
    """The rule in one or two, of which none allows that."""
    if "statefulsets" not in rule.get("resources", ()) or "patch" not in rule["verbs"]:
        return [rule]
    others = [it for it in rule["resources"] if it != "statefulsets"]
    verbs = [it for it in rule["verbs"] if it != "patch"]
    less = {**rule, "resources": ["statefulsets"], "verbs": verbs}
    return [*([{**rule, "resources": others}] if others else []), less]


@pytest.mark.parametrize(("kind", "change", "workload"), CHANGES)
def test_pods_that_are_planned_to_restart_are_the_ones_that_do(
    planner: Planner, kind: str, change: dict[str, Any], workload: str
) -> None:
    wanted = OBJECTS[kind]
    wanted = {**wanted, "spec": {**wanted["spec"], **change}}
    (parent,) = planner.json(wanted)["parents"]
    planned = {name for it in parent["restarts"] for name in it["pods"]}
    before = uids(planner.namespace)
    assert planned == {name for name in before if workload and name.startswith(f"{workload}-")}
    assert len(planned) == (1 if workload else 0)
    planner.namespace.apply(wanted)
    name = wanted["metadata"]["name"]
    planner.namespace.until_status(name, "operational", kind=kind.lower())
    until(
        lambda: planner.plan("-n", NAME, "-", stdin=[wanted]).returncode == 0,
        what="nothing is left to change",
    )
    after = uids(planner.namespace)
    assert {name for name in before if before[name] != after.get(name)} == planned
