"""One pass over one parent: the story of the operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vmoperator.api import parsed
from vmoperator.api.parent import Parent
from vmoperator.api.unsupported import unsupported
from vmoperator.apply.aftercare import Aftercare, Aides
from vmoperator.apply.announcements import Announcements, Herald
from vmoperator.apply.around import Surroundings, forget
from vmoperator.apply.build import UNKNOWN
from vmoperator.apply.children import Writer
from vmoperator.apply.client import Client
from vmoperator.apply.clock import now
from vmoperator.apply.guarded import Guarded, Live
from vmoperator.apply.guards import guarded
from vmoperator.apply.holding import Holder
from vmoperator.apply.object_reports import ObjectReports
from vmoperator.apply.passes import MENDED_SECONDS, Pass
from vmoperator.apply.reports import Reporter
from vmoperator.apply.rollout import Roller
from vmoperator.apply.sweep import sweep
from vmoperator.apply.takeover import Takeover
from vmoperator.apply.world import World
from vmoperator.apply.yielding import AGAIN_SECONDS, Yielding
from vmoperator.base.errors import Forbidden, NamespaceTerminating, SpecInvalid, Unreadable
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.settings import Settings
from vmoperator.observe.lapses import blindness, held_still
from vmoperator.observe.verdict import Finding, Reason, verdict
from vmoperator.render import plan


@dataclass(frozen=True, slots=True)
class Reconciler:
    """Brings parents in line, one pass at a time; a pass never waits for pods."""

    client: Client
    world: World
    settings: Settings
    aides: Aides | None = None
    """None: running pods are not looked after."""
    objects: ObjectReports | None = None
    """None: objects that parents select are told nothing."""
    takes_over: bool = True
    """False: whoever only wants to know does not wait for another operator to be gone."""
    announcements: Announcements | None = None
    """None: no Events are written."""
    passes: Callable[..., Pass] = Pass
    reporters: Callable[..., Reporter] = Reporter
    """Whoever only wants to know what a pass would do has others in their place."""
    clock: Callable[[], str] = now
    """The time, RFC 3339."""

    build: str = UNKNOWN
    """Name of this very operator: what another one rendered is not sent again for that alone."""

    async def reconcile(self, ref: Ref) -> float | None:
        """Read, render, apply what differs, prune, roll, report.

        Returns the seconds after which to look again, or None: the next event wakes it. Raises
        ApiError for what time may mend, and NotYet while others have to act first.
        """
        manifest = self.world.parents.get(ref)
        if manifest is None:
            self._forget(ref)
            await sweep(self.client, self.world, ref)
            return None
        if "deletionTimestamp" in manifest["metadata"]:
            # The garbage collector takes the children by their owner references.
            self._forget(ref)
            return await Takeover(self.client, self.world, manifest).let_go()
        if self.world.doomed.get(ref) == manifest["metadata"]["uid"]:
            return None
        takeover = Takeover(self.client, self.world, manifest)
        waits = await self._waits(takeover)
        if waits is not None:
            return waits
        around = Surroundings(self.client, self.world, ref, bool(self.settings.namespaces))
        try:
            again = await self._bring(takeover.parent, around)
            return min(again or MENDED_SECONDS, MENDED_SECONDS) if around.unwatched else again
        except NamespaceTerminating:
            # Its objects go one by one, the parent not first: do not make anew what is deleted.
            self.world.doomed[ref] = manifest["metadata"]["uid"]
            return None
        finally:
            around.settle()

    def _forget(self, ref: Ref) -> None:
        self.world.doomed.pop(ref, None)
        self.world.held.pop(ref, None)
        self.world.denials.forget(ref)
        forget(self.world, ref)
        if self.announcements:
            self.announcements.forget(ref)
        if self.aides:
            self.aides.deliveries.deliver(ref, {})
        if self.objects:
            self.objects.forget(ref)

    async def _bring(self, manifest: Manifest, around: Surroundings) -> float | None:
        ref = ref_of(manifest)
        reporter = self.reporters(self.client, self.world, manifest)
        herald = Herald(manifest, self.announcements)
        reporter.announce = herald.tell
        try:
            parent = parsed(manifest)
            reporter.knows(unsupported=unsupported(parent))
            guard = await around.answered(lambda: self._guarded(parent, around))
            parent, wanted = guard.parent, guard.plan
            reporter.knows(sizes=wanted.status)
        except (SpecInvalid, Forbidden) as error:
            self._skip(ref)
            await reporter.report(verdict((), (_finding(error),)))
            return None if isinstance(error, SpecInvalid) else MENDED_SECONDS
        if parent.spec.paused:
            self._skip(ref)
            await reporter.report(verdict((), (), paused=True))
            return None
        lapses = self.world.lapses_in(ref.namespace)
        still = held_still(lapses, {it.workload["kind"] for it in wanted.stages})
        if still:
            self._skip(ref)
            await reporter.report(verdict((), still))
            return MENDED_SECONDS
        return await self._settle(reporter, herald, guard, around)

    async def _settle(
        self, reporter: Reporter, herald: Herald, guard: Guarded, around: Surroundings
    ) -> float | None:
        """The pass itself, over a sound parent all of whose children are seen."""
        manifest, wanted = reporter.parent, guard.plan
        ref = ref_of(manifest)
        takeover = Takeover(self.client, self.world, manifest)
        await takeover.adopt(wanted.manifests)
        writer = Writer(self.client, self.world, ref, manifest["metadata"]["uid"])
        writer.announce = herald.tell
        writer.findings.extend(blindness(self.world.lapses_in(ref.namespace)))
        holder = Holder(self.client, self.world, manifest, self.build, guard)
        wanted, held = await holder.restrained(wanted)
        wanted = await takeover.settled(wanted, held)
        generation, allowed = manifest["metadata"].get("generation", 0), guard.annotations
        yielding = Yielding(self.client, self.world, generation, allowed)
        wanted = await yielding.settled(wanted)
        guard = guard.with_remarks(yielding.remarks, again_seconds=AGAIN_SECONDS)
        care = Aftercare(guard.parent, wanted, around, self.aides)
        writer.findings.extend(guard.findings)
        roller = Roller(self.client, ref, herald)
        again = await self.passes(reporter, writer, roller, wanted, care, held, guard).run()
        if self.objects:
            self.objects.tell(ref, wanted.picked)
        return again

    def _guarded(self, parent: Parent, around: Surroundings) -> Guarded:
        world = self.world
        live = Live(
            child=world.children.get,
            pods=lambda ref: world.pods.by_index(ref).values(),
            now=self.clock(),
        )
        return guarded(parent, lambda it: plan(it, self.settings, around), live)

    async def _waits(self, takeover: Takeover) -> float | None:
        """The seconds to wait while another operator may keep the parent; None: go on."""
        if not self.takes_over or (takeover.parent.get("spec") or {}).get("paused"):
            return None
        # What it selects is not told either: the other operator does.
        return await takeover.wait_seconds()

    def _skip(self, ref: Ref) -> None:
        if self.objects:
            self.objects.skip(ref)


def _finding(error: SpecInvalid | Forbidden) -> Finding:
    if isinstance(error, SpecInvalid):
        return Finding(reason=Reason.INVALID_SPEC, message=str(error))
    reason = Reason.UNREADABLE if isinstance(error, Unreadable) else Reason.FORBIDDEN
    return Finding(reason=reason, message=str(error))
