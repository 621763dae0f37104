"""Key: what the work queue plans for one object."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Key:
    """What is planned for one key; all times are those of the event loop."""

    settled: float | None = None
    """When the burst of wake-ups is taken to be over; None if nothing woke it."""
    latest: float = 0.0
    """How far further wake-ups may move `settled`."""
    cut_short: int = 0
    """Bursts in a row that went on when they could be waited for no longer."""
    timer: float | None = None
    """When it was asked to be worked without being woken: retries and second looks."""
    entry: float | None = None
    """Time of its entry in the plan that counts."""
    began: float | None = None
    """Since when it is being worked; None while it is not."""
    failures: int = 0

    @property
    def due(self) -> float | None:
        """When to work it; None while nothing is planned."""
        return min((at for at in (self.settled, self.timer) if at is not None), default=None)
