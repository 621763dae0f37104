"""Processes that outlive the command: started, remembered by pid and start time, found again."""

import json
import os
import signal
import time
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from localcluster.errors import PartFailed
from localcluster.patience import drawn_out

# Every process of a cluster carries it, so one is found even if its record was never written.
MARK = "LOCALCLUSTER_PART"


@dataclass(frozen=True, slots=True)
class Process:
    """A process by pid and start time (clock ticks since boot): a pid alone may be used again."""

    pid: int
    start_ticks: int


def stat_fields(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the command name (state first); None if it is gone."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def identified(pid: int) -> Process | None:
    """The process that has this pid now; None if there is none or all of it is a zombie.

    While other threads of it end, its ports are taken though its first thread is a zombie.
    """
    fields = stat_fields(pid)
    if fields is None or (fields[0] in "ZX" and int(fields[17]) <= 1):
        return None
    return Process(pid, int(fields[19]))


def alive(process: Process) -> bool:
    """True while this very process runs."""
    with suppress(ChildProcessError):
        os.waitpid(process.pid, os.WNOHANG)
    return identified(process.pid) == process


def all_pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def child_of(pid: int) -> int | None:
    """The first child process of `pid`, if it has one."""
    for other in all_pids():
        fields = stat_fields(other)
        if fields is not None and int(fields[1]) == pid:
            return other
    return None


def ancestors(pid: int) -> set[int]:
    """`pid` and every process above it."""
    found: set[int] = set()
    while pid > 0 and pid not in found:
        found.add(pid)
        fields = stat_fields(pid)
        pid = int(fields[1]) if fields else 0
    return found


def rss_mb(pid: int) -> float:
    """Resident memory in MB; 0 if the process is gone."""
    fields = stat_fields(pid)
    return int(fields[21]) * os.sysconf("SC_PAGE_SIZE") / 1e6 if fields else 0.0


def age_seconds(process: Process) -> float:
    """How long the process has been running."""
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - process.start_ticks / os.sysconf("SC_CLK_TCK")


def spawn(argv: Sequence[str], log: Path, environment: dict[str, str]) -> Process:
    """Starts a process in a session of its own, output into `log`; raises PartFailed."""
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, str(log), append, 0o644),
        (os.POSIX_SPAWN_DUP2, 1, 2),
    ]
    try:
        pid = os.posix_spawnp(argv[0], list(argv), environment, file_actions=actions, setsid=True)
    except OSError as error:
        raise PartFailed(f"{argv[0]} does not start: {error}") from error
    return identified(pid) or Process(pid, 0)


def kill(processes: Iterable[Process], *, patience_seconds: float = 0.0) -> None:
    """Ends processes and waits until they are gone: SIGTERM for a while if asked, then SIGKILL."""
    wanted = list(processes)
    if patience_seconds > 0:
        _signal(wanted, signal.SIGTERM)
        _wait_gone(wanted, patience_seconds)
    _signal(wanted, signal.SIGKILL)
    if left := _wait_gone(wanted, 10.0):
        raise PartFailed(f"processes that do not die: {sorted(p.pid for p in left)}")


def _signal(processes: list[Process], number: signal.Signals) -> None:
    for process in processes:
        if alive(process):
            with suppress(ProcessLookupError):
                os.kill(process.pid, number)


def _wait_gone(processes: list[Process], seconds: float) -> list[Process]:
    deadline = time.monotonic() + drawn_out(seconds)
    while left := [p for p in processes if alive(p)]:
        if time.monotonic() > deadline:
            break
        time.sleep(0.02)
    return left


class Records:
    """One JSON file per part in a folder; one that cannot be read counts as absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, part: str, process: Process) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.folder / f".{part}.tmp"
        temporary.write_text(json.dumps(asdict(process)))
        temporary.rename(self.folder / f"{part}.json")

    def read(self, part: str) -> Process | None:
        try:
            data = json.loads((self.folder / f"{part}.json").read_text())
            return Process(int(data["pid"]), int(data["start_ticks"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def running(self, part: str) -> Process | None:
        """The part's process if it is alive."""
        process = self.read(part)
        return process if process is not None and alive(process) else None

    def parts(self) -> list[str]:
        return sorted(p.stem for p in self.folder.glob("*.json"))

    def forget(self, part: str) -> None:
        (self.folder / f"{part}.json").unlink(missing_ok=True)


def marked(mark: str) -> list[Process]:
    """Processes whose environment says that they are this part (or any part, for a prefix)."""
    wanted = f"{MARK}={mark}".encode()
    found = []
    for pid in all_pids():
        with suppress(OSError):
            environment = (Path("/proc") / str(pid) / "environ").read_bytes().split(b"\0")
            if any(entry.startswith(wanted) for entry in environment):
                found.append(identified(pid))
    return [p for p in found if p is not None]
