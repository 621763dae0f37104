"""VMRules that are hard on a vmalert: wrong in a way that it alone knows, and far too large."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.stack import API_VERSION, names, pods, small_object
from vmoperator.render.buckets import CAPACITY_BYTES

pytestmark = pytest.mark.cluster

REPLICAS = 2
PORT = 8080
LARGE_RULES = 1000
OPERATIONAL = ("operational", "")


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """Two vmalerts that select all rules of their namespace."""
    del operator
    one = Namespace(cluster, f"hard-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(small_object("VMSingle", "db"))
    spec = {
        "replicaCount": REPLICAS,
        "datasource": {"url": "http://vmsingle-db:8429"},
        "ruleSelector": {},
        "extraArgs": {"group.maxStartDelay": "10ms"},
    }
    one.apply(small_object("VMAlert", "demo", **spec))
    one.until_status("db", "operational", kind="vmsingle")
    one.until_status("demo", "operational", kind="vmalert")
    yield one
    one.kubectl("delete", "vmrules", "--all", "--wait=false")
    one.clear()


@pytest.fixture
def well(stand: Namespace) -> Iterator[str]:
    """A sound rule that fires in every pod; each test leaves the stand without rules."""
    stand.apply(rule("well", alert("Well")))
    until(lambda: set(firing(stand)) == {("Well",)}, what="the sound rule fires in every pod")
    until(lambda: told(stand, "well") == OPERATIONAL, what="the sound rule is used")
    yield "well"
    stand.kubectl("delete", "vmrules", "--all")
    until(lambda: set(shown(stand)) == {()}, what="no pod shows a rule")


def alert(name: str, summary: str = "fires") -> dict[str, Any]:
    return {"alert": name, "expr": "vector(1)", "annotations": {"summary": summary}}


def rule(name: str, *rules: dict[str, Any]) -> dict[str, Any]:
    group = {"name": "g", "interval": "1s", "rules": rules}
    spec = {"groups": [group]}
    return {"apiVersion": API_VERSION, "kind": "VMRule", "metadata": {"name": name}, "spec": spec}


def large_rule(name: str, size_bytes: int) -> dict[str, Any]:
    """A sound VMRule of about that size."""
    text = "x" * (size_bytes // LARGE_RULES - len(json.dumps(alert("Large000", ""))))
    return rule(name, *(alert(f"Large{number:03}", text) for number in range(LARGE_RULES)))


def replace(stand: Namespace, manifest: dict[str, Any]) -> None:
    """Writes it as it is: what `kubectl apply` notes beside an object takes 256 KiB at most."""
    stand.kubectl("replace", "-f", "-", stdin=json.dumps(manifest))


def vmalerts(stand: Namespace) -> list[str]:
    return names(pods(stand, "vmalert", "demo"))


def page(stand: Namespace, pod: str) -> list[dict[str, Any]]:
    """The rules that a pod has loaded; none while it does not answer."""
    try:
        answer = json.loads(stand.get_raw(pod, PORT, "/api/v1/rules"))
    except ClusterError:
        return []
    return [it for group in answer["data"]["groups"] for it in group["rules"]]


def pages(stand: Namespace) -> list[list[dict[str, Any]]]:
    """The same of every pod; nothing at all while there are fewer or more than wanted."""
    found = vmalerts(stand)
    return [page(stand, pod) for pod in found] if len(found) == REPLICAS else []


def shown(stand: Namespace) -> list[tuple[str, ...]]:
    """Names of the rules that each pod has loaded."""
    return [tuple(sorted(it["name"] for it in rules)) for rules in pages(stand)]


def firing(stand: Namespace) -> list[tuple[str, ...]]:
    """Names of the rules that fire in each pod, which it has evaluated without an error."""
    return [
        tuple(sorted(it["name"] for it in rules if it["state"] == "firing" and not it["lastError"]))
        for rules in pages(stand)
    ]


def failing(stand: Namespace) -> list[tuple[str, ...]]:
    """Names of the rules that each pod has evaluated with an error."""
    return [tuple(sorted(it["name"] for it in rules if it["lastError"])) for rules in pages(stand)]


def told(stand: Namespace, name: str) -> tuple[str, str]:
    status = stand.status(name, "vmrule")
    return status.get("updateStatus", ""), status.get("reason", "")


def said_of(stand: Namespace, name: str, since: float) -> list[str]:
    """What the operator wrote about a rule from then on."""
    return [
        f"{it.call.verb} {it.call.resource}/{it.call.subresource}"
        for it in stand.cluster.audit.writes(since)
        if (it.namespace, it.name) == (stand.name, name)
    ]


def lives(stand: Namespace) -> list[tuple[str, int]]:
    """Every pod of vmalert, and how often its program was started again."""
    return [
        (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in pods(stand, "vmalert", "demo")
    ]


def until_evaluated(stand: Namespace) -> None:
    """Until every pod has evaluated the sound rule, and the sick one, which it may do later."""
    until(lambda: set(firing(stand)) == {("Well",)}, what="each pod evaluates the sound rule")
    until(lambda: set(failing(stand)) == {("Sick",)}, what="each pod knows of the sick rule")


def until_replaced(stand: Namespace, pod: str) -> None:
    """Deletes a pod of vmalert, and waits until another one evaluates the rules."""
    before = set(vmalerts(stand))
    stand.kubectl("delete", "pod", pod)

    def is_replaced() -> bool:
        now = set(vmalerts(stand))
        return len(now) == REPLICAS and len(now - before) == 1

    until(is_replaced, what=f"another pod than {pod}")
    until_evaluated(stand)


def test_a_new_pod_lives_with_a_template_that_is_wrong_and_still_tells_whose_it_is(
    stand: Namespace, well: str
) -> None:
    stand.apply(rule("sick", alert("Sick", "{{ nofunc }}")))

    def names_it(word: str) -> bool:
        state, reason = told(stand, "sick")
        return (
            state == "failed"
            and reason.startswith("spec.groups: g: alert Sick: ")
            and (word in reason)
        )

    until(lambda: names_it("nofunc"), what="it says what is wrong")
    until_evaluated(stand)
    since = time.time()
    for pod in vmalerts(stand):
        until_replaced(stand, pod)
    assert set(shown(stand)) == {("Sick", "Well")}
    assert [restarts for _, restarts in lives(stand)] == [0] * REPLICAS
    assert names_it("nofunc")
    # No pod of before is left: what is new can be known from the new ones alone.
    stand.apply(rule("sick", alert("Sick", "{{ nosuch }}")))
    until(lambda: names_it("nosuch"), what="the new pods are asked")
    assert said_of(stand, well, since) == []
    assert told(stand, well) == OPERATIONAL


@pytest.mark.parametrize("size_bytes", [CAPACITY_BYTES + 50_000, 1_400_000], ids=["950kB", "1.4MB"])
def test_a_rule_too_large_for_a_secret_fails_alone_and_joins_once_it_is_small(
    stand: Namespace, well: str, size_bytes: int
) -> None:
    before, since = lives(stand), time.time()
    stand.kubectl("create", "-f", "-", stdin=json.dumps(large_rule("large", size_bytes)))
    until(lambda: told(stand, "large")[0] == "failed", what="it says that it fails")
    reason = told(stand, "large")[1]
    assert reason.startswith("spec: makes ")
    assert f"one object may make {CAPACITY_BYTES}" in reason

    def is_named_by_the_parent() -> bool:
        found = stand.condition("vmalert", "demo", "ObjectsSelected")
        return found.get("reason") == "Refused" and f"{stand.name}/large: " in found["message"]

    until(is_named_by_the_parent, what="the parent names it")
    # What comes later is loaded: the large one holds up nothing.
    stand.apply(rule("later", alert("Later")))
    until(lambda: set(firing(stand)) == {("Later", "Well")}, what="all others fire")
    assert set(shown(stand)) == {("Later", "Well")}
    assert told(stand, "large") == ("failed", reason)
    replace(stand, rule("large", alert("Small")))
    until(lambda: set(firing(stand)) == {("Later", "Small", "Well")}, what="it joins them")
    until(lambda: told(stand, "large") == OPERATIONAL, what="it says that it is used")
    assert said_of(stand, well, since) == []
    assert told(stand, well) == OPERATIONAL
    assert lives(stand) == before
