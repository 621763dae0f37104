"""Age: for how long this process has been running, its interpreter's own start included."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

_STAT: Final = Path("/proc/self/stat")
_START: Final = 19
"""Field of the start, behind the program's name: in ticks since the machine booted (proc(5))."""


def age_seconds() -> float:
    """Seconds since the process began; where the system does not tell (no Linux): of CPU."""
    try:
        ticks = int(_STAT.read_text().rpartition(")")[2].split()[_START])
    except OSError:
        return time.process_time()
    return time.clock_gettime(time.CLOCK_BOOTTIME) - ticks / os.sysconf("SC_CLK_TCK")
