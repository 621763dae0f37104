"""Who asked for what, and what nobody asks for any more."""

from __future__ import annotations

from vmoperator.apply.askers import Askers, Kin
from vmoperator.base.manifest import Ref

A, B = (Ref("VMAgent", "default", name) for name in "ab")
TOKEN, JOBS = (Ref("Secret", "default", name) for name in ("token", "jobs"))
CLUSTERS = Kin("VMCluster", "")


def test_whoever_asks_is_found_before_the_pass_has_ended() -> None:
    askers = Askers()
    askers.add(A, TOKEN)
    askers.add(B, TOKEN)
    assert set(askers.of(TOKEN)) == {A, B}
    assert askers.of(JOBS) == ()


def test_what_was_not_asked_for_in_this_pass_wakes_nobody() -> None:
    askers = Askers()
    for thing in (TOKEN, JOBS, CLUSTERS):
        askers.add(A, thing)
    assert askers.settle(A, {JOBS}) == {TOKEN, CLUSTERS}
    assert askers.of(TOKEN) == ()
    assert askers.of(JOBS) == (A,)


def test_what_another_parent_still_asks_for_is_not_given_up() -> None:
    askers = Askers()
    askers.add(A, TOKEN)
    askers.add(B, TOKEN)
    assert askers.settle(A, ()) == frozenset()
    assert askers.settle(B, ()) == {TOKEN}


def test_nothing_is_left_of_parents_that_ask_for_nothing() -> None:
    askers = Askers()
    askers.add(A, TOKEN)
    askers.settle(A, ())
    askers.settle(B, ())
    assert askers == Askers()
