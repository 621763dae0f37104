"""Tugs: what is set by hand is set back, what is set again and again stays."""

from __future__ import annotations

from vmoperator.apply.tugs import Tugs


def test_the_third_number_in_a_row_stays_and_so_does_every_later_one() -> None:
    tugs = Tugs(1)
    assert [tugs.must_give_way(version) for version in ("1", "2", "3", "4")] == [
        *(False, False),
        *(True, True),
    ]


def test_several_looks_at_the_same_number_are_one_tug() -> None:
    tugs = Tugs(1)
    assert [tugs.must_give_way("1") for _ in range(9)] == [False] * 9
