"""What would become of a parent: which children change, which pods restart, and in which order."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.observe.live import counts, pods, sight

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.difference import Difference
from vmoperator.observe.outlook import Action, Fate, Outlook, Restart, fate, removed, restart

REF = Ref("StatefulSet", "ns", "vmstorage-demo")
IMAGE = Difference("spec.template.spec.containers[vmstorage].image", "a:1", "a:2")
REPLICAS = Difference("spec.replicas", 2, 3)
OPERATORS = {"updateStrategy": {"type": "OnDelete"}}
NATIVE = {"updateStrategy": {"type": "RollingUpdate"}}
RECREATE = {"strategy": {"type": "Recreate"}}


def _set(*, replicas: int = 2, image: str = "a:1", noted: str = "1") -> Manifest:
    spec: dict[str, Any] = {"replicas": replicas, "template": {"image": image}}
    metadata = {"name": "vmstorage-demo", "annotations": {labels.HASH: noted}}
    return {"kind": "StatefulSet", "metadata": metadata, "spec": spec}


def _changed(*differences: Difference) -> Fate:
    return Fate(ref=REF, action=Action.CHANGE, differences=differences)


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        pytest.param(None, _set(), (Action.CREATE, (), "2 pods"), id="new"),
        pytest.param(_set(replicas=1), None, (Action.DELETE, (), "1 pod"), id="no longer wanted"),
        pytest.param(_set(), _set(), (Action.NONE, (), ""), id="the same"),
        pytest.param(None, None, (Action.NONE, (), ""), id="made and deleted"),
        pytest.param(
            _set(), _set(replicas=3), (Action.CHANGE, (REPLICAS,), ""), id="another number"
        ),
        pytest.param(
            _set(),
            _set(noted="2"),
            (Action.NOTE, (), ""),
            id="another hash",
        ),
    ],
)
def test_the_fate_of_a_child_follows_from_what_is_and_would_be(
    before: Manifest | None, after: Manifest | None, wanted: tuple[Any, ...]
) -> None:
    found = fate(REF, before, after)
    assert (found.action, found.differences, found.words) == wanted


def test_of_what_is_made_anew_only_what_was_sent_is_compared() -> None:
    live = _set()
    live["spec"]["podManagementPolicy"] = "Parallel"
    found = fate(REF, live, _set(image="a:2"), is_renewed=True)
    assert found.action is Action.RENEW
    assert [it.path for it in found.differences] == ["spec.template.image"]


def test_volume_claims_of_a_statefulset_that_goes_stay() -> None:
    live = _set()
    live["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    assert fate(REF, live, None).words == "2 pods; its volume claims stay"


@pytest.mark.parametrize(
    ("spec", "kind", "order", "at_once"),
    [
        (OPERATORS, "StatefulSet", ("s-0", "s-1", "s-2"), 1),
        (NATIVE, "StatefulSet", ("s-2", "s-1", "s-0"), 1),
        (RECREATE, "Deployment", ("s-0", "s-1", "s-2"), 3),
    ],
    ids=["by the operator", "by Kubernetes", "all at once"],
)
def test_a_changed_template_restarts_every_pod_in_the_order_of_the_rollout(
    spec: Manifest, kind: str, order: tuple[str, ...], at_once: int
) -> None:
    seen = sight(counts(3), pods("a", "a", "a"), desired=3, kind=kind)
    found = restart(seen, _changed(REPLICAS, IMAGE), spec, at_once=1)
    why = "spec.template.spec.containers[vmstorage].image: a:1 -> a:2"
    assert found is not None
    assert (found.pods, found.at_once, found.why) == (order, at_once, why)


def test_a_change_beside_the_template_restarts_nothing() -> None:
    seen = sight(counts(2), pods("a", "a"))
    assert restart(seen, _changed(REPLICAS), OPERATORS, at_once=1) is None


def test_pods_that_an_earlier_change_has_not_reached_are_told() -> None:
    seen = sight(counts(2, update="b"), pods("b", "a"))
    found = restart(seen, Fate(ref=REF, action=Action.NONE), OPERATORS, at_once=1)
    assert found is not None
    assert (found.pods, found.why) == (("s-1",), "an earlier change is still rolling out")


@pytest.mark.parametrize(
    "seen",
    [sight(None, ()), sight(counts(2), pods("a", "a"), keeps_old_pods=True)],
    ids=["it does not exist yet", "only people replace its pods"],
)
def test_nothing_restarts_where_nobody_replaces_pods(seen: Any) -> None:
    assert restart(seen, _changed(IMAGE), OPERATORS, at_once=1) is None


def test_pods_beyond_the_wanted_number_go_the_last_one_first() -> None:
    assert removed(_set(replicas=1), _set(replicas=3)) == ("vmstorage-demo-2", "vmstorage-demo-1")
    assert removed(_set(replicas=3), _set(replicas=1)) == ()
    assert removed(None, _set()) == ()


@pytest.mark.parametrize(
    ("actions", "restarts", "wanted"),
    [
        ((), 0, False),
        ((Action.HOLD, Action.NOTE), 0, False),
        ((Action.HOLD, Action.DELETE), 0, True),
        ((), 1, True),
    ],
    ids=["nothing", "held back, and noted down", "a deletion", "a rollout under way"],
)
def test_what_is_held_back_is_no_change(
    actions: tuple[Action, ...], restarts: int, wanted: bool
) -> None:
    one = Restart(workload=REF, pods=("s-0",), at_once=1, why="")
    found = Outlook(
        parent=Fate(ref=REF, action=Action.NONE),
        children=tuple(Fate(ref=REF, action=it) for it in actions),
        restarts=(one,) * restarts,
    )
    assert found.changes is wanted
