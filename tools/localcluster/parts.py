"""Starts the parts of a cluster, each unless it runs, and finds them again."""

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from localcluster import control_plane, network, node, processes
from localcluster.errors import PartFailed
from localcluster.node import Node
from localcluster.paths import Paths
from localcluster.patience import drawn_out
from localcluster.processes import MARK, Process, Records
from localcluster.state import State

CONTROL_PLANE = (
    "etcd",
    "apiserver",
    "forwarder",
    "controller-manager",
    "scheduler",
    "proxy",
    "dns",
    "provisioner",
)
NODE_KINDS = ("init", "containerd", "kubelet")


def expected(nodes: int) -> list[str]:
    """The names of all parts of a cluster with that many nodes."""
    of_nodes = [f"node-{i + 1}.{kind}" for i in range(nodes) for kind in NODE_KINDS]
    return [*CONTROL_PLANE, *of_nodes]


class Parts:
    """The processes of one cluster."""

    def __init__(self, paths: Paths, programs: Path, found: State) -> None:
        self.paths = paths
        self.programs = programs
        self.port = found.port
        self.grace_seconds = found.grace_seconds
        self.records = Records(paths.processes)
        # Set when the command is given up, so that no thread waits on.
        self.given_up = threading.Event()

    def running(self, part: str) -> Process | None:
        return self.records.running(part)

    def command(self, part: str) -> tuple[str, ...]:
        """The command line of a control-plane part."""
        paths, programs = self.paths, self.programs
        makers: dict[str, Callable[[], tuple[str, ...]]] = {
            "etcd": lambda: control_plane.etcd(paths, programs),
            "apiserver": lambda: control_plane.apiserver(
                paths, programs, self.port, self.grace_seconds
            ),
            "forwarder": lambda: control_plane.forwarder(paths, self.port),
            "controller-manager": lambda: control_plane.controller_manager(
                paths, programs, self.grace_seconds
            ),
            "scheduler": lambda: control_plane.scheduler(paths, programs),
            "proxy": lambda: control_plane.proxy(paths, programs),
            "dns": lambda: control_plane.dns(paths, programs),
            "provisioner": lambda: control_plane.provisioner(paths),
        }
        return makers[part]()

    def start(self, part: str) -> None:
        """Starts a control-plane part in the namespace unless it runs."""
        if self.running(part):
            return
        self._end_unrecorded(part)
        # The forwarder listens outside before it moves in by itself.
        enter = () if part == "forwarder" else network.entering(self.paths.network)
        self.records.write(part, self._spawn(part, (*enter, *self.command(part))))

    def end(self, part: str) -> None:
        """Ends a control-plane part, recorded or not."""
        found = self.running(part)
        if found:
            processes.kill({found})
            self.records.forget(part)
        self._end_unrecorded(part)

    def start_node(self, of: Node) -> tuple[str, ...]:
        """Starts a node's process 1 and containerd; returns the words before its commands."""
        node.write_files(of, self.grace_seconds)
        node.make_cgroups(of)
        init = self.running(of.part("init")) or self._start_init(of)
        enter = node.entering(of, init.pid)
        if not self.running(of.part("containerd")):
            self._start_on_node(of, "containerd", (*enter, *node.containerd(of)))
        return enter

    def start_kubelet(self, of: Node, enter: tuple[str, ...]) -> None:
        if not self.running(of.part("kubelet")):
            self._start_on_node(of, "kubelet", (*enter, *node.kubelet(of, self.programs)))

    def stop_node(self, of: Node) -> None:
        """Kills a node as a power cut would: its process 1, and with it everything on it."""
        marks = processes.marked(self._mark(of.part("")))
        recorded = [self.running(of.part(kind)) for kind in NODE_KINDS]
        processes.kill({p for p in (*marks, *recorded) if p is not None})
        for kind in NODE_KINDS:
            self.records.forget(of.part(kind))

    def check(self, part: str) -> None:
        """Raises PartFailed with the end of its log if the part does not run."""
        if not self.running(part):
            raise PartFailed(f"{part} has ended:\n{log_tail(self.paths, part)}")

    def wait(self, ready: Callable[[], bool], part: str, seconds: float = 60.0) -> None:
        """Waits until `ready`; raises PartFailed when the part ends or the time is over."""
        began = time.monotonic()
        while not ready():
            self.check(part)
            if self.given_up.is_set():
                raise PartFailed(f"{part}: given up because another step failed")
            waited = time.monotonic() - began
            if waited > drawn_out(seconds):
                raise PartFailed(
                    f"{part} is not ready after {waited:.0f} s:\n{log_tail(self.paths, part)}"
                )
            time.sleep(0.1)

    def _start_init(self, of: Node) -> Process:
        # Without a process 1 nothing of the node should live; end what an interrupted start left.
        self.stop_node(of)
        inside = network.entering(self.paths.network)
        part = of.part("init")
        outer = self._spawn(part, (*inside, *node.first_process(of, self.programs)))
        init = self._child(outer, part, "pause")
        self.records.write(part, init)
        return init

    def _start_on_node(self, of: Node, kind: str, command: tuple[str, ...]) -> None:
        part = of.part(kind)
        self._end_unrecorded(part)
        outer = self._spawn(part, command)
        self.records.write(part, self._child(outer, part, kind))

    def _child(self, outer: Process, part: str, name: str) -> Process:
        """The process that `outer` started on the node, once it runs the program `name`."""
        deadline = time.monotonic() + drawn_out(10)
        while time.monotonic() < deadline:
            pid = processes.child_of(outer.pid)
            if pid is not None and _program(pid) == name:
                found = processes.identified(pid)
                if found is not None:
                    return found
            if not processes.alive(outer):
                break
            time.sleep(0.02)
        raise PartFailed(f"{part} did not start:\n{log_tail(self.paths, part)}")

    def _mark(self, part: str) -> str:
        return f"{self.paths.run_dir}:{part}"

    def _end_unrecorded(self, part: str) -> None:
        """Ends a process whose start was interrupted before its record was written."""
        # containerd's shims carry its mark, and keep the pods running without it.
        keep = "containerd-shim"
        strays = [p for p in processes.marked(self._mark(part)) if _program(p.pid)[:15] != keep]
        processes.kill(strays)

    def _spawn(self, part: str, command: tuple[str, ...]) -> Process:
        # A proxy of the host's cannot be reached from the namespace.
        own = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
        environment = {
            **own,
            MARK: self._mark(part),
            "PYTHONPATH": str(control_plane.TOOLS_DIR),
            "PYTHONUNBUFFERED": "1",
        }
        self.paths.logs.mkdir(parents=True, exist_ok=True)
        return processes.spawn(command, self.paths.logs / f"{part}.log", environment)


def _program(pid: int) -> str:
    """The name of the program that a process runs now; '' if it is gone."""
    try:
        return (Path("/proc") / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def log_tail(paths: Paths, part: str, lines: int = 8) -> str:
    """The last lines of a part's log, and where the rest is."""
    log = paths.logs / f"{part}.log"
    text = log.read_text(errors="replace").splitlines()[-lines:] if log.exists() else []
    return "\n".join([*text, f"(the whole log: {log})"])
