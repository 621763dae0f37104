"""Paths of fields in messages: whether they lead to something in an object, or to something that
its definition has there."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_OPEN: Mapping[str, Any] = {"x-kubernetes-preserve-unknown-fields": True}
_ABSENT: Any = object()
_NAME = re.compile(r"\.?([^.\[\]]+)")
_NUMBER = re.compile(r"\[(\d+)\]")


def leads_nowhere(path: str, spec: Any, schema: Mapping[str, Any]) -> str:
    """The part of a path like spec.endpoints[0].port that is neither in the specification nor, as
    something that is missing there, in the schema of the specification; empty if there is none."""
    if not path.startswith("spec"):
        return path
    value, rest = spec, path.removeprefix("spec")
    while rest:
        if found := _NUMBER.match(rest):
            number = int(found[1])
            if not isinstance(value, list) or number >= len(value):
                return rest
            value, schema = value[number], _below(schema, "items") or {}
            rest = rest[found.end() :]
            continue
        name = _named(rest, value)
        if name is None:
            return rest
        below = _below(schema.get("properties", {}), name) if "properties" in schema else None
        if below is None:
            below = _below(schema, "additionalProperties") if _is_open(schema) else None
        if below is None:
            return rest
        value = value.get(name, _ABSENT) if isinstance(value, Mapping) else _ABSENT
        schema, rest = below, rest.removeprefix(".")[len(name) :]
    return ""


def _named(rest: str, value: Any) -> str | None:
    """The name at the beginning of a path, which may hold dots where users choose it."""
    if not rest.startswith("."):
        return None
    inside = rest[1:]
    keys = sorted(value, key=len, reverse=True) if isinstance(value, Mapping) else []
    for key in keys:
        if inside == key or inside.startswith((f"{key}.", f"{key}[")):
            return str(key)
    found = _NAME.match(rest)
    return found[1] if found else None


def _is_open(schema: Mapping[str, Any]) -> bool:
    return "additionalProperties" in schema or "x-kubernetes-preserve-unknown-fields" in schema


def _below(schema: Mapping[str, Any], name: str) -> Mapping[str, Any] | None:
    found = schema.get(name)
    if isinstance(found, Mapping):
        return found
    return _OPEN if "x-kubernetes-preserve-unknown-fields" in schema else None
