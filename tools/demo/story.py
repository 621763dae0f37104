"""The steps of the demo, in order, each with a word on what happens."""

import subprocess
import threading
import time
from dataclasses import dataclass
from functools import partial

from demo.errors import DemoFailed
from demo.operator_process import OperatorProcess
from demo.places import CRDS, Place
from demo.shell import ROOT, Kubectl, indented, patiently, say, tail
from demo.texts import (
    LABEL,
    OBJECT,
    STANDIN_LINE,
    is_standin,
    proxy_path,
    sample_line,
    status_in,
    storage_node_lines,
    storage_nodes,
    what_now,
)

MANIFEST = "examples/high-availability/vmcluster.yaml"
OPERATIONAL_SECONDS = 300
ESTABLISHED_SECONDS = 30
DATA_SECONDS = 60
SAMPLE = 42


@dataclass(slots=True)
class Story:
    """One telling; `step` counts."""

    place: Place
    operator: OperatorProcess
    step: int = 0

    def tell(self) -> None:
        """From nothing to data; raises DemoFailed."""
        self._head(f"A Kubernetes cluster: {self.place.words}")
        kubectl = self.place.up()
        self._head("The CustomResourceDefinitions: what a VMCluster may say")
        kubectl.show("apply", "-f", str(CRDS))
        # kubectl itself fails on one so new that it has no conditions yet.
        wait = ("wait", "--for=condition=Established", "-f", str(CRDS))
        patiently(lambda: kubectl.run(*wait), seconds=ESTABLISHED_SECONDS)
        self._head("The operator, as a process")
        self._start_operator()
        self._head("A VMCluster: 2 vminsert, 2 vmselect, 2 vmstorage, every sample kept twice")
        say(indented((ROOT / MANIFEST).read_text()))
        kubectl.show("apply", "-f", str(ROOT / MANIFEST))
        self._head("The operator makes it so; its status says how far it is")
        self._watch(kubectl)
        self._head("What is there now")
        for kinds in ("services", "pods", "persistentvolumeclaims"):
            kubectl.show("get", kinds, "-l", LABEL)
        self._head("Does it work?")
        ask(kubectl)

    def hints(self, down: str) -> str:
        return what_now(self.place.exports(), str(self.operator.log), down)

    def _head(self, text: str) -> None:
        self.step += 1
        say(f"\n== {self.step}. {text}")

    def _start_operator(self) -> None:
        began = self.operator.start(self.place.operator())
        process = self.operator.process()
        pid = f"pid {process.pid}" if process else "ended"
        say(f"  vmoperator run {'started' if began else 'runs already'} ({pid})")
        say(f"  its log: {self.operator.log}")

    def _watch(self, kubectl: Kubectl) -> None:
        """Shows `kubectl get vmclusters -w` until the status is operational."""
        say("$ kubectl get vmclusters -w")
        began = time.monotonic()
        watching = subprocess.Popen(
            kubectl.command("get", "vmclusters", "-w"), stdout=subprocess.PIPE, text=True
        )
        ended = threading.Event()
        guard = threading.Thread(target=self._guard, args=(watching, ended), daemon=True)
        guard.start()
        is_operational = False
        assert watching.stdout is not None
        with watching.stdout:
            for row in watching.stdout:
                say(f"  {time.monotonic() - began:5.1f} s  {row.rstrip()}")
                if row.startswith(f"{OBJECT} ") and status_in(row) == "operational":
                    is_operational = True
                    break
        ended.set()
        guard.join()
        watching.wait()
        if not is_operational:
            raise DemoFailed(self._why_not(kubectl))

    def _guard(self, watching: subprocess.Popen[str], ended: threading.Event) -> None:
        """Ends the watch when it is over, takes too long, or has lost the operator."""
        deadline = time.monotonic() + OPERATIONAL_SECONDS
        while not ended.wait(0.5) and time.monotonic() < deadline and self.operator.is_alive():
            pass
        watching.terminate()

    def _why_not(self, kubectl: Kubectl) -> str:
        reason = kubectl.run("get", "vmcluster", OBJECT, "-o", "jsonpath={.status.reason}")
        pods = kubectl.run("get", "pods", "-l", LABEL)
        state = "runs" if self.operator.is_alive() else "has ended"
        return (
            f"{OBJECT} is not operational: {reason or 'no reason given'}\n{indented(pods)}\n"
            f"The operator {state}; the end of its log:\n{indented(tail(self.operator.log))}"
        )


def ask(kubectl: Kubectl) -> None:
    """Writes a sample and reads it back; with stand-ins shows health and connections instead."""
    metrics = kubectl.get_raw(proxy_path("vmselect", 8481, "/metrics"))
    if not is_standin(metrics):
        _write_and_read(kubectl)
        return
    say(STANDIN_LINE)
    for program, port in (("vminsert", 8480), ("vmselect", 8481), ("vmstorage", 8482)):
        health = kubectl.get_raw(proxy_path(program, port, "/health"))
        say(f"  {program} /health: {health.strip()}")
    for program, port in (("vminsert", 8480), ("vmselect", 8481)):
        connections = partial(_connections, kubectl, program, port)
        say(indented(patiently(connections, seconds=DATA_SECONDS)))


def _connections(kubectl: Kubectl, program: str, port: int) -> str:
    """How one pod of `program` sees each storage node; raises DemoFailed if it misses one."""
    metrics = kubectl.get_raw(proxy_path(program, port, "/metrics"))
    lines = "\n".join(storage_node_lines(program, metrics))
    if not all(storage_nodes(metrics).values()):
        raise DemoFailed(f"not every storage node is reached:\n{indented(lines)}")
    return lines


def _write_and_read(kubectl: Kubectl) -> None:
    sample = sample_line(SAMPLE)
    # A program whose pod is ready may still wait for the names of its storage nodes.
    insert = proxy_path("vminsert", 8480, "/insert/0/prometheus/api/v1/import/prometheus")
    patiently(lambda: kubectl.post_raw(insert, sample), seconds=DATA_SECONDS)
    say(f"  written through vminsert: {sample.strip()}")
    query = "/select/0/prometheus/api/v1/query?query=vmoperator_demo&nocache=1&latency_offset=1ms"
    select = proxy_path("vmselect", 8481, query)
    answer = patiently(lambda: kubectl.get_raw(select), wanted=f'"{SAMPLE}"', seconds=DATA_SECONDS)
    say(f"  read through vmselect:    {answer.strip()}")
