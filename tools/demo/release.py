"""The operator of the demo as users have it: two releases of helm, one for the definitions."""

from collections.abc import Sequence
from dataclasses import dataclass

from demo.errors import DemoFailed
from demo.shell import ROOT, Kubectl, indented, run, say

NAME = "vmoperator"
"""Release and namespace."""
DEFINITIONS = "vmoperator-crds"
SELECTOR = f"app.kubernetes.io/name={NAME}"
WAIT_SECONDS = 300
VALUES = (
    "crds.enabled=false",
    "replicas=2",
    "podDisruptionBudget.enabled=true",
    "monitor.enabled=true",
    "monitor.interval=10s",
    "rules.enabled=true",
)
"""Two pods, of which one leads; what scrapes them, and the alerts about them."""
_LOG_LINES = 15


@dataclass(frozen=True, slots=True)
class Release:
    """The release in one cluster; `program` is helm."""

    program: str
    kubectl: Kubectl

    def install_definitions(self) -> None:
        """Installs the definitions of the kinds, or brings them up to date; raises DemoFailed."""
        self._show("upgrade", "--install", DEFINITIONS, f"charts/{DEFINITIONS}", "-n", NAME)

    def install(self, image: Sequence[str]) -> None:
        """Installs the operator, or brings it up to date, and waits; raises DemoFailed.

        `image` are the values that name its image.
        """
        words = ("upgrade", "--install", NAME, f"charts/{NAME}", "-n", NAME)
        given = [word for value in VALUES for word in ("--set", value)]
        named = [word for value in image for word in ("--set-string", value)]
        try:
            self._show(*words, *given, *named, "--wait", f"--timeout={WAIT_SECONDS}s")
        except DemoFailed as error:
            raise DemoFailed(f"{error}\n{self.state()}") from error

    def uninstall(self) -> None:
        """Takes both releases away; what lacks is no error. The definitions themselves stay."""
        for name in (NAME, DEFINITIONS):
            self._show("uninstall", name, "-n", NAME, "--ignore-not-found", "--wait")

    def holder(self) -> str:
        """The pod that leads, by the Lease; "" before one does."""
        path = "jsonpath={.spec.holderIdentity}"
        lease = ("-n", NAME, "get", "lease", NAME, "--ignore-not-found", "-o", path)
        return self.kubectl.run(*lease).rpartition("_")[0]

    def state(self) -> str:
        """Its pods, and what they said last; never raises."""
        pods = self._said("get", "pods", "-l", SELECTOR)
        log = self._said("logs", "-l", SELECTOR, f"--tail={_LOG_LINES}", "--prefix")
        return f"The operator:\n{indented(pods)}\n{indented(log)}"

    def _said(self, *words: str) -> str:
        try:
            return self.kubectl.run("-n", NAME, *words)
        except DemoFailed as error:
            return str(error)

    def _show(self, *words: str) -> None:
        """Shows the command as a user types it at the project's root, and runs it."""
        say(f"$ helm {' '.join(words)}")
        paths = [str(ROOT / word) if word.startswith("charts/") else word for word in words]
        said = run([self.program, *_for_helm(self.kubectl.options), *paths])
        # The notes of the chart are for those who go on by hand.
        say(indented(said.partition("\nNOTES:")[0]))


def _for_helm(options: Sequence[str]) -> list[str]:
    """kubectl's options, as helm calls them."""
    return [word.replace("--context", "--kube-context") for word in options]
