"""Times at which nobody is notified, or somebody is (Alertmanager's timeinterval package)."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from vmoperator.api.selected.vmalertmanagerconfig import TimeInterval, TimeRange
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.zones import ZONES

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_WEEKDAYS = ("sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday")
_MONTHS = (
    *("january", "february", "march", "april", "may", "june", "july"),
    *("august", "september", "october", "november", "december"),
)
_NUMBER = re.compile(r"-?[0-9]{1,6}")
# Days are counted from the end of the shortest month.
_SHORTEST = 28


def interval(given: TimeInterval, *, field: str) -> dict[str, Any]:
    """One of the times. Raises SpecInvalid, which names the field."""
    ranges = {
        "weekdays": (given.weekdays, _weekday, 0, 6),
        "days_of_month": (given.days_of_month, _number, -31, 31),
        "months": (given.months, _month, 1, 12),
        "years": (given.years, _number, 0, 9999),
    }
    made: dict[str, Any] = {}
    if given.times:
        made["times"] = [
            _clock(it, field=f"{field}.times[{n}]") for n, it in enumerate(given.times)
        ]
    for name, (texts, number, least, most) in ranges.items():
        for place, text in enumerate(texts or ()):
            _refuse_range(text, number, (least, most), field=f"{field}.{name}[{place}]")
        if texts:
            made[name] = texts
    if given.location:
        if given.location not in ZONES:
            message = f"{given.location!r} is no time zone such as Europe/Kyiv"
            raise SpecInvalid(f"{field}.location", message)
        made["location"] = given.location
    return made


def _clock(given: TimeRange, *, field: str) -> dict[str, str]:
    for name, text in (("start_time", given.start_time), ("end_time", given.end_time)):
        if _CLOCK.fullmatch(text) is None:
            raise SpecInvalid(f"{field}.{name}", f"must be a time such as 08:00, not {text!r}")
    # Text of one length sorts as the times do.
    if given.start_time >= given.end_time:
        raise SpecInvalid(f"{field}.end_time", "must be after start_time")
    return {"start_time": given.start_time, "end_time": given.end_time}


def _refuse_range(
    text: str, number: Callable[[str], int | None], bounds: tuple[int, int], *, field: str
) -> None:
    first, _, last = text.lower().partition(":")
    begin, end = number(first), number(last or first)
    if begin is None or end is None or text.endswith(":"):
        raise SpecInvalid(field, f"{text!r} is neither one of them nor a range such as a:b")
    least, most = bounds
    is_day = least < 0
    if not (least <= begin <= most and least <= end <= most) or (is_day and 0 in (begin, end)):
        raise SpecInvalid(field, f"{text!r} is out of range")
    shift = _SHORTEST if is_day else 0
    low, high = (it + shift if it < 0 else it for it in (begin, end))
    if low > high or (is_day and begin < 0 < end):
        raise SpecInvalid(field, f"{text!r} ends before it begins")


def _weekday(text: str) -> int | None:
    return _WEEKDAYS.index(text) if text in _WEEKDAYS else None


def _month(text: str) -> int | None:
    return _MONTHS.index(text) + 1 if text in _MONTHS else _number(text)


def _number(text: str) -> int | None:
    return int(text) if _NUMBER.fullmatch(text) else None
