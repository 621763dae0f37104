"""Renewal: a StatefulSet is made anew around its pods, once it is known that the next one of that
name would be taken."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, field

from vmoperator.apply.children import Writer
from vmoperator.base.errors import Conflict, Forbidden, Invalid, NotFound, NotYet
from vmoperator.base.labels import LEFT_BY
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import POD, STATEFUL_SET
from vmoperator.observe.facts import Child, Pod
from vmoperator.observe.refusals import forbidden, is_of_rehearsals, refused_rehearsal
from vmoperator.observe.sending import rehearsed
from vmoperator.observe.verdict import Finding

log = logging.getLogger(__name__)

# The garbage collector takes a moment to let go of the pods of a StatefulSet.
_LOOKS, _LOOK_SECONDS = 25, 0.2
# A quota takes a moment to count what is gone.
_AGAIN_SECONDS = 5.0


@dataclass(slots=True)
class Renewal:
    """Makes StatefulSets of one parent anew during one pass."""

    writer: Writer
    findings: list[Finding]
    """What there is to say goes there."""
    _renewed: dict[Ref, frozenset[Ref]] = field(default_factory=dict, init=False)
    """StatefulSets that were deleted, and the pods that they left."""

    @property
    def again_seconds(self) -> float | None:
        """When to try again what was not taken after all: pods without a StatefulSet do not come
        back. None where there is nothing of the kind."""
        children = self.writer.world.children
        return _AGAIN_SECONDS if any(ref not in children for ref in self._renewed) else None

    async def make_way(self, manifest: Manifest, live: Child) -> None:
        """Delete the StatefulSet without its pods, which the next one of that name takes over.

        Nothing is deleted where the API server would not take the next one, which is told. Raises
        NotYet while the pods are not let go of, and ApiError for what time may mend.
        """
        if not await self._would_be_taken(manifest, live):
            return
        log.info(
            "making %s anew around its pods: its claim templates have changed",
            live.ref,
            extra={"ref": self.writer.parent},
        )
        client = self.writer.client
        await self._mark(live)
        try:
            await client.delete(STATEFUL_SET, live.ref, uid=live.uid, orphan=True)
        except NotFound:
            pass
        except Forbidden as error:
            self.findings.append(forbidden(error))
            return
        for _ in range(_LOOKS):
            if not await self._is_there(live):
                self.writer.world.children.remove(live.ref)
                self._renewed[live.ref] = frozenset(it.ref for it in self._pods_of(live))
                return
            await asyncio.sleep(_LOOK_SECONDS)
        raise NotYet(f"{live.ref} still lets go of its pods", after_seconds=1.0)

    async def adopted(self, ref: Ref) -> None:
        """Return once a StatefulSet that was made anew has taken its pods over, which takes the
        controllers a moment: until then it looks like a rollout, which it is not."""
        world = self.writer.world
        for _ in range(_LOOKS if ref in self._renewed else 0):
            live = world.children.get(ref)
            if live is None or not live.uid:
                return
            left = [it for it in map(world.pods.get, self._renewed[ref]) if it]
            seen = live.rollout is not None and live.rollout.observed
            if seen and all(it.owner_uid == live.uid for it in left):
                return
            await asyncio.sleep(_LOOK_SECONDS)

    async def _would_be_taken(self, manifest: Manifest, live: Child) -> bool:
        """Whether the API server would create the StatefulSet, asked by a dry run.

        It is asked under a name that nothing has: of an existing one it compares the claim
        templates, which cannot change. What tells of the dry run alone is no answer.
        """
        rehearsal = rehearsed(manifest, live)
        try:
            await self.writer.client.apply(rehearsal, dry_run=True)
        except (Invalid, Forbidden) as error:
            if is_of_rehearsals(str(error)):
                return True
            spare = rehearsal["metadata"]["name"]
            self.findings.append(refused_rehearsal(live.ref, spare, error))
            return False
        return True

    async def _mark(self, live: Child) -> None:
        """Have the pods say whose they are: nobody else knows while they have no owner."""
        marks = {LEFT_BY: self.writer.parent_uid}
        for one in self._pods_of(live):
            # Of another pod of that name the uid is no change that can be made: a conflict.
            patch = {"metadata": {"annotations": marks, "uid": one.uid}}
            with suppress(NotFound, Conflict, Forbidden, Invalid):
                await self.writer.client.patch(POD, one.ref, patch)

    async def _is_there(self, live: Child) -> bool:
        try:
            found = await self.writer.client.get(STATEFUL_SET, live.ref)
        except NotFound:
            return False
        return bool(found["metadata"]["uid"] == live.uid)

    def _pods_of(self, live: Child) -> list[Pod]:
        pods = self.writer.world.pods.by_index(self.writer.parent)
        is_old = ("", live.uid)  # before and after they were let go
        mine = (it for it in pods.values() if it.owner_uid in is_old)
        return [it for it in mine if it.ref.name.startswith(f"{live.ref.name}-")]
