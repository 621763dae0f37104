"""Fragments: what selected objects were made into, kept until something about them changes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vmoperator.api.picking import Fragment, Picked
from vmoperator.apply.choosers import Key
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Selectable

Versions: TypeAlias = Mapping[Ref, str | None]
"""Secrets and ConfigMaps, and the resourceVersion of each; None where there was none."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A fragment, and what it was made of."""

    made_of: Selectable
    recipe: str
    versions: Versions
    fragment: Fragment

    def is_of(self, one: Selectable, recipe: str) -> bool:
        """Whether the object and the options are those that it was made of."""
        same = self.made_of is one or (self.made_of.uid == one.uid and self.made_of.is_like(one))
        return same and self.recipe == recipe


@dataclass(slots=True)
class Batch:
    """What became of all objects of one choice."""

    pieces: dict[Ref, Piece] = field(default_factory=dict)
    stamp: Any = None
    """What `picked` depends on beside the contents of Secrets and ConfigMaps."""
    versions: dict[Ref, str | None] = field(default_factory=dict)
    """Those contents."""
    picked: Picked | None = None
    refused: frozenset[Ref] = frozenset()
    """Objects that could not be made into anything."""

    def keep(self, stamp: object, picked: Picked, refs: Collection[Ref]) -> None:
        """Remember the outcome; pieces of objects that are no longer hit go."""
        for ref in self.pieces.keys() - refs:
            del self.pieces[ref]
        used = (piece.versions for piece in self.pieces.values() if piece.versions)
        self.versions = {ref: version for versions in used for ref, version in versions.items()}
        self.stamp, self.picked = stamp, picked
        self.refused = frozenset(it.ref for it in picked.fragments if it.refusal)


@dataclass(frozen=True, slots=True)
class Fragments:
    """The batches of all parents."""

    _of: dict[Ref, dict[Key, Batch]] = field(default_factory=dict)

    def batch(self, parent: Ref, key: Key) -> Batch:
        """What is known of one choice of a parent."""
        return self._of.setdefault(parent, {}).setdefault(key, Batch())

    def settle(self, parent: Ref, keys: Iterable[Key]) -> None:
        """The parent has just these choices."""
        own = self._of.get(parent, {})
        for key in own.keys() - set(keys):
            del own[key]
        if not own:
            self._of.pop(parent, None)
