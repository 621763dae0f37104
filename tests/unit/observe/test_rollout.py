"""Rollout: how far a stage has come, which pods may go next, when a rollout is over."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.observe.live import counts, endpoints, pod, pods, sight

from vmoperator.observe.rollout import (
    Sight,
    at_once,
    hopeless,
    is_rolled_out,
    leaving,
    progress,
    replaceable,
)

READY = sight(counts(2), pods("a", "a"))
OLD = sight(counts(2, update="b"), pods("a", "a"))
HALF = sight(counts(2, update="b"), pods("a", "b"))


def _stuck(name: str, revision: str, trouble: str = "") -> Sight:
    """Two pods of a rollout from a to b, of which this one is not ready."""
    other = "s-1" if name == "s-0" else "s-0"
    seen = (pod(name, revision, ready=False, trouble=trouble), pod(other, "a"))
    return sight(counts(2, update="b", readyReplicas=1, availableReplicas=1), seen)


@pytest.mark.parametrize(
    ("seen", "updated", "rolling", "complete"),
    [
        pytest.param(READY, 2, False, True, id="all pods serve"),
        pytest.param(sight(None, ()), 0, False, False, id="the workload does not exist yet"),
        pytest.param(
            sight({"observedGeneration": 0}, ()), 0, True, False, id="the workload was just made"
        ),
        pytest.param(
            sight(counts(2, readyReplicas=1, availableReplicas=1), pods("a", "a")[:1]),
            1,
            False,
            False,
            id="the second pod is not there yet",
        ),
        pytest.param(OLD, 0, True, False, id="a change has not begun"),
        pytest.param(HALF, 1, True, False, id="a change is half way"),
        pytest.param(
            sight(counts(2, update="b"), pods("b", "b")),
            2,
            True,
            True,
            id="every pod is changed, only currentRevision lags",
        ),
        pytest.param(
            sight(counts(2), pods("a", "a"), generation=2),
            0,
            True,
            False,
            id="the controller has not seen the change",
        ),
        pytest.param(
            sight(counts(2), pods("a", "a"), held=True), 0, True, False, id="its change is held"
        ),
        pytest.param(
            sight(counts(2), pods("a", "a"), desired=3), 2, True, False, id="it grows to 3"
        ),
        pytest.param(
            sight(counts(3), pods("a", "a", "a")), 1, True, False, id="it shrinks from 3 to 2"
        ),
        pytest.param(sight(counts(0), (), desired=0), 0, False, True, id="no pods are wanted"),
        pytest.param(
            sight(counts(2), pods("a", "a"), listed=("s-0",)),
            1,
            False,
            False,
            id="a Service does not list the second pod yet",
        ),
        pytest.param(
            sight(counts(2), (*pods("a"), pod("s-1", deleting=True))),
            1,
            False,
            False,
            id="a pod goes away",
        ),
        pytest.param(
            sight(counts(2, availableReplicas=1), pods("a", "a")),
            1,
            False,
            False,
            id="minReadySeconds is not over for the second pod",
        ),
        pytest.param(
            sight(counts(2, readyReplicas=1, availableReplicas=1), pods("a", "a")),
            2,
            False,
            True,
            id="the controller's counts lag behind the pods",
        ),
    ],
)
def test_progress_of_a_stateful_set(
    seen: Sight, updated: int, rolling: bool, complete: bool
) -> None:
    found = progress(seen)
    assert (found.updated, found.rolling, found.complete) == (updated, rolling, complete)


def _deployment(*names: tuple[str, str], **status: int) -> Sight:
    """A Deployment of 2 whose pods are (name, revision), made in this order."""
    made = tuple(
        pod(name, revision, created=f"2026-01-01T00:00:{place:02}Z")
        for place, (name, revision) in enumerate(names)
    )
    number = {"replicas": len(names), "readyReplicas": len(names), "availableReplicas": len(names)}
    return sight({**number, "updatedReplicas": 2, **status}, made, kind="Deployment")


@pytest.mark.parametrize(
    ("seen", "updated", "rolling", "complete"),
    [
        pytest.param(_deployment(("x", "a"), ("y", "a")), 2, False, True, id="all pods serve"),
        pytest.param(
            _deployment(("x", "a"), ("y", "a"), updatedReplicas=0),
            0,
            True,
            False,
            id="a change without a new pod yet",
        ),
        pytest.param(
            _deployment(("x", "a"), ("y", "a"), ("z", "b"), updatedReplicas=1),
            0,
            True,
            False,
            id="a surge's new pod beside both old ones has replaced none",
        ),
        pytest.param(
            _deployment(("y", "a"), ("z", "b"), updatedReplicas=1), 1, True, False, id="half way"
        ),
        pytest.param(
            _deployment(("y", "a"), ("z", "b"), ("w", "b")), 1, True, False, id="one old pod left"
        ),
        pytest.param(
            _deployment(("x", "a"), ("y", "a"), ("z", "b"), ("w", "b")),
            0,
            True,
            False,
            id="a surge of two new pods beside both old ones has replaced none either",
        ),
        pytest.param(
            _deployment(("x", "a"), ("y", "a"), updatedReplicas=1),
            2,
            True,
            False,
            id="the new pods are not seen yet, but counted by the controller",
        ),
        pytest.param(
            replace(_deployment(updatedReplicas=0), desired=0), 0, False, True, id="no pods wanted"
        ),
    ],
)
def test_progress_of_a_deployment(seen: Sight, updated: int, rolling: bool, complete: bool) -> None:
    found = progress(seen)
    assert (found.updated, found.rolling, found.complete) == (updated, rolling, complete)


def test_a_service_that_lists_too_few_pods_is_named() -> None:
    lagging = replace(READY, slices={"b": (), "a": (endpoints("a", "s-0", "s-1"),)})
    assert progress(lagging).silent == ("b",)
    assert progress(READY).silent == ()


def test_endpoints_may_be_spread_over_several_slices() -> None:
    spread = {"svc": (endpoints("svc", "s-0"), endpoints("svc", "s-1"))}
    assert progress(replace(READY, slices=spread)).complete


def test_ready_pods_of_any_revision_serve() -> None:
    assert progress(HALF).serving == 2
    assert progress(_stuck("s-1", "b")).serving == 1


def test_troubles_come_in_the_order_of_the_pods() -> None:
    seen = tuple(pod(f"s-{n}", ready=False, trouble=f"t{n}") for n in (10, 2, 1))
    assert progress(sight(counts(3), seen, desired=3)).troubles == (
        "pod s-1: t1",
        "pod s-2: t2",
        "pod s-10: t10",
    )


def test_a_pod_that_goes_away_is_no_trouble() -> None:
    leaving = pod("s-0", ready=False, deleting=True, trouble="it ends")
    assert progress(sight(counts(2), (leaving,))).troubles == ()


def test_a_pod_that_should_be_gone_is_a_trouble_and_stops_the_rollout() -> None:
    leaving = pod("s-0", "a", ready=False, deleting=True, trouble="it ends")
    late = "pod s-0: is being deleted"
    seen = replace(sight(counts(2, update="b"), (leaving, pod("s-1"))), lingering=(late,))
    assert progress(seen).troubles == (late,)
    assert replaceable(seen, max_unavailable=2) == ()


def _minutes(seen: Sight) -> Sight:
    """The same, while the last pod has not been ready for minReadySeconds."""
    return replace(seen, workload=sight(counts(2, update="b", availableReplicas=1), ()).workload)


@pytest.mark.parametrize(
    ("seen", "most", "names"),
    [
        pytest.param(READY, 1, [], id="nothing has changed"),
        pytest.param(OLD, 1, ["s-0"], id="one pod after the other, from the first on"),
        pytest.param(OLD, 2, ["s-0", "s-1"], id="as many as may be missing"),
        pytest.param(HALF, 1, ["s-0"], id="the next one once the changed one is ready"),
        pytest.param(_stuck("s-1", "b"), 1, [], id="not while the changed pod is not ready"),
        pytest.param(_stuck("s-1", "b"), 2, [], id="a failure stops larger steps as well"),
        pytest.param(
            _stuck("s-1", "a"), 1, ["s-1"], id="a stuck old pod goes before one that serves"
        ),
        pytest.param(
            sight(counts(2, update="c"), (pod("s-0", "a"), pod("s-1", "b", ready=False))),
            1,
            ["s-1"],
            id="a pod stuck on a broken revision in between is replaced",
        ),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-0", "a", deleting=True), pod("s-1", "a"))),
            1,
            [],
            id="not while one goes away",
        ),
        pytest.param(
            sight(counts(2, update="b"), pods("a")), 1, [], id="not while one is still missing"
        ),
        pytest.param(
            sight(counts(3, update="b"), pods("a", "a"), desired=3),
            2,
            ["s-0"],
            id="a missing pod counts against the step",
        ),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-10"), pod("s-9")), desired=2),
            1,
            ["s-9"],
            id="by number, not by letters",
        ),
        pytest.param(replace(OLD, held=True), 2, [], id="not while an earlier stage rolls"),
        pytest.param(
            sight(counts(2, update="b"), pods("a", "a"), generation=2),
            1,
            [],
            id="not before the controller has seen the spec",
        ),
        pytest.param(_minutes(HALF), 1, [], id="not before minReadySeconds are over"),
        pytest.param(
            sight(counts(2, update="b", readyReplicas=1, availableReplicas=1), HALF.pods),
            1,
            [],
            id="not before the controller has counted the one that has become ready",
        ),
        pytest.param(sight(None, ()), 1, [], id="not without a workload"),
    ],
)
def test_pods_that_may_be_replaced_now(seen: Sight, most: int, names: list[str]) -> None:
    assert [one.ref.name for one in replaceable(seen, max_unavailable=most)] == names


@pytest.mark.parametrize(
    ("seen", "names"),
    [
        pytest.param(OLD, [], id="old pods that serve are left to the controller"),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-0"), pod("s-1", ready=False))),
            [],
            id="so are those that merely start",
        ),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-0"), pod("s-1", ready=False, trouble="t"))),
            ["s-1"],
            id="an old pod that fails holds up its own replacement",
        ),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-0"), pod("s-1", "b", ready=False, trouble="t"))),
            [],
            id="a new pod that fails is what the spec asks for",
        ),
    ],
)
def test_pods_that_a_native_rollout_waits_for_in_vain(seen: Sight, names: list[str]) -> None:
    assert [one.ref.name for one in hopeless(seen)] == names


GOING = (pod("s-0", "a", deleting=True), pod("s-1", "b"))


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(sight(counts(2, update="b"), GOING), [("s-0", "b")], id="an older revision"),
        pytest.param(sight(counts(2, update="a"), GOING), [], id="deleted, with the same spec"),
        pytest.param(sight(counts(2, update="b"), GOING, desired=0), [], id="scaled down"),
        pytest.param(
            sight(
                {"replicas": 2},
                (pod("d-a", "a", deleting=True, created="1"), pod("d-b", "b", created="2")),
                kind="Deployment",
            ),
            [("d-a", "b")],
            id="of a Deployment, whose youngest pod tells the newest revision",
        ),
    ],
)
def test_pods_that_make_way_for_another_revision(seen: Sight, told: list[tuple[str, str]]) -> None:
    assert [(one.ref.name, revision) for one, revision in leaving(seen)] == told


def test_a_pod_that_has_gone_since_it_was_seen_last_has_made_way() -> None:
    seen = sight(counts(2, update="b"), pods("b", "b"))
    gone = replace(pod("s-0", "a"), uid="uid-before")
    assert [one.uid for one, _ in leaving(seen, (gone, *seen.pods))] == ["uid-before"]


@pytest.mark.parametrize(
    ("share", "number", "count"),
    [("25%", 12, 3), ("25%", 5, 2), ("25%", 2, 2), ("100%", 4, 4), ("3", 12, 3), ("1", 12, 1)],
)
def test_so_many_shards_roll_side_by_side(share: str, number: int, count: int) -> None:
    assert at_once(share, number) == count


DONE = sight(counts(2, update="b"), pods("b", "b"))


@pytest.mark.parametrize(
    ("seen", "over"),
    [
        pytest.param(DONE, True, id="all pods are changed and ready"),
        pytest.param(READY, False, id="there was nothing to change"),
        pytest.param(HALF, False, id="half way"),
        pytest.param(replace(DONE, held=True), False, id="another change is held"),
        pytest.param(replace(DONE, desired=3), False, id="a pod is missing"),
        pytest.param(
            sight(counts(2, update="b"), (pod("s-0", "b"), pod("s-1", "b", ready=False))),
            False,
            id="the last pod is not ready",
        ),
        pytest.param(
            sight(counts(2, update="b", availableReplicas=1), pods("b", "b")),
            False,
            id="minReadySeconds are not over",
        ),
        pytest.param(
            sight(counts(0, update="b"), (), desired=0), True, id="there are no pods to change"
        ),
        pytest.param(sight(None, ()), False, id="there is no workload"),
    ],
)
def test_a_rollout_is_over(seen: Sight, over: bool) -> None:
    assert is_rolled_out(seen) is over


def _nodes(number: int, **more: int) -> dict[str, int]:
    """The status of a DaemonSet whose pods are all there and of the newest revision."""
    keys = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled")
    counted = dict.fromkeys((*keys, "numberReady", "numberAvailable"), number)
    return {**counted, **more}


@pytest.mark.parametrize(
    ("seen", "updated", "rolling", "complete"),
    [
        pytest.param(
            sight(_nodes(2), pods("a", "a"), kind="DaemonSet"), 2, False, True, id="on each node"
        ),
        pytest.param(
            sight(_nodes(0), (), kind="DaemonSet", desired=0),
            0,
            False,
            True,
            id="no node is chosen",
        ),
        pytest.param(
            sight({"observedGeneration": 0}, (), kind="DaemonSet", desired=0),
            0,
            True,
            False,
            id="just made",
        ),
        pytest.param(
            sight(_nodes(2, updatedNumberScheduled=0), pods("a", "a"), kind="DaemonSet"),
            0,
            True,
            False,
            id="a change has not begun",
        ),
        pytest.param(
            sight(_nodes(2, numberReady=1, numberAvailable=1), pods("a"), kind="DaemonSet"),
            1,
            False,
            False,
            id="the pod of a node is missing",
        ),
    ],
)
def test_a_daemon_set_has_a_pod_for_each_node(
    seen: Sight, updated: int, rolling: bool, complete: bool
) -> None:
    found = progress(seen)
    assert (found.updated, found.rolling, found.complete) == (updated, rolling, complete)


def test_old_pods_that_only_people_replace_are_no_rollout() -> None:
    old = sight(
        _nodes(2, updatedNumberScheduled=0),
        pods("a", "a"),
        kind="DaemonSet",
        keeps_old_pods=True,
    )
    found = progress(old)
    assert (found.complete, found.rolling, found.outdated) == (True, False, 2)


def test_why_there_are_no_further_pods_is_told_first() -> None:
    seen = sight(counts(1), pods("a"), kind="Deployment", failure="quota exceeded")
    assert progress(seen).troubles == ("Deployment vmstorage-demo: quota exceeded",)
    assert progress(replace(seen, pods=pods("a", "a"))).troubles == ()
