"""Shell: keeps kopf running, in a thread of its own, whatever happens to it.

kopf ends when one of its watches fails for good, takes the signals of the process to itself, and
cancels every task in its loop that it does not know: none of that may touch the passes.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import kopf

from vmoperator.apply.connection import Connection
from vmoperator.base.manifest import Ref
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.handlers import Logins, registry, settings

log = logging.getLogger(__name__)

# A run that lasted so long was a good one: its end is no failure in a row.
_GOOD_RUN_SECONDS = 120.0
# What kopf calls its tasks (kopf 1.45, reactor/running.py and reactor/orchestration.py).
_ORCHESTRATOR = "multidimensional multitasker"
_WATCH = "watcher for "
_HURRY_SECONDS = 0.5
# Without one kopf asks for the name of the user, and a container's user has none.
_IDENTITY: Final[Any] = "vmoperator"


@dataclass(slots=True)
class Shell:
    """Runs kopf again and again; `starts` counts how often."""

    connection: Connection
    namespaces: Sequence[str]
    """Empty for all."""
    wake: Callable[[Ref], None]
    """Called in the loop in which `run` runs."""
    backoff: Backoff = Backoff(1.0, 60.0)
    stop_seconds: float = 1.0
    """How long to wait for kopf's end when `run` is cancelled."""
    starts: int = field(default=0, init=False)
    last_alive: float = field(default_factory=time.monotonic, init=False)
    """Monotonic time when kopf's loop last turned, or kopf was about to be started."""

    async def run(self) -> None:
        """Keep kopf running until cancelled."""
        failures = 0
        while True:
            started = time.monotonic()
            self.starts += 1
            self.last_alive = started
            reason = await self._one_run()
            failures = 1 if time.monotonic() - started > _GOOD_RUN_SECONDS else failures + 1
            seconds = self.backoff.seconds(failures)
            log.warning("kopf has ended (%s); it is started again in %.1f s", reason, seconds)
            await asyncio.sleep(seconds)

    async def _one_run(self) -> str:
        """Why kopf ended."""
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        stop, reasons = threading.Event(), ["no reason given"]

        def wake(ref: Ref) -> None:
            # The loop may be closed already when the process ends.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(self.wake, ref)

        def serve() -> None:
            try:
                reasons.append(asyncio.run(self._outcome(wake, stop)))
            finally:
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(ended.set)

        threading.Thread(target=serve, name="kopf", daemon=True).start()
        try:
            await ended.wait()
        except asyncio.CancelledError:
            stop.set()
            with suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), self.stop_seconds)
            raise
        return reasons[-1]

    async def _outcome(self, wake: Callable[[Ref], None], stop: threading.Event) -> str:
        running = asyncio.create_task(self._operate(wake, stop), name="kopf")
        hurrying = asyncio.create_task(self._look_after(), name="hurrying kopf")
        await asyncio.wait({running})
        hurrying.cancel()
        if running.cancelled():
            return "cancelled"
        error = running.exception()
        return f"{type(error).__name__}: {error}" if error else "without an error"

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(_HURRY_SECONDS)
            self.last_alive = time.monotonic()
            _hurry_the_end()

    async def _operate(self, wake: Callable[[Ref], None], stop: threading.Event) -> None:
        logins = Logins(self.connection)
        try:
            await kopf.operator(
                registry=registry(wake, logins),
                settings=settings(whole_cluster=not self.namespaces),
                identity=_IDENTITY,
                standalone=True,
                clusterwide=not self.namespaces,
                namespaces=self.namespaces,
                stop_flag=stop,
            )
        finally:
            # One of kopf's threads waits for this; the event loop would wait for that thread.
            stop.set()
            await logins.close()


def _hurry_the_end() -> None:
    """Cancel the watches that kopf leaves running while it ends.

    When one of several watches fails, kopf cancels the others once, and a watch that is about to
    be opened swallows that: kopf would wait for it until the server ends the stream.
    """
    tasks = asyncio.all_tasks()
    if any(task.get_name() == _ORCHESTRATOR for task in tasks):
        return
    for watch in tasks:
        if watch.get_name().startswith(_WATCH):
            watch.cancel()
