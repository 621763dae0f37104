"""Wiring: one informer for every collection that a pass reads, and whom its changes wake."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

from vmoperator.apply.client import Client
from vmoperator.apply.store import Store
from vmoperator.apply.world import World
from vmoperator.base.labels import MANAGED_BY, MANAGER
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import CHILDREN, ENDPOINT_SLICE, PARENTS, POD, Resource
from vmoperator.observe.facts import child, endpoint_slice, pod
from vmoperator.observe.parents import trimmed
from vmoperator.watch.informer import Informer

OURS: Final = f"{MANAGED_BY}={MANAGER}"
"""The label selector of everything that the operator writes, and of what follows from it."""


class Owned(Protocol):
    """Something that belongs to a parent, or to none that we know."""

    @property
    def parent(self) -> Ref | None:
        """Whom its changes wake."""


T = TypeVar("T", bound=Owned)


@dataclass(frozen=True, slots=True)
class Wiring:
    """Connects the API server to the world, and the world's changes to `wake`."""

    client: Client
    world: World
    wake: Callable[[Ref], None]

    def informers(self, namespaces: Sequence[str] = ()) -> list[Informer[Any]]:
        """One per resource and namespace; per resource for the whole cluster if none is named."""
        return [
            informer for namespace in namespaces or ("",) for informer in self._informers(namespace)
        ]

    def _informers(self, namespace: str) -> Iterator[Informer[Any]]:
        world = self.world
        for resource in CHILDREN:
            yield self._following(resource, world.children, child, namespace)
        yield self._following(POD, world.pods, pod, namespace)
        yield self._following(ENDPOINT_SLICE, world.slices, endpoint_slice, namespace)
        for resource in PARENTS:
            yield Informer(
                self.client,
                resource,
                store=world.parents,
                transform=trimmed,
                on_change=lambda ref, old, new: self.wake(ref),
                namespace=namespace,
            )

    def _following(
        self,
        resource: Resource,
        store: Store[T],
        transform: Callable[[Manifest], T],
        namespace: str,
    ) -> Informer[T]:
        return Informer(
            self.client,
            resource,
            store=store,
            transform=transform,
            on_change=self._wake_parents,
            selector=OURS,
            namespace=namespace,
        )

    def _wake_parents(self, ref: Ref, old: Owned | None, new: Owned | None) -> None:
        del ref
        for parent in {one.parent for one in (old, new) if one is not None}:
            if parent is not None:
                self.wake(parent)
