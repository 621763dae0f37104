"""What is remembered of a cluster between commands: its port, its nodes, how far it came."""

import fcntl
import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

from localcluster.errors import ClusterError
from localcluster.paths import Paths

FIRST_PORT = 16443
LAST_PORT = 16642


def boot_id() -> str:
    """Changes with every start of the machine, which no process or namespace outlives."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


@dataclass(frozen=True, slots=True)
class State:
    """The content of cluster.json; `complete` once every step of `up` was done.

    `grace_seconds`: how long a node may be silent before it counts as lost; None: Kubernetes' own.
    """

    port: int
    nodes: int
    boot_id: str
    programs: str
    complete: bool = False
    grace_seconds: int | None = None

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """The state in the file; None if there is none that can be read."""
        try:
            data = json.loads(path.read_text())
            return cls(
                port=int(data["port"]),
                nodes=int(data["nodes"]),
                boot_id=str(data["boot_id"]),
                programs=str(data["programs"]),
                complete=bool(data["complete"]),
                grace_seconds=data.get("grace_seconds"),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(".tmp")
        temporary.write_text(json.dumps(asdict(self), indent=2) + "\n")
        temporary.rename(path)

    def completed(self) -> Self:
        return replace(self, complete=True)


@contextmanager
def locked(lock: Path) -> Iterator[None]:
    """Keeps other commands that change the same cluster waiting."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    while True:
        with lock.open("w") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                subject = lock.stem.strip(".")
                print(f"waiting for another command ({subject}) to end", file=sys.stderr)
                fcntl.flock(handle, fcntl.LOCK_EX)
            # The one before may have removed the file that this one waited on.
            if lock.exists() and os.fstat(handle.fileno()).st_ino == lock.stat().st_ino:
                yield
                return


def every(paths: Paths) -> list[State]:
    """The states of all clusters of this cache."""
    read = (State.read(file) for file in (paths.cache / "clusters").glob("*/cluster.json"))
    return [state for state in read if state is not None]


def free_port(paths: Paths) -> int:
    """A port of the host's loopback that nobody listens on and no other cluster has.

    Call it, and write the state, while `locked` on `ports_lock`.
    """
    taken = {state.port for state in every(paths)}
    for port in range(FIRST_PORT, LAST_PORT + 1):
        if port not in taken and port_is_free(port):
            return port
    raise ClusterError(f"no free port on 127.0.0.1 from {FIRST_PORT} to {LAST_PORT}")


def port_is_free(port: int) -> bool:
    """True if 127.0.0.1:port can be listened on."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def ports_lock(paths: Paths) -> Path:
    return paths.cache / "clusters" / ".ports.lock"
