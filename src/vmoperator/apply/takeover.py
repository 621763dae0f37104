"""Takeover: objects that the Go operator keeps become ours, once it is seen to be gone."""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import dataclass, replace

from vmoperator.api.status import UpdateStatus
from vmoperator.apply.client import Client
from vmoperator.apply.clock import now, seconds_since
from vmoperator.apply.holding import Restraint
from vmoperator.apply.together import all_done
from vmoperator.apply.world import World
from vmoperator.base.errors import Conflict, Forbidden, NotFound
from vmoperator.base.labels import FORMER_FINALIZER, ROLLOUT
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BY_KIND, CLAIM
from vmoperator.observe.facts import Child, child
from vmoperator.observe.parents import trimmed
from vmoperator.observe.sending import sent
from vmoperator.observe.takeover import (
    LASTS,
    MISSING,
    MISSING_SECONDS,
    OBSERVING,
    TAKEN_OVER,
    WATCHED_SECONDS,
    YIELDING,
    Step,
    condition,
    converted,
    disowned,
    has_finalizer,
    is_kept_for_pods,
    is_made_by_others,
    is_of_others,
    is_unconverted,
    prefix,
    step,
    told,
    unfinalized,
)
from vmoperator.render.plan import Plan

log = logging.getLogger(__name__)

_LAST = ("Secret", "ConfigMap")
"""Kinds whose former content running pods may need: it goes after them."""


@dataclass(slots=True)
class Takeover:
    """Takes one parent over from the Go operator, or leaves it to that one while it runs."""

    client: Client
    world: World
    parent: Manifest

    async def wait_seconds(self) -> float | None:
        """None where the parent is ours; else when to look again, and nothing else may be done.

        Raises ApiError. Without the right to take the finalizer off nothing is taken over, which
        is told.
        """
        age = seconds_since(told(self.parent).get("lastTransitionTime", ""))
        found = step(self.parent, since_seconds=age)
        if found is Step.GO_ON:
            return None
        if found is Step.RELEASE:
            return await self._released()
        reason = YIELDING if found is Step.YIELD else OBSERVING
        if told(self.parent).get("reason") != reason:
            await self._tell(reason)
            return LASTS[reason]
        return max(1.0, LASTS[reason] - age)

    async def _released(self) -> float:
        # First of all it is told: that tells the next pass what a finalizer means that is there.
        is_first = told(self.parent).get("reason") != MISSING
        if is_first:
            await self._tell(OBSERVING)
        try:
            await self._take_finalizer_off(ref_of(self.parent))
        except Forbidden:
            if is_first:
                await self._tell(MISSING)
            return MISSING_SECONDS
        if not is_first:
            await self._tell(OBSERVING)
        return WATCHED_SECONDS

    async def let_go(self) -> float | None:
        """Let a parent go that is being deleted and waits for the former operator.

        None when nothing is left to do, else the seconds after which to look again.
        """
        if not has_finalizer(self.parent):
            return None
        age = seconds_since(self.parent["metadata"]["deletionTimestamp"])
        if age < WATCHED_SECONDS:
            return WATCHED_SECONDS - age
        if not (self.parent.get("spec") or {}).get("removePvcAfterDelete"):
            await all_done(map(self._disown, filter(_is_claim, self._children())))
        await all_done(map(self._delete, self._cluster_scoped()))
        await self._take_finalizer_off(ref_of(self.parent))
        return None

    async def adopt(self, wanted: Collection[Manifest]) -> None:
        """Make the children that the former operator wrote ours, but for what pods may yet read.

        Nothing changes but who owns their fields. `wanted` are the children of the plan: claims of
        StatefulSets are not among them, and have no owner afterwards.
        """
        children = [*self._children(), *self._cluster_scoped()]
        bound = [it.ref for it in children if FORMER_FINALIZER in it.finalizers]
        await all_done(map(self._take_finalizer_off, bound))
        planned = set(map(ref_of, wanted))
        lent = [it for it in children if _is_claim(it) and it.ref not in planned]
        await all_done(map(self._disown, lent))
        new = [it for it in children if it.ref in planned and it.ref.kind not in _LAST]
        await all_done(self._convert(it.ref) for it in new if is_unconverted(it))

    async def settled(self, plan: Plan, restraint: Restraint) -> Plan:
        """The plan as it goes out while pods of the former operator run; when none is left, what
        that one wrote into Secrets and ConfigMaps is taken out of them.

        Its pods cannot start without what it made for them, and no reload reaches them.
        """
        live = {ref_of(it.workload): it for it in plan.stages}
        former = {ref for ref in live if is_of_others(self.world.children.get(ref))}
        is_done = (self.parent.get("status") or {}).get("updateStatus") == UpdateStatus.OPERATIONAL
        if former or not is_done:
            restraint.kept |= {it.ref for it in self._children() if is_kept_for_pods(it)}
        else:
            await self._clear(plan.shared)
        if not former or not restraint.words:
            return plan
        restraint.words = f"{TAKEN_OVER}; {restraint.words}"
        stages = (
            replace(stage, config=None) if ref_of(stage.workload) in former else stage
            for stage in plan.stages
        )
        return replace(plan, stages=tuple(stages))

    async def _clear(self, wanted: Collection[Manifest]) -> None:
        for manifest in wanted:
            live = self.world.children.get(ref_of(manifest))
            is_last = live is not None and live.ref.kind in _LAST and bool(live.digest)
            if live is None or not is_last or not is_made_by_others(live):
                continue
            mine = await self._convert(live.ref)
            if mine:
                written = await self.client.apply(sent(manifest, mine))
                self.world.children.put_answer(live.ref, child(written))

    def _children(self) -> list[Child]:
        found = self.world.children.by_index(ref_of(self.parent)).values()
        uid = self.parent["metadata"]["uid"]
        return [it for it in found if it.owner_uid == uid and not it.deleting]

    def _cluster_scoped(self) -> list[Child]:
        """What carries no mark of ours, and is told by its labels and its name."""
        ref, mine = ref_of(self.parent), prefix(self.parent)
        found = self.world.children.by_index(Ref(ref.kind, "", ref.name)).values()
        return [it for it in found if it.ref.name.startswith(mine) and not it.is_marked]

    async def _tell(self, reason: str) -> None:
        """Write the condition and nothing else: the rest of the status is the other operator's."""
        told = condition(self.parent, reason, now=now())
        log.info("%s", told["message"], extra={"ref": ref_of(self.parent)})
        metadata = self.parent["metadata"]
        written = await self.client.apply_status(
            {
                "apiVersion": self.parent["apiVersion"],
                "kind": self.parent["kind"],
                "metadata": {key: metadata[key] for key in ("name", "namespace", "uid")},
                "status": {"conditions": [told]},
            }
        )
        self._note(written)

    async def _take_finalizer_off(self, ref: Ref) -> None:
        try:
            live = await self.client.get(BY_KIND[ref.kind], ref)
            if not has_finalizer(live):
                return
            log.info("taking %s off %s", FORMER_FINALIZER, ref, extra={"ref": ref_of(self.parent)})
            written = await self.client.patch(BY_KIND[ref.kind], ref, unfinalized(live))
        except NotFound:
            return
        if ref == ref_of(self.parent) and "deletionTimestamp" not in written["metadata"]:
            self._note(written)

    def _note(self, written: Manifest) -> None:
        self.parent = trimmed(written)
        self.world.parents.put_answer(ref_of(self.parent), self.parent)

    async def _convert(self, ref: Ref) -> Child | None:
        """The child with its maker's fields as ours; None where it is gone, or has no maker."""
        try:
            live = await self.client.get(BY_KIND[ref.kind], ref)
            asked = (self.parent["metadata"].get("annotations") or {}).get(ROLLOUT, "")
            patch = converted(live, rollout=asked)
            if patch is None:
                return None
            log.info("taking over %s", ref, extra={"ref": ref_of(self.parent)})
            written = await self.client.patch(BY_KIND[ref.kind], ref, patch, kind="json")
        except NotFound:
            return None
        found = child(written)
        self.world.children.put_answer(ref, found)
        return found

    async def _disown(self, claim: Child) -> None:
        """Take the owner reference to the parent off a claim, which is to outlive it."""
        try:
            live = await self.client.get(CLAIM, claim.ref)
            await self.client.patch(
                CLAIM, claim.ref, disowned(live, uid=self.parent["metadata"]["uid"])
            )
        except NotFound:
            return

    async def _delete(self, live: Child) -> None:
        try:
            await self.client.delete(BY_KIND[live.ref.kind], live.ref, uid=live.uid)
        except (NotFound, Conflict):
            return  # gone already, or made anew by somebody else


def _is_claim(live: Child) -> bool:
    return live.ref.kind == CLAIM.kind
