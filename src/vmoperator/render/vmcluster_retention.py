"""Retention of a VMCluster: deduplication, downsampling and retention filters as flags."""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal

from vmoperator.api.embedded import Downsampling, DownsamplingPeriod, DownsamplingRule
from vmoperator.api.vmcluster import VMClusterSpec
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


def deduplication_flags(cluster: VMClusterSpec) -> Flags:
    """-dedup.minScrapeInterval and -downsampling.period of vmselect and vmstorage.

    Replication leaves copies of every sample; an interval of 1ms removes just those.
    """
    downsampling = cluster.downsampling or Downsampling()
    is_replicated = (cluster.replication_factor or 0) > 1
    return {
        "dedup.minScrapeInterval": downsampling.dedup_interval
        or ("1ms" if is_replicated else None),
        "downsampling.period": tuple(_periods(cluster, downsampling)) or None,
    }


def retention_filters(cluster: VMClusterSpec) -> Flags:
    """-retentionFilter of vmstorage. Raises SpecInvalid without a licence or beyond retention."""
    storage = cluster.vmstorage
    field = "spec.vmstorage.retentionFilters"
    listed = (storage.retention_filters if storage else None) or ()
    if listed and cluster.license is None:
        raise SpecInvalid(field, "retention filters need the enterprise version: set spec.license")
    whole = cluster.retention_period
    for place, one in enumerate(listed):
        if whole is not None and _milliseconds(one.retention) > _milliseconds(whole):
            message = f"{one.retention} is longer than spec.retentionPeriod, {whole}"
            raise SpecInvalid(f"{field}[{place}].retention", message)
    return {"retentionFilter": tuple(f"{one.filter}:{one.retention}" for one in listed) or None}


def _periods(cluster: VMClusterSpec, downsampling: Downsampling) -> list[str]:
    rules = downsampling.rules or ()
    if rules and cluster.license is None:
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
