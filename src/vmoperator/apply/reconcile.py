"""One pass over one parent: the story of the operator."""

from __future__ import annotations

from dataclasses import dataclass, field

from vmoperator.api import parsed
from vmoperator.api.unsupported import unsupported
from vmoperator.apply.around import Surroundings, forget
from vmoperator.apply.children import Writer
from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.reports import Reporter
from vmoperator.apply.rollout import Roller
from vmoperator.apply.sights import sight
from vmoperator.apply.together import all_done
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, NamespaceTerminating, SpecInvalid
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.settings import Settings
from vmoperator.observe.facts import Child
from vmoperator.observe.rollout import Progress, Sight, has_names, progress
from vmoperator.observe.status import was_creating
from vmoperator.observe.verdict import Finding, Reason, verdict
from vmoperator.render import plan
from vmoperator.render.plan import Plan, Stage

# What a person mends outside the object (a right, a taken name) wakes nobody.
_MENDED_SECONDS = 60.0
# A pod that has no name after so long will not have one soon: volumes, quotas, admission.
_NAMES_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings parents in line, one pass at a time; a pass never waits for pods."""

    client: Client
    world: World
    settings: Settings

    async def reconcile(self, ref: Ref) -> float | None:
        """Read, render, apply what differs, prune, roll, report.

        Returns the seconds after which to look again, or None: the next event wakes it. Raises
        ApiError for what time may mend, and NotYet while others have to act first.
        """
        manifest = self.world.parents.get(ref)
        if manifest is None or "deletionTimestamp" in manifest["metadata"]:
            self._forget(ref)
            return None  # the garbage collector takes the children by their owner references
        if self.world.doomed.get(ref) == manifest["metadata"]["uid"]:
            return None
        around = Surroundings(self.client, self.world, ref)
        try:
            return await self._bring(manifest, around)
        except NamespaceTerminating:
            # Its objects go one by one, the parent not first: do not make anew what is deleted.
            self.world.doomed[ref] = manifest["metadata"]["uid"]
            return None
        finally:
            around.settle()

    def _forget(self, ref: Ref) -> None:
        self.world.doomed.pop(ref, None)
        forget(self.world, ref)

    async def _bring(self, manifest: Manifest, around: Surroundings) -> float | None:
        ref = ref_of(manifest)
        reporter = Reporter(self.client, self.world, manifest)
        try:
            parent = parsed(manifest)
            reporter.knows(unsupported=unsupported(parent))
            wanted = await around.answered(lambda: plan(parent, self.settings, around))
            reporter.knows(sizes=wanted.status)
        except (SpecInvalid, Forbidden) as error:
            reason = Reason.INVALID_SPEC if isinstance(error, SpecInvalid) else Reason.FORBIDDEN
            await reporter.report(verdict((), (Finding(reason=reason, message=str(error)),)))
            return None if isinstance(error, SpecInvalid) else _MENDED_SECONDS
        if parent.spec.paused:
            await reporter.report(verdict((), (), paused=True))
            return None
        writer = Writer(self.client, self.world, ref, manifest["metadata"]["uid"])
        return await _Pass(reporter, writer, Roller(self.client, ref), wanted).run()


@dataclass(slots=True)
class _Pass:
    """What one pass knows and does, once the spec is known to be sound."""

    reporter: Reporter
    writer: Writer
    roller: Roller
    plan: Plan
    creating: bool = False
    nameless: dict[str, float] = field(default_factory=dict)
    """Stages whose pods cannot be looked up yet, and for how many seconds that is waited for."""

    async def run(self) -> float | None:
        self.creating = self._is_creating()
        await self._announce()
        await all_done(self.writer.bring(manifest) for manifest in self.plan.shared)
        stages = await self._advance()
        await self.writer.prune(self.plan.manifests)
        findings = (*self.writer.findings, *self.roller.findings)
        await self.reporter.report(
            verdict(stages, findings, creating=self.creating, blocked=self.roller.blocked)
        )
        return _MENDED_SECONDS if findings else self._again_seconds

    @property
    def _again_seconds(self) -> float | None:
        wanted = filter(None, (self.roller.again_seconds, *self.nameless.values()))
        return min(wanted, default=None)

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
        changed = [self.writer.differs(stage.workload) for stage in self._active]
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
        waits = False
        for stage in self._active:
            held = self._is_held(stage, waits=waits)
            in_line = held or await self.writer.bring(stage.workload)
            seen = self._sight(stage, held=held)
            if not waits and _is_rolled_by_us(stage):
                await self.roller.roll(seen, max_unavailable=stage.max_unavailable)
            stages.append(progress(seen))
            waits = waits or stages[-1].rolling or not in_line
            self._note_names(seen)
        return tuple(stages)

    def _is_held(self, stage: Stage, *, waits: bool) -> bool:
        if self._live(stage) is None:
            return not self.nameless.keys().isdisjoint(stage.looks_up)
        return waits and self.writer.differs(stage.workload)

    def _note_names(self, seen: Sight) -> None:
        if has_names(seen):
            return
        age = seconds_since(seen.workload.created) if seen.workload else 0.0
        if age < _NAMES_SECONDS:
            self.nameless[seen.name] = _NAMES_SECONDS - age

    def _live(self, stage: Stage) -> Child | None:
        return self.writer.world.children.get(ref_of(stage.workload))

    def _sight(self, stage: Stage, *, held: bool) -> Sight:
        return sight(self.writer.world, self.writer.parent, stage, held=held)


def _is_rolled_by_us(stage: Stage) -> bool:
    strategy = stage.workload["spec"].get("updateStrategy") or {}
    return strategy.get("type") == "OnDelete"
