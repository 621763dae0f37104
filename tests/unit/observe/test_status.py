"""Status: the shape that kubectl, Argo CD, Flux and `kubectl wait` read."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.status import UpdateStatus
from vmoperator.observe.status import Beside, is_told, leftovers, status, was_creating
from vmoperator.observe.verdict import Aspect, Reason, Remark, Verdict

Tree = dict[str, Any]

THEN, NOW = "2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"
WELL = Verdict(status=UpdateStatus.OPERATIONAL, reason=Reason.OPERATIONAL, message="")
WAITING = Verdict(
    status=UpdateStatus.EXPANDING, reason=Reason.CREATING, message="waiting", creating=True
)
FAILING = Verdict(
    status=UpdateStatus.EXPANDING, reason=Reason.POD_FAILING, message="pod p", creating=True
)
ROLLING = Verdict(status=UpdateStatus.EXPANDING, reason=Reason.ROLLING_OUT, message="updated: 1/2")
REFUSED = Verdict(
    status=UpdateStatus.FAILED, reason=Reason.REFUSED, message="not valid", needs_help=True
)
PAUSED = Verdict(status=UpdateStatus.PAUSED, reason=Reason.PAUSED, message="paused")


def _status(
    verdict: Verdict,
    *,
    previous: Tree | None = None,
    now: str = THEN,
    generation: int = 1,
    **beside: Any,
) -> Tree:
    return status(
        verdict, Beside(**beside), generation=generation, previous=previous or {}, now=now
    )


def _conditions(found: Tree) -> dict[str, Tree]:
    return {condition["type"]: condition for condition in found["conditions"]}


@pytest.mark.parametrize(
    ("verdict", "word", "conditions"),
    [
        pytest.param(WELL, "operational", {"Ready": "True"}, id="operational"),
        pytest.param(
            WAITING, "expanding", {"Ready": "False", "Reconciling": "True"}, id="being created"
        ),
        pytest.param(
            ROLLING, "expanding", {"Ready": "False", "Reconciling": "True"}, id="rolling out"
        ),
        pytest.param(REFUSED, "failed", {"Ready": "False", "Stalled": "True"}, id="refused"),
        pytest.param(PAUSED, "paused", {"Ready": "Unknown"}, id="paused"),
    ],
)
def test_words_and_conditions(verdict: Verdict, word: str, conditions: dict[str, str]) -> None:
    found = _status(verdict, generation=7)
    assert (found["updateStatus"], found["observedGeneration"]) == (word, 7)
    assert {kind: it["status"] for kind, it in _conditions(found).items()} == conditions
    for condition in found["conditions"]:
        assert (condition["observedGeneration"], condition["lastTransitionTime"]) == (7, THEN)


def test_a_reason_is_told_only_where_something_is_missing() -> None:
    assert _status(REFUSED)["reason"] == "not valid"
    assert "reason" not in _status(WELL)


def test_fields_without_effect_are_named() -> None:
    found = _status(WELL, unsupported=("spec.vmselect.hpa", "spec.vmstorage.vmBackup"))
    told = _conditions(found)["UnsupportedFields"]["message"]
    assert told == "these fields have no effect yet: spec.vmselect.hpa, spec.vmstorage.vmBackup"


def test_a_condition_keeps_its_time_until_it_flips() -> None:
    before = _status(WAITING)
    same = _conditions(_status(ROLLING, previous=before, now=NOW))
    assert same["Ready"]["lastTransitionTime"] == THEN
    assert same["Reconciling"]["lastTransitionTime"] == THEN
    flipped = _conditions(_status(WELL, previous=before, now=NOW))
    assert flipped["Ready"]["lastTransitionTime"] == NOW


def test_a_condition_that_is_not_true_any_more_is_not_there() -> None:
    failed = _status(REFUSED, unsupported=("spec.x",))
    assert _conditions(_status(WELL, previous=failed)).keys() == {"Ready"}


def test_a_message_without_end_is_cut() -> None:
    endless = Verdict(status=UpdateStatus.FAILED, reason=Reason.REFUSED, message="x" * 99999)
    found = _status(endless)
    assert len(found["reason"]) == 4096
    assert len(_conditions(found)["Ready"]["message"]) == 4096


def test_a_pod_that_fails_in_between_does_not_end_the_creation() -> None:
    assert was_creating(_status(WAITING))
    assert was_creating(_status(FAILING))
    for other in (WELL, ROLLING, REFUSED):
        assert not was_creating(_status(other))
    assert not was_creating({})


def test_the_same_status_is_told_already_whatever_the_time() -> None:
    before = _status(ROLLING)
    assert is_told(_status(ROLLING, previous=before, now=NOW), before)
    assert not is_told(_status(WELL, previous=before, now=NOW), before)
    assert not is_told(_status(ROLLING, previous=before, generation=2), before)
    assert not is_told(_status(ROLLING), {})


def test_conditions_in_another_order_and_of_others_are_no_news() -> None:
    before = _status(REFUSED, unsupported=("spec.x",))
    theirs = {"type": "Theirs", "status": "True"}
    live = {**before, "conditions": [theirs, *before["conditions"][::-1]], "clusterStatus": "x"}
    assert is_told(before, live)


def test_a_condition_or_reason_that_must_go_is_news() -> None:
    failed = _status(REFUSED, unsupported=("spec.x",))
    assert not is_told(_status(REFUSED, previous=failed), failed)
    well = _status(WELL)
    assert not is_told(well, {**well, "reason": "left by somebody"})


LONELY = Remark(Aspect.HIGHLY_AVAILABLE, "False", "OneReplica", "one replica")
LOADED = Remark(Aspect.CONFIG_LOADED, "True", "Loaded", "loaded by 2 of 2 replicas")


def test_remarks_stand_behind_ready_in_one_order_and_keep_their_time() -> None:
    before = _status(WELL, remarks=(LOADED, LONELY))
    assert list(_conditions(before)) == ["Ready", "HighlyAvailable", "ConfigLoaded"]
    told = _conditions(before)["HighlyAvailable"]
    assert (told["status"], told["reason"], told["message"]) == LONELY[1:]
    again = _status(ROLLING, remarks=(LONELY,), previous=before, now=NOW)
    assert _conditions(again)["HighlyAvailable"]["lastTransitionTime"] == THEN


def test_remarks_are_news_only_when_they_change() -> None:
    before = _status(WELL, remarks=(LONELY,))
    assert is_told(_status(WELL, remarks=(LONELY,), previous=before, now=NOW), before)
    assert not is_told(_status(WELL, remarks=(), previous=before), before)
    assert not is_told(_status(WELL, remarks=(LONELY, LOADED), previous=before), before)


def test_sizes_are_part_of_the_status_and_go_with_their_meaning() -> None:
    sizes = {"shards": 2, "replicas": 3, "selector": "a=b"}
    before = _status(WELL, sizes=sizes)
    assert before.items() >= sizes.items()
    assert is_told(_status(WELL, sizes=sizes, previous=before), before)
    assert not is_told(_status(WELL, sizes={**sizes, "shards": 1}, previous=before), before)
    assert not is_told(_status(WELL, sizes={}, previous=before), before)


def test_what_a_pass_does_not_know_stays_as_it_was_told() -> None:
    before = _status(WELL, remarks=(LONELY,), sizes={"shards": 2})
    invalid = _status(REFUSED, remarks=None, sizes=None, previous=before)
    assert invalid["shards"] == 2
    assert "HighlyAvailable" in _conditions(invalid)
    assert is_told(invalid, invalid)


def test_what_another_operator_said_and_we_do_not_is_left_over() -> None:
    said = {"reason": "left behind", "lastAppliedSpec": {"port": "1"}, "replicas": 3}
    written = {**_status(WELL), **said, "theirs": "of somebody else"}
    assert leftovers(_status(WELL), written) == ("reason", "replicas", "lastAppliedSpec")
    assert leftovers(_status(WELL, sizes={"replicas": 3}), written) == ("reason", "lastAppliedSpec")
    assert leftovers(_status(WELL), _status(WELL)) == ()
