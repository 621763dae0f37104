"""AlertmanagerConfig (monitoring.coreos.com/v1alpha1), read as a VMAlertmanagerConfig."""

from __future__ import annotations

import json
import re
from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.alertmanagerconfig_receivers import RECEIVER
from vmoperator.api.prometheus.translation import (
    CLOSED,
    Place,
    Table,
    kept,
    listed,
    mapping,
    parts,
    text,
    translated,
)
from vmoperator.base.manifest import Manifest

_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
_OPERATORS = ("=", "!=", "=~", "!~")
_MATCHER: Table = {
    "name": kept(),
    "value": kept(),
    "matchType": kept(),
    "regex": kept(),
    **CLOSED,
}
_DAYS: Table = {"start": kept(), "end": kept(), **CLOSED}


def _matchers(value: Any, place: Place, name: str) -> Manifest:
    ours = {"targetMatch": "target_matchers", "sourceMatch": "source_matchers"}.get(name, name)
    here = place.below(name, ours)
    return {ours: [_matcher(it, here.entry(i, i)) for i, it in enumerate(listed(value, here))]}


def _matcher(given: Any, place: Place) -> str:
    found = translated(given, _MATCHER, place)
    label, value = (text(found.get(key, ""), place.below(key)) for key in ("name", "value"))
    # The older form has no operator but says whether the value is an expression.
    operator = found.get("matchType") or ("=~" if found.get("regex") else "=")
    if operator not in _OPERATORS:
        raise place.below("matchType").refusal(f"must be one of {' '.join(_OPERATORS)}")
    if not label:
        raise place.below("name").refusal("is required")
    shown = label if _NAME.fullmatch(label) else json.dumps(label, ensure_ascii=False)
    return f"{shown}{operator}{json.dumps(value, ensure_ascii=False)}"


def _days(value: Any, place: Place, name: str) -> Manifest:
    here = place.below(name, "days_of_month")
    found = []
    for number, given in enumerate(listed(value, here)):
        days = translated(given, _DAYS, here.entry(number, number))
        first = days.get("start", 0)
        found.append(f"{first}:{days.get('end') or first}")
    return {"days_of_month": found}


def _routes(value: Any, place: Place, name: str) -> Manifest:
    here = place.below(name)
    entries = enumerate(listed(value, here))
    return {name: [translated(mapping(it, here), _ROUTE, here.entry(i, i)) for i, it in entries]}


_ROUTE: Table = {
    "receiver": kept(),
    "groupBy": kept("group_by"),
    "groupWait": kept("group_wait"),
    "groupInterval": kept("group_interval"),
    "repeatInterval": kept("repeat_interval"),
    "matchers": _matchers,
    "continue": kept(),
    "routes": _routes,
    "muteTimeIntervals": kept("mute_time_intervals"),
    "activeTimeIntervals": kept("active_time_intervals"),
    **CLOSED,
}
_INHIBITION: Table = {
    "targetMatch": _matchers,
    "sourceMatch": _matchers,
    "equal": kept(),
    **CLOSED,
}
_INTERVAL: Table = {
    "times": parts({"startTime": kept("start_time"), "endTime": kept("end_time"), **CLOSED}),
    "weekdays": kept(),
    "daysOfMonth": _days,
    "months": kept(),
    "years": kept(),
    **CLOSED,
}
_TIMES: Table = {"name": kept(), "timeIntervals": parts(_INTERVAL, "time_intervals"), **CLOSED}
_SPEC: Table = {
    "route": lambda value, place, name: {
        name: translated(value, _ROUTE, place.below(name)),
    },
    "receivers": parts(RECEIVER),
    "inhibitRules": parts(_INHIBITION, "inhibit_rules"),
    "muteTimeIntervals": parts(_TIMES, "time_intervals"),
}


def converted(manifest: Manifest) -> Manifest:
    """The VMAlertmanagerConfig that means the same. Raises SpecInvalid, which names the field of
    the AlertmanagerConfig."""
    return scraping.converted("VMAlertmanagerConfig", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMAlertmanagerConfig. Raises SpecInvalid."""
    found = translated(given, _SPEC, place)
    times = [{"time_intervals": [], **it} for it in found.get("time_intervals", ())]
    return {**found, "time_intervals": times} if times else found
