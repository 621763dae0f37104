"""Who owns which field: what others changed or added in an object of ours, and how to undo it.

The API server keeps, for each writer, the set of fields that it set (managedFields, fieldsV1:
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Whoever
changes a field takes it out of our set; whoever adds one has it in a set of their own. So drift
is found without knowing one default of the API server.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from vmoperator.base.manifest import Manifest

Fields: TypeAlias = Mapping[str, Any]
Path: TypeAlias = tuple[str, ...]
"""Keys as in fieldsV1: `f:spec`, `f:ports`, `k:{"port":8480,"protocol":"TCP"}`."""

# Not recorded in managedFields: they make up the identity of an object.
_IDENTITY = {("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")}
# Below these only what we rendered may stand. Annotations of a pod template stay open:
# `kubectl rollout restart` writes one.
_CLOSED = {
    "Service": ("f:spec",),
    "StatefulSet": ("f:spec",),
    "Deployment": ("f:spec",),
    "PodDisruptionBudget": ("f:spec",),
}
_OPEN = ("f:spec", "f:template", "f:metadata")


def uncovered(desired: Mapping[str, Any], fields: bytes) -> tuple[str, ...]:
    """Paths (`spec.replicas`) that the manifest sets and that our entry no longer owns."""
    return tuple(".".join(path) for path in _missing(desired, orjson.loads(fields or b"{}"), ()))


def _missing(value: Any, owned: Fields, path: Path) -> Iterator[Path]:
    if path in _IDENTITY:
        return
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from _member(item, owned.get(f"f:{key}"), (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _member(item, _element(item, owned), (*path, str(index)))


def _member(value: Any, owned: Fields | None, path: Path) -> Iterator[Path]:
    if owned is None:
        if path not in _IDENTITY:
            yield path
    elif owned:  # an empty entry is a leaf: everything below it is one value, and ours
        yield from _missing(value, owned, path)


def _element(item: Any, owned: Fields) -> Fields | None:
    """The entry of a list item: by its merge keys (`k:`), or by its value in a set (`v:`)."""
    for key, below in owned.items():
        marker, _, text = key.partition(":")
        if marker == "k" and isinstance(item, Mapping):
            wanted = orjson.loads(text)
            if all(item.get(name, value) == value for name, value in wanted.items()):
                return dict(below)
        elif marker == "v" and orjson.loads(text) == item:
            return {}
    return None


def place(path: Path) -> str:
    """The path as people write it: `spec.ports[{"port":8480,"protocol":"TCP"}].name`."""
    steps = (step.partition(":") for step in path)
    return "".join(f".{text}" if mark == "f" else f"[{text}]" for mark, _, text in steps)[1:]


def intrusions(kind: str, fields: bytes, foreign: tuple[bytes, ...]) -> tuple[Path, ...]:
    """Fields that others own, alone, where only what we rendered may stand."""
    closed = _CLOSED.get(kind)
    if closed is None or not foreign:
        return ()
    ours = orjson.loads(fields or b"{}")
    found = {
        path
        for entry in foreign
        for path in _leaves(orjson.loads(entry), ours, ())
        if path[: len(closed)] == closed and path[: len(_OPEN)] != _OPEN
    }
    return tuple(sorted(found))


def _leaves(theirs: Fields, ours: Fields | None, path: Path) -> Iterator[Path]:
    for key, below in theirs.items():
        if key == ".":
            continue
        mine = None if ours is None else ours.get(key)
        # Ours as one value (a leaf), or as part of a value: not theirs alone.
        if mine is not None and not mine:
            continue
        is_element = key.startswith(("k:", "v:"))
        if not below or (is_element and mine is None):
            if mine is None:
                yield (*path, key)
        else:
            yield from _leaves(below, mine, (*path, key))


def healed(live: Manifest, desired: Manifest, paths: tuple[Path, ...]) -> Manifest:
    """The live object without the intrusions, to be written with its resourceVersion.

    A list that somebody added to is put back as it was rendered: taking single items out would
    leave a Service without a port, or two containers of one name, which the API server refuses.
    """
    result = copy.deepcopy(live)
    for path in paths:
        _undo(result, desired, path)
    return result


def _undo(node: Any, desired: Any, path: Path) -> None:
    parent, key, wanted = None, "", desired
    for step in path:
        marker, _, text = step.partition(":")
        if marker == "f":
            if not isinstance(node, dict) or text not in node:
                return
            parent, key = node, text
            node = node[text]
            wanted = wanted.get(text) if isinstance(wanted, Mapping) else None
        elif marker in ("k", "v") and _is_new(node, wanted, step):
            break
        else:
            parent, node, wanted = None, _find(node, text), _find(wanted, text)
    if parent is None:  # an element that we render as well: the next apply owns it again
        return
    if wanted is None:
        parent.pop(key, None)
    else:
        parent[key] = copy.deepcopy(wanted)


def _is_new(node: Any, wanted: Any, step: str) -> bool:
    text = step.partition(":")[2]
    return step.startswith("v:") or _find(wanted, text) is None or _find(node, text) is None


def _find(items: Any, text: str) -> Any:
    if not isinstance(items, list):
        return None
    wanted = orjson.loads(text)
    return next(
        (
            item
            for item in items
            if isinstance(item, Mapping)
            and all(item.get(name, value) == value for name, value in wanted.items())
        ),
        None,
    )
