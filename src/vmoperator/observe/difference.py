"""Differences between two states of an object, field by field, in words that people write."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import zip_longest
from posixpath import commonprefix
from typing import Any, Final

import orjson

from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import CHILDREN, GROUP

HIDDEN: Final = "…"
"""Stands for a value of a Secret: that there is one is all that is told."""

# What the API server keeps for itself; annotations of the operator are about its own writing.
_SERVERS = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp")
_OWN = f"{GROUP}/"
# It would repeat the whole object, a Secret's values included.
_KUBECTL_COPY = "kubectl.kubernetes.io/last-applied-configuration"
_CHILDREN = {resource.kind for resource in CHILDREN}
# By which of its fields people tell an element of a list; the first that every element has. A
# volume may be mounted twice, so a mount is known by its path.
_KEYS = ("mountPath", "devicePath", "name", "containerPort", "port", "ip", "topologyKey", "key")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")
_LONGEST_VALUE = 80


@dataclass(frozen=True, slots=True)
class Difference:
    """One field: its path as people write it, and what it was and is; None where it is not set.

    A flag that is given more than once has the tuple of its values.
    """

    path: str
    before: Any
    after: Any

    @property
    def restarts(self) -> bool:
        """Whether it lies in the template of a workload's pods, which cannot change in place."""
        return self.path.startswith("spec.template.")


def differences(before: Manifest, after: Manifest) -> tuple[Difference, ...]:
    """What differs between two states of an object, in the order of `before`; status aside.

    Both should be as the API server returned them (the second from a dry run), or its defaults
    show. Values of a Secret are HIDDEN.
    """
    found = _of_maps(_essence(before), _essence(after), "")
    if "Secret" in (before.get("kind"), after.get("kind")):
        return tuple(_hidden(it) if _is_secret(it.path) else it for it in found)
    return tuple(found)


def words(differences: Sequence[Difference], limit: int) -> str:
    """The first `limit` differences in one line, each value cut to a readable length."""
    told = [line(it) for it in differences[:limit]]
    more = len(differences) - limit
    return "; ".join([*told, f"and {more} more"] if more > 0 else told)


def line(difference: Difference) -> str:
    """The difference as `path: before -> after`, `path added: after`, `path removed`."""
    path, before, after = difference.path, difference.before, difference.after
    if HIDDEN in (before, after):
        return f"{path} {'added' if before is None else 'removed' if after is None else 'changed'}"
    if before is None:
        return f"{path} added: {shown(after)}"
    if after is None:
        return f"{path} removed (was {shown(before)})"
    if _is_reordered(before, after):
        return f"{path}: the same in another order"
    return f"{path}: {_told(before, after)}"


def _told(before: Any, after: Any) -> str:
    """Both values; of long enumerations only what came and what went."""
    texts = (_text(before), _text(after))
    if max(map(len, texts)) <= _LONGEST_VALUE:
        return " -> ".join(texts)
    one, other = (re.split(r",\s*", text) for text in texts)
    came = [item for item in other if item not in one]
    gone = [item for item in one if item not in other]
    if len(one) + len(other) > 2 and (came or gone):
        parts = (("with", came), ("without", gone))
        return ", ".join(f"now {word} {_cut(', '.join(it))}" for word, it in parts if it)
    shared = len(commonprefix(texts))
    return " -> ".join(_cut(f"{HIDDEN}{it[shared:]}" if shared else it) for it in texts)


def shown(value: Any) -> str:
    """The value as text, cut where it is long."""
    return _cut(_text(value))


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        text = ", ".join(map(str, value))
    else:
        text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return " ".join(text.split()) or '""'


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _essence(manifest: Manifest) -> Manifest:
    metadata = {k: v for k, v in (manifest.get("metadata") or {}).items() if k not in _SERVERS}
    kept = {
        key: text for key, text in annotations_of(manifest).items() if not _is_note(key, manifest)
    }
    metadata.pop("annotations", None)
    if kept:
        metadata["annotations"] = kept
    rest = {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
    return {**({"metadata": metadata} if metadata else {}), **rest}


def annotations_of(manifest: Manifest) -> Mapping[str, str]:
    """The annotations of an object."""
    return (manifest.get("metadata") or {}).get("annotations") or {}


def _is_note(key: str, manifest: Manifest) -> bool:
    # On the objects of users these are theirs: they ask for something.
    return key == _KUBECTL_COPY or (key.startswith(_OWN) and manifest.get("kind") in _CHILDREN)


def _is_secret(path: str) -> bool:
    return re.split(r"[.\[]", path, maxsplit=1)[0] in ("data", "stringData")


def _hidden(difference: Difference) -> Difference:
    before, after = (None if it is None else HIDDEN for it in (difference.before, difference.after))
    return Difference(difference.path, before, after)


def _of_values(before: Any, after: Any, path: str) -> Iterator[Difference]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _of_maps(before, after, path)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _of_lists(before, after, path)
    else:
        yield Difference(path, before, after)


def _of_maps(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str
) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        yield from _of_values(before.get(key), after.get(key), _joined(path, key))


def _joined(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}[{key}]"
    return f"{path}.{key}" if path else key


def _of_lists(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    by_name = _flags if _are_flags((*before, *after)) else _keyed_alike(before, after)
    if by_name is None:
        yield from _of_places(before, after, path)
        return
    found = list(_of_named(by_name(before), by_name(after), path))
    # Only their order differs, which counts where one element may depend on an earlier one.
    yield from found or [Difference(path, before, after)]


def _of_named(
    before: Mapping[str, Any], after: Mapping[str, Any], path: str
) -> Iterator[Difference]:
    for key in dict.fromkeys((*before, *after)):
        yield from _of_values(before.get(key), after.get(key), f"{path}[{key}]")


def _of_places(before: list[Any], after: list[Any], path: str) -> Iterator[Difference]:
    if _is_reordered(before, after) or not _are_maps((*before, *after)):
        yield Difference(path, before, after)
        return
    for place, (one, other) in enumerate(zip_longest(before, after)):
        yield from _of_values(one, other, f"{path}[{place}]")


def _are_maps(items: Iterable[Any]) -> bool:
    return all(isinstance(item, Mapping) for item in items)


def _are_flags(items: Sequence[Any]) -> bool:
    return bool(items) and all(isinstance(item, str) and item.startswith("-") for item in items)


def _flags(arguments: list[str]) -> dict[str, Any]:
    """Name of each flag, with its dashes -> its value, or the tuple of its values."""
    found: dict[str, list[str]] = {}
    for argument in arguments:
        name, equals, value = argument.partition("=")
        found.setdefault(name, []).append(value if equals else "true")
    return {
        name: values[0] if len(values) == 1 else tuple(values) for name, values in found.items()
    }


def _keyed_alike(
    before: list[Any], after: list[Any]
) -> Callable[[list[Any]], Mapping[str, Any]] | None:
    """How to tell the elements of both lists by name; None where nothing names them all."""
    if not before and not after or not _are_maps((*before, *after)):
        return None
    for key in _KEYS:
        names = [[_name(item, key) for item in items] for items in (before, after)]
        if all(None not in some and len(set(some)) == len(some) for some in names):
            return partial(_named, key=key)
    return None


def _named(items: list[Any], *, key: str) -> dict[str, Any]:
    return {str(_name(item, key)): item for item in items}


def _name(item: Mapping[str, Any], key: str) -> Any:
    # An element of volumeClaimTemplates is an object with a name of its own.
    return item.get(key, (item.get("metadata") or {}).get(key))


def _is_reordered(before: Any, after: Any) -> bool:
    if not (isinstance(before, list) and isinstance(after, list)):
        return False
    one, other = (sorted(map(orjson.dumps, items)) for items in (before, after))
    return before != after and one == other
