"""A real node for the tests in this folder, with the operator running in its network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.rights import RIGHTS, of_the_operator, used
from vmoperator.api import KINDS

if TYPE_CHECKING:
    from tests.cluster.installed import Installed

ROOT = Path(__file__).parents[2]
ALL_KINDS = ",".join(f"{kind.lower()}s" for kind in KINDS)
KEEP = bool(os.environ.get("KEEP_CLUSTER"))
"""Leave the cluster up after the tests, to look at it or to run them again faster."""
_WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
NAME = "-".join(filter(None, (os.environ.get("TEST_CLUSTER", "vmoperator-test"), _WORKER)))
"""The cluster of the tests, one for each worker; another name lets two runs stand side by side."""


def until(check: Callable[[], Any], *, seconds: float = 60, what: str = "") -> Any:
    """The first true result of the check, or a failure that says what was awaited.

    The seconds are those of a calm machine: a busy one has more of them.
    """
    began = time.monotonic()
    while True:
        result = check()
        if result:
            return result
        waited = time.monotonic() - began
        if waited > drawn_out(seconds):
            pytest.fail(f"not within {waited:.0f} s: {what or check.__name__}")
        time.sleep(0.2)


@dataclass
class Operator:
    """The operator's process, inside the node's network and with its own identity."""

    cluster: Cluster
    log_path: Path
    process: subprocess.Popen[bytes] | None = None
    package: Path | None = None
    """Folder with the package of another version; None: the one that is tested."""
    options: tuple[str, ...] = ()
    """Further options of the command."""
    _log: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        self._log = self.log_path.open("ab")
        self.process = self.cluster.popen_inside(
            [
                *(sys.executable, "-m", "vmoperator"),
                *("run", "--kubeconfig", str(self.cluster.operator_kubeconfig)),
                *("--log-format", "json"),
                # Another operator in the same network has port 8080 to itself.
                *("--http-address", "127.0.0.1:0"),
                *self.options,
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**self.cluster.environment_inside(), **self._path},
        )

    @property
    def _path(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.package)} if self.package else {}

    def stop(self) -> int:
        """The exit code after SIGTERM; a process that does not end fails the test."""
        assert self.process is not None
        self.process.terminate()
        return self._ended()

    def kill(self) -> None:
        """End it without a word, as a lost node does."""
        assert self.process is not None
        self.process.kill()
        self._ended()

    def _ended(self) -> int:
        assert self.process is not None
        code = self.process.wait(timeout=drawn_out(10))
        self.process = None
        if self._log:
            self._log.close()
        return code

    def restart(self) -> None:
        self.stop()
        self.start()

    @property
    def log(self) -> str:
        return self.log_path.read_text()


def _served(cluster: Cluster) -> bool:
    try:
        cluster.kubectl("get", ALL_KINDS, "-A")
    except ClusterError:
        return False
    return True


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    one = Cluster(NAME)
    one.up(operator_rbac=ROOT / "deploy/rbac.yaml")
    one.kubectl("apply", "-f", str(ROOT / "crds"))
    until(lambda: _served(one), seconds=30, what="the kinds are served")
    yield one
    pytestconfig.stash[RIGHTS] = used(of_the_operator(one.audit.events()))
    if not KEEP:
        one.down()


@pytest.fixture(scope="session")
def operator(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    one = Operator(cluster, tmp_path_factory.mktemp("operator") / "log.jsonl")
    one.start()
    yield one
    if one.process is not None:
        one.stop()


@pytest.fixture(scope="session")
def image(cluster: Cluster) -> None:
    """The operator's image on the node, once for all files."""
    from tests.cluster.installed import load_image  # it needs this module itself

    load_image(cluster)


@pytest.fixture(scope="module")
def installed(operator: Operator, image: None) -> Iterator[Installed]:
    """The operator as users have it, by helm and image, for the tests of one file.

    The process of `operator` is at rest meanwhile: it is for tests that end, freeze or inspect it.
    """
    from tests.cluster.installed import standing_in

    with standing_in(operator) as one:
        yield one


@dataclass(frozen=True)
class Namespace:
    """A namespace of one test, and kubectl in it."""

    cluster: Cluster
    name: str

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        return self.cluster.kubectl("-n", self.name, *arguments, input=stdin)

    def apply(self, manifest: dict[str, Any]) -> str:
        return self.kubectl("apply", "-f", "-", stdin=json.dumps(manifest))

    def get(self, kind: str, name: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.kubectl("get", kind, name, "-o", "json"))
        return found

    def items(self, kind: str, selector: str = "") -> list[dict[str, Any]]:
        text = self.kubectl("get", kind, "-o", "json", *(("-l", selector) if selector else ()))
        found: list[dict[str, Any]] = json.loads(text)["items"]
        return found

    def status(self, name: str, kind: str = "vmcluster") -> dict[str, Any]:
        found: dict[str, Any] = self.get(kind, name).get("status") or {}
        return found

    def condition(self, kind: str, name: str, type_: str) -> dict[str, Any]:
        """The condition of that type; empty while there is none."""
        conditions = self.status(name, kind).get("conditions") or ()
        return next((one for one in conditions if one["type"] == type_), {})

    def get_raw(self, pod: str, port: int, path: str) -> str:
        """What a pod answers to a GET; raises ClusterError."""
        proxy = f"/api/v1/namespaces/{self.name}/pods/{pod}:{port}/proxy"
        return self.kubectl("get", "--raw", f"{proxy}{path}")

    def clear(self) -> None:
        """Delete everything at once: the node is small, and the next test needs the room."""
        self.kubectl("delete", ALL_KINDS, "--all", "--wait=false")
        self.cluster.kubectl("delete", "namespace", self.name, "--wait=false", "--ignore-not-found")
        self.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")

    def until_status(
        self, name: str, wanted: str, *, seconds: float = 120, kind: str = "vmcluster"
    ) -> dict[str, Any]:
        """The status once it says `wanted` of the newest generation."""

        def reached() -> dict[str, Any] | None:
            live = self.get(kind, name)
            status: dict[str, Any] = live.get("status") or {}
            current = status.get("observedGeneration") == live["metadata"]["generation"]
            return status if current and status.get("updateStatus") == wanted else None

        try:
            found: dict[str, Any] = until(reached, seconds=seconds, what=f"{name} {wanted}")
        except pytest.fail.Exception:
            print(
                json.dumps(self.status(name, kind), indent=1),
                self.kubectl("get", "pods", "-o", "wide"),
            )
            raise
        return found


@contextmanager
def standing_demo(cluster: Cluster, name: str) -> Iterator[Namespace]:
    """A namespace with the VMCluster `demo`, operational, for the tests of one file."""
    one = Namespace(cluster, name)
    cluster.kubectl("create", "namespace", name)
    one.apply(small())
    one.until_status("demo", "operational")
    yield one
    one.clear()


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[Namespace]:
    name = f"t-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    one = Namespace(cluster, name)
    yield one
    one.clear()


def small(name: str = "demo", **spec: Any) -> dict[str, Any]:
    """A VMCluster with 2 pods of each component that a small node has room for twice."""
    quick = {
        "resources": {
            "limits": {"cpu": "200m", "memory": "100Mi"},
            "requests": {"cpu": "10m", "memory": "20Mi"},
        },
        "terminationGracePeriodSeconds": 2,
        "replicaCount": 2,
    }
    claim = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "100Mi"}}}}}
    parts = {
        "vmstorage": {**quick, "storage": claim},
        "vmselect": {**quick, "preStopSleepSeconds": 0},
        "vminsert": {**quick, "preStopSleepSeconds": 0},
    }
    merged = {key: {**part, **spec.pop(key, {})} for key, part in parts.items()}
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMCluster",
        "metadata": {"name": name},
        "spec": {"retentionPeriod": "4", "replicationFactor": 2, **merged, **spec},
    }
