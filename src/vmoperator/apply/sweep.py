"""Sweep: what a parent leaves behind that no garbage collector takes, because it has no owner."""

from __future__ import annotations

import logging

from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.errors import Conflict, NotFound
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND

log = logging.getLogger(__name__)


async def sweep(client: Client, world: World, parent: Ref) -> None:
    """Delete what carries the mark of a parent that is gone; nothing while it is there.

    Costs no request where nothing is left. Raises ApiError, Forbidden among others: the next try
    comes by itself.
    """
    children = world.children.by_index(parent).values()
    left = [child for child in children if child.is_marked and not child.deleting]
    if not left or await _is_there(client, parent):
        return
    for child in left:
        log.info("deleting %s: %s is gone", child.ref, parent, extra={"ref": parent})
        try:
            await client.delete(BY_KIND[child.ref.kind], child.ref, uid=child.uid)
        except (NotFound, Conflict):
            continue  # gone already, or made anew by somebody else


async def _is_there(client: Client, parent: Ref) -> bool:
    # What an informer shows may be older than what another one does.
    try:
        await client.get(BY_KIND[parent.kind], parent)
    except NotFound:
        return False
    return True
