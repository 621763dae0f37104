"""Around: what rendering and observing one parent ask beside its spec, read and remembered."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vmoperator.api import parsed
from vmoperator.api.parent import Parent
from vmoperator.api.picking import Choice, Picked, Recipe
from vmoperator.apply.askers import Asked, Kin
from vmoperator.apply.client import Client
from vmoperator.apply.contents import Content
from vmoperator.apply.world import World
from vmoperator.base.errors import NotFound, SpecInvalid, Unread
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import BY_KIND

T = TypeVar("T")


@dataclass(slots=True)
class Surroundings:
    """Answers from the stores about what is around one parent, for the length of one pass.

    Whatever was asked wakes the parent when it changes, until the next pass asks for other things.
    """

    client: Client
    world: World
    parent: Ref
    asked: set[Asked] = field(default_factory=set, init=False)
    unwatched: set[Ref] = field(default_factory=set, init=False)
    """What was read in this pass, and nobody says when it changes."""

    def secret(self, name: str, namespace: str = "") -> Mapping[str, bytes] | None:
        """Data of a Secret, in the parent's namespace if none is named; None: there is none."""
        return self._content(Ref("Secret", namespace or self.parent.namespace, name))

    def config_map(self, name: str, namespace: str = "") -> Mapping[str, str] | None:
        """Data of a ConfigMap; what is no UTF-8 in it is shown with replacement characters."""
        data = self._content(Ref("ConfigMap", namespace or self.parent.namespace, name))
        if data is None:
            return None
        return {key: value.decode("utf-8", errors="replace") for key, value in data.items()}

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """Every sound parent of a kind that is not being deleted, this one too if it is of it."""
        self._ask(Kin(kind, namespace))
        found = self.world.parents.by_index(kind)
        chosen = sorted(ref for ref in found if namespace in ("", ref.namespace))
        typed = (_typed(self.world, ref, found[ref]) for ref in chosen)
        return tuple(parent for parent in typed if parent is not None)

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """The objects that a choice hits, each made into its piece."""
        del recipe
        return Picked(choice=choice, fragments=(), existing=0)

    def replicas(self, ref: Ref) -> int | None:
        """Replicas that a live workload of ours asks for; None if it is not there."""
        self._ask(ref)
        live = self.world.children.get(ref)
        return live.replicas if live else None

    async def answered(self, ask: Callable[[], T]) -> T:
        """What `ask` returns, once everything that it wants to know has been read.

        Raises what `ask` raises, and the ApiError of a read; Forbidden names the missing right.
        """
        while True:
            try:
                return ask()
            except Unread as unread:
                await self._read(unread.ref)

    def settle(self) -> None:
        """From now on nothing but what was asked in this pass wakes the parent."""
        forget(self.world, self.parent, self.asked)

    def _ask(self, thing: Asked) -> None:
        self.asked.add(thing)
        self.world.askers.add(self.parent, thing)

    def _content(self, ref: Ref) -> Content | None:
        self._ask(ref)
        if self._is_unseen(ref):
            if ref not in self.unwatched:
                raise Unread(ref)
            return self.world.contents.data(ref)
        version = _version(self.world, ref)
        if version is None:
            return None
        if not self.world.contents.is_current(ref, version):
            raise Unread(ref)
        return self.world.contents.data(ref)

    def _is_unseen(self, ref: Ref) -> bool:
        unseen = self.world.unseen
        return (ref.kind, "") in unseen or (ref.kind, ref.namespace) in unseen

    async def _read(self, ref: Ref) -> None:
        if self._is_unseen(ref):
            self.unwatched.add(ref)
        version = _version(self.world, ref)
        try:
            manifest = await self.client.get(BY_KIND[ref.kind], ref)
        except NotFound:
            # The informer is about to say so; until then this is what is known.
            self.world.contents.put_missing(ref, version or "")
        else:
            self.world.contents.put(ref, manifest)


def forget(world: World, parent: Ref, but: set[Asked] | None = None) -> None:
    """Nothing wakes the parent any more but these things; contents that nobody asks for go."""
    unasked = world.askers.settle(parent, but or ())
    world.contents.drop(thing for thing in unasked if isinstance(thing, Ref))


def kinship(manifest: Manifest | None) -> object:
    """What of a parent its neighbours may see: they are woken when this differs."""
    if manifest is None:
        return None
    metadata = manifest["metadata"]
    kept = ("uid", "generation", "labels")
    return (*(metadata.get(key) for key in kept), "deletionTimestamp" in metadata)


def _version(world: World, ref: Ref) -> str | None:
    known: Any = world.children.get(ref) or world.foreign.get(ref)
    return None if known is None else str(known.resource_version)


def _typed(world: World, ref: Ref, manifest: Manifest) -> Parent | None:
    seen = kinship(manifest)
    known = world.typed.get(ref)
    if known is None or known[0] != seen:
        known = world.typed[ref] = (seen, _sound(manifest))
    return known[1]


def _sound(manifest: Manifest) -> Parent | None:
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    try:
        return parsed(manifest)
    except SpecInvalid:
        return None
