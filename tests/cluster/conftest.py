"""A real node for the tests in this folder, with the operator on it."""

from __future__ import annotations

import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.rights import RIGHTS, of_the_operator, refused, used
from vmoperator.api import KINDS

if TYPE_CHECKING:
    from tests.cluster.installed import Installed

ROOT = Path(__file__).parents[2]
ALL_KINDS = ",".join(f"{kind.lower()}s" for kind in KINDS)
KEEP = bool(os.environ.get("KEEP_CLUSTER"))
"""Leave the cluster up after the tests, to look at it or to run them again faster."""
AS_PROCESS = os.environ.get("OPERATOR") == "process"
"""Run the operator from these sources, without an image: by hand, to try a change at once."""
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


class Operator(Protocol):
    """The operator that the tests of a cluster share: any of them may end, freeze or question it.

    It runs as the chart has it, with the image; beside that as a process (CONTRIBUTING.md).
    """

    cluster: Cluster

    def start(self) -> None:
        """Have it run; does nothing while it does, and waits for nothing that it does first."""

    def stop(self) -> None:
        """End it by SIGTERM, and wait until it is gone."""

    def kill(self) -> None:
        """End it without a word, as a lost node does."""

    def restart(self) -> None:
        """End it by SIGTERM, and have another one run, which knows what there is and may write."""

    def release(self) -> AbstractContextManager[Installed]:
        """The operator by helm, for the tests of one file."""

    @property
    def is_running(self) -> bool:
        """Whether what was started last still runs: it was neither ended nor did it fail."""

    @property
    def pid(self) -> int:
        """Of the process that was started last, on this machine."""

    @property
    def address(self) -> str:
        """Host and port of its pages, inside the node's network."""

    @property
    def log(self) -> str:
        """All that it ever said, before its restarts as well."""


KNOWS = "the world is known"
LEADS = "leading, as"
"""What the operator logs once it has read everything, and once the lease is its own."""


def _served(cluster: Cluster) -> bool:
    try:
        cluster.kubectl("get", ALL_KINDS, "-A")
    except ClusterError:
        return False
    return True


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A node with the definitions, where no operator runs yet."""
    one = Cluster(NAME)
    one.up()
    one.kubectl("apply", "-f", str(ROOT / "crds"))
    until(lambda: _served(one), seconds=30, what="the kinds are served")
    yield one
    if not KEEP:
        one.down()


@pytest.fixture(scope="session")
def operator(
    cluster: Cluster, pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Operator]:
    """The operator as users have it, by helm and image, once for all files."""
    # They need this module themselves.
    from tests.cluster.pod import released
    from tests.cluster.process import running

    folder, began = tmp_path_factory.mktemp("operator"), time.time()
    with running(cluster, folder) if AS_PROCESS else released(cluster) as one:
        yield one
        seen = list(of_the_operator(cluster.audit.events(began)))
    pytestconfig.stash[RIGHTS] = used(seen)
    assert refused(seen) == [], "calls of the operator for which it had no right"


@pytest.fixture(scope="module")
def installed(operator: Operator) -> Iterator[Installed]:
    """The release of the operator, for tests that ask helm or Kubernetes about it."""
    with operator.release() as one:
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
