"""Heart: beats in the event loop of the process, and looks at its vital signs each time."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vmoperator.watch.health import Pulse, Vitals, ailments, pulse

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 1.0
_WINDOW_SECONDS: Final = 60.0


def _first_pulse() -> Pulse:
    return Pulse(at=time.monotonic(), obstacles=("nothing has been looked at yet",))


@dataclass(slots=True)
class Heart:
    """Another thread may read `pulse` at any time: it is replaced as a whole."""

    look: Callable[[], Vitals]
    """Called in the loop in which `run` runs."""
    beat_seconds: float = _BEAT_SECONDS
    pulse: Pulse = field(default_factory=lambda: _first_pulse(), init=False)
    _lags: deque[tuple[float, float]] = field(default_factory=deque, init=False)
    """Monotonic time and delay of the beats of the last minute."""

    @property
    def lag_seconds(self) -> float:
        """By how much the latest beat of the last minute was late."""
        return max((lag for _, lag in self._lags), default=0.0)

    def ailments(self) -> tuple[str, ...]:
        """Why the process has to be started again; nothing when it lives."""
        return ailments(self.pulse, now=time.monotonic())

    def obstacles(self) -> tuple[str, ...]:
        """Why the process is not ready; nothing when it is."""
        return self.pulse.obstacles

    async def run(self) -> None:
        """Beat until cancelled."""
        while True:
            before = time.monotonic()
            self._tell(pulse(self.look(), at=before))
            await asyncio.sleep(self.beat_seconds)
            now = time.monotonic()
            self._lags.append((now, max(0.0, now - before - self.beat_seconds)))
            while self._lags[0][0] < now - _WINDOW_SECONDS:
                self._lags.popleft()

    def _tell(self, new: Pulse) -> None:
        if new.ailments and not self.pulse.ailments:
            log.error("/healthz fails from now on: %s", "; ".join(new.ailments))
        elif self.pulse.ailments and not new.ailments:
            log.info("/healthz is good again")
        self.pulse = new
