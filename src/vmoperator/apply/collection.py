"""Collections: everything that passes read of the API server, and where what is kept of it goes."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.contents import Shelf, ours_or_foreign
from vmoperator.apply.store import Store
from vmoperator.apply.world import World
from vmoperator.base.labels import MANAGED_BY, MANAGER
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import (
    CHILDREN,
    ENDPOINT_SLICE,
    NAMESPACE,
    PARENTS,
    POD,
    PROMETHEUS,
    SELECTED,
    Resource,
)
from vmoperator.observe.facts import child, endpoint_slice, pod
from vmoperator.observe.objects import namespace, selectable
from vmoperator.observe.parents import trimmed

OURS: Final = f"{MANAGED_BY}={MANAGER}"
"""The label selector of everything that the operator writes, and of what follows from it."""


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects that are read together, and where what is kept of them goes."""

    resource: Resource
    store: Store[Any]
    facts: Callable[[Manifest], Any]
    namespace: str = ""
    selector: str = ""


def collections(
    world: World, namespaces: Sequence[str] = (), *, unread: Container[str] = ()
) -> list[Collection]:
    """Everything that passes read: of the whole cluster, or of some namespaces alone.

    `unread` are the kinds of objects on offer that are left alone.
    """
    # Whoever looks after some namespaces has no right to read what labels they have.
    found = [] if namespaces else [Collection(NAMESPACE, world.namespaces, namespace)]
    for name in namespaces or ("",):
        found.extend(_children(world, name))
        found.append(Collection(POD, world.pods, pod, name, OURS))
        found.append(Collection(ENDPOINT_SLICE, world.slices, endpoint_slice, name, OURS))
        found.extend(Collection(it, world.parents, trimmed, name) for it in PARENTS)
        offered = [it for it in (*SELECTED, *PROMETHEUS) if it.kind not in unread]
        found.extend(Collection(it, world.objects, selectable, name) for it in offered)
    return found


def _children(world: World, where: str) -> Iterator[Collection]:
    for resource in CHILDREN:
        if where and not resource.namespaced:
            continue  # whoever looks after some namespaces has no right to the whole cluster
        if resource.metadata_only:
            # Ours or not, for specs may name any.
            shelf = Shelf(world.children, world.foreign)
            yield Collection(resource, shelf, ours_or_foreign, where)
        else:
            yield Collection(resource, world.children, child, where, OURS)
