"""Holding back: what of a plan goes out now, and what waits because only the operator is new."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.guarded import Outcome
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, Invalid, NotFound
from vmoperator.base.manifest import Manifest, Ref, digest, ref_of
from vmoperator.base.resource import BY_KIND
from vmoperator.observe.database import KEEPERS
from vmoperator.observe.difference import differences, words
from vmoperator.observe.facts import Child
from vmoperator.observe.holding import Comparison, Standing, held, mark, pending_words, standing
from vmoperator.observe.origins import Origin, inputs, rollout, with_origin
from vmoperator.observe.remains import Held, is_foreseen, is_kept, keeping, reads_ahead
from vmoperator.observe.sending import is_autoscaled, sent
from vmoperator.render.plan import Plan, Stage

log = logging.getLogger(__name__)

_TOLD: Final = 6
"""Differences of one workload that are told; `vmoperator plan` shows them all."""


@dataclass(slots=True)
class Restraint:
    """What is held back of a plan, and what there is to say and to do about that."""

    words: str = ""
    """What waits, and how to send it out; empty where nothing does."""
    kept: set[Ref] = field(default_factory=set)
    """Children that the plan does not name and that pods of an earlier build may use."""
    quiet: set[Ref] = field(default_factory=set)
    """Workloads that a write gives other annotations at most: none of their pods is touched."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Holds back, for one parent in one pass, what differs only because the operator is new."""

    client: Client
    world: World
    parent: Manifest
    build: str
    guard: Outcome = field(default_factory=Outcome)

    async def restrained(self, plan: Plan) -> tuple[Plan, Restraint]:
        """The plan as it goes out now. Raises ApiError for what time may mend."""
        result, pending = Restraint(), dict[Ref, Comparison]()
        stages = []
        for stage in plan.stages:
            kept = self.guard.kept if stage.app in KEEPERS else ()
            asked = inputs(self.parent, self._replicas(stage, plan), kept)
            stages.append(await self._settled(stage, asked, result, pending))
        self._remember(pending)
        plan = replace(plan, stages=tuple(stages))
        if pending:
            plan = self._keeping(plan, result, [one.templates for one in pending.values()])
            told = {ref.name: one.words for ref, one in pending.items()}
            result.words = pending_words(told, parent=ref_of(self.parent), build=self.build)
        return plan, result

    async def _settled(
        self, stage: Stage, asked: str, result: Restraint, pending: dict[Ref, Comparison]
    ) -> Stage:
        if stage.is_paused:
            return stage
        ref = ref_of(stage.workload)
        live = self._live(ref)
        wanted = Origin(
            inputs=asked,
            build=self.build,
            template=digest(stage.workload["spec"]["template"]),
            rollout=rollout(self.parent, live.origin if live else Origin()),
        )
        full = with_origin(stage.workload, wanted)
        is_same = live is not None and live.origin.template == wanted.template
        if live is not None and standing(live, wanted) is not Standing.GOES_OUT:
            found = await self._compared(full, live, wanted)
            if not found.is_same:
                pending[ref] = found
                result.quiet.add(ref)
                return replace(stage, workload=held(stage.workload, live, wanted))
            is_same = True
        if live is not None and is_same and _keeps_size(full, live):
            result.quiet.add(ref)
        return replace(stage, workload=full)

    def _live(self, ref: Ref) -> Child | None:
        """The workload as it runs; None for one that goes, with its former parent or by itself."""
        live = self.world.children.get(ref)
        own = ("", self.parent["metadata"]["uid"])
        return live if live and not live.deleting and live.owner_uid in own else None

    def _replicas(self, stage: Stage, plan: Plan) -> dict[str, int]:
        """How many pods there are of the stages that this one names in its template."""
        named = [other for other in plan.stages if other.name in stage.looks_up]
        found = {}
        for other in named:
            live = self.world.children.get(ref_of(other.workload))
            given = other.workload["spec"].get("replicas", live.replicas if live else None)
            found[other.name] = int(given or 0) - self.guard.left_out.get(stage.app, 0)
        return found

    async def _compared(self, full: Manifest, live: Child, wanted: Origin) -> Comparison:
        """The live pod template beside the one that this build wants, asked for once."""
        key = f"{live.uid}/{live.origin.template}/{mark(live, wanted)}"
        known = self.world.held.get(ref_of(self.parent), {}).get(live.ref)
        if known is not None and known.key == key:
            return known
        found = await self._asked(key, full, live)
        if not found.is_same:
            extra = {"ref": ref_of(self.parent)}
            log.info("%s: its pods stay as they are: %s", live.ref, found.words, extra=extra)
        return found

    async def _asked(self, key: str, full: Manifest, live: Child) -> Comparison:
        rendered = full["spec"]["template"]
        try:
            before = (await self.client.get(BY_KIND[live.ref.kind], live.ref))["spec"]["template"]
        except NotFound:
            return Comparison(key=key, is_same=True, templates=Held(rendered, rendered))
        try:
            answer = await self.client.apply(sent(full, live), dry_run=True)
        except (Invalid, Forbidden) as error:
            templates = Held(before, rendered)
            return Comparison(key=key, is_same=False, templates=templates, words=str(error))
        after = answer["spec"]["template"]
        found = differences({"spec": {"template": before}}, {"spec": {"template": after}})
        return Comparison(
            key=key,
            is_same=not found,
            templates=Held(before, after),
            words=words(found, _TOLD),
        )

    def _remember(self, pending: dict[Ref, Comparison]) -> None:
        parent = ref_of(self.parent)
        if pending:
            self.world.held[parent] = pending
        else:
            self.world.held.pop(parent, None)

    def _keeping(self, plan: Plan, result: Restraint, templates: Sequence[Held]) -> Plan:
        """The plan that leaves to pods of an earlier build what they live on."""
        children = self.world.children
        stages = tuple(self._with_fronts(stage, result, templates) for stage in plan.stages)
        ahead = {
            stage.config.secret
            for stage in stages
            if stage.config and reads_ahead(stage.config.files.values(), templates)
        }
        shared = [
            keeping(manifest, children.get(ref_of(manifest)), templates)
            for manifest in self._understood(plan.shared, result, templates)
            if not (manifest["kind"] == "Secret" and self._stays(manifest, ahead, result))
        ]
        stages = tuple(
            replace(stage, config=None) if stage.config and stage.config.secret in ahead else stage
            for stage in stages
        )
        own = children.by_index(ref_of(self.parent))
        result.kept |= {ref for ref, live in own.items() if is_kept(live, templates)}
        return replace(plan, stages=stages, shared=tuple(shared))

    def _with_fronts(self, stage: Stage, result: Restraint, templates: Sequence[Held]) -> Stage:
        return replace(stage, fronts=tuple(self._understood(stage.fronts, result, templates)))

    def _understood(
        self, manifests: Iterable[Manifest], result: Restraint, templates: Sequence[Held]
    ) -> Iterable[Manifest]:
        """Without the Services that ask for ports which only the new pods would have."""
        for manifest in manifests:
            is_service = manifest["kind"] == "Service"
            ref = ref_of(manifest)
            if is_service and ref in self.world.children and is_foreseen(manifest, templates):
                result.kept.add(ref)
            else:
                yield manifest

    def _stays(self, secret: Manifest, ahead: set[str], result: Restraint) -> bool:
        ref = ref_of(secret)
        stays = ref.name in ahead and ref in self.world.children
        if stays:
            result.kept.add(ref)
        return stays


def _keeps_size(workload: Manifest, live: Child) -> bool:
    is_free = is_autoscaled(workload) or workload["kind"] == "DaemonSet"
    return is_free or workload["spec"]["replicas"] == live.replicas
