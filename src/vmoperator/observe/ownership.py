"""Who owns which field: what others changed or added in an object of ours, and how to undo it.

The API server keeps, for each writer, the set of fields that it set (managedFields, fieldsV1:
https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management). Whoever
changes a field takes it out of our set; whoever adds one has it in a set of their own. So drift
is found without knowing one default of the API server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from vmoperator.base.labels import MANAGER
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
    "DaemonSet": ("f:spec",),
    "NetworkPolicy": ("f:spec",),
    "HorizontalPodAutoscaler": ("f:spec",),
    "VerticalPodAutoscaler": ("f:spec",),
    "PodDisruptionBudget": ("f:spec",),
    "VMServiceScrape": ("f:spec",),
    "VMPodScrape": ("f:spec",),
}
_OPEN = ("f:spec", "f:template", "f:metadata")
_OPEN_MAPS = ("labels", "annotations")


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
    if owned is None and path == ("metadata",):
        yield from _missing(value, {}, path)
    elif owned is None:
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


def owned(live: Manifest, path: Path) -> Any:
    """The part of a live object below a path (`f:spec`, `f:template`) that our entry owns.

    Sent again, it changes neither a value nor whose it is. None where nothing of it is ours.
    """
    entries = live["metadata"].get("managedFields") or ()
    value: Any = live
    fields: Any = next((entry["fieldsV1"] for entry in entries if _is_our_entry(entry)), None)
    for step in path:
        value, fields = (value or {}).get(step.removeprefix("f:")), (fields or {}).get(step)
    return None if value is None or fields is None else _part(value, fields)


def _part(value: Any, fields: Fields) -> Any:
    below = {key: it for key, it in fields.items() if key != "."}
    if isinstance(value, Mapping) and fields:
        return {
            key: _part(item, below[f"f:{key}"])
            for key, item in value.items()
            if f"f:{key}" in below
        }
    if isinstance(value, list) and fields:
        known = ((item, _element(item, below)) for item in value)
        return [_part(item, inside) for item, inside in known if inside is not None]
    return value


def _is_our_entry(entry: Mapping[str, Any]) -> bool:
    is_ours = entry.get("manager") == MANAGER and entry.get("operation") == "Apply"
    return is_ours and not entry.get("subresource") and bool(entry.get("fieldsV1"))


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
    """The live object with the spec as it was rendered, to be written with its resourceVersion.

    Not field by field: half of a foreign probe, or one of two ports with the same name, is
    refused. What the API server allocated (addresses, node ports) it fills in again. The
    intruders lose these fields in managedFields too, for one that has a default is never gone.
    """
    metadata = live["metadata"]
    entries = [
        entry if _is_apart(entry) else {**entry, "fieldsV1": _without(entry["fieldsV1"], paths)}
        for entry in metadata.get("managedFields") or ()
    ]
    return {
        **live,
        "metadata": {**metadata, "managedFields": [it for it in entries if it.get("fieldsV1")]},
        "spec": _with_restarts(desired["spec"], live["spec"]),
    }


def _is_apart(entry: Mapping[str, Any]) -> bool:
    """Whether the entry is our own, or about a subresource."""
    is_ours = entry.get("manager") == MANAGER and entry.get("operation") == "Apply"
    return is_ours or bool(entry.get("subresource")) or not entry.get("fieldsV1")


def _without(fields: Fields, paths: tuple[Path, ...]) -> dict[str, Any]:
    """The set without these paths; what holds nothing but itself (`.`) goes with them."""
    result = {}
    for key, below in fields.items():
        tails = tuple(path[1:] for path in paths if path[0] == key)
        if () in tails:
            continue
        left = _without(below, tails) if tails else below
        if not tails or left.keys() - {"."}:
            result[key] = left
    return result


def _with_restarts(desired: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    # Labels and annotations of the pod template stay open, see above; one that is held back is
    # not given, and stays as it is.
    if "template" not in desired or "template" not in live:
        return {**desired, **{key: it for key, it in live.items() if key == "template"}}
    ours, theirs = desired["template"]["metadata"], live["template"].get("metadata") or {}
    metadata = {key: {**(theirs.get(key) or {}), **(ours.get(key) or {})} for key in _OPEN_MAPS}
    return {**desired, "template": {**desired["template"], "metadata": metadata}}
