"""Machine: everything that runs in one process, how it is put together, and its orderly end."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from dataclasses import KW_ONLY, dataclass
from typing import Any, Final

from vmoperator.apply.access import Access
from vmoperator.apply.aftercare import Aides
from vmoperator.apply.announcements import Announcements
from vmoperator.apply.build import build
from vmoperator.apply.client import Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.delivery import Deliveries
from vmoperator.apply.election import Election
from vmoperator.apply.object_reports import ObjectReports
from vmoperator.apply.programs import Programs
from vmoperator.apply.reconcile import Reconciler
from vmoperator.apply.rule_health import RuleHealth
from vmoperator.apply.world import World
from vmoperator.base.settings import Settings
from vmoperator.watch.age import age_seconds
from vmoperator.watch.company import Company
from vmoperator.watch.health import Vitals, Watch
from vmoperator.watch.informer import Informer
from vmoperator.watch.metrics import Meters
from vmoperator.watch.queue import WorkQueue
from vmoperator.watch.shell import Shell
from vmoperator.watch.upkeep import kept_up
from vmoperator.watch.wiring import Wiring

log = logging.getLogger(__name__)

_DRAIN_SECONDS: Final = 1.5
"""A pass that runs when the process is asked to end may go on for so long."""


@dataclass(slots=True)
class Machine:
    """The parts of the operator, which know each other; `run` sets them going."""

    world: World
    queue: WorkQueue
    informers: list[Informer[Any]]
    _: KW_ONLY
    shell: Shell
    reports: ObjectReports
    rules: RuleHealth
    deliveries: Deliveries
    announcements: Announcements
    meters: Meters
    election: Election | None = None
    """None: no other process looks after the same objects."""
    resync_seconds: float = 0.0
    """All parents are passed again so often; 0: only when something wakes them."""

    @property
    def is_leading(self) -> bool:
        """Whether this process may write."""
        return self.election is None or self.election.is_leading

    async def run(self, stop: asyncio.Event) -> None:
        """Run until `stop` is set, and then until the passes in progress have ended, or time out.

        A part that ends by a defect is started again; the others go on.
        """
        async with asyncio.TaskGroup() as group:

            def start(
                name: str, run: Callable[[], Coroutine[Any, Any, None]]
            ) -> asyncio.Task[None]:
                return group.create_task(kept_up(name, run, self.meters.restarted))

            tasks = [start(f"watch of {it.name}", it.run) for it in self.informers]
            tasks.append(start("kopf", self.shell.run))
            working = start("work", self._take_turns)
            await stop.wait()
            log.info("asked to end: finishing what runs")
            # kopf needs a moment to end; it has it while the queue drains.
            for task in tasks:
                task.cancel()
            if not await self.queue.drain(_DRAIN_SECONDS):
                log.warning("a pass was cut short; the next start takes it up again")
            working.cancel()
            await asyncio.wait({working})
            if self.election:
                await self.election.give_back()

    def vitals(self) -> Vitals:
        """What is seen of the parts at this moment."""
        now = time.monotonic()
        watches = [
            Watch(
                name=it.name,
                silent_seconds=now - it.last_alive,
                unheard_seconds=now - it.last_heard,
                synced=it.synced.is_set(),
            )
            for it in self.informers
        ]
        return Vitals(
            watches=watches,
            counts=self.queue.counts(),
            kopf_silent_seconds=now - self.shell.last_alive,
        )

    async def _known(self) -> None:
        """Return as soon as the world is known: what half of it tells would do harm."""
        await asyncio.gather(*(it.synced.wait() for it in self.informers))

    async def _take_turns(self) -> None:
        """Work whenever it is this process's turn; until then it knows the world, and waits."""
        await self._known()
        log.info(
            "the world is known %.1f s after the start: %s objects to look after, with %s children "
            "and %s pods",
            age_seconds(),
            len(self.world.parents),
            len(self.world.children),
            len(self.world.pods),
        )
        for lapse in sorted(self.world.lapses):
            log.warning("going on all the same: %s", lapse.words)
        if self.election is None:
            await self._lead()
            return
        while True:
            await self.election.win()
            leading = asyncio.create_task(self._lead())
            try:
                await self.election.keep()
            finally:
                leading.cancel()
                await asyncio.wait({leading})

    async def _lead(self) -> None:
        """Do all that is written; cancelled when it is another process's turn."""
        for ref in self.world.parents.all():
            self.queue.add(ref)
        parts = {
            "reports": self.reports.run,
            "rule health": self.rules.run,
            "announcements": self.announcements.run,
            "queue": self.queue.run,
            **({"resync": self._resync} if self.resync_seconds else {}),
        }
        try:
            async with asyncio.TaskGroup() as group:
                for name, run in parts.items():
                    group.create_task(kept_up(name, run, self.meters.restarted))
        finally:
            self.reports.start_over()
            await self.announcements.close()
            await self.deliveries.close()

    async def _resync(self) -> None:
        while True:
            await asyncio.sleep(self.resync_seconds)
            for ref in self.world.parents.all():
                self.queue.add(ref)


@dataclass(frozen=True, slots=True)
class Lines:
    """What leads out of the process: to the API server, and to the programs in pods."""

    connection: Connection
    client: Client
    programs: Programs


def assembled(
    lines: Lines,
    settings: Settings,
    meters: Meters,
    *,
    workers: int = 8,
    election: Election | None = None,
) -> Machine:
    """A machine that stands still."""
    client, world = lines.client, World()
    deliveries = Deliveries(client, lines.programs, lambda ref: queue.add(ref))
    aides = Aides(deliveries, Access(client, world.withheld))
    reports = ObjectReports(client, world, wake=lambda ref: queue.add(ref))
    announcements = Announcements(client)
    reconciler = Reconciler(
        client,
        world,
        settings,
        aides,
        reports,
        announcements=announcements,
        build=build(settings),
    )
    queue = WorkQueue(reconciler.reconcile, workers=workers, on_end=meters.ended)
    company = Company(queue.hurry)
    wiring = Wiring(client, world, queue.add, reports.touch, company)
    return Machine(
        world,
        queue,
        wiring.informers(settings.namespaces, unread=settings.unread_kinds),
        shell=Shell(lines.connection, settings.namespaces, queue.add),
        reports=reports,
        rules=RuleHealth(lines.programs, deliveries, reports),
        deliveries=deliveries,
        announcements=announcements,
        meters=meters,
        election=election,
        resync_seconds=settings.resync_seconds,
    )
