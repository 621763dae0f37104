"""Every field that prometheus-operator defines: it acts, or is named as one that does not."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest
from tests.unit.api.prometheus.definitions import Step, leaves, outlines, specification

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import without_effect
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.unknown import unknown
from vmoperator.base.errors import SpecInvalid

OUTLINES = outlines()
_KEY = {"name": "a", "key": "b"}
NEEDS: Mapping[str, Mapping[str, Any]] = {
    "Probe": {"prober": {"url": "a"}},
    "PodMonitor": {"podMetricsEndpoints": [{"port": "a"}]},
    "ServiceMonitor": {"endpoints": [{"port": "a"}]},
    "oauth2": {"clientId": {"secret": _KEY}, "clientSecret": _KEY, "tokenUrl": "http://a"},
    "matchExpressions": {"operator": "In", "values": ["a"]},
    "prober": {"url": "a"},
    "staticConfig": {"static": ["a"]},
    "emailConfigs": {"to": "a"},
    "times": {"startTime": "08:00", "endTime": "09:00"},
    "pagerDutyImageConfigs": {"src": "a"},
    "pagerDutyLinkConfigs": {"href": "a"},
}
"""What ours require beside; by the name of a kind or of a part."""
SAME_ANYWAY = frozenset(
    {
        *("enableHttp2", "enableHTTP2", "scrapeProtocols", "fallbackScrapeProtocol"),
        *("keepDroppedTargets", "selectorMechanism", "nameValidationScheme", "useAWSHTTPClient"),
        *("partial_response_strategy", "ServiceMonitor filterRunning", "enableCompression"),
        *("ec2SDConfigs noProxy", "ec2SDConfigs followRedirects"),
    }
)
"""Fields without which the result is the same."""
REFUSED = (
    *("has no such discovery", "would scrape more than is asked for"),
    *("cannot reach the service in this way", "has nothing that means the same"),
)


def _fate(kind: str, path: tuple[Step, ...]) -> str:
    """What becomes of a field: acts, idle, refused by name, or whatever it should not."""
    needs = {**NEEDS, "": NEEDS.get(kind, {})}
    spec = specification(OUTLINES[kind], path, needs)
    try:
        with_it = _outcome(kind, spec)
    except SpecInvalid as refused:
        return "refused" if any(it in str(refused) for it in REFUSED) else f"refused: {refused}"
    try:
        without_it = _outcome(kind, _without(spec, path))
    except SpecInvalid:
        # It is required there.
        return "acts"
    if with_it[0] != without_it[0]:
        return "acts"
    return "idle" if with_it[1] != without_it[1] else "does nothing"


def _outcome(kind: str, spec: Mapping[str, Any]) -> tuple[Any, tuple[str, ...]]:
    """The specification of ours, and the fields without effect. Raises SpecInvalid."""
    metadata = {"name": "a", "namespace": "b"}
    manifest = {"apiVersion": "v", "kind": kind, "metadata": metadata, "spec": spec}
    made = CONVERTERS[kind](manifest)
    typed = selected(made)
    strange = unknown(made, OBJECTS[typed.kind])
    assert strange == ()
    return typed.spec, without_effect(manifest)


def _without(spec: dict[str, Any], path: tuple[Step, ...]) -> dict[str, Any]:
    found = copy.deepcopy(spec)
    part: Any = found
    for step in path[:-1]:
        part = part[step]
    del part[path[-1]]
    return found


def _is_same_anyway(kind: str, path: tuple[Step, ...]) -> bool:
    last = path[-1]
    return bool({str(last), *(f"{above} {last}" for above in (kind, *path))} & SAME_ANYWAY)


@pytest.mark.parametrize("kind", OUTLINES)
def test_no_field_is_lost_without_a_word(kind: str) -> None:
    wrong = []
    for path in leaves(OUTLINES[kind]):
        wanted = {
            "refused",
            *(("does nothing",) if _is_same_anyway(kind, path) else ("acts", "idle")),
        }
        fate = _fate(kind, path)
        if fate not in wanted:
            wrong.append((path, fate))
    assert wrong == []
