"""Rule markers: what tells the rules of a file from others, as written and as vmalert shows them.

It shows names, expressions and annotations word by word (`/api/v1/rules`); durations and labels it
works out anew, so those do not count here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import orjson

_DIGITS = 16


def written_marker(file: str, groups: Iterable[Mapping[str, Any]]) -> str:
    """The marker of a file with these groups, in the form in which vmalert reads them."""
    return _marker(file, ((it["name"], map(_written, it.get("rules") or ())) for it in groups))


def shown_markers(groups: Iterable[Mapping[str, Any]], *, folder: str) -> frozenset[str]:
    """The markers of the files in a folder whose groups vmalert shows."""
    files: dict[str, list[Mapping[str, Any]]] = {}
    for group in groups:
        place, _, file = str(group.get("file", "")).rpartition("/")
        if place == folder:
            files.setdefault(file, []).append(group)
    return frozenset(
        _marker(file, ((it["name"], map(_shown, it.get("rules") or ())) for it in found))
        for file, found in files.items()
    )


def _written(rule: Mapping[str, Any]) -> list[Any]:
    kind, name = (
        ("recording", rule["record"]) if rule.get("record") else ("alerting", rule["alert"])
    )
    return [kind, name, rule["expr"], rule.get("annotations") or {}]


def _shown(rule: Mapping[str, Any]) -> list[Any]:
    return [rule.get("type"), rule.get("name"), rule.get("query"), rule.get("annotations") or {}]


def _marker(file: str, groups: Iterable[tuple[str, Iterable[list[Any]]]]) -> str:
    dumped = sorted(orjson.dumps([name, *sorted(map(_dumped, rules))]) for name, rules in groups)
    return hashlib.sha256(b"\0".join((file.encode(), *dumped))).hexdigest()[:_DIGITS]


def _dumped(rule: list[Any]) -> str:
    return orjson.dumps(rule, option=orjson.OPT_SORT_KEYS).decode()
