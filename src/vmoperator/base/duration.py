"""Durations as Go's and VictoriaMetrics' flags write them: `30s`, `1m30s`, `500ms`, `1d`."""

from __future__ import annotations

import re
from decimal import Decimal

_UNIT_SECONDS = {
    "ms": Decimal("0.001"),
    "s": Decimal(1),
    "m": Decimal(60),
    "h": Decimal(3600),
    "d": Decimal(86400),
    "w": Decimal(7 * 86400),
    "y": Decimal(365 * 86400),
}
_MONTH_SECONDS = Decimal(31 * 86400)
LONGEST_YEARS = 292
"""Go counts the nanoseconds of a duration in 63 bits."""
LONGEST_SECONDS = LONGEST_YEARS * 365 * 86400
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy])")


def duration_seconds(text: str) -> Decimal:
    """The seconds that a duration lasts. Raises ValueError for anything else, but for `0`."""
    if text == "0":
        return Decimal(0)
    parts = _PART.findall(text)
    if not parts or "".join(f"{number}{unit}" for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a duration such as 30s or 1m30s")
    return sum((Decimal(number) * _UNIT_SECONDS[unit] for number, unit in parts), Decimal(0))


def retention_seconds(text: str) -> Decimal:
    """The seconds that a value of -retentionPeriod lasts; one month when empty, its default.

    A number without a unit, or with M, counts months of 31 days (VictoriaMetrics,
    lib/flagutil/duration.go). Raises ValueError for what the programs refuse.
    """
    months = re.fullmatch(r"(\d+(?:\.\d+)?)M?", text or "1")
    if months:
        return Decimal(months[1]) * _MONTH_SECONDS
    if text.lower().endswith("m"):
        raise ValueError(f"{text!r} counts minutes; a month is written 1M or 1")
    return duration_seconds(text.lower())
