"""A part of the process that ends by a defect is started again."""

from __future__ import annotations

import asyncio
import logging

import pytest
from tests.unit.watch.clock import at_once

from vmoperator.watch.upkeep import kept_up


def test_a_defect_is_told_with_its_traceback_and_the_task_is_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    starts: list[float] = []
    restarted: list[str] = []

    async def part() -> None:
        starts.append(asyncio.get_running_loop().time())
        if len(starts) < 4:
            raise KeyError("metadata")

    at_once(kept_up("watch of pods", part, restarted.append))
    assert len(starts) == 4
    assert restarted == ["watch of pods"] * 3
    assert starts[-1] - starts[0] <= 1 + 2 + 4
    assert "KeyError" in caplog.text


def test_a_part_that_cancels_itself_is_started_again_too() -> None:
    starts: list[int] = []

    async def part() -> None:
        starts.append(1)
        if len(starts) == 1:
            raise asyncio.CancelledError

    at_once(kept_up("reports", part))
    assert len(starts) == 2


def test_cancelling_it_ends_the_part_and_tells_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def part() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1)
            ended.append("in order")

    async def story() -> None:
        task = asyncio.create_task(kept_up("work", part))
        await asyncio.sleep(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    at_once(story())
    assert ended == ["in order"]
    assert [it for it in caplog.records if it.levelno >= logging.WARNING] == []
