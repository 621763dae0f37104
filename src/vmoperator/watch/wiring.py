"""Wiring: one informer for every collection that a pass reads, and whom its changes wake."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Protocol, TypeAlias

from vmoperator.apply.around import kinship
from vmoperator.apply.askers import Asked, Kin
from vmoperator.apply.client import Client
from vmoperator.apply.collection import Collection, collections
from vmoperator.apply.contents import Foreign
from vmoperator.apply.world import World
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import NAMESPACE, PARENTS, Resource
from vmoperator.observe.facts import Child
from vmoperator.observe.lapses import Cause, Lapse
from vmoperator.observe.objects import Namespace, Selectable
from vmoperator.watch.company import DENIED, Company, State
from vmoperator.watch.informer import Informer

_CAUSES: Final = {
    State.FORBIDDEN: Cause.FORBIDDEN,
    State.MISSING: Cause.ABSENT,
    State.FAILING: Cause.FAILING,
}
_UNSEEN: Final = (State.FORBIDDEN, State.FAILING)
_OnChange: TypeAlias = Callable[[Ref, Any, Any], None]
_OnState: TypeAlias = Callable[[Resource, str, State], None]


class Owned(Protocol):
    """Something that belongs to a parent, or to none that we know."""

    @property
    def parent(self) -> Ref | None:
        """Whom its changes wake."""


@dataclass(frozen=True, slots=True)
class Wiring:
    """Connects the API server to the world, and the world's changes to `wake`."""

    client: Client
    world: World
    wake: Callable[[Ref], None]
    on_object: Callable[[Ref], None] = lambda ref: None
    """Called for each change of an object that parents may select, or of its status."""
    company: Company = field(default_factory=Company)
    _seen: set[tuple[str, str]] = field(default_factory=set, init=False)
    """Selectable kinds, and where, that were listed once: what is known of them stays."""

    def informers(
        self, namespaces: Sequence[str] = (), *, unread: Container[str] = ()
    ) -> list[Informer[Any]]:
        """One per resource and namespace; per resource for the whole cluster if none is named.

        None for the kinds `unread`.
        """
        found = collections(self.world, namespaces, unread=unread)
        return [self._informer(one) for one in found]

    def _informer(self, one: Collection) -> Informer[Any]:
        on_change, on_state = self._hooks(one)
        return Informer(
            self.client,
            one.resource,
            store=one.store,
            transform=one.facts,
            on_change=on_change,
            on_state=partial(on_state, one.resource, one.namespace),
            selector=one.selector,
            namespace=one.namespace,
            company=self.company,
        )

    def _hooks(self, one: Collection) -> tuple[_OnChange, _OnState]:
        """Whom a change of one of these objects wakes, and what the state of their watch tells."""
        resource = one.resource
        if resource == NAMESPACE:
            return self._wake_regrouped, self._see_offer
        if one.store is self.world.objects:
            return self._wake_choosers, self._see_offer
        if resource.metadata_only:
            return self._wake_askers, self._survey
        if resource in PARENTS:
            return self._wake_kin, self._note
        return self._wake_parents, self._note

    def _see_offer(self, resource: Resource, where: str, state: State) -> None:
        what = (resource.kind, where)
        if state in (State.LIVE, State.MISSING):
            self._seen.add(what)
        if what not in self._seen or state not in _UNSEEN:
            self._see(what, state)
        self._note(resource, where, state)

    def _survey(self, resource: Resource, namespace: str, state: State) -> None:
        self._see((resource.kind, namespace), state)
        self._note(resource, namespace, state)

    def _note(self, resource: Resource, namespace: str, state: State) -> None:
        """Keep in mind what cannot be watched; whoever is concerned is to say so."""
        before = set(self.world.lapses)
        if state is State.LIVE or state in DENIED:
            of_any = (Lapse(resource.kind, namespace, cause) for cause in Cause)
            self.world.lapses.difference_update(of_any)
        may_be_absent = resource.is_optional or resource in PARENTS
        if state in DENIED and not (state is State.MISSING and may_be_absent):
            self.world.lapses.add(Lapse(resource.kind, namespace, _CAUSES[state]))
        if before != self.world.lapses:
            for parent in self.world.parents.all():
                if namespace in ("", parent.namespace):
                    self.wake(parent)

    def _see(self, what: tuple[str, str], state: State) -> None:
        if state in _UNSEEN:
            self.world.unseen.add(what)
        elif state in (State.LIVE, State.MISSING):
            self.world.unseen.discard(what)

    def _wake_parents(self, ref: Ref, old: Owned | None, new: Owned | None) -> None:
        for parent in {parent for one in (old, new) if one for parent in _parents(one)}:
            self.wake(parent)
        if getattr(old, "replicas", None) != getattr(new, "replicas", None):
            self._wake_all(ref)

    def _wake_askers(
        self, ref: Ref, old: Child | Foreign | None, new: Child | Foreign | None
    ) -> None:
        ours = (one if isinstance(one, Child) else None for one in (old, new))
        self._wake_parents(ref, *ours)
        self._wake_all(ref)

    def _wake_choosers(self, ref: Ref, old: Selectable | None, new: Selectable | None) -> None:
        self.on_object(ref)
        if old and old.is_like(new):
            return  # it is about the status alone
        for parent in self.world.choosers.concerned(old, new, self.world.namespaces):
            self.wake(parent)

    def _wake_regrouped(self, ref: Ref, old: Namespace | None, new: Namespace | None) -> None:
        objects = self.world.objects
        for chooser in self.world.choosers.regrouped(ref.name, old, new):
            if objects.has_any(chooser.choice.kinds, ref.name):
                self.wake(chooser.parent)

    def _wake_kin(self, ref: Ref, old: Manifest | None, new: Manifest | None) -> None:
        self.wake(ref)
        if new is None:
            self.world.typed.pop(ref, None)
        if kinship(old) != kinship(new):
            self._wake_all(Kin(ref.kind, ref.namespace), Kin(ref.kind, ""))

    def _wake_all(self, *things: Asked) -> None:
        for parent in {parent for thing in things for parent in self.world.askers.of(thing)}:
            self.wake(parent)


def _parents(one: Owned) -> Iterable[Ref]:
    if isinstance(one, Child):
        return one.parents
    return () if one.parent is None else (one.parent,)
