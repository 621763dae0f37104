"""An engine room: the whole operator in the test's own loop, with short waits, and its figures."""

from __future__ import annotations

import asyncio
import gc
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from tests.api.kubernetes import Kubernetes
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.apply.client import Client
from vmoperator.apply.election import Election
from vmoperator.apply.programs import Programs
from vmoperator.apply.transport import Timeouts
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.gauges import Gauges
from vmoperator.watch.health import pulse
from vmoperator.watch.heart import Heart
from vmoperator.watch.machine import Lines, Machine, assembled
from vmoperator.watch.metrics import Meters

Tree = dict[str, Any]

_LOOKS = 14
_RUNNING: list[Machine] = []
"""Those of rooms that are open: there may be two."""


@dataclass
class Room:
    """A running machine, and what can be seen of it."""

    api: FakeApi
    kubernetes: Kubernetes
    machine: Machine
    heart: Heart

    @property
    def ailments(self) -> tuple[str, ...]:
        return pulse(self.machine.vitals(), at=0).ailments

    @property
    def obstacles(self) -> tuple[str, ...]:
        return pulse(self.machine.vitals(), at=0).obstacles

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of that name that carry these labels."""
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = self.machine.meters.page().decode().splitlines()
        return sum(
            float(line.rpartition(" ")[2])
            for line in lines
            if line.partition("{")[0].partition(" ")[0] == name and all(it in line for it in wanted)
        )

    def status(self, ref: Ref) -> Tree:
        found: Tree = (self.api.find(ref) or {}).get("status") or {}
        return found

    def condition(self, ref: Ref, kind: str) -> Tree:
        conditions = self.status(ref).get("conditions") or ()
        return next((it for it in conditions if it["type"] == kind), {})

    def told(self, *refs: Ref) -> str:
        """All that the conditions of these objects say."""
        conditions = [it for ref in refs for it in self.status(ref).get("conditions") or ()]
        return "\n".join(f"{it['type']} {it['status']}: {it['message']}" for it in conditions)

    async def until_operational(self, *refs: Ref) -> None:
        """Controllers and passes in turns until the objects are operational."""
        await self.until_said("operational", *refs)

    async def until_said(self, words: str, *refs: Ref) -> None:
        """The same until each of them says one of these words."""
        async with asyncio.timeout(drawn_out(60)):
            while any(self.status(ref).get("updateStatus", "-") not in words for ref in refs):
                await self.kubernetes.settle()
                await asyncio.sleep(0.05)

    async def at_rest(self, *, seconds: float = 0.7) -> int:
        """Wait until nothing is written for so long, but leases; the number of writes up to then.

        It looks often: a process that the machine stopped for so long has not been at rest.
        """
        quiet, before = 0, self._changes
        while quiet < _LOOKS:
            await asyncio.sleep(seconds / _LOOKS)
            quiet = quiet + 1 if self._changes == before else 0
            before = self._changes
        return len(self.api.writes)

    @property
    def _changes(self) -> int:
        """How much was written without leases: these are renewed as long as the process leads."""
        return sum("/leases/" not in it.path for it in self.api.writes)


@asynccontextmanager
async def running(
    api: FakeApi,
    *,
    silence_seconds: float = 10,
    is_hasty: bool = True,
    candidate: Callable[[Client], Election] | None = None,
    settings: Settings | None = None,
) -> AsyncIterator[Room]:
    """The operator at work upon the fake API server; in haste it waits for moments, not minutes.

    With a `candidate` it works while that one leads.
    """
    meters, kubernetes = Meters(), Kubernetes(api)
    timeouts = Timeouts(call_seconds=10, watch_seconds=60, silence_seconds=silence_seconds)
    connection = api.connection()
    async with (
        Client(connection, timeouts=timeouts, on_answer=meters.answered) as client,
        Programs() as programs,
    ):
        lines = Lines(connection, client, programs)
        election = candidate(client) if candidate else None
        machine = assembled(lines, settings or Settings(), meters, election=election)
        for informer in machine.informers if is_hasty else ():
            informer.retry = Backoff(0.02, 0.5)
            informer.slow_retry_seconds = informer.rare_retry_seconds = 0.1
            informer.patience_seconds = 0.5
        heart, stop = Heart(machine.vitals), asyncio.Event()
        meters.show(Gauges(machine, heart))
        _RUNNING.append(machine)
        task = asyncio.create_task(machine.run(stop))
        try:
            yield Room(api, kubernetes, machine, heart)
        finally:
            stop.set()
            await task
            _RUNNING.remove(machine)
            # kopf is not waited for; its thread must not reach into the next test.
            await until(lambda: _kopfs() <= len(_RUNNING))
            # Its tasks tell of their errors when they are collected, with tracebacks: now, and
            # not while something is being parsed, which CPython 3.11 does not survive.
            gc.collect()


def _kopfs() -> int:
    return [it.name for it in threading.enumerate()].count("kopf")


async def until_known(room: Room) -> None:
    """Return when passes may run."""
    await until(lambda: not room.obstacles)
