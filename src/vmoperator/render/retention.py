"""Retention: deduplication, downsampling and retention filters as flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from vmoperator.api.embedded import (
    Downsampling,
    DownsamplingPeriod,
    DownsamplingRule,
    License,
    RetentionFilter,
)
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.flags import Flags

_UNIT_MS = {
    "ms": 1,
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "y": 365 * 86_400_000,
    "": 31 * 86_400_000,  # a retention without a unit counts months
}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:ms|[smhdwy]))+")
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|[smhdwy]?)")
_DOWNSAMPLING = "spec.downsampling"


def deduplication(
    downsampling: Downsampling | None, licence: License | None, *, default: str | None = None
) -> Flags:
    """-dedup.minScrapeInterval, `default` unless the user says, and -downsampling.period.

    Raises SpecInvalid for periods that the program would not take, or without a licence.
    """
    given = downsampling or Downsampling()
    return {
        "dedup.minScrapeInterval": given.dedup_interval or default,
        "downsampling.period": tuple(_periods(given, licence)) or None,
    }


def filters(
    given: Sequence[RetentionFilter] | None,
    licence: License | None,
    *,
    field: str,
    whole: str | None,
) -> Flags:
    """-retentionFilter. Raises SpecInvalid without a licence or beyond the `whole` retention."""
    listed = given or ()
    if listed and licence is None:
        raise SpecInvalid(field, "retention filters need the enterprise version: set spec.license")
    for place, one in enumerate(listed):
        if whole is not None and _milliseconds(one.retention) > _milliseconds(whole):
            message = f"{one.retention} is longer than spec.retentionPeriod, {whole}"
            raise SpecInvalid(f"{field}[{place}].retention", message)
    return {"retentionFilter": tuple(f"{one.filter}:{one.retention}" for one in listed) or None}


def _periods(downsampling: Downsampling, licence: License | None) -> list[str]:
    rules = downsampling.rules or ()
    if rules and licence is None:
        raise SpecInvalid(_DOWNSAMPLING, "downsampling needs the enterprise version: set license")
    _refuse_same_filter(rules)
    found = []
    for place, rule in enumerate(rules):
        field = f"{_DOWNSAMPLING}.rules[{place}].periods"
        if not rule.periods:
            raise SpecInvalid(field, "name at least one offset and interval")
        _refuse_misfit(rule.periods, downsampling.dedup_interval, field=field)
        prefix = f"{rule.filter}:" if rule.filter else ""
        found += [f"{prefix}{period.offset}:{period.interval}" for period in rule.periods]
    return found


def _refuse_same_filter(rules: Sequence[DownsamplingRule]) -> None:
    seen: set[str] = set()
    for place, rule in enumerate(rules):
        if (rule.filter or "") in seen:
            field = f"{_DOWNSAMPLING}.rules[{place}].filter"
            raise SpecInvalid(field, "another rule has this filter; put the periods together")
        seen.add(rule.filter or "")


def _refuse_misfit(
    periods: Sequence[DownsamplingPeriod], dedup_interval: str | None, *, field: str
) -> None:
    """Intervals must divide what they are applied to (-downsampling.period)."""
    finer = _duration(dedup_interval, field=f"{_DOWNSAMPLING}.dedupInterval")
    finer_text = dedup_interval
    timed = [
        (
            _duration(period.interval, field=f"{field}[{place}].interval"),
            _duration(period.offset, field=f"{field}[{place}].offset"),
            place,
        )
        for place, period in enumerate(periods)
    ]
    for interval, offset, place in sorted(timed):
        path, period = f"{field}[{place}]", periods[place]
        if not interval and offset:
            raise SpecInvalid(f"{path}.interval", "must be above zero behind an offset")
        if interval and offset % interval:
            message = f"{period.offset} is no multiple of the interval, {period.interval}"
            raise SpecInvalid(f"{path}.offset", message)
        if finer and interval % finer:
            message = f"{period.interval} is no multiple of {finer_text}"
            raise SpecInvalid(f"{path}.interval", message)
        finer, finer_text = interval or finer, period.interval


def _duration(text: str | None, *, field: str) -> Decimal:
    if text in (None, "0"):
        return Decimal(0)
    if not _DURATION.fullmatch(text or ""):
        raise SpecInvalid(field, f"{text!r} is not a duration such as 5m or 30d")
    return _milliseconds(text or "")


def _milliseconds(text: str) -> Decimal:
    parts = _PART.findall(text)
    return sum((Decimal(number) * _UNIT_MS[unit] for number, unit in parts), Decimal(0))
