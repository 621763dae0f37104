"""Rehearsal: what a pass over a parent would do, from a pass that is given a dry client."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from vmoperator.api.status import UpdateStatus
from vmoperator.apply.build import UNKNOWN
from vmoperator.apply.dry_run import DryClient
from vmoperator.apply.passes import Pass
from vmoperator.apply.reconcile import Reconciler
from vmoperator.apply.reports import Reporter
from vmoperator.apply.sights import sight
from vmoperator.apply.world import World
from vmoperator.base import labels
from vmoperator.base.errors import ApiError, NotYet, Unavailable
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import POD
from vmoperator.base.settings import Settings
from vmoperator.observe.difference import differences
from vmoperator.observe.holding import Comparison
from vmoperator.observe.outlook import (
    Action,
    Fate,
    Outlook,
    Refusal,
    Restart,
    fate,
    removed,
    restart,
)
from vmoperator.observe.rollout import Sight
from vmoperator.observe.verdict import Aspect, Verdict
from vmoperator.render.plan import Plan, Stage

# What these say is about running pods, which a dry run does not look at.
_OF_PODS: Final = (Aspect.HIGHLY_AVAILABLE, Aspect.CONFIG_LOADED, Aspect.DISCOVERY_ALLOWED)
_IN_ORDER: Final = (Aspect.OBJECTS_SELECTED,)
"""Conditions that are worth no word while they are true."""

_HELD_BACK: Final = "HeldBack"
"""Reason of the condition that tells what the fates of the workloads tell in full."""
_HELD: Final = (
    "held back: its pods stay as they are until the spec or the annotation"
    f" {labels.ROLLOUT} changes"
)


@dataclass
class Script:
    """What one rehearsed pass was about, and what it said at its end."""

    plan: Plan | None = None
    sights: dict[str, Sight] = field(default_factory=dict)
    """Stages as they were before the pass."""
    reporter: Reporter | None = None
    verdict: Verdict | None = None


@dataclass
class _Reporter(Reporter):
    """Keeps what there is to say instead of writing it."""

    script: Script = field(default_factory=Script, kw_only=True)

    async def report(self, verdict: Verdict) -> None:
        """Keep the verdict; the last one counts."""
        self.script.reporter, self.script.verdict = self, verdict


@dataclass
class _Pass(Pass):
    """A pass in which no stage waits for another, for in a dry run none ever becomes ready."""

    script: Script = field(default_factory=Script, kw_only=True)

    async def run(self) -> float | None:
        """Go through the pass, having looked at everything before."""
        self.script.plan = self.plan
        self.script.sights = {
            stage.name: self._sight(stage, held=False) for stage in self.plan.stages
        }
        return await super().run()

    def _is_held(self, stage: Stage, *, waits: bool) -> bool:
        return False

    async def _inquired(self, stage: Stage, *, held: bool) -> Sight:
        return sight(self.writer.world, self.writer.parent, stage, held=held)


@dataclass(slots=True)
class Rehearsal:
    """Goes through the passes over a world that is never written."""

    client: DryClient
    world: World
    settings: Settings
    build: str = UNKNOWN
    """Name of the operator that is rehearsed, see `build.build`."""

    async def outlook(self, ref: Ref, own: Fate | None = None) -> Outlook:
        """What would become of a parent; `own` is what a file makes of the parent itself.

        Raises Unavailable when the API server does not answer; any other error is a refusal.
        """
        self.client.transport.begin()
        parent, manifest = own or Fate(ref=ref, action=Action.NONE), self.world.parents.get(ref)
        if manifest is not None and "deletionTimestamp" in manifest["metadata"]:
            return Outlook(parent=parent, notes=("it is being deleted, with its children",))
        script, errors = Script(), list[Refusal]()
        try:
            await self._reconciler(script).reconcile(ref)
        except Unavailable:
            raise
        except (ApiError, NotYet) as error:
            errors.append(Refusal(reason=type(error).__name__, message=str(error)))
        fates = self._fates(script)
        return Outlook(
            parent=parent,
            children=(*fates, *self._held(ref)),
            restarts=tuple(_restarts(script, fates)),
            removed=self._removed(),
            refusals=(*_refusals(script), *errors),
            notes=tuple(_notes(script)) if manifest else (f"{ref} is gone",),
        )

    def _reconciler(self, script: Script) -> Reconciler:
        return Reconciler(
            self.client,
            self.world,
            self.settings,
            build=self.build,
            passes=partial(_Pass, script=script),
            reporters=partial(_Reporter, script=script),
            takes_over=False,
        )

    def _fates(self, script: Script) -> tuple[Fate, ...]:
        """In the order of the plan, whichever request was answered first; deletions come last."""
        made = (
            fate(it.ref, it.before, it.after, is_renewed=it.is_renewed)
            for it in self.client.transport.writes
            if it.ref.kind != POD.kind  # marks that pods get while they have no owner
        )
        manifests = script.plan.manifests if script.plan else ()
        places = {ref_of(manifest): place for place, manifest in enumerate(manifests)}
        wanted = [it for it in made if it.action is not Action.NONE]
        return tuple(sorted(wanted, key=lambda it: (places.get(it.ref, len(places)), it.ref)))

    def _held(self, ref: Ref) -> tuple[Fate, ...]:
        """The workloads whose pod template is held back; what else changes of them goes out."""
        pending = self.world.held.get(ref, {})
        return tuple(_hold(workload, found) for workload, found in pending.items())

    def _removed(self) -> tuple[str, ...]:
        writes = self.client.transport.writes
        return tuple(name for it in writes for name in removed(it.after, it.before))


def _hold(ref: Ref, found: Comparison) -> Fate:
    templates = (found.templates.live, found.templates.rendered)
    told = differences(*({"spec": {"template": it}} for it in templates))
    return Fate(ref=ref, action=Action.HOLD, differences=told, words=_HELD)


def _restarts(script: Script, fates: tuple[Fate, ...]) -> Iterator[Restart]:
    by_ref = {it.ref: it for it in fates}
    for stage in script.plan.stages if script.plan else ():
        ref = ref_of(stage.workload)
        its = by_ref.get(ref) or Fate(ref=ref, action=Action.NONE)
        seen, spec = script.sights[stage.name], stage.workload["spec"]
        found = restart(seen, its, spec, at_once=stage.max_unavailable)
        if found is not None and not stage.is_paused:
            yield found


def _refusals(script: Script) -> Iterator[Refusal]:
    told = script.verdict
    if told is not None and told.needs_help:
        yield Refusal(reason=told.reason, message=told.message)


def _notes(script: Script) -> Iterator[str]:
    told, reporter = script.verdict, script.reporter
    if reporter is None or told is None:
        return
    if told.status is UpdateStatus.PAUSED:
        yield told.message
    yield from (f"{it} does not act yet" for it in reporter.beside.unsupported)
    for remark in reporter.beside.remarks or ():
        is_in_order = remark.type in _IN_ORDER and remark.status == "True"
        if remark.type in _OF_PODS or is_in_order or remark.reason == _HELD_BACK:
            continue
        yield f"{remark.type} {remark.status} ({remark.reason}): {remark.message}"
