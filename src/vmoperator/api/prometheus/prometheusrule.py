"""PrometheusRule: rules of the Prometheus operator, read as a VMRule."""

from __future__ import annotations

from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.translation import (
    Place,
    Table,
    listed,
    parts,
    same_anyway,
    translated,
    untouched,
)
from vmoperator.api.selected.vmrule import is_rule_time
from vmoperator.base.manifest import Manifest


def _same(*names: str) -> Table:
    """Fields that are called the same and mean the same."""
    return dict.fromkeys(names, untouched)


def _expression(value: Any, _place: Place, name: str) -> Manifest:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {name: str(value) if is_number else value}


def _delay(value: Any, place: Place, name: str) -> Manifest:
    # The offset of queries is how far their time lies back.
    here = place.below(name, "eval_delay")
    if not isinstance(value, str) or not is_rule_time(value):
        raise here.refusal('must be a time such as "30s" or "1h30m"')
    return {"eval_delay": value}


_RULE: Table = {
    **_same("record", "alert", "for", "keep_firing_for", "labels", "annotations"),
    "expr": _expression,
}
_GROUP: Table = {
    **_same("name", "interval", "limit", "labels"),
    "query_offset": _delay,
    "rules": parts(_RULE),
    # For Thanos alone: how to go on when some of its stores do not answer.
    "partial_response_strategy": same_anyway,
}


def _groups(value: Any, place: Place, name: str) -> Manifest:
    here = place.below(name)
    entries = enumerate(listed(value, here))
    return {name: [{"rules": [], **translated(it, _GROUP, here.entry(i, i))} for i, it in entries]}


def converted(manifest: Manifest) -> Manifest:
    """The VMRule that means the same. Raises SpecInvalid, which names the field of the
    PrometheusRule (monitoring.coreos.com, v1)."""
    return scraping.converted("VMRule", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMRule. Raises SpecInvalid."""
    return {"groups": [], **translated(given, {"groups": _groups}, place)}
