"""Fields of definitions that are newer than those that we know: left out and named, or refused."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.api.prometheus.definitions import Step, leaves, outlines, specification
from tests.unit.api.prometheus.test_definitions import NEEDS

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import without_effect
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

OUTLINES = outlines()
NEW = "someday"
PICKING = frozenset(
    {
        *(
            "selector",
            "namespaceSelector",
            "matchExpressions",
            "namespaces",
            "selectors",
            "filters",
        ),
        *("relabelings", "metricRelabelings", "relabelingConfigs"),
        *("targets", "staticConfig", "ingress", "staticConfigs"),
        *("route", "receivers", "inhibitRules", "matchers", "targetMatch", "sourceMatch"),
        *("muteTimeIntervals", "timeIntervals", "times", "daysOfMonth"),
    }
)
"""Parts that say which targets, series, alerts or times are meant: nothing of them is left out."""


def _manifest(kind: str, spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "b"}
    return {"apiVersion": "v", "kind": kind, "metadata": metadata, "spec": spec}


def _made(kind: str, spec: Mapping[str, Any]) -> Any:
    """The specification of ours. Raises SpecInvalid."""
    return selected(CONVERTERS[kind](_manifest(kind, spec))).spec


def _parts(kind: str) -> dict[tuple[Step, ...], dict[str, Any]]:
    """Path of each part that has fields -> a specification in which it stands; without those that
    are refused as a whole, whatever stands in them."""
    found: dict[tuple[Step, ...], dict[str, Any]] = {}
    for path in leaves(OUTLINES[kind]):
        parts = [path[:end] for end in range(len(path)) if isinstance(path[end], str)]
        if found.keys() >= {*parts}:
            continue
        spec = specification(OUTLINES[kind], path, {**NEEDS, "": NEEDS.get(kind, {})})
        try:
            _made(kind, spec)
        except SpecInvalid:
            continue
        found = {**dict.fromkeys(parts, spec), **found}
    return found


def _with_new(spec: Mapping[str, Any], part: tuple[Step, ...]) -> dict[str, Any]:
    """The specification with a field in a part that nobody knows."""
    found: dict[str, Any] = copy.deepcopy({**spec})
    place: Any = found
    for step in part:
        place = place[step]
    place[NEW] = 1
    return found


def _dotted(path: tuple[Step, ...]) -> str:
    shown = (f"[{it}]" if isinstance(it, int) else f".{it}" for it in path)
    return "spec" + "".join(shown)


def _is_picking(part: tuple[Step, ...]) -> bool:
    names = [str(it) for it in part if isinstance(it, str)]
    last = names[-1] if names else ""
    return last in PICKING or last.endswith("SDConfigs") or last == "routes"


def _fate(kind: str, without: dict[str, Any], part: tuple[Step, ...]) -> str:
    """What becomes of a new field in a part: named, refused by name, or whatever it should not."""
    spec = _with_new(without, part)
    field = f"{_dotted(part)}.{NEW}"
    try:
        found = _made(kind, spec)
    except SpecInvalid as refused:
        is_by_name = str(refused).startswith(f"{field}: is not known to this operator")
        return "refused" if is_by_name else str(refused)
    if found != _made(kind, without):
        return "acts"
    known = without_effect(_manifest(kind, without))
    if any(field.startswith(it) for it in known):
        # The whole part has no effect.
        return "named"
    told = set(without_effect(_manifest(kind, spec))) - set(known)
    return "named" if told == {f"{field} (unknown to this version)"} else f"told {told}"


@pytest.mark.parametrize("kind", OUTLINES)
def test_a_new_field_is_left_out_and_named_unless_it_stands_in_a_part_that_picks(
    kind: str,
) -> None:
    fates = {part: _fate(kind, spec, part) for part, spec in _parts(kind).items()}
    wanted = {part: "refused" if _is_picking(part) else "named" for part in fates}
    assert {_dotted(it): fates[it] for it in fates if fates[it] != wanted[it]} == {}
    assert set(fates.values()) == ({"named"} if kind == "PrometheusRule" else {"named", "refused"})


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("ScrapeConfig", {"somedaySDConfigs": [{}]}, "spec.somedaySDConfigs"),
        (
            "AlertmanagerConfig",
            {"receivers": [{"name": "a", "somedayConfigs": [{}]}]},
            "spec.receivers[0].somedayConfigs",
        ),
        ("Probe", {"prober": {"url": "a"}, "targets": {"pods": {}}}, "spec.targets.pods"),
    ],
    ids=["a way to find targets", "a way to notify", "what is probed"],
)
def test_a_new_way_to_find_targets_or_to_notify_is_refused(
    kind: str, spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid, match="is not known to this operator") as refused:
        _made(kind, spec)
    assert refused.value.field == field


def test_a_new_field_that_is_null_counts_as_unset() -> None:
    spec = {"endpoints": [{"port": "a", NEW: None}], "selector": {NEW: None}}
    assert without_effect(_manifest("ServiceMonitor", spec)) == ()
    assert _made("ServiceMonitor", spec).endpoints[0].port == "a"


def test_a_new_field_without_a_value_is_named_all_the_same() -> None:
    spec = {"endpoints": [{"port": "a", NEW: False}], NEW: {}}
    assert without_effect(_manifest("ServiceMonitor", spec)) == (
        f"spec.endpoints[0].{NEW} (unknown to this version)",
        f"spec.{NEW} (unknown to this version)",
    )


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("ServiceMonitor", {"endpoints": [], "serviceDiscoveryRole": "Node"}, "spec.discoveryRole"),
        ("ScrapeConfig", {"scheme": "gopher"}, "spec.scheme"),
    ],
    ids=["role", "scheme"],
)
def test_a_new_value_of_a_field_that_is_known_is_refused(
    kind: str, spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        _made(kind, spec)
    assert refused.value.field == field
