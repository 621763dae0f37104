"""Sweep: what a parent leaves behind that no garbage collector takes, because it has no owner."""

from __future__ import annotations

import logging
from contextlib import suppress

from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.errors import Conflict, NotFound
from vmoperator.base.labels import LEFT_BY
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND, POD
from vmoperator.observe.pods import Pod

log = logging.getLogger(__name__)


async def sweep(client: Client, world: World, parent: Ref) -> None:
    """Delete what carries the mark of a parent that is gone; nothing while it is there.

    Pods among it: those whose StatefulSet was to be made anew when the parent went. Costs no
    request where nothing is left. Raises ApiError, Forbidden among others: the next try comes by
    itself.
    """
    children = world.children.by_index(parent).values()
    left = [child for child in children if child.is_marked and not child.deleting]
    pods = world.pods.by_index(parent).values()
    alone = [pod for pod in pods if not pod.owner_uid and not pod.deleting]
    if not (left or alone) or await _is_there(client, parent):
        return
    for pod in alone:
        await _take(client, pod, parent)
    for child in left:
        log.info("deleting %s: %s is gone", child.ref, parent, extra={"ref": parent})
        try:
            await client.delete(BY_KIND[child.ref.kind], child.ref, uid=child.uid)
        except (NotFound, Conflict):
            continue  # gone already, or made anew by somebody else


async def _take(client: Client, pod: Pod, parent: Ref) -> None:
    """Delete the pod if it is one that we have left without an owner."""
    with suppress(NotFound, Conflict):
        metadata = (await client.get(POD, pod.ref))["metadata"]
        is_left = LEFT_BY in (metadata.get("annotations") or {})
        if is_left and not metadata.get("ownerReferences"):
            log.info("deleting %s: %s is gone", pod.ref, parent, extra={"ref": parent})
            await client.delete(POD, pod.ref, uid=metadata["uid"])


async def _is_there(client: Client, parent: Ref) -> bool:
    # What an informer shows may be older than what another one does.
    try:
        await client.get(BY_KIND[parent.kind], parent)
    except NotFound:
        return False
    return True
