"""Verdict: what is told, and how seldom it changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.observe.live import counts, pod, pods, sight

from vmoperator.api.status import UpdateStatus
from vmoperator.observe.rollout import Progress, Sight, progress
from vmoperator.observe.verdict import Finding, Reason, Verdict, verdict

WELL = Progress(
    name="vmstorage",
    desired=2,
    updated=2,
    serving=2,
    held=False,
    rolling=False,
    complete=True,
    silent=(),
    troubles=(),
)


def _stage(name: str = "vmstorage", **known: Any) -> Progress:
    """A stage of 2 pods that is complete unless told otherwise."""
    return replace(WELL, name=name, **known)


OPEN: dict[str, Any] = {"complete": False}
ROLLING: dict[str, Any] = {"complete": False, "rolling": True}


@pytest.mark.parametrize(
    ("stages", "reason", "message"),
    [
        pytest.param((_stage(), _stage("vmselect")), Reason.OPERATIONAL, "", id="all is well"),
        pytest.param((), Reason.OPERATIONAL, "", id="nothing is wanted"),
        pytest.param(
            (_stage(updated=1, **ROLLING), _stage("vmselect", updated=0, held=True, **ROLLING)),
            Reason.ROLLING_OUT,
            "updated: vmstorage 1/2, vmselect 0/2",
            id="a rollout",
        ),
        pytest.param(
            (_stage(updated=1, serving=1, **OPEN), _stage("vmselect")),
            Reason.PODS_NOT_READY,
            "vmstorage: 1 of 2 pods ready",
            id="a pod fell over",
        ),
        pytest.param(
            (_stage(updated=1, silent=("svc",), **OPEN),),
            Reason.PODS_NOT_READY,
            "vmstorage: Service svc does not send traffic to every pod yet",
            id="endpoints lag",
        ),
        pytest.param(
            (_stage(troubles=("pod p: no image",), **OPEN), _stage("vmselect", troubles=("old",))),
            Reason.POD_FAILING,
            "pod p: no image",
            id="a pod fails",
        ),
        pytest.param(
            (_stage(updated=1, troubles=("pod p: no image",), **ROLLING),),
            Reason.POD_FAILING,
            "updated: vmstorage 1/2; pod p: no image",
            id="a pod fails in a rollout",
        ),
    ],
)
def test_verdict_on_stages(stages: tuple[Progress, ...], reason: Reason, message: str) -> None:
    found = verdict(stages, ())
    assert (found.reason, found.message, found.needs_help) == (reason, message, False)
    well = reason is Reason.OPERATIONAL
    assert found.status is (UpdateStatus.OPERATIONAL if well else UpdateStatus.EXPANDING)


def test_a_pod_that_may_not_be_evicted_is_told() -> None:
    found = verdict((_stage(updated=0, **ROLLING),), (), blocked=("pod b: no", "pod a: no"))
    assert found.message == "updated: vmstorage 0/2; pod a: no; pod b: no"
    assert found.reason is Reason.EVICTION_BLOCKED


def test_a_pod_that_fails_counts_more_than_one_that_may_not_be_evicted() -> None:
    stages = (_stage(troubles=("pod p: no image",), **OPEN),)
    assert verdict(stages, (), blocked=("pod a: no",)).reason is Reason.POD_FAILING


def test_paused_wins_over_what_pods_do() -> None:
    found = verdict((_stage(**OPEN),), (), paused=True)
    assert (found.status, found.reason) == (UpdateStatus.PAUSED, Reason.PAUSED)


FINDINGS = (
    Finding(reason=Reason.IMMUTABLE, message="claims stay"),
    Finding(reason=Reason.FORBIDDEN, message="no right to patch"),
    Finding(reason=Reason.FORBIDDEN, message="no right to patch"),
    Finding(reason=Reason.REFUSED, message="not valid"),
)


def test_findings_are_told_once_and_alike_in_whatever_order_they_were_made() -> None:
    one, other = verdict((_stage(),), FINDINGS), verdict((), FINDINGS[::-1])
    assert one == other
    assert one.message == "not valid; no right to patch; claims stay"
    assert (one.status, one.reason) == (UpdateStatus.FAILED, Reason.REFUSED)
    assert one.needs_help


def _told(sights: Sequence[Sight], *, creating: bool = False) -> list[str]:
    """The messages that would be written, one after the other, without repetitions."""
    found: list[Verdict] = []
    for seen in sights:
        new = verdict((progress(seen),), (), creating=creating)
        if not found or found[-1] != new:
            found.append(new)
    return [one.message for one in found]


def test_a_creation_is_told_in_one_sentence_until_all_serve() -> None:
    starting = (pod("s-0", ready=False), pod("s-1", ready=False))
    half = (pod("s-0"), pod("s-1", ready=False))
    told = _told(
        [
            sight(None, ()),
            sight({"observedGeneration": 0}, ()),
            sight(counts(0), ()),
            sight(counts(2, readyReplicas=0, availableReplicas=0), starting),
            sight(counts(2, readyReplicas=1, availableReplicas=1), half),
            sight(counts(2), pods("a", "a"), listed=("s-0",)),
            sight(counts(2), pods("a", "a")),
        ],
        creating=True,
    )
    assert told == ["waiting for the pods of vmstorage", ""]


def test_a_rollout_is_told_once_for_each_replaced_pod() -> None:
    lag: dict[str, Any] = {"current": "a", "update": "b"}
    fewer: dict[str, Any] = {"readyReplicas": 1, "availableReplicas": 1}
    old, new = pod("s-1", "a"), pod("s-0", "b")
    told = _told(
        [
            sight(counts(2), pods("a", "a"), generation=2),
            sight(counts(2, **lag), pods("a", "a")),
            sight(counts(2, **lag), (pod("s-0", "a", deleting=True), old)),
            sight(counts(2, **lag, **fewer), (old,)),
            sight(counts(2, **lag, **fewer), (pod("s-0", "b", ready=False), old)),
            sight(counts(2, **lag), (new, old), listed=("s-1",)),
            sight(counts(2, **lag), (new, old)),
            sight(counts(2, **lag), (new, pod("s-1", "a", deleting=True))),
            sight(counts(2, **lag, **fewer), (new,)),
            sight(counts(2, **lag, **fewer), (new, pod("s-1", "b", ready=False))),
            sight(counts(2, **lag), (new, pod("s-1", "b")), listed=("s-0",)),
            sight(counts(2, **lag), pods("b", "b")),
            sight(counts(2, current="b", update="b"), pods("b", "b")),
        ]
    )
    assert told == ["updated: vmstorage 0/2", "updated: vmstorage 1/2", ""]
