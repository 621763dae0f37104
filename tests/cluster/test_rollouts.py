"""Rollouts on a real node: what is told of them, where they stop, and how they go on."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, standing_demo, until

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


def test_each_restart_says_why_also_after_a_restart_of_the_operator(
    demo: Namespace, operator: Operator
) -> None:
    before = _told(demo, "ReplacingPod")
    demo.apply(small(clusterVersion=NEXT_TAG))
    until(lambda: len(_told(demo, "ReplacingPod")) > len(before), what="the first pod is told of")
    operator.restart()
    demo.until_status("demo", "operational")

    def news() -> list[str]:
        return [it for it in _told(demo, "ReplacingPod") if it not in before]

    until(lambda: len(news()) == 6, seconds=20, what=f"six pods are told of: {news()}")
    for app in APPS:
        mine = [it for it in news() if it.startswith(f"replacing pod {app}-demo-")]
        assert len(mine) == 2
        assert all(f"{app}: image: " in it and it.endswith(NEXT_TAG) for it in mine), mine
    assert [it for it in _told(demo, "RollingOut") if "vmstorage 0/2" in it]
    assert "every pod of the current spec serves" in _told(demo, "Operational")


def test_two_bad_changes_in_a_row_take_one_pod_and_a_mended_spec_goes_on(demo: Namespace) -> None:
    for flag in ("noSuchFlag", "norThisOne"):
        demo.apply(small(vmstorage={"extraArgs": {flag: "1"}}))
        words = _until_reason(demo, flag, "pod vmstorage-demo-", "container vmstorage ends")
        assert words.startswith("updated: vmstorage ")
        assert len(_ready(demo, "vmstorage")) == 1
    assert [it for it in _told(demo, "PodFailing") if "noSuchFlag" in it]
    demo.apply(small())
    demo.until_status("demo", "operational")


def test_a_program_that_fails_again_and_again_is_told_of_once(demo: Namespace) -> None:
    demo.apply(small(vmstorage={"extraArgs": {"noSuchFlag": "1"}}))
    _until_reason(demo, "noSuchFlag")

    def restarts() -> int:
        pods = demo.items("pods", "app.kubernetes.io/name=vmstorage")
        return sum(it["restartCount"] for pod in pods for it in pod["status"]["containerStatuses"])

    since, before = time.time(), restarts()
    until(lambda: restarts() > before, seconds=120, what="one more restart")
    written = [it for it in demo.cluster.audit.writes(since) if it.namespace == demo.name]
    assert [f"{it.call.resource}/{it.call.subresource}" for it in written] == []


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
    ready = next(it for it in demo.status("demo")["conditions"] if it["type"] == "Ready")
    assert ready["reason"] == "EvictionBlocked"
    assert len(_ready(demo, "vmstorage")) == 2
    demo.apply(small(clusterVersion=NEXT_TAG))
    demo.until_status("demo", "operational")


def test_min_ready_seconds_pass_between_two_pods(demo: Namespace) -> None:
    waiting = {"minReadySeconds": 8}
    demo.apply(small(vmstorage={**waiting, "extraArgs": {"loggerLevel": "WARN"}}))
    demo.until_status("demo", "operational", seconds=180)
    starts = sorted(
        pod["metadata"]["creationTimestamp"]
        for pod in demo.items("pods", "app.kubernetes.io/name=vmstorage")
    )
    first, second = (time.mktime(time.strptime(it, "%Y-%m-%dT%H:%M:%SZ")) for it in starts)
    assert second - first >= 8


def test_a_restart_of_the_operator_tells_nothing_anew(
    demo: Namespace, operator: Operator, cluster: Cluster
) -> None:
    time.sleep(2)  # the last words of what went before
    began = time.time()
    operator.restart()
    until(
        lambda: any(e.call.verb == "watch" for e in cluster.audit.events(began, user="vmoperator")),
        seconds=30,
        what="the operator watches again",
    )
    time.sleep(5)
    assert [it for it in cluster.audit.writes(began) if it.namespace == demo.name] == []
