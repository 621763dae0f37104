"""Rights without use: the reasons are about rights that there are, and hide none that is used."""

from __future__ import annotations

import time

import pytest
from tests.cluster.rights import of_the_operator, refused, taken_away

from generate.unused import UNUSED, Unused, Use, granted, unproved
from localcluster.audit import ACCOUNT, OPERATOR, Call, Event


@pytest.mark.parametrize("unused", UNUSED, ids=lambda it: it.words[:30])
def test_a_reason_is_about_a_right_that_is_granted(unused: Unused) -> None:
    assert unused.uses & granted()


def test_everything_used_leaves_nothing_to_explain() -> None:
    assert unproved(granted()) == []


@pytest.mark.parametrize(
    "use",
    [
        Use("apps", "statefulsets", "patch"),
        Use("", "pods/eviction", "create"),
        Use("", "secrets", "delete"),
        Use("operator.victoriametrics.com", "vmclusters/status", "patch"),
    ],
    ids=lambda use: f"{use.verb} {use.resource}",
)
def test_what_the_operator_does_has_no_excuse_to_stay_without_use(use: Use) -> None:
    assert use in unproved(granted() - {use})


def _call(user: str = ACCOUNT, *, seconds: float = 0.0, is_forbidden: bool = True) -> Event:
    call = Call(user, "patch", "statefulsets", "")
    return Event(call, seconds, "team", "a", 403, group="apps", is_forbidden=is_forbidden)


@pytest.mark.parametrize("user", [OPERATOR, ACCOUNT], ids=["process", "release"])
def test_a_call_of_the_operator_for_which_it_had_no_right_is_named(user: str) -> None:
    assert refused(of_the_operator([_call(user)])) == ["patch apps/statefulsets/ team/a"]


def test_calls_of_others_and_refusals_for_other_reasons_are_not_told() -> None:
    assert refused(of_the_operator([_call("admin"), _call(is_forbidden=False)])) == []


def test_what_is_refused_while_a_test_takes_rights_away_is_excused_and_nothing_later() -> None:
    with taken_away():
        meanwhile = time.time()
    assert refused([_call(seconds=meanwhile)]) == []
    assert refused([_call(seconds=meanwhile + 60)]) != []
