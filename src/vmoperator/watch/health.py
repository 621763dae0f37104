"""Health: whether the process still does its work, judged by signs of life."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmoperator.watch.queue import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """For how long a sign of life may be missing, in seconds, before the process counts as dead.

    Each is far above what an outage of the API server can cause: the watches try again at least
    once a minute, a request gives up after half a minute, and a pass is cut off after five.
    """

    loop_seconds: float = 60.0
    watch_seconds: float = 300.0
    pass_seconds: float = 900.0
    kopf_seconds: float = 300.0
    unheard_seconds: float = 150.0
    """Without a word from the API server, not even a bookmark, the process is not ready."""


LIMITS: Final = Limits()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """What is seen of one informer: seconds since its last sign of life, and since it heard."""

    name: str
    silent_seconds: float
    unheard_seconds: float
    synced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """What is seen of the process at one moment."""

    watches: Sequence[Watch]
    counts: Counts
    kopf_silent_seconds: float
    """Since the loop of kopf's thread turned, or the thread was to be started."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulse:
    """What the last look at the process has shown."""

    at: float
    """Monotonic time, in seconds."""
    ailments: tuple[str, ...] = ()
    """Why it has to be started again."""
    obstacles: tuple[str, ...] = ()
    """Why it is not ready."""


def pulse(vitals: Vitals, *, at: float, limits: Limits = LIMITS) -> Pulse:
    """The judgement on what is seen."""
    return Pulse(
        at=at, ailments=_ailments(vitals, limits), obstacles=_obstacles(vitals.watches, limits)
    )


def ailments(last: Pulse, *, now: float, limits: Limits = LIMITS) -> tuple[str, ...]:
    """Why the process has to be started again, as of now; nothing when it lives."""
    age = now - last.at
    if age > limits.loop_seconds:
        return (f"the event loop has not turned for {age:.0f} s", *last.ailments)
    return last.ailments


def _ailments(vitals: Vitals, limits: Limits) -> tuple[str, ...]:
    counts = vitals.counts
    found = [
        f"the watch of {it.name} has not moved for {it.silent_seconds:.0f} s"
        for it in vitals.watches
        if it.silent_seconds > limits.watch_seconds
    ]
    if counts.longest_running_seconds > limits.pass_seconds:
        found.append(f"a pass has been running for {counts.longest_running_seconds:.0f} s")
    if min(counts.oldest_waiting_seconds, counts.idle_seconds) > limits.pass_seconds:
        found.append(
            f"{counts.depth} objects are due, and none was worked for {counts.idle_seconds:.0f} s"
        )
    if vitals.kopf_silent_seconds > limits.kopf_seconds:
        found.append(f"kopf has not moved for {vitals.kopf_silent_seconds:.0f} s")
    return tuple(found)


def _obstacles(watches: Sequence[Watch], limits: Limits) -> tuple[str, ...]:
    awaited = sorted(it.name for it in watches if not it.synced)
    unheard = min((it.unheard_seconds for it in watches), default=0.0)
    found = []
    if awaited:
        found.append(f"the world is not known yet: waiting for {', '.join(awaited)}")
    if unheard > limits.unheard_seconds:
        found.append(f"the API server has not been heard for {unheard:.0f} s")
    return tuple(found)
