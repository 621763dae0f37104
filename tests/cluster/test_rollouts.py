"""Rollouts on a real node: what is told of them, where they stop, and how they go on."""

from __future__ import annotations

import time
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, standing_demo, until
from tests.cluster.quiet import unrecorded, until_quiet

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

NEXT_TAG = "v1.150.1-cluster"
APPS = ("vmstorage", "vmselect", "vminsert")
Tree = dict[str, Any]


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    with standing_demo(cluster, f"rollouts-{uuid.uuid4().hex[:6]}") as one:
        yield one


@pytest.fixture
def demo(stand: Namespace) -> Namespace:
    """The cluster as it was in the beginning, whatever the test before has done."""
    stand.apply(small())
    stand.until_status("demo", "operational")
    return stand


def _told(namespace: Namespace, reason: str) -> list[str]:
    """Messages of the events of this reason about the VMCluster."""
    found = namespace.items("events")
    mine = [it for it in found if it["involvedObject"]["kind"] == "VMCluster"]
    return sorted(it["message"] for it in mine if it["reason"] == reason)


def _counts(namespace: Namespace) -> Counter[str]:
    """How often each reason was told about the VMCluster, and of each app that a pod is replaced.

    Equal events are one that counts.
    """
    found: Counter[str] = Counter()
    for it in _transitions(namespace):
        is_pod = it["reason"] == "ReplacingPod"
        key = it["message"].split()[2].split("-")[0] if is_pod else it["reason"]
        found[key] += it["count"]
    return found


def _counts_at_rest(namespace: Namespace) -> Counter[str]:
    """The same once the last rollout's end is told, which is written beside the status."""

    def is_told() -> bool:
        found = [it for it in _transitions(namespace) if it["reason"] != "ReplacingPod"]
        # In the order of their writes: their times are in whole seconds.
        told = {int(it["metadata"]["resourceVersion"]): it["reason"] for it in found}
        return bool(told) and told[max(told)] == "Operational"

    until(is_told, what="the end of the rollout is told")
    return _counts(namespace)


def _transitions(namespace: Namespace) -> list[Tree]:
    reasons = ("Creating", "RollingOut", "PodFailing", "PodsNotReady", "Operational")
    told = (*reasons, "EvictionBlocked", "ReplacingPod")
    found = namespace.items("events")
    mine = [it for it in found if it["involvedObject"]["kind"] == "VMCluster"]
    return [it for it in mine if it["reason"] in told]


def _until_reason(namespace: Namespace, *parts: str, seconds: float = 90) -> str:
    def told() -> str:
        reason = str(namespace.status("demo").get("reason", ""))
        return reason if all(part in reason for part in parts) else ""

    return str(until(told, seconds=seconds, what=f"the reason says {parts}"))


def _ready(namespace: Namespace, app: str) -> list[str]:
    return [
        pod["metadata"]["name"]
        for pod in namespace.items("pods", f"app.kubernetes.io/name={app}")
        if all(one["ready"] for one in pod["status"].get("containerStatuses", [{"ready": False}]))
    ]


def test_a_rollout_is_told_once_and_each_restart_says_why_also_if_the_operator_ends_in_the_middle(
    demo: Namespace, operator: Operator
) -> None:
    before, counts = _told(demo, "ReplacingPod"), _counts_at_rest(demo)
    demo.apply(small(clusterVersion=NEXT_TAG))
    until(lambda: len(_told(demo, "ReplacingPod")) > len(before), what="the first pod is told of")
    operator.restart()
    demo.until_status("demo", "operational")

    def news() -> set[str]:
        return {it for it in _told(demo, "ReplacingPod") if it not in before}

    until(lambda: len(news()) == 6, seconds=20, what=f"six pods are told of: {news()}")
    for app in APPS:
        mine = [it for it in news() if it.startswith(f"replacing pod {app}-demo-")]
        assert len(mine) == 2
        assert all(f"{app}: image: " in it and it.endswith(NEXT_TAG) for it in mine), mine
    assert [it for it in _told(demo, "RollingOut") if "vmstorage 0/2" in it]
    assert "every pod of the current spec serves" in _told(demo, "Operational")
    told = _counts_at_rest(demo) - counts
    # A pod that is on its way when the operator ends may be told of by the next one, too.
    assert all(told[app] >= 2 for app in APPS), told
    assert sum(told[app] for app in APPS) <= 7, told
    assert told["Operational"] == 1
    # Only a pod that fails, as it may on a machine that has much to do, interrupts a rollout.
    assert 1 <= told["RollingOut"] <= 1 + told["PodFailing"], told


def test_a_rollout_goes_on_and_tells_of_each_pod_after_the_operator_was_killed(
    demo: Namespace, operator: Operator
) -> None:
    counts = _counts_at_rest(demo)
    demo.apply(small(vmstorage={"extraArgs": {"noSuchFlag": "1"}}))
    until(
        lambda: _counts(demo)["PodFailing"] > counts["PodFailing"],
        what="it stops at the first pod, and tells so",
    )
    operator.kill()
    demo.apply(small(clusterVersion=NEXT_TAG))
    operator.start()
    demo.until_status("demo", "operational")
    until(lambda: _counts(demo)["vmstorage"] - counts["vmstorage"] == 3, what="three are told of")
    told = _counts_at_rest(demo) - counts
    # The pod that failed makes way twice, each of the others once.
    assert [told[app] for app in APPS] == [3, 2, 2]
    assert told["Operational"] == 1
    assert 1 <= told["RollingOut"] <= 1 + told["PodFailing"], told


def test_two_bad_changes_in_a_row_take_one_pod_and_a_mended_spec_goes_on(demo: Namespace) -> None:
    for flag in ("noSuchFlag", "norThisOne"):
        demo.apply(small(vmstorage={"extraArgs": {flag: "1"}}))
        words = _until_reason(demo, flag, "pod vmstorage-demo-", "container vmstorage ends")
        assert words.startswith("updated: vmstorage ")
        assert len(_ready(demo, "vmstorage")) == 1
    until(
        lambda: [it for it in _told(demo, "PodFailing") if "noSuchFlag" in it],
        what="the first one is told",
    )
    demo.apply(small())
    demo.until_status("demo", "operational")


def test_a_program_that_fails_again_and_again_is_told_of_once(demo: Namespace) -> None:
    demo.apply(small(vmstorage={"extraArgs": {"noSuchFlag": "1"}}))
    _until_reason(demo, "noSuchFlag")

    def restarts() -> int:
        pods = demo.items("pods", "app.kubernetes.io/name=vmstorage")
        return sum(it["restartCount"] for pod in pods for it in pod["status"]["containerStatuses"])

    until_quiet(demo.cluster, namespace=demo.name)
    since, before = time.time(), restarts()
    until(lambda: restarts() > before, seconds=120, what="one more restart")
    assert _written(demo, since) == []


def test_a_native_rollout_that_is_stuck_is_mended_by_the_next_change(demo: Namespace) -> None:
    native: Tree = {"rollingUpdateStrategy": "RollingUpdate"}
    demo.apply(small(vmselect={**native, "extraArgs": {"noSuchFlag": "1"}}))
    _until_reason(demo, "noSuchFlag", "pod vmselect-demo-")
    assert len(_ready(demo, "vmselect")) == 1
    demo.apply(small(vmselect=native))
    demo.until_status("demo", "operational")


def test_a_budget_that_forbids_every_eviction_is_told_and_heeded(demo: Namespace) -> None:
    budget = {"minAvailable": 2}
    demo.apply(small(vmstorage={"podDisruptionBudget": budget}, clusterVersion=NEXT_TAG))
    words = _until_reason(demo, "may not be evicted")
    assert "disruption budget" in words
    until(
        lambda: demo.condition("vmcluster", "demo", "Ready")["reason"] == "EvictionBlocked",
        what="the condition says so",
    )
    assert len(_ready(demo, "vmstorage")) == 2
    demo.apply(small(clusterVersion=NEXT_TAG))
    demo.until_status("demo", "operational")


def test_no_second_pod_goes_before_the_first_was_ready_for_min_ready_seconds(
    demo: Namespace,
) -> None:
    """A pod that is stuck is replaced at once; what comes after waits, here for an hour.

    That nothing happens is proved by changes that the operator makes meanwhile, not by time.
    """
    demo.apply(small(vmstorage={"extraArgs": {"noSuchFlag": "1"}}))
    _until_reason(demo, "noSuchFlag", "pod vmstorage-demo-")
    old = _uids(demo)
    waiting: Tree = {"minReadySeconds": 3600, "extraArgs": {"loggerLevel": "WARN"}}
    demo.apply(small(vmstorage=waiting))
    until(lambda: len(_ready(demo, "vmstorage")) == 2, seconds=120, what="the stuck one is mended")
    between = _uids(demo)
    assert len(old & between) == 1
    for budget in ({"maxUnavailable": 1}, {"minAvailable": 1}):
        _await_budget(demo, waiting, budget)
    assert _uids(demo) == between
    demo.apply(small(vmstorage={**waiting, "minReadySeconds": 1}))
    demo.until_status("demo", "operational", seconds=180)
    assert not old & _uids(demo)


def _uids(namespace: Namespace) -> set[str]:
    pods = namespace.items("pods", "app.kubernetes.io/name=vmstorage")
    return {pod["metadata"]["uid"] for pod in pods if "deletionTimestamp" not in pod["metadata"]}


def _await_budget(namespace: Namespace, part: Tree, budget: dict[str, int]) -> None:
    """Have a budget changed: a pass has begun after the moment of the call, and got so far.

    The pass before it, which saw the same pods, has ended then.
    """
    namespace.apply(small(vmstorage={**part, "podDisruptionBudget": budget}))

    def is_there() -> bool:
        found = namespace.items("pdb", "app.kubernetes.io/name=vmstorage")
        return any(budget.items() <= it["spec"].items() for it in found)

    until(is_there, what=f"the budget {budget}")


def test_a_restart_of_the_operator_tells_nothing_anew(demo: Namespace, operator: Operator) -> None:
    until(lambda: not unrecorded(demo), what="the last rollout is recorded")
    until_quiet(demo.cluster, namespace=demo.name)
    began = time.time()
    operator.restart()
    time.sleep(5)
    assert _written(demo, began) == []


def _written(namespace: Namespace, since: float) -> list[str]:
    """The operator's writes in the namespace; Events are counted apart."""
    found = [it for it in namespace.cluster.audit.writes(since) if it.namespace == namespace.name]
    return [f"{it.call.resource}/{it.call.subresource} {it.name}" for it in found]
