"""Drains: their mark, and when a pod has nothing left that anybody may ask for."""

from __future__ import annotations

import pytest

from vmoperator.observe.draining import NEVER, Drain, drain_of, emptied_at, seconds_until
from vmoperator.observe.guards import is_cut

EARLY, LATE = "2026-11-23T05:00:00Z", "2026-12-01T00:00:00Z"


def test_a_mark_is_read_as_it_was_written() -> None:
    drain = Drain({2: LATE, 1: EARLY})
    assert drain.mark == f"1={EARLY},2={LATE}"
    assert drain_of(drain.mark) == drain


@pytest.mark.parametrize(
    "mark", ["", "2", "2=", "2=soon", "x=2026-11-23T05:00:00Z", "-1=2026-11-23T05:00:00Z", ",,"]
)
def test_what_is_no_mark_has_not_begun(mark: str) -> None:
    assert drain_of(mark) == Drain({})


def test_a_drain_keeps_its_beginnings_and_forgets_pods_that_stay() -> None:
    drain = Drain({1: EARLY, 2: EARLY})
    assert drain.begun([2, 3], LATE) == Drain({2: EARLY, 3: LATE})
    assert drain.over([2, 3]) == Drain({2: EARLY})


@pytest.mark.parametrize(
    ("retention", "ends"),
    [
        ("1", "2026-12-24T05:00:00Z"),
        ("", "2026-12-24T05:00:00Z"),
        ("1M", "2026-12-24T05:00:00Z"),
        ("1d", "2026-11-24T05:00:00Z"),
        ("2w", "2026-12-07T05:00:00Z"),
        ("1y", "2027-11-23T05:00:00Z"),
        ("100y", "2126-10-30T05:00:00Z"),
        ("99999y", NEVER),
        ("30m", NEVER),
    ],
)
def test_a_pod_is_empty_when_the_retention_has_passed(retention: str, ends: str) -> None:
    assert emptied_at(EARLY, retention) == ends


def test_time_that_has_passed_is_waited_for_no_longer() -> None:
    assert seconds_until(EARLY, LATE) == 0
    assert seconds_until("2026-12-01T00:00:01Z", LATE) == 1
    assert seconds_until(NEVER, LATE) == float("inf")


@pytest.mark.parametrize(
    ("wanted", "live", "cut"),
    [
        ("30d", "1", True),
        ("31d", "1", False),
        ("", "2", True),
        ("2", "", False),
        ("52w", "1y", True),
        ("1Y", "365D", False),
        ("nonsense", "1", False),
    ],
)
def test_a_retention_is_compared_by_the_time_it_lasts(wanted: str, live: str, cut: bool) -> None:
    assert is_cut(wanted, live) is cut
