"""The table of remedies has a row for every error there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from vmoperator.base.errors import Unavailable, VMOperatorError
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.remedies import REMEDIES, remedy


def _all(kind: type[VMOperatorError]) -> Iterator[type[VMOperatorError]]:
    yield kind
    for below in kind.__subclasses__():
        # Errors that other tests define do not count.
        if below.__module__.startswith("vmoperator."):
            yield from _all(below)


@pytest.mark.parametrize("kind", tuple(_all(VMOperatorError)))
def test_every_error_has_a_row_of_its_own(kind: type[VMOperatorError]) -> None:
    assert kind in REMEDIES


def test_an_error_without_a_row_is_treated_like_the_class_above_it() -> None:
    class Busy(Unavailable):
        """A refinement."""

    assert remedy(Busy("x", after_seconds=3)) is REMEDIES[Unavailable]


def test_back_off_doubles_up_to_its_limit_and_never_overflows() -> None:
    backoff = Backoff(0.5, 60)
    assert [backoff.ceiling_seconds(failures) for failures in (1, 2, 3, 8, 10_000)] == [
        0.5,
        1.0,
        2.0,
        60,
        60,
    ]
    assert all(0 <= backoff.seconds(3) <= 2.0 for _ in range(100))
