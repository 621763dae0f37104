"""The network namespace of a cluster: made, entered, looked into, removed."""

import ctypes
import os
import socket
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from localcluster import processes
from localcluster.errors import ClusterError
from localcluster.processes import Process

MASTER = "172.30.0.1"
SERVICES = "10.96.0.0/16"
PODS = "10.244.0.0/16"
DNS_SERVICE = "10.96.0.10"
_CLONE_NEWNET = 0x40000000
Result = TypeVar("Result")


def node_address(index: int) -> str:
    """The address of node number `index` (from 1)."""
    return f"172.30.0.{10 + index}"


def pod_subnet(index: int) -> str:
    """The pods' subnet of node number `index` (from 1)."""
    return f"10.244.{index - 1}.0/24"


def run(*argv: str) -> str:
    """Runs a system program; raises ClusterError with what it said."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(f"{' '.join(argv)}: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def entering(namespace: Path) -> tuple[str, ...]:
    """The words before a command that is to run in the namespace.

    Not `ip netns exec`, which hides /sys/fs/cgroup from the kubelet.
    """
    return ("nsenter", f"--net={namespace}", "--")


def exists(namespace: Path) -> bool:
    """True if the file is a live namespace, not a leftover of a half made one."""
    mounts = Path("/proc/mounts").read_text().splitlines()
    return any(line.split()[1] == str(namespace) for line in mounts)


def ensure(namespace: Path, nodes: int) -> None:
    """Makes the namespace, or completes one that is there."""
    if not exists(namespace):
        namespace.unlink(missing_ok=True)
        run("ip", "netns", "add", namespace.name)
    inside = entering(namespace)
    with suppress(ClusterError):
        run(*inside, "ip", "link", "add", "node0", "type", "bridge")
    run(*inside, "ip", "link", "set", "lo", "up")
    for address in (MASTER, *(node_address(i + 1) for i in range(nodes))):
        run(*inside, "ip", "addr", "replace", f"{address}/24", "dev", "node0")
    run(*inside, "ip", "link", "set", "node0", "up")
    # Services need a route before kube-proxy's rules see a packet; all else fails at once.
    run(*inside, "ip", "route", "replace", SERVICES, "dev", "node0")
    run(*inside, "ip", "route", "replace", "unreachable", "default")
    for setting in ("ip_forward=1", "conf.all.rp_filter=0", "conf.all.send_redirects=0"):
        run(*inside, "sysctl", "-qw", f"net.ipv4.{setting}")


def remove(namespace: Path) -> None:
    """Removes the namespace if it is there."""
    if exists(namespace):
        run("ip", "netns", "del", namespace.name)
    namespace.unlink(missing_ok=True)


def members(namespace: Path) -> list[Process]:
    """Every process whose network is this namespace, this command and its parents excepted."""
    if not exists(namespace):
        return []
    wanted = os.stat(namespace).st_ino
    own = processes.ancestors(os.getpid())
    found = []
    for pid in processes.all_pids():
        with suppress(OSError):
            if os.stat(f"/proc/{pid}/ns/net").st_ino == wanted and pid not in own:
                found.append(processes.identified(pid))
    return [p for p in found if p is not None]


def enter(namespace: Path) -> None:
    """Moves the calling thread into the namespace (setns(2)); sockets made before stay outside."""
    libc = ctypes.CDLL(None, use_errno=True)
    with namespace.open() as handle:
        if libc.setns(handle.fileno(), _CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"cannot enter {namespace}")


def inside(namespace: Path, work: Callable[[], Result]) -> Result:
    """The result of `work`, done in a thread inside the namespace."""
    results: list[Result] = []
    failures: list[OSError] = []

    def body() -> None:
        try:
            enter(namespace)
            results.append(work())
        except OSError as error:
            failures.append(error)

    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]
    return results[0]


def accepts(namespace: Path, host: str, port: int) -> bool:
    """True if something inside the namespace listens on host:port (TCP)."""

    def connect() -> bool:
        with socket.create_connection((host, port), timeout=1):
            return True

    with suppress(OSError):
        return inside(namespace, connect)
    return False
