"""Around: what rendering and observing one parent ask beside its spec, read and remembered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from vmoperator.api import parsed
from vmoperator.api.around import Recipe
from vmoperator.api.parent import Parent
from vmoperator.api.picking import Choice, Picked
from vmoperator.api.prometheus import COUNTERPARTS
from vmoperator.apply.askers import Asked, Kin
from vmoperator.apply.choosers import Chooser, Key, key_of, reach
from vmoperator.apply.client import Client
from vmoperator.apply.contents import Content
from vmoperator.apply.picking import Picking
from vmoperator.apply.together import all_done
from vmoperator.apply.unreadable import told_apart
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, NotFound, SpecInvalid, Unread, Unreadable
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import BY_KIND, NAMESPACE
from vmoperator.observe.lapses import Cause

T = TypeVar("T")

_AT_ONCE = 16
"""Contents that are read side by side."""


@dataclass(frozen=True, slots=True)
class _Granted:
    """What the pick of a kind takes for granted of the one that its objects may be made from."""

    choices: tuple[Choice, ...]
    refused: frozenset[Ref]


@dataclass(slots=True)
class Surroundings:
    """Answers from the stores about what is around one parent, for the length of one pass.

    Whatever was asked wakes the parent when it changes, until the next pass asks for other things.
    """

    client: Client
    world: World
    parent: Ref
    is_confined: bool = False
    """The operator looks after some namespaces alone."""
    asked: set[Asked] = field(default_factory=set, init=False)
    unwatched: set[Ref] = field(default_factory=set, init=False)
    """What was read in this pass, and nobody says when it changes."""
    wanted: set[Ref] = field(default_factory=set, init=False)
    """Contents that are to be read with the one that Unread names."""
    _chosen: dict[Key, Chooser] = field(default_factory=dict, init=False)
    _sources: dict[str, _Granted] = field(default_factory=dict, init=False)
    """Kind of monitoring.coreos.com -> what earlier picks took for granted of it."""
    _uses: set[Ref] | None = field(default=None, init=False)

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
        """Every sound parent of a kind that is not being deleted, this one too if it is of it.

        Raises Forbidden where the operator may not watch them, but for those of its own kind.
        """
        self._ask(Kin(kind, namespace))
        self._refuse_lapsed(kind, namespace)
        found = self.world.parents.by_index(kind)
        chosen = sorted(ref for ref in found if namespace in ("", ref.namespace))
        typed = (_typed(self.world, ref, found[ref]) for ref in chosen)
        return tuple(parent for parent in typed if parent is not None)

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """The objects that a choice hits, each made into its piece.

        Raises SpecInvalid for a selector that is none, and Forbidden where the operator may not
        list these objects: what was written of them before is to stay.
        """
        home = self.parent.namespace
        chooser = Chooser(
            self.parent, choice, reach(choice, home=home, is_confined=self.is_confined)
        )
        self._chosen[key_of(choice)] = chooser
        self.world.choosers.add(chooser)
        self._refuse_unseen(chooser)
        twins = filter(None, map(COUNTERPARTS.get, choice.kinds))
        sources = {kind: self._choosers(kind) for kind in twins}
        granted = {kind: self._granted(found) for kind, found in sources.items()}
        self._sources.update(granted)
        refused = {kind: found.refused for kind, found in granted.items()}
        return Picking(self, chooser, recipe, sources, refused).picked()

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
            self.wanted.clear()
            try:
                found = ask()
            except Unread as unread:
                refs = sorted({unread.ref, *self.wanted})
                for at in range(0, len(refs), _AT_ONCE):
                    await all_done(self._read(ref) for ref in refs[at : at + _AT_ONCE])
                continue
            if all(self._granted(self._of(kind)) == it for kind, it in self._sources.items()):
                return found
            # Some pick came before the one that it depends on: now all choices are known.
            self.world.choosers.settle(self.parent, self._chosen)

    def version(self, ref: Ref) -> str | None:
        """The resourceVersion of a Secret or ConfigMap; None: there is none. A change wakes the
        parent. Raises Unread where only reading it tells."""
        self._ask(ref)
        if not self._is_unseen(ref):
            return _version(self.world, ref)
        if ref not in self.unwatched:
            raise Unread(ref)
        return self.world.contents.version(ref)

    @contextmanager
    def listening(self) -> Iterator[set[Ref]]:
        """The Secrets and ConfigMaps that are asked for meanwhile."""
        uses: set[Ref] = set()
        self._uses = uses
        try:
            yield uses
        finally:
            self._uses = None

    @property
    def kinds(self) -> frozenset[str]:
        """Kinds of everything that was asked for in this pass."""
        chosen = {kind for it in self._chosen.values() for kind in it.choice.kinds}
        labelled = any(it.reach.asks_namespaces for it in self._chosen.values())
        own = {it.kind for it in self.asked}
        return frozenset({*own, *chosen, *([NAMESPACE.kind] if labelled else [])})

    def settle(self) -> None:
        """From now on nothing but what was asked in this pass wakes the parent."""
        self.world.choosers.settle(self.parent, self._chosen)
        self.world.fragments.settle(self.parent, self._chosen)
        forget_asked(self.world, self.parent, self.asked)

    def _of(self, kind: str) -> tuple[Chooser, ...]:
        """The choices of a kind in this pass."""
        return tuple(it for it in self._chosen.values() if kind in it.choice.kinds)

    def _granted(self, choosers: tuple[Chooser, ...]) -> _Granted:
        batches = (self.world.fragments.batch(self.parent, key_of(it.choice)) for it in choosers)
        refused = frozenset[Ref]().union(*(it.refused for it in batches))
        return _Granted(tuple(it.choice for it in choosers), refused)

    def _choosers(self, kind: str) -> tuple[Chooser, ...]:
        """The choices of a kind; as of the pass before, as long as this one has made none."""
        known = self.world.choosers.of(self.parent).values()
        return self._of(kind) or tuple(it for it in known if kind in it.choice.kinds)

    def _refuse_unseen(self, chooser: Chooser) -> None:
        if chooser.reach.is_empty:
            return
        kinds = {*chooser.choice.kinds, *(["Namespace"] if chooser.reach.asks_namespaces else [])}
        hidden = sorted(
            f"{kind}{f' in {namespace}' if namespace else ''}"
            for kind, namespace in self.world.unseen
            if kind in kinds
        )
        told = (it for it in sorted(self.world.lapses) if it.kind in kinds)
        failing = next((it for it in told if it.cause is Cause.FAILING), None)
        if hidden and failing:
            raise Unreadable(f"{chooser.choice.field}: {failing.words}")
        if hidden:
            words = f"the operator's right to list and watch {', '.join(hidden)} is missing"
            raise Forbidden(f"{chooser.choice.field}: {words}", status=403)

    def _refuse_lapsed(self, kind: str, namespace: str) -> None:
        if kind == self.parent.kind:
            return
        for lapse in sorted(self.world.lapses):
            if lapse.kind == kind and (not namespace or lapse.namespace in ("", namespace)):
                is_failing = lapse.cause is Cause.FAILING
                raise (Unreadable if is_failing else Forbidden)(lapse.words, status=403)

    def _ask(self, thing: Asked) -> None:
        self.asked.add(thing)
        self.world.askers.add(self.parent, thing)

    def _content(self, ref: Ref) -> Content | None:
        self._ask(ref)
        if self._uses is not None:
            self._uses.add(ref)
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
            with told_apart(self.world, ref):
                manifest = await self.client.get(BY_KIND[ref.kind], ref)
        except NotFound:
            # The informer is about to say so; until then this is what is known.
            self.world.contents.put_missing(ref, version or "")
        else:
            self.world.contents.put(ref, manifest)


def forget(world: World, parent: Ref) -> None:
    """Nothing wakes the parent any more, and nothing is kept for it."""
    world.choosers.settle(parent, ())
    world.fragments.settle(parent, ())
    forget_asked(world, parent, set())


def forget_asked(world: World, parent: Ref, but: set[Asked]) -> None:
    """Of what was asked just these things wake the parent; contents that nobody asks for go."""
    unasked = world.askers.settle(parent, but)
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
        known = world.typed[ref] = (seen, sound(manifest))
    return known[1]


def sound(manifest: Manifest) -> Parent | None:
    """The typed parent; None for one that is wrong, or about to go."""
    if "deletionTimestamp" in manifest["metadata"]:
        return None
    try:
        return parsed(manifest)
    except SpecInvalid:
        return None
