"""The operator as users have it: the image of the Dockerfile, installed by helm."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from image.build import archive, reference
from localcluster import Cluster
from localcluster.patience import drawn_out
from localcluster.progress import Progress
from tests.cluster.conftest import KEEP, NAME, ROOT, Namespace, Operator, until
from tests.pages import Failed

CHART = ROOT / "charts/vmoperator"
HOME = "vmoperator"
"""Namespace and name of the release."""
ACCOUNT = f"system:serviceaccount:{HOME}:{HOME}"
ROLE = f"{HOME}-{HOME}"
"""The ClusterRole of the release."""
SELECTOR = f"app.kubernetes.io/name={HOME}"
SMALL = ("resources.requests.cpu=10m",)
"""The node is small."""
SHARED = (*SMALL, "crds.enabled=false", "livenessProbe.failureThreshold=30")
"""Values of the release that all tests of a cluster share: the definitions are there for those
that need no operator, and tests freeze it for longer than a probe has patience."""
_RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


@dataclass
class Installed:
    """A cluster with a release of the chart."""

    cluster: Cluster
    account: str = ACCOUNT
    """Who the operator is to the API server."""

    def prepare(self) -> None:
        """The image on the node, and a namespace that takes restricted pods only."""
        load_image(self.cluster)
        self.make_home()

    def make_home(self) -> None:
        about = {"name": HOME, "labels": _RESTRICTED}
        home = {"apiVersion": "v1", "kind": "Namespace", "metadata": about}
        self.kubectl("apply", "-f", "-", stdin=json.dumps(home))

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl(*arguments, input=stdin)

    def helm(self, *arguments: str, namespace: str = HOME) -> str:
        """What helm prints."""
        return self._said("helm", *arguments, "-n", namespace)

    def shell(self, command: str) -> str:
        """What a command of a page prints; raises Failed with what it complains of."""
        done = self._done("bash", "-c", command)
        if done.returncode != 0:
            raise Failed(done.stderr)
        return done.stdout

    def _said(self, *command: str) -> str:
        done = self._done(*command)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout

    def _done(self, *command: str) -> subprocess.CompletedProcess[str]:
        programs = Path(self.cluster.kubectl_command()[0]).parent
        environment = {
            **os.environ,
            "KUBECONFIG": str(self.cluster.paths.kubeconfig("admin")),
            "PATH": f"{programs}:{os.environ['PATH']}",
        }
        return subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, env=environment
        )

    def upgrade(self, *settings: str, name: str = HOME, namespace: str = HOME) -> str:
        """Install or upgrade the release, and wait for its pods."""
        given = [word for setting in settings for word in ("--set", setting)]
        command = ("upgrade", "--install", name, str(CHART), "--wait", "--timeout=300s", *given)
        return self.helm(*command, namespace=namespace)

    def all_pods(self) -> list[dict[str, Any]]:
        """Those that end as well."""
        text = self.kubectl("-n", HOME, "get", "pods", "-l", SELECTOR, "-o", "json")
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return found

    def pods(self) -> list[dict[str, Any]]:
        return [it for it in self.all_pods() if "deletionTimestamp" not in it["metadata"]]

    def ready_pods(self) -> list[str]:
        return sorted(it["metadata"]["name"] for it in self.pods() if _is_ready(it))

    @property
    def holder(self) -> str:
        """The pod that leads, by the lease; empty if none does."""
        path = "jsonpath={.spec.holderIdentity}"
        found = self.kubectl("-n", HOME, "get", "lease", HOME, "-o", path, "--ignore-not-found")
        return found.rpartition("_")[0]

    def until_ready(self, number: int) -> list[str]:
        found: list[str] = until(
            lambda: names if len(names := self.ready_pods()) == number else None,
            seconds=180,
            what=f"{number} pods of the operator are ready",
        )
        return found

    def until_alone(self) -> None:
        """Former pods are gone."""
        until(lambda: len(self.all_pods()) <= 1, seconds=60, what="one pod of the operator")

    @property
    def log(self) -> str:
        """What its pods have said."""
        return self.kubectl("-n", HOME, "logs", "-l", SELECTOR, "--tail=-1")

    def remove(self) -> None:
        """Uninstalls it and waits until its last pod is gone."""
        self.helm("uninstall", HOME, "--wait")
        self.kubectl("delete", "namespace", HOME)

    def page(self, pod: str) -> str:
        """The metrics of a pod."""
        return self.kubectl(
            "get", "--raw", f"/api/v1/namespaces/{HOME}/pods/{pod}:8080/proxy/metrics"
        )

    def metric(self, pod: str, name: str) -> float:
        lines = self.page(pod).splitlines()
        line = next(it for it in lines if it.startswith(f"{name} "))
        return float(line.split()[1])


def load_image(cluster: Cluster) -> None:
    """Brings the image of these sources into the nodes; it is built once on a machine."""
    with Progress(quiet=True) as progress:
        names = cluster.load(archive(progress))
    assert reference() in names


@contextmanager
def at_rest(operator: Operator) -> Iterator[None]:
    """The operator that the tests share stands still meanwhile."""
    operator.stop()
    try:
        yield
    finally:
        operator.start()


@contextmanager
def upgraded(operator: Operator, *values: str) -> Iterator[Installed]:
    """The release that the tests share, with these values meanwhile."""
    with operator.release() as one:
        one.upgrade(*values)
        try:
            yield one
        finally:
            one.upgrade(*SHARED)


def process_of(pod: str) -> int:
    """The pid, on this machine, of the operator that runs in a pod."""
    found = process_in(pod)
    assert found, f"no process of {pod}"
    return found


def process_in(pod: str) -> int | None:
    """The same; None while none runs."""
    wanted = f"HOSTNAME={pod}".encode()
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            is_there = wanted in (folder / "environ").read_bytes().split(b"\0")
            words = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if is_there and b"vmoperator" in words:
            return int(folder.name)
    return None


def _is_ready(pod: dict[str, Any]) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(it["type"] == "Ready" and it["status"] == "True" for it in conditions)


@contextmanager
def alone(suffix: str, *values: str) -> Iterator[Installed]:
    """A release in a cluster of its own: the operator of the other tests must not look after it."""
    cluster = Cluster(f"{NAME}-{suffix}")
    cluster.up()
    one = Installed(cluster)
    one.prepare()
    one.upgrade(*values)
    yield one
    if not KEEP:
        cluster.down()


@contextmanager
def a_team(release: Installed) -> Iterator[Namespace]:
    """A namespace of users, which is gone afterwards."""
    one = Namespace(release.cluster, "team")
    release.kubectl("create", "namespace", one.name)
    yield one
    one.clear()
    release.kubectl("wait", "--for=delete", "namespace/team", f"--timeout={drawn_out(120):.0f}s")
