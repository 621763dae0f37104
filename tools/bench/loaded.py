"""The case of running agents: from a changed object to the pods that have loaded it."""

import asyncio
import time
from pathlib import Path

from bench.objects import change_one
from bench.run import Figures, Run
from vmoperator.base.labels import CONFIG_HASH
from vmoperator.base.resource import POD

_CHANGES = 5
_POLL_SECONDS = 0.02
_PAUSE_SECONDS = 5.0
LOADED = "configuration loaded"
"""What the operator's log says of each pod that shows what it was to load."""


async def loaded(run: Run) -> Figures:
    """After the case `scrapes` with replicas: seconds from one changed object to the last pod that
    is told of it, its Secret being written, and to the last one that has loaded it.

    The Secrets are not read: that would cost the machine more than the change does.
    """
    found = [await _one_change(run, place) for place in range(_CHANGES)]
    return {"n": run.number, "changes": found, "pods": len(await _marks(run))}


def times_loaded(log: Path | None) -> int:
    """How often the log says that a pod has loaded its configuration; 0 without a log."""
    return log.read_text(errors="replace").count(LOADED) if log else 0


async def _one_change(run: Run, place: int) -> dict[str, float]:
    before, lines = await _marks(run), times_loaded(run.log)
    began = time.monotonic()
    await change_one(run, place)
    told = await _told(run, before)
    all_loaded = await _all_loaded(run, lines + len(before))
    await asyncio.sleep(_PAUSE_SECONDS)
    seconds = {"told_s": told - began}
    if run.log:
        seconds["loaded_s"] = all_loaded - began
    return {name: round(value, 2) for name, value in seconds.items()}


async def _marks(run: Run) -> dict[str, str]:
    """Running pods, and the hash of the configuration that each was told to load."""
    listed = await run.api.get(POD.path(run.namespace))
    return {
        pod["metadata"]["name"]: (pod["metadata"].get("annotations") or {}).get(CONFIG_HASH, "")
        for pod in listed["items"]
        if pod["status"].get("podIP")
    }


async def _told(run: Run, before: dict[str, str]) -> float:
    ends = time.monotonic() + run.timeout
    while time.monotonic() < ends:
        now = await _marks(run)
        if all(now.get(pod) != mark for pod, mark in before.items()):
            break
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic()


async def _all_loaded(run: Run, lines: int) -> float:
    ends = time.monotonic() + run.timeout
    while run.log and time.monotonic() < ends:
        if times_loaded(run.log) >= lines:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return time.monotonic()
