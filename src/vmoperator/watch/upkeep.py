"""Upkeep: a task of the process that ends by a defect of ours is told of and started again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Final

from vmoperator.watch.backoff import Backoff

log = logging.getLogger(__name__)

_BACKOFF: Final = Backoff(1.0, 60.0)
# A run that lasted so long was a good one: its end is no failure in a row.
_GOOD_RUN_SECONDS: Final = 600.0


async def kept_up(
    name: str,
    run: Callable[[], Coroutine[Any, Any, None]],
    on_restart: Callable[[str], None] = lambda name: None,
    *,
    backoff: Backoff = _BACKOFF,
) -> None:
    """Return when `run` does; when it fails, start it again, later each time.

    The other tasks of the process go on meanwhile: one defect must not end all of them.
    """
    loop, failures = asyncio.get_running_loop(), 0
    while True:
        began = loop.time()
        error = await _end_of(asyncio.create_task(run(), name=name))
        if error is None:
            return
        failures = 1 if loop.time() - began > _GOOD_RUN_SECONDS else failures + 1
        seconds = backoff.seconds(failures)
        log.error("%s has ended; started again in %.1f s", name, seconds, exc_info=error)
        on_restart(name)
        await asyncio.sleep(seconds)


async def _end_of(task: asyncio.Task[None]) -> BaseException | None:
    """The error with which the task ends; its end is waited for also when this is cancelled."""
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        task.cancel()
        await asyncio.wait({task})
        raise
    return asyncio.CancelledError("cancelled") if task.cancelled() else task.exception()
