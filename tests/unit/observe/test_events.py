"""The reason, in what others say about an object, why it does not get on."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.observe.events import reason_in

MOUNT = 'MountVolume.SetUp failed for volume "jobs" : secret "jobs" not found'


def _event(second: int, reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    kind = "Warning" if reason.startswith("Failed") else "Normal"
    moment = f"2026-01-01T00:00:{second:02}Z"
    return {"type": kind, "reason": reason, "message": message, "lastTimestamp": moment, **more}


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        pytest.param([], "", id="nobody says anything"),
        pytest.param([_event(1, "Scheduled"), _event(2, "Pulling")], "", id="it gets on"),
        pytest.param(
            [_event(1, "Scheduled"), _event(2, "FailedMount", MOUNT)],
            f"FailedMount: {MOUNT}",
            id="something is missing",
        ),
        pytest.param(
            [_event(9, "Pulling"), _event(2, "FailedMount", MOUNT)], "", id="that was long ago"
        ),
        pytest.param(
            [
                _event(3, "FailedMount", MOUNT),
                _event(9, "FailedMount", "unmounted volumes=[jobs]: timed out waiting for x"),
            ],
            f"FailedMount: {MOUNT}",
            id="the precise reason, not that it takes long",
        ),
        pytest.param(
            [_event(9, "FailedMount", "timed out waiting for x")],
            "FailedMount: timed out waiting for x",
            id="that it takes long, if nobody knows more",
        ),
        pytest.param(
            [_event(3, "FailedCreatePodSandBox", f"sandbox {'0a' * 32}  gone")],
            "FailedCreatePodSandBox: sandbox … gone",
            id="without what differs in every try",
        ),
        pytest.param(
            [
                {
                    "type": "Warning",
                    "reason": "FailedMount",
                    "message": "new",
                    "eventTime": "2026-01-01T00:00:05.123456Z",
                    "lastTimestamp": None,
                },
                _event(4, "FailedMount", "old"),
            ],
            "FailedMount: new",
            id="events of either API",
        ),
    ],
)
def test_the_reason(events: list[dict[str, Any]], reason: str) -> None:
    assert reason_in(events) == reason


def test_a_reason_without_end_is_cut() -> None:
    assert len(reason_in([_event(1, "FailedMount", "x" * 999)])) == 300
