"""Company: what the watches of one process tell each other of the API server."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

# After an outage all are to be back soon, and not all at the same moment.
_SPREAD_SECONDS: Final = 1.0
# An API server that gives now and refuses then must not make everybody ask all the time.
_RETURNS_APART_SECONDS: Final = 5.0


class State(StrEnum):
    """How a watch stands; the word is for people and metrics."""

    SYNCING = "syncing"
    LIVE = "live"
    FORBIDDEN = "forbidden"
    MISSING = "missing"
    FAILING = "failing"
    """The API server does not give this collection, while it gives others."""
    UNREACHABLE = "unreachable"


DENIED: Final = frozenset({State.FORBIDDEN, State.MISSING, State.FAILING})
"""What others do not wait for, and what only a watch that opens puts an end to."""
_WAITING: Final = (State.SYNCING, State.FAILING, State.UNREACHABLE)


@dataclass(slots=True)
class Company:
    """How the watches of one process stand; each goes by a number of its own."""

    on_return: Callable[[], None] = lambda: None
    """Called when the API server answers again."""
    _states: dict[int, State] = field(default_factory=dict, init=False)
    _calls: dict[int, asyncio.Event] = field(default_factory=dict, init=False)
    _returned: float = field(default=float("-inf"), init=False)
    """Monotonic time when the API server was last said to be back."""

    def note(self, who: int, state: State) -> None:
        """Take in that a watch stands like this from now on.

        Where it could not reach the API server, and now does, the others try at once.
        """
        before, self._states[who] = self._states.get(who), state
        if before is not State.UNREACHABLE or state is not State.LIVE:
            return
        now = time.monotonic()
        if now - self._returned < _RETURNS_APART_SECONDS:
            return
        self._returned = now
        for other, call in self._calls.items():
            if self._states.get(other, State.SYNCING) in _WAITING:
                call.set()
        self.on_return()

    def is_served(self, who: int) -> bool:
        """Whether the API server serves any other watch than this one."""
        live = (other for other, state in self._states.items() if state is State.LIVE)
        return any(other != who for other in live)

    async def pause(self, who: int, seconds: float) -> bool:
        """Wait so long, or until the API server is back; whether it is."""
        call = self._calls.setdefault(who, asyncio.Event())
        call.clear()
        try:
            async with asyncio.timeout(seconds):
                await call.wait()
        except TimeoutError:
            return False
        await asyncio.sleep(random.uniform(0, min(_SPREAD_SECONDS, seconds)))
        return True
