"""What a process has used so far, from /proc."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds since its start, memory now and at its highest, in MB (10**6 bytes)."""

    cpu_seconds: float
    rss_mb: int
    peak_mb: int


def usage(pid: int) -> Usage | None:
    """The use of the process; None when no process was named."""
    if not pid:
        return None
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    status = Path(f"/proc/{pid}/status").read_text().splitlines()
    sizes = dict(line.split(":", 1) for line in status if line.startswith("Vm"))
    ticks = os.sysconf("SC_CLK_TCK")
    return Usage(
        cpu_seconds=(int(fields[11]) + int(fields[12])) / ticks,
        rss_mb=_megabytes(sizes["VmRSS"]),
        peak_mb=_megabytes(sizes["VmHWM"]),
    )


def _megabytes(kibibytes: str) -> int:
    return int(kibibytes.split()[0]) * 1024 // 10**6
