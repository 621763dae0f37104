"""Patience: how much longer to wait where the machine has more to do than it has processors."""

from __future__ import annotations

import os

_MOST = 6.0
"""More than this no wait is drawn out: something that never comes must be told some day."""


def drawn_out(seconds: float) -> float:
    """The seconds that a wait of so many on a calm machine may take now, by the load average."""
    processors = os.cpu_count() or 1
    return seconds * min(max(os.getloadavg()[0] / processors, 1.0), _MOST)
