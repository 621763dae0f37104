"""Picking: the objects of one choice, each made into its piece; what did not change is kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import original, without_effect
from vmoperator.api.selected import selected
from vmoperator.api.selected.object import SelectedObject
from vmoperator.apply.choosers import Chooser, key_of
from vmoperator.apply.fragments import Batch, Piece
from vmoperator.apply.world import World
from vmoperator.base.errors import SpecInvalid, Unread
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Selectable
from vmoperator.observe.selection import Hit

_DEFECTS = (AttributeError, TypeError, LookupError, ValueError, ArithmeticError)


class Listening(Around, Protocol):
    """An Around that knows of what version its answers are."""

    world: World
    parent: Ref
    wanted: set[Ref]
    """Contents that are to be read with the one that Unread names."""

    def version(self, ref: Ref) -> str | None:
        """The resourceVersion of a Secret or ConfigMap; None: there is none."""

    def listening(self) -> AbstractContextManager[set[Ref]]:
        """The Secrets and ConfigMaps that are asked for meanwhile."""


@dataclass(slots=True)
class Picking:
    """One choice of one parent, during one pass."""

    around: Listening
    chooser: Chooser
    recipe: Recipe
    sources: Mapping[str, tuple[Chooser, ...]]
    """Kind of monitoring.coreos.com -> this parent's choices of it."""
    refused: Mapping[str, frozenset[Ref]] = field(default_factory=dict)
    """The same kinds -> objects of which nothing could be made: what was made from them counts."""

    @property
    def _choice(self) -> Choice:
        return self.chooser.choice

    def picked(self) -> Picked:
        """The outcome. Raises Unread for a content that is to be fetched first."""
        world = self.around.world
        batch = world.fragments.batch(self.around.parent, key_of(self._choice))
        stamp = self._stamp()
        found = batch.picked
        if found is None or batch.stamp != stamp or not self._are_current(batch.versions):
            found, refs = self._anew(batch)
            batch.keep(stamp, found, refs)
        # Choosers are of one pass, also of one that finds nothing new.
        self.chooser.is_idle = not found.fragments and not self.chooser.reach.is_empty
        return found

    def _anew(self, batch: Batch) -> tuple[Picked, set[Ref]]:
        """The outcome, and the objects that are hit."""
        tally: dict[Hit, int] = dict.fromkeys(Hit, 0)
        copies: dict[Ref, Ref] = {}
        chosen = self._chosen(tally, copies)
        fragments = self._fragments(batch, chosen)
        found = Picked(
            choice=self._choice,
            fragments=fragments,
            existing=sum(tally.values()),
            foreign_namespaces=tally[Hit.FOREIGN_NAMESPACE],
            foreign_labels=tally[Hit.FOREIGN_LABELS],
            copies=copies,
        )
        return found, {one.ref for one in chosen}

    def _stamp(self) -> object:
        world = self.around.world
        kinds = (*self._choice.kinds, *self.sources)
        choices = {kind: [it.choice for it in found] for kind, found in self.sources.items()}
        revisions = (world.objects.revision(kinds), world.namespaces.revision)
        return (self._choice, self.recipe.key, revisions, choices, self.refused)

    def _chosen(self, tally: dict[Hit, int], copies: dict[Ref, Ref]) -> list[Selectable]:
        """The objects that are hit, in order; all are counted in `tally`, but for `copies`."""
        world, covered = self.around.world, dict[str, bool]()
        chosen = []
        for kind in self._choice.kinds:
            for ref, one in world.objects.by_index(kind).items():
                if one.is_leaving:
                    continue
                if ref.namespace not in covered:
                    covered[ref.namespace] = self.chooser.covers(ref.namespace, world.namespaces)
                hit = self.chooser.reach.hit(one.labels, is_covered=covered[ref.namespace])
                if one.source and self._is_used(one.source):
                    copies.update({ref: one.source} if hit is Hit.HIT else {})
                    continue
                tally[hit] += 1
                if hit is Hit.HIT:
                    chosen.append(one)
        chosen.sort(key=_place)
        return chosen

    def _is_used(self, origin: Ref) -> bool:
        """Whether this parent uses an object itself of which another operator made one of ours."""
        if origin.kind not in self.sources:
            return False
        world = self.around.world
        source = world.objects.get(origin)
        if source is None or source.is_leaving or origin in self.refused[origin.kind]:
            return False
        return any(it.hit(source, world.namespaces) is Hit.HIT for it in self.sources[origin.kind])

    def _fragments(self, batch: Batch, chosen: list[Selectable]) -> tuple[Fragment, ...]:
        fragments, unread = [], []
        for one in chosen:
            piece = batch.pieces.get(one.ref)
            try:
                if piece is None or not self._is_current(piece, one):
                    piece = batch.pieces[one.ref] = self._made(one)
            except Unread as error:
                unread.append(error.ref)
                continue
            fragments.append(piece.fragment)
        if unread:
            # All at once: a pass over thousands of objects must not begin anew for each Secret.
            self.around.wanted.update(unread)
            raise Unread(unread[0])
        return tuple(fragments)

    def _is_current(self, piece: Piece, one: Selectable) -> bool:
        return piece.is_of(one, self.recipe.key) and (
            not piece.versions or self._are_current(piece.versions)
        )

    def _are_current(self, versions: Mapping[Ref, str | None]) -> bool:
        found = {ref: self.around.version(ref) for ref in versions}
        return found == versions

    def _made(self, one: Selectable) -> Piece:
        with self.around.listening() as uses:
            fragment = _fragment(one, lambda typed: self.recipe.make(typed, self.around))
        versions = {ref: self.around.version(ref) for ref in uses}
        return Piece(one, self.recipe.key, versions, fragment)


def _place(one: Selectable) -> tuple[str, str, str]:
    return (one.ref.namespace, one.ref.name, one.ref.kind)


def _fragment(one: Selectable, make: Callable[[SelectedObject], bytes]) -> Fragment:
    try:
        content = make(_typed(one))
        idle = without_effect(one.manifest) if one.ref.kind in CONVERTERS else ()
        return Fragment(ref=one.ref, content=content, idle=idle)
    except SpecInvalid as refused:
        told = original(one.manifest, refused)
        return Fragment(ref=one.ref, content=b"", refusal=str(told))
    except _DEFECTS as error:
        # A shape that no check foresaw spoils this object alone.
        words = f"spec: cannot be rendered: {type(error).__name__}: {error}"
        return Fragment(ref=one.ref, content=b"", refusal=words)


def _typed(one: Selectable) -> SelectedObject:
    convert = CONVERTERS.get(one.ref.kind)
    manifest = one.manifest
    return selected(convert(manifest) if convert else manifest)
