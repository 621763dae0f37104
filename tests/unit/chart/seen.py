"""What is seen of values in the objects that helm renders."""

from __future__ import annotations

import re
from typing import Any

from tests.unit.chart.helm import Manifest


def nested(flat: dict[str, Any]) -> dict[str, Any]:
    """Values by dotted paths as a tree."""
    found: dict[str, Any] = {}
    for path, value in flat.items():
        *groups, last = path.split(".")
        at = found
        for group in groups:
            at = at.setdefault(group, {})
        at[last] = value
    return found


def seen(manifests: list[Manifest], where: str) -> list[Any]:
    """What stands at `KIND PATH` in all objects of the kind that have something there."""
    kind, _, path = where.partition(" ")
    found: list[Any] = [it for it in manifests if it["kind"] == kind]
    for step in path.split(".") if path else ():
        found = [below for it in found if (below := _below(it, step)) is not None]
    return found


def _below(value: Any, step: str) -> Any:
    if isinstance(value, list):
        return value[int(step)] if int(step) < len(value) else None
    return value.get(step.replace("~", "."))


def holds(found: Any, expected: Any) -> bool:
    """Whether it is the same, matches, is one of a list, or has these keys."""
    if isinstance(expected, re.Pattern):
        return expected.fullmatch(found) is not None
    if isinstance(found, list):
        return expected in found
    if isinstance(found, dict) and isinstance(expected, dict):
        return expected.items() <= found.items()
    return bool(found == expected)
