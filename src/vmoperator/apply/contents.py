"""Contents: data of the Secrets and ConfigMaps that parents refer to, as they were last read.

Of all others the operator knows no more than that they exist: its informers read metadata alone.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vmoperator.apply.store import Store
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.facts import Child, child

Content: TypeAlias = Mapping[str, bytes]


@dataclass(frozen=True, slots=True)
class Foreign:
    """A Secret or ConfigMap that is not ours: all that is kept of it."""

    resource_version: str


def ours_or_foreign(manifest: Mapping[str, Any]) -> Child | Foreign:
    """The facts of a child of ours; of any other object no more than its version."""
    metadata = manifest["metadata"]
    own = metadata.get("labels") or {}
    if own.get(labels.MANAGED_BY) == labels.MANAGER:
        return child(manifest)
    return Foreign(metadata["resourceVersion"])


class Shelf(Store[Child | Foreign]):
    """Two stores behind one informer: children of ours, and what else there is of their kind."""

    def __init__(self, ours: Store[Child], foreign: Store[Foreign]) -> None:
        super().__init__()
        self._ours, self._foreign = ours, foreign

    def get(self, ref: Ref) -> Child | Foreign | None:
        """The object, from whichever store holds it."""
        return self._ours.get(ref) or self._foreign.get(ref)

    def all(self) -> Mapping[Ref, Child | Foreign]:
        """Every object of both stores."""
        return {**self._foreign.all(), **self._ours.all()}

    def put(self, ref: Ref, value: Child | Foreign) -> None:
        """Take the object in where it belongs; it may have changed sides."""
        if isinstance(value, Child):
            self._foreign.remove(ref)
            self._ours.put(ref, value)
        else:
            self._ours.remove(ref)
            self._foreign.put(ref, value)

    def remove(self, ref: Ref) -> None:
        """Forget the object."""
        self._ours.remove(ref)
        self._foreign.remove(ref)


@dataclass(frozen=True, slots=True)
class _Read:
    """What a GET returned; `data` is None where the object was not there."""

    version: str
    data: Content | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Contents:
    """What has been read, for as long as somebody asks for it. Its data is in no representation."""

    _read: dict[Ref, _Read] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self._read)

    def is_current(self, ref: Ref, version: str) -> bool:
        """Whether what was read is of this resourceVersion, or of a later one."""
        found = self._read.get(ref)
        return found is not None and (found.version == version or _is_later(found.version, version))

    def data(self, ref: Ref) -> Content | None:
        """What was read; None where the object was not there."""
        return self._read[ref].data

    def version(self, ref: Ref) -> str | None:
        """The resourceVersion of what was read; None where the object was not there."""
        found = self._read[ref]
        return None if found.data is None else found.version

    def put(self, ref: Ref, manifest: Manifest) -> None:
        """Keep the data of an object that was read."""
        version = manifest["metadata"]["resourceVersion"]
        self._read[ref] = _Read(version, decoded(manifest))

    def put_missing(self, ref: Ref, version: str) -> None:
        """Remember that the object of this version was gone when it was to be read."""
        self._read[ref] = _Read(version, None)

    def drop(self, refs: Iterable[Ref]) -> None:
        """Forget these; nobody asks for them any more."""
        for ref in refs:
            self._read.pop(ref, None)


def decoded(manifest: Manifest) -> Content:
    """Key -> bytes: `data` of a Secret and `binaryData` are base64, `data` of a ConfigMap text."""
    data = manifest.get("data") or {}
    if manifest.get("kind") == "Secret":
        return {key: b64decode(text) for key, text in data.items()}
    binary = {key: b64decode(text) for key, text in (manifest.get("binaryData") or {}).items()}
    return {**{key: text.encode() for key, text in data.items()}, **binary}


def _is_later(version: str, other: str) -> bool:
    return version.isdecimal() and other.isdecimal() and int(version) > int(other)
