"""The steps of the demo, in order, each with a word on what happens."""

import subprocess
import threading
import time
from dataclasses import dataclass

from demo.errors import DemoFailed
from demo.operator_process import OperatorProcess
from demo.places import CRDS, Place
from demo.questions import ask, ask_alertmanagers
from demo.shell import ROOT, Kubectl, indented, patiently, say, tail
from demo.texts import KINDS, MANIFESTS, OBJECT, SELECTOR, VARIANTS, status_in, what_now

OPERATIONAL_SECONDS = 300
ESTABLISHED_SECONDS = 30


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
        self._head("The CustomResourceDefinitions: what a VMCluster, VMAgent, VMAlert ... may say")
        kubectl.show("apply", "-f", str(CRDS))
        # kubectl itself fails on one so new that it has no conditions yet.
        wait = ("wait", "--for=condition=Established", "-f", str(CRDS))
        patiently(lambda: kubectl.run(*wait), seconds=ESTABLISHED_SECONDS)
        self._head("The operator, as a process")
        self._start_operator()
        self._head("A VMCluster: 2 vminsert, 2 vmselect, 2 vmstorage, every sample kept twice")
        self._apply(kubectl, "vmcluster.yaml")
        self._head("The operator makes it so; its status says how far it is")
        self._watch(kubectl)
        self._tell_the_rest(kubectl)
        self._head("What is there now")
        kubectl.show("get", KINDS)
        kubectl.show("get", "services,pods,persistentvolumeclaims", "-l", SELECTOR)
        self._head("Does it work? Data through vminsert, vmagent and vmselect")
        ask(kubectl)
        self._head("The alert is in every Alertmanager")
        ask_alertmanagers(kubectl)

    def _tell_the_rest(self, kubectl: Kubectl) -> None:
        """The agent, the Alertmanagers, vmalert; then targets and a rule for them."""
        self._head("An agent, and the rights with which it discovers targets")
        for file in ("rbac.yaml", "vmagent.yaml"):
            self._apply(kubectl, file)
        self._head("Three Alertmanagers that form one cluster")
        self._apply(kubectl, "vmalertmanager.yaml")
        self._head("vmalert: evaluates rules, sends every alert to each of the three")
        self._apply(kubectl, "vmalert.yaml")
        self._wait(kubectl)
        self._head("Something to scrape, and a rule that always fires")
        for file in VARIANTS:
            kubectl.show("apply", "-f", str(ROOT / MANIFESTS / file))
        self._wait(kubectl)

    def _apply(self, kubectl: Kubectl, file: str) -> None:
        """Shows a manifest and applies it."""
        path = ROOT / MANIFESTS / file
        say(indented(path.read_text()))
        kubectl.show("apply", "-f", str(path))

    def _wait(self, kubectl: Kubectl) -> None:
        """Waits until all is operational; raises DemoFailed with what each object says."""
        timeout = f"--timeout={OPERATIONAL_SECONDS}s"
        began = time.monotonic()
        try:
            kubectl.show("wait", "--for=condition=Ready", timeout, KINDS, "--all")
        except DemoFailed as error:
            raise DemoFailed(f"{error}\n{self._why_not(kubectl)}") from error
        say(f"  all operational after {time.monotonic() - began:.1f} s")

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
        columns = "NAME:.metadata.name,STATUS:.status.updateStatus,REASON:.status.reason"
        objects = kubectl.run("get", KINDS, "-o", f"custom-columns=KIND:.kind,{columns}")
        pods = kubectl.run("get", "pods", "-l", SELECTOR)
        state = "runs" if self.operator.is_alive() else "has ended"
        return (
            f"Not all is operational:\n{indented(objects)}\n{indented(pods)}\n"
            f"The operator {state}; the end of its log:\n{indented(tail(self.operator.log))}"
        )
