"""Merging: the pieces of all objects in one document, behind what the user's own one says.

The user's document stays as it stands; pieces are lines of JSON, which is YAML, in its lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import orjson

from vmoperator.api.picking import Fragment
from vmoperator.base.manifest import Ref
from vmoperator.render.buckets import CAPACITY_BYTES
from vmoperator.render.documents import dumped

PLACES: Mapping[str, str] = MappingProxyType(
    {
        "route": "route.routes",
        "receivers": "receivers",
        "inhibit_rules": "inhibit_rules",
        "time_intervals": "time_intervals",
    }
)
"""Part of a piece -> the list of the document that it joins."""
_KEPT = 4096
_SLOT = re.compile(r'^( *- )"pieces-of-selected-objects/(\S+)"$', re.MULTILINE)
# What stands before each line in the file.
_INDENT_BYTES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """Pieces that go together."""

    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """List of the document -> its further entries, each a line of JSON."""
    refused: Mapping[Ref, str] = field(default_factory=dict)
    """Objects that do not go with the document or those before them, and why."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one object adds."""

    lines: Mapping[str, tuple[str, ...]]
    names: frozenset[tuple[str, str]]
    size: int


def merged(fragments: Iterable[Fragment], document: Mapping[str, Any], *, size: int) -> Merged:
    """The sound pieces that go with a document of `size` bytes: names are given once, for
    Alertmanager loads nothing else, and the file fits into a Secret."""
    owners = dict.fromkeys(_named(document), "the VMAlertmanager's own configuration")
    lines: dict[str, list[str]] = {place: [] for place in PLACES.values()}
    refused: dict[Ref, str] = {}
    for fragment in fragments:
        if fragment.refusal or not fragment.content:
            continue
        piece = _piece(fragment.content)
        twins = sorted(piece.names & owners.keys())
        if twins:
            kind, name = twins[0]
            refused[fragment.ref] = (
                f"spec.{kind}: {name!r} is the name of one of {owners[twins[0]]}"
            )
        elif size + piece.size > CAPACITY_BYTES:
            refused[fragment.ref] = (
                f"spec: all objects of this VMAlertmanager together make more than {CAPACITY_BYTES}"
                " bytes; select some of them by a second one"
            )
        else:
            size += piece.size
            owners.update(dict.fromkeys(piece.names, str(fragment.ref)))
            for place, more in piece.lines.items():
                lines[place].extend(more)
    found = {place: tuple(entries) for place, entries in lines.items() if entries}
    return Merged(lines=found, refused=refused)


def slots(pieces: Merged) -> dict[str, list[str]]:
    """An entry for each list, in whose place `filled` puts the lines."""
    return {place: [f"pieces-of-selected-objects/{place}"] for place in pieces.lines}


def filled(text: str, pieces: Merged) -> str:
    """The document with all lines in it."""

    def listed(slot: re.Match[str]) -> str:
        return "\n".join(f"{slot[1]}{line}" for line in pieces.lines[slot[2]])

    return _SLOT.sub(listed, text)


def _named(document: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    lists = {
        "receivers": "receivers",
        "time_intervals": "time_intervals",
        "mute_time_intervals": "time_intervals",
    }
    for key, kind in lists.items():
        for entry in document.get(key) or ():
            yield kind, str(entry["name"])


@lru_cache(maxsize=_KEPT)
def _piece(content: bytes) -> _Piece:
    found = orjson.loads(content)
    entries = {
        place: [found[key]] if key == "route" else found[key]
        for key, place in PLACES.items()
        if found.get(key)
    }
    lines = {place: tuple(map(_line, every)) for place, every in entries.items()}
    names = [
        (kind, it["name"]) for kind in ("receivers", "time_intervals") for it in found.get(kind, ())
    ]
    size = sum(len(line.encode()) + _INDENT_BYTES for every in lines.values() for line in every)
    return _Piece(lines=lines, names=frozenset(names), size=size)


def _line(value: Any) -> str:
    return dumped(value).rstrip("\n")
