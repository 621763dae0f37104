"""Field ownership of the fake API server: who set which leaf, as sets of paths.

Lists are merged by the keys below, as the real server does it for these fields; every other list
is one value. It knows no defaults and no conversions.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable, Iterator
from typing import Any

Path = tuple[str, ...]
Tree = dict[str, Any]

MERGE_KEYS = {
    "conditions": ("type",),
    "containers": ("name",),
    "env": ("name",),
    "initContainers": ("name",),
    "ownerReferences": ("uid",),
    "volumeMounts": ("mountPath",),
    "volumes": ("name",),
}
_PORT_KEYS = (("containerPort", "protocol"), ("port", "protocol"))
_IDENTITY = {
    ("f:apiVersion",),
    ("f:kind",),
    *(
        ("f:metadata", f"f:{key}")
        for key in (
            "name",
            "namespace",
            "uid",
            "resourceVersion",
            "generation",
            "creationTimestamp",
            "deletionTimestamp",
            "managedFields",
        )
    ),
}


def paths(manifest: Tree) -> set[Path]:
    """The paths of all leaves and list items that a manifest sets, without its identity."""
    return {path for path in _paths(manifest, ()) if path[:2] not in _IDENTITY}


def merged(live: Any, applied: Any, field: str = "") -> Any:
    """The live value with the applied one laid over it."""
    if isinstance(live, dict) and isinstance(applied, dict):
        return {**live, **{key: merged(live.get(key), applied[key], key) for key in applied}}
    if isinstance(live, list) and isinstance(applied, list) and _keys(field, applied):
        items = {_item(field, item): item for item in live}
        for item in applied:
            items[_item(field, item)] = merged(items.get(_item(field, item)), item)
        return list(items.values())
    return copy.deepcopy(applied)


def without(live: Tree, gone: Iterable[Path]) -> Tree:
    """The live manifest without what lies at these paths, and without what became empty so."""
    result = copy.deepcopy(live)
    # Whole items first: without its keys an item is not found again.
    for path in sorted(gone, key=lambda path: (path[-1] != ".", len(path))):
        _drop(result, path, "")
    return result


def as_tree(owned: set[Path]) -> Tree:
    """The paths in the form of fieldsV1."""
    tree: Tree = {}
    for path in sorted(owned):
        below = tree
        for part in path:
            below = below.setdefault(part, {})
    return tree


def _paths(value: Any, path: Path) -> Iterator[Path]:
    field = path[-1].removeprefix("f:") if path else ""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _paths(item, (*path, f"f:{key}"))
    elif isinstance(value, list) and value and _keys(field, value):
        for item in value:
            below = (*path, _item(field, item))
            yield (*below, ".")
            for key, member in item.items():
                yield from _paths(member, (*below, f"f:{key}"))
    else:
        yield path


def _keys(field: str, items: list[Any]) -> tuple[str, ...]:
    if not all(isinstance(item, dict) for item in items):
        return ()
    if field == "ports":
        return next((keys for keys in _PORT_KEYS if all(keys[0] in item for item in items)), ())
    keys = MERGE_KEYS.get(field, ())
    return keys if all(key in item for key in keys for item in items) else ()


def _item(field: str, item: Any) -> str:
    keys = _keys(field, [item])
    named = {key: item.get(key, "TCP") for key in keys}
    return "k:" + json.dumps(named, sort_keys=True, separators=(",", ":"))


def _drop(value: Any, path: Path, field: str) -> None:
    head, rest = path[0], path[1:]
    if head == "." or value is None:
        return
    if head.startswith("k:"):
        for item in [item for item in value if _item(field, item) == head]:
            if rest in ((), (".",)):
                value.remove(item)
            else:
                _drop(item, rest, "")
        return
    key = head.removeprefix("f:")
    if key not in value:
        return
    if rest:
        _drop(value[key], rest, key)
        if value[key] in ({}, []):
            del value[key]
    else:
        del value[key]
