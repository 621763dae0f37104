"""Askers: which parents asked for what while they were rendered, so that its change wakes them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from vmoperator.base.manifest import Ref


@dataclass(frozen=True, slots=True)
class Kin:
    """The parents of one kind in a namespace, in all namespaces if none is named."""

    kind: str
    namespace: str


Asked: TypeAlias = Ref | Kin
"""A Secret, a ConfigMap or a workload by its identity, or all parents of a kind."""


@dataclass(frozen=True, slots=True)
class Askers:
    """Who asked for what, in both directions."""

    _things: dict[Ref, set[Asked]] = field(default_factory=dict)
    _parents: dict[Asked, set[Ref]] = field(default_factory=dict)

    def of(self, thing: Asked) -> Collection[Ref]:
        """The parents that asked for it when they were last rendered."""
        return tuple(self._parents.get(thing, ()))

    def add(self, parent: Ref, thing: Asked) -> None:
        """Remember that the parent asks; from now on, for it may change before the pass ends."""
        self._things.setdefault(parent, set()).add(thing)
        self._parents.setdefault(thing, set()).add(parent)

    def settle(self, parent: Ref, things: Iterable[Asked]) -> frozenset[Asked]:
        """The parent asks for just these; what nobody asks for any more comes back."""
        wanted = set(things)
        for thing in wanted:
            self.add(parent, thing)
        gone = self._things.get(parent, set()) - wanted
        for thing in gone:
            self._parents[thing].discard(parent)
        unasked = frozenset(thing for thing in gone if not self._parents[thing])
        for thing in unasked:
            del self._parents[thing]
        if wanted:
            self._things[parent] = wanted
        else:
            self._things.pop(parent, None)
        return unasked
