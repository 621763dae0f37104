"""Snapshot: the world as it stands at one moment, from lists, for whoever looks but once."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Container, Sequence

from vmoperator.apply.client import Client
from vmoperator.apply.collection import Collection, collections
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.manifest import ref_of
from vmoperator.base.resource import PARENTS, Resource

log = logging.getLogger(__name__)


async def snapshot(
    client: Client,
    namespaces: Sequence[str] = (),
    *,
    unread: Container[str] = (),
    tell: Callable[[str], None],
) -> World:
    """The world, read once, without the kinds `unread`; `tell` is given one line for each thing
    that it goes without.

    Raises Forbidden, which names every right that is missing, and any other ApiError.
    """
    world = World()
    found = collections(world, namespaces, unread=unread)
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
