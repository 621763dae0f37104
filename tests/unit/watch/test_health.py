"""When the process counts as dead, and when as ready."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.watch.health import LIMITS, Pulse, Vitals, Watch, ailments, pulse
from vmoperator.watch.queue import Counts

QUIET: dict[str, Any] = {
    "done": 0,
    "failed": 0,
    "depth": 0,
    "oldest_waiting_seconds": 0.0,
    "running": 0,
    "longest_running_seconds": 0.0,
    "idle_seconds": 0.0,
}


def _watch(silent: float = 0, unheard: float = 0, *, synced: bool = True) -> Watch:
    return Watch(name="pods", silent_seconds=silent, unheard_seconds=unheard, synced=synced)


def _pulse(*watches: Watch, kopf: float = 0.0, **counts: Any) -> Pulse:
    found = Counts(**{**QUIET, **counts})
    vitals = Vitals(watches=watches or (_watch(),), counts=found, kopf_silent_seconds=kopf)
    return pulse(vitals, at=0)


def test_an_operator_with_nothing_to_do_lives_and_is_ready() -> None:
    quiet = _pulse(idle_seconds=1e6)
    assert (quiet.ailments, quiet.obstacles) == ((), ())


def test_an_outage_is_no_reason_to_start_again_as_long_as_it_is_tried_on() -> None:
    outage = _pulse(_watch(silent=60, unheard=3_600), kopf=60)
    assert outage.ailments == ()
    assert outage.obstacles == ("the API server has not been heard for 3600 s",)


@pytest.mark.parametrize(
    ("sick", "words"),
    [
        (_pulse(_watch(silent=301)), "the watch of pods has not moved for 301 s"),
        (_pulse(running=1, longest_running_seconds=901), "a pass has been running for 901 s"),
        (
            _pulse(depth=3, oldest_waiting_seconds=950, idle_seconds=901),
            "3 objects are due, and none was worked for 901 s",
        ),
        (_pulse(kopf=301), "kopf has not moved for 301 s"),
    ],
    ids=["watch", "pass", "workers", "kopf"],
)
def test_what_does_not_move_is_named(sick: Pulse, words: str) -> None:
    assert sick.ailments == (words,)


@pytest.mark.parametrize(
    "counts",
    [
        {"depth": 500, "oldest_waiting_seconds": 5_000.0, "idle_seconds": 1.0},
        {"depth": 1, "oldest_waiting_seconds": 1.0, "idle_seconds": 5_000.0},
    ],
    ids=["a long queue that moves", "the first work after a long rest"],
)
def test_workers_that_are_busy_or_were_at_rest_are_not_dead(counts: dict[str, Any]) -> None:
    assert _pulse(**counts).ailments == ()


def test_what_is_awaited_at_the_start_is_named() -> None:
    assert _pulse(_watch(synced=False)).obstacles == (
        "the world is not known yet: waiting for pods",
    )


def test_one_kind_that_is_heard_is_enough_to_be_ready() -> None:
    assert _pulse(_watch(unheard=9_999), _watch()).obstacles == ()


def test_a_loop_that_does_not_turn_is_seen_from_outside() -> None:
    last = Pulse(at=100.0)
    assert ailments(last, now=100 + LIMITS.loop_seconds) == ()
    assert ailments(last, now=165) == ("the event loop has not turned for 65 s",)
