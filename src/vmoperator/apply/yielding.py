"""Yielding: who else decides about replicas is told, and not fought with.

An autoscaler of the user's on a workload of ours writes its number every few seconds; whoever sets
it back as often has the pods come and go. A number that was set by hand is set back, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.draining import APP
from vmoperator.apply.tugs import Tugs
from vmoperator.apply.world import World
from vmoperator.base.errors import ApiError
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import HORIZONTAL_AUTOSCALER
from vmoperator.observe.guards import may_be_scaled_to
from vmoperator.observe.sending import is_autoscaled
from vmoperator.observe.verdict import Aspect, Remark
from vmoperator.observe.yielding import Undone, scaled_by_others
from vmoperator.render.plan import Plan, Stage

AGAIN_SECONDS: Final = 60.0
"""When to look whether the autoscaler is still there: its deletion wakes nobody."""


@dataclass(frozen=True, slots=True)
class Yielding:
    """Looks for those who scale the workloads of one parent during one pass."""

    client: Client
    world: World
    generation: int
    """Of the parent: with a new spec everybody has to say anew what they want."""
    annotations: Mapping[str, str] = field(default_factory=dict)
    """Those of the parent, in which it says what it allows."""
    remarks: list[Remark] = field(default_factory=list)

    async def settled(self, plan: Plan) -> Plan:
        """The plan without replicas where somebody else decides about them."""
        contested = {ref_of(stage.workload) for stage in plan.stages if self._is_contested(stage)}
        keepers = [stage for stage in plan.stages if stage.app == APP]
        targets = await self._targets(next(iter(contested)).namespace) if contested else {}
        owners = {ref: targets.get(ref) or self._insistent(ref) for ref in sorted(contested)}
        for stage in keepers:
            self._resist(stage, owners)
        told = {ref: owner for ref, owner in owners.items() if owner}
        undone = list(self._undone(it for it in keepers if ref_of(it.workload) not in told))
        if told or undone:
            words = scaled_by_others(told, undone)
            self.remarks.append(Remark(Aspect.SCALED_BY_OTHERS, *words))
        stages = [_without(it) if ref_of(it.workload) in told else it for it in plan.stages]
        return replace(plan, stages=tuple(stages))

    def _resist(self, stage: Stage, owners: dict[Ref, str]) -> None:
        """Take a workload that keeps samples out of those that others decide about, where they
        want fewer pods than the plan and its guards."""
        ref = ref_of(stage.workload)
        live, wanted = self.world.children.get(ref), stage.workload["spec"].get("replicas") or 0
        if ref not in owners or live is None or (live.replicas or 0) >= wanted:
            return
        if may_be_scaled_to(self.annotations, live.replicas):
            return
        if owner := owners.pop(ref):
            self._tugs(ref).resist(owner)

    def _undone(self, stages: Iterable[Stage]) -> Iterator[Undone]:
        """What is told of them: also between two times, or the condition would come and go."""
        for stage in stages:
            ref = ref_of(stage.workload)
            if ref in self.world.tugs and (by := self._tugs(ref).opponent):
                yield Undone(ref=ref, by=by, replicas=stage.workload["spec"].get("replicas") or 0)

    def _is_contested(self, stage: Stage) -> bool:
        live = self.world.children.get(ref_of(stage.workload))
        is_ours = is_autoscaled(stage.workload) or stage.is_paused
        return bool(live and live.is_scaled_by_others and not is_ours)

    async def _targets(self, namespace: str) -> Mapping[Ref, str]:
        """What the autoscalers of the namespace scale -> their names."""
        found: dict[Ref, str] = {}
        try:
            async for page in self.client.list(HORIZONTAL_AUTOSCALER, namespace=namespace):
                for scaler in page.items:
                    target = scaler["spec"]["scaleTargetRef"]
                    ref = Ref(target["kind"], namespace, target["name"])
                    name = scaler["metadata"]["name"]
                    found[ref] = f"{HORIZONTAL_AUTOSCALER.kind} {name}"
        except ApiError:
            return {}  # they are found by their insistence
        return found

    def _insistent(self, ref: Ref) -> str:
        """The manager that has set the replicas again and again; empty for one that has not."""
        live = self.world.children.get(ref)
        if live is None:
            return ""
        return live.scaler if self._tugs(ref).must_give_way(live.resource_version) else ""

    def _tugs(self, ref: Ref) -> Tugs:
        tugs = self.world.tugs.get(ref)
        if tugs is None or tugs.generation != self.generation:
            tugs = self.world.tugs[ref] = Tugs(self.generation)
        return tugs


def _without(stage: Stage) -> Stage:
    spec = {key: value for key, value in stage.workload["spec"].items() if key != "replicas"}
    return replace(stage, workload={**stage.workload, "spec": spec})
