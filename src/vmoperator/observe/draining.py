"""Draining: pods of vmstorage that take no samples any more, and when they may go."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from vmoperator.base.duration import retention_seconds

NEVER = ""
"""Stands for a moment that no calendar has."""
_FORM = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Drain:
    """Which pods are being emptied; it lives in the annotation DRAINING of their StatefulSet."""

    since: Mapping[int, str]
    """Number of a pod -> when vminsert had stopped writing to it, RFC 3339."""

    @property
    def mark(self) -> str:
        """The annotation: `2=2026-11-23T05:00:00Z`, more of them separated by commas."""
        return ",".join(f"{ordinal}={moment}" for ordinal, moment in sorted(self.since.items()))

    def begun(self, ordinals: Iterable[int], now: str) -> Drain:
        """Of these pods alone; those that are not being emptied yet are from now on."""
        return Drain({ordinal: self.since.get(ordinal, now) for ordinal in ordinals})

    def over(self, ordinals: Iterable[int]) -> Drain:
        """Of these pods alone, without those that are not being emptied yet."""
        return Drain(
            {ordinal: self.since[ordinal] for ordinal in ordinals if ordinal in self.since}
        )


def drain_of(mark: str) -> Drain:
    """What an annotation says; what is no number and no moment in it has not begun."""
    pairs = (entry.strip().partition("=") for entry in mark.split(","))
    return Drain(
        {
            int(ordinal): moment
            for ordinal, _, moment in pairs
            if ordinal.isdecimal() and _time(moment) is not None
        }
    )


def emptied_at(since: str, retention: str) -> str:
    """When the last sample that a pod took has left the retention, RFC 3339, or NEVER."""
    began = _time(since)
    if began is None:
        return NEVER
    try:
        ends = began + datetime.timedelta(seconds=float(retention_seconds(retention)))
    except (OverflowError, ValueError):
        return NEVER
    return ends.strftime(_FORM)


def seconds_until(moment: str, now: str) -> Decimal:
    """Seconds from now until a moment; 0 when it has passed."""
    then, here = _time(moment), _time(now)
    if then is None or here is None:
        return Decimal("Infinity")
    return max(Decimal(0), Decimal((then - here).total_seconds()))


def _time(moment: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(moment, _FORM)
    except ValueError:
        return None
