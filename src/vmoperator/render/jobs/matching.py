"""Matching: label selectors of Kubernetes as conditions on the labels of discovered targets.

One condition of the form `{a='b',c!='d'}` costs an agent a fraction of a rule for each label: it
compares text where a rule compiles a regular expression, and 5,000 jobs load twice as fast.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

from vmoperator.api.selected.targets import LabelExpression, LabelSelector

META = "__meta_kubernetes_"
_PLAIN = re.compile(r"[^'\\\x00-\x1f\x7f]*")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


@lru_cache(maxsize=1024)
def sanitized(label: str) -> str:
    """The name by which discovery knows a label of Kubernetes."""
    return re.sub(r"[^a-zA-Z0-9_]", "_", label)


def equals(label: str, value: str) -> str:
    """The condition that a label has this value."""
    return f"{label}={quoted(value)}"


def differs(label: str, values: Sequence[str]) -> str:
    """The condition that a label has none of these values."""
    return f"{label}!={quoted(values[0])}" if len(values) == 1 else f"{label}!~{_any_of(values)}"


def selection(selector: LabelSelector | None, role: str, *further: str) -> list[dict[str, Any]]:
    """Rules that keep the targets which a selector takes, and for which further conditions hold.

    `role` says from which object they were discovered: service, pod, node, ingress.
    """
    return [*kept([*further, *_conditions(selector, role)]), *_dropped(selector, role)]


def kept(conditions: Iterable[str]) -> list[dict[str, Any]]:
    """The rule that keeps the targets for which all conditions hold; none for no condition."""
    found = ",".join(conditions)
    return [{"action": "keep", "if": f"{{{found}}}"}] if found else []


def _conditions(selector: LabelSelector | None, role: str) -> list[str]:
    if selector is None:
        return []
    wanted = sorted((selector.match_labels or {}).items())
    pairs = [it for key, value in wanted for it in _has(role, key, [value])]
    return pairs + [
        it for entry in selector.match_expressions or () for it in _expression(entry, role)
    ]


def api_selector(selector: LabelSelector | None) -> str:
    """The selector as the API server takes it in a URL: `app=a,tier in (b,c)`."""
    if selector is None:
        return ""
    pairs = [f"{key}={value}" for key, value in sorted((selector.match_labels or {}).items())]
    return ",".join([*pairs, *map(_api_expression, selector.match_expressions or ())])


def quoted(value: str) -> str:
    """A text of MetricsQL."""
    return f"'{value}'" if _PLAIN.fullmatch(value) else json.dumps(value, ensure_ascii=False)


def _expression(given: LabelExpression, role: str) -> list[str]:
    present = f"{META}{role}_labelpresent_{sanitized(given.key)}"
    label = f"{META}{role}_label_{sanitized(given.key)}"
    values = given.values or []
    match given.operator:
        case "In":
            return _has(role, given.key, values)
        case "NotIn":
            return [differs(label, filled)] if (filled := [it for it in values if it]) else []
        case "Exists":
            return [equals(present, "true")]
        case _:
            return [differs(present, ["true"])]


def _dropped(selector: LabelSelector | None, role: str) -> list[dict[str, Any]]:
    """Rules for what no condition can say: that a label is there, and empty."""
    keys = [
        sanitized(it.key)
        for it in (selector.match_expressions if selector else None) or ()
        if it.operator == "NotIn" and "" in (it.values or ())
    ]
    prefix = f"{META}{role}_label"
    return [
        {"action": "drop", "if": f"{{{prefix}present_{key}='true',{prefix}_{key}=''}}"}
        for key in keys
    ]


def _has(role: str, key: str, values: Sequence[str]) -> list[str]:
    label = f"{META}{role}_label_{sanitized(key)}"
    # To discovery an empty label and a missing one are the same; to Kubernetes they are not.
    present = [equals(f"{META}{role}_labelpresent_{sanitized(key)}", "true")]
    found = equals(label, values[0]) if len(values) == 1 else f"{label}=~{_any_of(values)}"
    return [found, *(present if "" in values else [])]


def _any_of(values: Sequence[str]) -> str:
    return quoted("|".join(_SPECIAL.sub(r"\\\1", value) for value in values))


def _api_expression(given: LabelExpression) -> str:
    values = ",".join(given.values or ())
    match given.operator:
        case "In":
            return f"{given.key} in ({values})"
        case "NotIn":
            return f"{given.key} notin ({values})"
        case "Exists":
            return given.key
        case _:
            return f"!{given.key}"
