"""Store: what the operator knows of the live objects of one sort, found by name or by an index."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from vmoperator.base.manifest import Ref

T = TypeVar("T")


class Store(Generic[T]):
    """Objects by their identity, filled by informers and read by passes; nothing is copied.

    `index` gives the key under which `by_index` finds an object (say, the Ref of its parent);
    objects for which it gives None are in no index.
    """

    def __init__(self, index: Callable[[T], Hashable | None] | None = None) -> None:
        self._index = index
        self._values: dict[Ref, T] = {}
        self._by_index: dict[Hashable, dict[Ref, T]] = {}

    def __len__(self) -> int:
        return len(self._values)

    def __contains__(self, ref: Ref) -> bool:
        return ref in self._values

    def get(self, ref: Ref) -> T | None:
        """The object of that identity, or None."""
        return self._values.get(ref)

    def all(self) -> Mapping[Ref, T]:
        """Every object by its identity, as it stands now: later changes do not show in it."""
        return dict(self._values)

    def by_index(self, key: Hashable) -> Mapping[Ref, T]:
        """The objects for which the index function gives that key, as they stand now."""
        return dict(self._by_index.get(key, {}))

    def put(self, ref: Ref, value: T) -> None:
        """Take the object in, in the place of the one that was known under this identity."""
        self.remove(ref)
        self._values[ref] = value
        key = self._key(value)
        if key is not None:
            self._by_index.setdefault(key, {})[ref] = value

    def put_answer(self, ref: Ref, value: T) -> None:
        """Take in what a write returned, unless the informer has brought a later version already.

        An event can overtake the answer to a write. The earlier version in its place would stay
        until the object changes again, which may be never.
        """
        known = self.get(ref)
        if known is None or not is_later(version_of(known), version_of(value)):
            self.put(ref, value)

    def remove(self, ref: Ref) -> None:
        """Forget the object; one that is not known is no error."""
        value = self._values.pop(ref, None)
        key = None if value is None else self._key(value)
        if key is None:
            return
        bucket = self._by_index[key]
        del bucket[ref]
        if not bucket:
            del self._by_index[key]

    def replace(self, values: Mapping[Ref, T]) -> frozenset[Ref]:
        """Hold exactly these objects from now on; what was added, changed or removed comes back."""
        gone = self._values.keys() - values.keys()
        changed = {ref for ref, value in values.items() if self._values.get(ref) != value}
        for ref in gone:
            self.remove(ref)
        for ref in changed:
            self.put(ref, values[ref])
        return frozenset(gone | changed)

    def _key(self, value: T) -> Hashable | None:
        return self._index(value) if self._index else None


def version_of(value: object) -> str:
    """The resourceVersion of something stored: a manifest, or the facts of one."""
    if isinstance(value, dict):
        return str((value.get("metadata") or {}).get("resourceVersion", ""))
    return str(getattr(value, "resource_version", ""))


def is_later(version: str, other: str) -> bool:
    """Whether a resourceVersion comes after another; False where one of them is no number."""
    return version.isdecimal() and other.isdecimal() and int(version) > int(other)
