"""Snapshot: the world as it stands at one moment, from lists, for whoever looks but once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.client import Client
from vmoperator.apply.contents import Shelf, ours_or_foreign
from vmoperator.apply.store import Store
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.labels import MANAGED_BY, MANAGER
from vmoperator.base.manifest import Manifest, ref_of
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

log = logging.getLogger(__name__)

_OURS: Final = f"{MANAGED_BY}={MANAGER}"


@dataclass(frozen=True, slots=True)
class Collection:
    """Objects that are listed, and where what is kept of them goes."""

    resource: Resource
    store: Store[Any]
    facts: Callable[[Manifest], Any]
    namespace: str = ""
    selector: str = ""


def collections(world: World, namespaces: Sequence[str] = ()) -> list[Collection]:
    """Everything that passes read: of the whole cluster, or of some namespaces alone."""
    # Whoever looks after some namespaces has no right to read what labels they have.
    found = [] if namespaces else [Collection(NAMESPACE, world.namespaces, namespace)]
    for name in namespaces or ("",):
        found.extend(_children(world, name))
        found.append(Collection(POD, world.pods, pod, name, _OURS))
        found.append(Collection(ENDPOINT_SLICE, world.slices, endpoint_slice, name, _OURS))
        found.extend(Collection(it, world.parents, trimmed, name) for it in PARENTS)
        offered = (*SELECTED, *PROMETHEUS)
        found.extend(Collection(it, world.objects, selectable, name) for it in offered)
    return found


async def snapshot(
    client: Client, namespaces: Sequence[str] = (), *, tell: Callable[[str], None]
) -> World:
    """The world, read once; `tell` is given one line for each thing that it goes without.

    Raises Forbidden, which names every right that is missing, and any other ApiError.
    """
    world = World()
    found = collections(world, namespaces)
    outcomes = await asyncio.gather(*(_fill(client, one) for one in found), return_exceptions=True)
    missing = []
    for one, outcome in zip(found, outcomes, strict=True):
        if isinstance(outcome, Forbidden) and _can_do_without(one.resource):
            world.unseen.add((one.resource.kind, one.namespace))
            tell(f"{outcome}: going on without {one.resource.plural}")
        elif isinstance(outcome, Forbidden):
            missing.append(str(outcome))
        elif isinstance(outcome, NotFound) and one.resource in PARENTS:
            tell(f"{one.resource.kind} is not installed (vmoperator crds | kubectl apply -f -)")
        elif isinstance(outcome, BaseException) and not _is_absent(one.resource, outcome):
            raise outcome
    if missing:
        raise Forbidden("\n".join(missing), status=403)
    return world


def _children(world: World, where: str) -> Iterator[Collection]:
    for resource in CHILDREN:
        if where and not resource.namespaced:
            continue
        if resource.metadata_only:
            # Ours or not, for specs may name any.
            shelf = Shelf(world.children, world.foreign)
            yield Collection(resource, shelf, ours_or_foreign, where)
        else:
            yield Collection(resource, world.children, child, where, _OURS)


async def _fill(client: Client, one: Collection) -> None:
    pages = client.list(one.resource, namespace=one.namespace, selector=one.selector)
    async for page in pages:
        for manifest in page.items:
            try:
                one.store.put(ref_of(manifest), one.facts(manifest))
            except (AttributeError, KeyError, TypeError, ValueError):
                # One object of a shape that nobody foresaw must not hide the others.
                log.warning("%s cannot be read and is left out", ref_of(manifest))


def _can_do_without(resource: Resource) -> bool:
    return resource.metadata_only or resource.is_optional


def _is_absent(resource: Resource, outcome: BaseException) -> bool:
    return resource.is_optional and isinstance(outcome, NotFound)
