"""An event loop whose time passes at once: it never sleeps, it moves its clock."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, tells how long it should have waited."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        events = super().select(0)
        if not events:
            if timeout is None:
                raise RuntimeError("every task waits, and nothing is planned")
            self.skipped += timeout
        return events


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = _Selector()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.skipped


def at_once(story: Coroutine[Any, Any, T]) -> T:
    """Run the coroutine to its end in such a loop, where time starts at 0."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(story)
