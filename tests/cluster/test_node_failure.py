"""A node is lost as in a power cut: writes and queries go on, and all heals when it returns."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import (
    KEEP,
    Namespace,
    small,
    until,
)
from tests.cluster.installed import SMALL, Installed
from tests.cluster.traffic import Traffic, flowing

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

GRACE_SECONDS = 10
"""A silent node counts as lost after so long; its pods are evicted after as long again."""
KEPT, LOST = "node-1", "node-2"


def noticed_seconds() -> float:
    """After so long nobody sends anything to a silent node any more."""
    return GRACE_SECONDS + drawn_out(8)


@pytest.fixture(scope="module")
def two_nodes() -> Iterator[Namespace]:
    """A cluster of its own, with the operator and a VMCluster that keeps every sample twice."""
    cluster = Cluster("vmoperator-nodes")
    cluster.up(nodes=2, grace_seconds=GRACE_SECONDS)
    release = Installed(cluster)
    release.prepare()
    release.upgrade(*SMALL, f"nodeSelector.kubernetes\\.io/hostname={KEPT}")
    cluster.kubectl("create", "namespace", "flow")
    namespace = Namespace(cluster, "flow")
    namespace.apply(small())
    namespace.until_status("demo", "operational")
    yield namespace
    if not KEEP:
        cluster.down()


@pytest.fixture(scope="module")
def traffic(two_nodes: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traffic]:
    space = two_nodes.name
    output = tmp_path_factory.mktemp("traffic") / "attempts"
    insert = f"http://vminsert-demo.{space}.svc:8480/insert/0/prometheus"
    select = f"http://vmselect-demo.{space}.svc:8481/select/0/prometheus"
    with flowing(two_nodes.cluster, output, insert, select) as one:
        # victoria-metrics remembers for 10 s that it had nothing.
        until(
            lambda: [a for a in one.attempts() if not a.is_write and a.is_good],
            seconds=40,
            what="a first query that finds every series",
        )
        yield one


def nodes_of(namespace: Namespace, app: str) -> list[str]:
    """The nodes of the pods of a component."""
    pods = namespace.items("pods", f"app.kubernetes.io/name={app}")
    return sorted(pod["spec"]["nodeName"] for pod in pods)


@pytest.mark.parametrize("app", ["vmstorage", "vmselect", "vminsert"])
def test_pods_of_a_component_stand_on_different_nodes(two_nodes: Namespace, app: str) -> None:
    assert nodes_of(two_nodes, app) == ["node-1", "node-2"]


@pytest.fixture(scope="module")
def lost(two_nodes: Namespace, traffic: Traffic) -> Iterator[float]:
    """The moment at which the node was lost, looked at until its pods are evicted and beyond."""
    time.sleep(5)
    moment = time.time()
    two_nodes.cluster.stop_node(LOST)
    time.sleep(2 * GRACE_SECONDS + drawn_out(15))
    yield moment


@pytest.mark.parametrize("is_write", [True, False], ids=["writes", "queries"])
def test_while_it_is_away_there_is_no_gap_longer_than_its_loss_is_unnoticed(
    traffic: Traffic, lost: float, is_write: bool
) -> None:
    print(traffic.story(lost))
    gap = traffic.longest_gap_seconds(is_write=is_write, since=lost, until=time.time())
    print(f"longest gap: {gap:.1f} s")
    assert gap < noticed_seconds()


def test_once_its_loss_is_noticed_nothing_fails(traffic: Traffic, lost: float) -> None:
    failed = [one for one in traffic.attempts(lost + noticed_seconds()) if not one.is_good]
    assert failed == []


def test_the_status_says_what_is_missing_and_is_not_operational(
    two_nodes: Namespace, lost: float
) -> None:
    def told() -> str:
        status = two_nodes.status("demo")
        return str(status.get("reason", "")) if status["updateStatus"] == "expanding" else ""

    until(lambda: "vmstorage" in told(), seconds=30, what="the status names vmstorage")
    print(told())


def test_a_rollout_that_waits_for_the_lost_pod_names_it_and_takes_no_other(
    two_nodes: Namespace, lost: float
) -> None:
    pods = two_nodes.items("pods", "app.kubernetes.io/name=vmstorage")
    kept = {it["metadata"]["name"]: it["spec"]["nodeName"] for it in pods}
    gone = next(name for name, node in kept.items() if node == LOST)
    before = {it["metadata"]["uid"] for it in pods}
    two_nodes.apply(small(vmstorage={"extraArgs": {"loggerLevel": "WARN"}}))

    lingers = f"pod {gone}: is being deleted since "

    def told() -> str:
        reason = str(two_nodes.status("demo").get("reason", ""))
        return reason if "updated: vmstorage 0/2" in reason and lingers in reason else ""

    words = str(until(told, seconds=120, what=f"the reason names {gone}"))
    assert f" and is still there (node {LOST})" in words
    now = two_nodes.items("pods", "app.kubernetes.io/name=vmstorage")
    assert {it["metadata"]["uid"] for it in now} == before


def test_it_returns_and_everything_is_operational_again_with_its_data(
    two_nodes: Namespace, traffic: Traffic, lost: float
) -> None:
    began = time.time()
    two_nodes.cluster.start_node(LOST)
    two_nodes.until_status("demo", "operational", seconds=180)
    print(f"operational {time.time() - began:.1f} s after the node was started again")
    healed = time.time()
    time.sleep(5)
    assert [one for one in traffic.attempts(healed) if not one.is_good] == []
    assert nodes_of(two_nodes, "vmstorage") == ["node-1", "node-2"]
    assert "reason" not in two_nodes.status("demo")
