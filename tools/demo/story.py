"""The steps of the demo, in order, each with a word on what happens."""

import subprocess
import threading
import time
from dataclasses import dataclass

from demo.errors import DemoFailed
from demo.places import CRDS, Place
from demo.questions import ask, ask_about_the_operator, ask_alertmanagers
from demo.release import NAME, Release
from demo.release import SELECTOR as ITS_PODS
from demo.shell import ROOT, Kubectl, indented, patiently, say
from demo.texts import KINDS, MANIFESTS, OBJECT, SELECTOR, VARIANTS, status_in, what_now

OPERATIONAL_SECONDS = 300
ESTABLISHED_SECONDS = 60
LEADER_SECONDS = 60


@dataclass(slots=True)
class Story:
    """One telling; `step` counts."""

    place: Place
    image: str = ""
    """IMAGE: an archive or a name; "": the image is built."""
    step: int = 0

    def tell(self) -> None:
        """From nothing to data; raises DemoFailed."""
        self._head(f"A Kubernetes cluster: {self.place.words}")
        kubectl = self.place.up()
        release = Release(self.place.helm(), kubectl)
        self._head("The operator's image; the first time it takes a minute or two")
        image = self.place.image(self.image)
        self._head("The operator by helm: the definitions of its kinds, then two pods of it")
        self._install(release, image.values)
        self._head("A VMCluster: 2 vminsert, 2 vmselect, 2 vmstorage, every sample kept twice")
        self._apply(kubectl, "vmcluster.yaml")
        self._head("The operator makes it so; its status says how far it is")
        self._watch(kubectl, release)
        self._tell_the_rest(kubectl, release)
        self._head("What is there now")
        kubectl.show("get", KINDS)
        kubectl.show("get", "services,pods,persistentvolumeclaims", "-l", SELECTOR)
        self._head("Does it work? Data through vminsert, vmagent and vmselect")
        ask(kubectl)
        self._head("The alert is in every Alertmanager")
        ask_alertmanagers(kubectl)
        self._head("The operator's own figures and alerts, in the cluster that it runs")
        ask_about_the_operator(kubectl)

    def _tell_the_rest(self, kubectl: Kubectl, release: Release) -> None:
        """The agent, the Alertmanagers, vmalert; then targets and a rule for them."""
        self._head("An agent, and the rights with which it discovers targets")
        for file in ("rbac.yaml", "vmagent.yaml"):
            self._apply(kubectl, file)
        self._head("Three Alertmanagers that form one cluster")
        self._apply(kubectl, "vmalertmanager.yaml")
        self._head("vmalert: evaluates rules, sends every alert to each of the three")
        self._apply(kubectl, "vmalert.yaml")
        self._wait(kubectl, release)
        self._head("Something to scrape, a rule that always fires, and the rules of the operator")
        for file in VARIANTS:
            kubectl.show("apply", "-f", str(ROOT / MANIFESTS / file))
        self._wait(kubectl, release)

    def _apply(self, kubectl: Kubectl, file: str) -> None:
        """Shows a manifest and applies it."""
        path = ROOT / MANIFESTS / file
        say(indented(path.read_text()))
        kubectl.show("apply", "-f", str(path))

    def _install(self, release: Release, image: list[str]) -> None:
        """Both releases; shows the pods, and which of them leads."""
        if not release.kubectl.run("get", "namespace", NAME, "--ignore-not-found"):
            release.kubectl.show("create", "namespace", NAME)
        release.install_definitions()
        # kubectl itself fails on one so new that it has no conditions yet.
        wait = ("wait", "--for=condition=Established", "-f", str(CRDS))
        patiently(lambda: release.kubectl.run(*wait), seconds=ESTABLISHED_SECONDS)
        began = time.monotonic()
        release.install(image)
        say(f"  ready after {time.monotonic() - began:.1f} s")
        release.kubectl.show("-n", NAME, "get", "pods", "-l", ITS_PODS)
        leads = patiently(lambda: f"{release.holder()} ", wanted="-", seconds=LEADER_SECONDS)
        say(f"  {leads}leads, the other stands by: it knows everything and writes nothing")

    def _wait(self, kubectl: Kubectl, release: Release) -> None:
        """Waits until all is operational; raises DemoFailed with what each object says."""
        timeout = f"--timeout={OPERATIONAL_SECONDS}s"
        began = time.monotonic()
        try:
            kubectl.show("wait", "--for=condition=Ready", timeout, KINDS, "--all")
        except DemoFailed as error:
            raise DemoFailed(f"{error}\n{_why_not(kubectl, release)}") from error
        say(f"  all operational after {time.monotonic() - began:.1f} s")

    def hints(self, down: str) -> str:
        return what_now(self.place.exports(), down)

    def _head(self, text: str) -> None:
        self.step += 1
        say(f"\n== {self.step}. {text}")

    def _watch(self, kubectl: Kubectl, release: Release) -> None:
        """Shows `kubectl get vmclusters -w` until the status is operational."""
        say("$ kubectl get vmclusters -w")
        began = time.monotonic()
        watching = subprocess.Popen(
            kubectl.command("get", "vmclusters", "-w"), stdout=subprocess.PIPE, text=True
        )
        guard = threading.Timer(OPERATIONAL_SECONDS, watching.terminate)
        guard.start()
        is_operational = False
        assert watching.stdout is not None
        with watching.stdout:
            for row in watching.stdout:
                say(f"  {time.monotonic() - began:5.1f} s  {row.rstrip()}")
                if row.startswith(f"{OBJECT} ") and status_in(row) == "operational":
                    is_operational = True
                    break
        guard.cancel()
        watching.terminate()
        watching.wait()
        if not is_operational:
            raise DemoFailed(_why_not(kubectl, release))
        say(f"  operational {time.monotonic() - began:.1f} s after it was applied")


def _why_not(kubectl: Kubectl, release: Release) -> str:
    columns = "NAME:.metadata.name,STATUS:.status.updateStatus,REASON:.status.reason"
    objects = kubectl.run("get", KINDS, "-o", f"custom-columns=KIND:.kind,{columns}")
    pods = kubectl.run("get", "pods", "-l", SELECTOR)
    return f"Not all is operational:\n{indented(objects)}\n{indented(pods)}\n{release.state()}"
