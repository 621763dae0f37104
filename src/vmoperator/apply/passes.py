"""Pass: the children of one sound parent are brought in line, rolled, and reported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial

from vmoperator.api.status import UpdateStatus
from vmoperator.apply.aftercare import Aftercare
from vmoperator.apply.children import Writer
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.guarded import Outcome
from vmoperator.apply.holding import Restraint
from vmoperator.apply.reports import Reporter
from vmoperator.apply.rollout import Roller
from vmoperator.apply.self_scrapes import keep_self_scrapes, self_scrapes
from vmoperator.apply.sights import inquire, sight
from vmoperator.apply.storage import Storage
from vmoperator.apply.turns import Turns, turns
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.base.resource import DEPLOYMENT, SERVICE
from vmoperator.observe.facts import Child
from vmoperator.observe.holding import is_template_apart
from vmoperator.observe.rollout import Progress, Sight, has_names, progress
from vmoperator.observe.status import unready_since, was_creating
from vmoperator.observe.verdict import pending, verdict
from vmoperator.render.plan import Plan, Stage

MENDED_SECONDS = 60.0
"""When to look again for what a person mends outside the object (a right, a taken name), which
wakes nobody."""
# A new object whose pods are asked for has its turn again after those that have none yet.
_REST_SECONDS = 0.001
# A pod that has no name after so long will not have one soon: volumes, quotas, admission.
_NAMES_SECONDS = 30.0
# What is not complete is looked at again even if no event comes: soon at first, then less often.
_SECOND_LOOK_SECONDS = (5.0, 60.0)


@dataclass(slots=True)
class Pass:
    """What one pass knows and does, once the spec is known to be sound."""

    reporter: Reporter
    writer: Writer
    roller: Roller
    plan: Plan
    aftercare: Aftercare
    restraint: Restraint = field(default_factory=Restraint)
    guard: Outcome = field(default_factory=Outcome)
    creating: bool = False
    nameless: dict[str, float] = field(default_factory=dict)
    """Stages whose pods cannot be looked up yet, and for how many seconds that is waited for."""
    storage: Storage = field(init=False)

    def __post_init__(self) -> None:
        metadata = self.reporter.parent["metadata"]
        self.storage = Storage(self.writer, metadata.get("annotations") or {})

    async def run(self) -> float | None:
        """Bring everything in line; the seconds after which to look again, or None."""
        self.creating = self._is_creating()
        is_first = not self.reporter.previous
        if is_first:
            self.reporter.knows(remarks=(self.aftercare.available({}, is_operational=False),))
        await self._announce()
        shared = await self.storage.sized(self.plan.shared)
        later = self._later(shared) if is_first else ()
        await self.writer.bring_all(it for it in shared if it not in later)
        await self.aftercare.deliver(self.writer, self.reporter.previous)
        stages = await self._advance()
        if later:
            return _REST_SECONDS
        kept = self.restraint.kept | self.guard.spared | self_scrapes(self.writer)
        await self.writer.prune(self.plan.manifests, kept=kept)
        await keep_self_scrapes(self.writer, self.plan.scrapes)
        claims = await self.storage.remarks(self.reporter.previous)
        findings = (*self.writer.findings, *self.roller.findings, *self.storage.findings)
        seen = verdict(stages, findings, creating=self.creating, blocked=self.roller.blocked)
        told = self.guard.told(seen)
        previous, is_operational = self.reporter.previous, told.status is UpdateStatus.OPERATIONAL
        cared = await self.aftercare.remarks(previous)
        available = self.aftercare.available(previous, is_operational=is_operational)
        selected = self.aftercare.selected(previous)
        told_beside = (*claims, available, *selected, *cared, *self.writer.remarks)
        told_beside = (*told_beside, *pending(stages, held=self.restraint.words))
        told_beside = (*told_beside, *self.guard.remarks)
        self.reporter.knows(remarks=told_beside)
        await self.reporter.report(told)
        return self._again_seconds(told.status, is_odd=bool(findings or self.writer.missing))

    def _later(self, shared: Iterable[Manifest]) -> tuple[Manifest, ...]:
        """The Services of new Deployments: pods take longer to start, nobody has looked them up
        yet, and the API server makes thirty in a second however many are asked for."""
        is_told = bool(self.reporter.previous)  # else the next pass would be a first one again
        kinds = {stage.workload["kind"] for stage in self.plan.stages}
        if not is_told or kinds != {DEPLOYMENT.kind}:
            return ()
        return tuple(it for it in shared if it["kind"] == SERVICE.kind)

    def _again_seconds(self, told: UpdateStatus, *, is_odd: bool) -> float | None:
        wanted = [
            self.roller.again_seconds,
            self.aftercare.again_seconds,
            self.storage.again_seconds,
            self.guard.again_seconds,
            *self.nameless.values(),
            MENDED_SECONDS if is_odd else None,
            self._second_look_seconds() if told is UpdateStatus.EXPANDING else None,
        ]
        return min(filter(None, wanted), default=None)

    def _second_look_seconds(self) -> float:
        least, most = _SECOND_LOOK_SECONDS
        return min(most, max(least, self._unready_seconds() / 4))

    def _unready_seconds(self) -> float:
        return seconds_since(unready_since(self.reporter.previous))

    @property
    def _active(self) -> tuple[Stage, ...]:
        """The stages to work on; a paused component is left alone, and nothing waits for it."""
        return tuple(stage for stage in self.plan.stages if not stage.is_paused)

    def _is_creating(self) -> bool:
        # Those of a former parent of that name are about to go.
        own = ("", self.writer.parent_uid)
        live = filter(None, map(self._live, self.plan.stages))
        return was_creating(self.reporter.previous) or not any(it.owner_uid in own for it in live)

    async def _announce(self) -> None:
        """Say `expanding` before any pod is touched: a status must not be true by accident."""
        # What is refused or held back differs in every pass, and the report at the end knows more.
        if self.reporter.says_unfinished:
            return
        changed = [self._rolls(stage) for stage in self._active]
        if any(changed):
            stages = tuple(
                progress(self._sight(stage, held=differs))
                for stage, differs in zip(self._active, changed, strict=True)
            )
            await self.reporter.report(verdict(stages, (), creating=self.creating))

    async def _advance(self) -> tuple[Progress, ...]:
        """Bring the workloads in line, each change after the stage before has finished its own.

        What does not exist yet waits for less: for the names that it looks up, while they are new.
        """
        stages: list[Progress] = []
        waits, turns = False, self._turns()
        for stage in self._active:
            waits_now = (waits and stage.waits) or turns.must_wait(stage)
            held = self._is_held(stage, waits=waits_now)
            in_line = held or await self._bring(stage)
            seen = await self._inquired(stage, held=held)
            if not waits_now:
                await self.roller.roll(seen, stage)
            self.roller.explain(seen)
            stages.append(progress(seen))
            turns.note(stage, is_complete=stages[-1].complete)
            await self._lead(stage, is_complete=stages[-1].complete)
            waits = waits or stages[-1].rolling or not in_line
            self._note_names(seen)
        return tuple(stages)

    def _turns(self) -> Turns:
        known = self.writer.world.children.by_index(self.writer.parent)
        wanted = {ref_of(stage.workload) for stage in self.plan.stages}
        kinds = {ref.kind for ref in wanted}
        surplus = any(ref.kind in kinds and ref not in wanted for ref in known)
        look = partial(self._sight, held=False)
        return turns(self.plan.stages, look, is_resharded=surplus)

    async def _bring(self, stage: Stage) -> bool:
        replicas = await self.storage.prepare(stage)
        is_in_line = await self.writer.bring(stage.workload, first_replicas=replicas)
        await self.storage.adopted(ref_of(stage.workload))
        return is_in_line

    async def _lead(self, stage: Stage, *, is_complete: bool) -> None:
        """Let Services lead to the stage's pods, once these serve; a new one at once."""
        known = self.writer.world.children
        ready = (it for it in stage.fronts if is_complete or known.get(ref_of(it)) is None)
        await self.writer.bring_all(ready)

    async def _inquired(self, stage: Stage, *, held: bool) -> Sight:
        """The sight of a stage, with the reasons of what hangs where nothing else tells them."""
        seen, since = self._sight(stage, held=held), unready_since(self.reporter.previous)
        if await inquire(self.writer.client, self.writer.world, seen, since=since):
            return self._sight(stage, held=held)
        return seen

    def _is_held(self, stage: Stage, *, waits: bool) -> bool:
        if self._live(stage) is None:
            return not self.nameless.keys().isdisjoint(stage.looks_up)
        return waits and self._rolls(stage)

    def _rolls(self, stage: Stage) -> bool:
        """Whether a write is due that may touch pods: not one of what stands beside a template."""
        if not self.writer.differs(stage.workload):
            return False
        is_quiet = ref_of(stage.workload) in self.restraint.quiet
        live = self._live(stage)
        return not is_quiet or live is None or is_template_apart(stage.workload, live)

    def _note_names(self, seen: Sight) -> None:
        is_looked_up = any(seen.name in stage.looks_up for stage in self.plan.stages)
        if not is_looked_up or has_names(seen):
            return
        age = seconds_since(seen.workload.created) if seen.workload else 0.0
        if age < _NAMES_SECONDS:
            self.nameless[seen.name] = _NAMES_SECONDS - age

    def _live(self, stage: Stage) -> Child | None:
        return self.writer.world.children.get(ref_of(stage.workload))

    def _sight(self, stage: Stage, *, held: bool) -> Sight:
        return sight(self.writer.world, self.writer.parent, stage, held=held)
