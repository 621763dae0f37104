"""The High Availability document's VMCluster, unchanged, as a user meets it."""

from __future__ import annotations

import re
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import ROOT, Namespace, Operator, until

pytestmark = pytest.mark.cluster

MANIFEST = ROOT / "examples/high-availability/vmcluster.yaml"
NAME = "example-vmcluster-persistent"
COLUMNS = ["NAME", "INSERT COUNT", "STORAGE COUNT", "SELECT COUNT", "AGE", "STATUS"]
REST_SECONDS = 120


class Watching:
    """`kubectl get vmclusters -w` in another terminal."""

    def __init__(self, cluster: Cluster, namespace: str, output: Path) -> None:
        self._output = output
        self._file = output.open("wb")
        self._process = subprocess.Popen(
            cluster.kubectl_command("-n", namespace, "get", "vmclusters", "-w"),
            stdout=self._file,
            stderr=subprocess.STDOUT,
        )

    def rows(self) -> list[str]:
        return self._output.read_text().splitlines()

    def stop(self) -> list[str]:
        self._process.terminate()
        self._process.wait()
        self._file.close()
        return self.rows()


class Created:
    """What was seen from `kubectl apply` to `operational`."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace
        self.rows: list[str] = []
        self.serving_at_operational: dict[str, int] = {}
        self.connected_at_operational: list[str] | None = None
        self.held_up: list[str] = []
        """Why pods had to wait meanwhile, as they may on a busy machine."""
        self.started = 0.0
        self.ended = 0.0

    @property
    def selector(self) -> str:
        return f"app.kubernetes.io/instance={NAME}"


def serving(namespace: Namespace) -> dict[str, int]:
    """Ready endpoints of each Service, as kube-proxy would use them."""
    found: dict[str, int] = {}
    for item in namespace.items("endpointslices"):
        service = item["metadata"]["labels"]["kubernetes.io/service-name"]
        ready = [one for one in item["endpoints"] or () if one["conditions"].get("serving")]
        found[service] = found.get(service, 0) + len(ready)
    return found


def connected(namespace: Namespace) -> list[str] | None:
    """The storage nodes that each vminsert and vmselect has reached, as its stand-in tells.

    None with the real programs, whose metrics do not name them.
    """
    found: list[str] = []
    for app, port in (("vminsert", 8480), ("vmselect", 8481)):
        for pod in namespace.items("pods", f"app.kubernetes.io/name={app}"):
            path = f"/api/v1/namespaces/{namespace.name}/pods/{pod['metadata']['name']}:{port}"
            metrics = namespace.kubectl("get", "--raw", f"{path}/proxy/metrics")
            if "standin_" not in metrics:
                return None
            nodes = re.findall(r'^standin_storage_node_up\{addr="(.*)"\} 1$', metrics, re.MULTILINE)
            found += [f"{app} {node.partition('.')[0]}" for node in nodes]
    return found


@pytest.fixture(scope="module")
def created(
    cluster: Cluster, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Created]:
    namespace = Namespace(cluster, "ha-document")
    cluster.kubectl("create", "namespace", namespace.name)
    seen = Created(namespace)
    began = time.time()
    watching = Watching(cluster, namespace.name, tmp_path_factory.mktemp("watch") / "rows")
    until(lambda: _is_watched(namespace, began), what="kubectl watches")
    seen.started = time.time()
    namespace.kubectl("apply", "-f", str(MANIFEST))
    until(lambda: namespace.status(NAME).get("updateStatus") == "operational", seconds=180)
    seen.serving_at_operational = serving(namespace)
    seen.ended = time.time()
    seen.connected_at_operational = connected(namespace)
    until(lambda: "operational" in "".join(watching.rows()[-1:]), what="the last row")
    time.sleep(2)  # whatever else would be printed
    seen.rows = watching.stop()
    until(lambda: _told(namespace, "Operational"), what="the end of the creation is told")
    seen.held_up = _told(namespace, "PodFailing")
    print("\n".join([*seen.rows, *seen.held_up]))
    print(f"operational after {seen.ended - seen.started:.1f} s")
    yield seen
    namespace.clear()


def _is_watched(namespace: Namespace, since: float) -> bool:
    events = namespace.cluster.audit.events(since)
    return any(it.call.verb == "watch" and it.namespace == namespace.name for it in events)


def _told(namespace: Namespace, reason: str) -> list[str]:
    """Messages of the events of this reason about the VMCluster."""
    found = [it for it in namespace.items("events") if it["reason"] == reason]
    return [it["message"] for it in found if it["involvedObject"]["kind"] == "VMCluster"]


def test_the_watch_prints_the_columns_of_the_document(created: Created) -> None:
    header = created.rows[0]
    assert [header.find(column) >= 0 for column in COLUMNS] == [True] * len(COLUMNS)
    assert header.split() == " ".join(COLUMNS).split()


def test_a_creation_takes_at_most_three_rows_and_ends_operational(created: Created) -> None:
    rows = [row.split() for row in created.rows[1:]]
    assert len(rows) <= 3 or created.held_up
    assert [row[-1] for row in rows[-2:]] == ["expanding", "operational"]
    assert rows[-1][:4] == [NAME, "2", "2", "2"]


def test_operational_means_that_every_service_lists_every_pod(created: Created) -> None:
    assert created.serving_at_operational == {
        f"vminsert-{NAME}": 2,
        f"vmselect-{NAME}": 2,
        f"vmstorage-{NAME}": 2,
    }


def test_operational_means_that_every_vminsert_and_vmselect_has_its_storage(
    created: Created,
) -> None:
    if created.connected_at_operational is None:
        pytest.skip("only the stand-ins tell which storage nodes they have reached")
    nodes = [f"vmstorage-{NAME}-{index}" for index in (0, 1)]
    wanted = [f"{app} {node}" for app in ("vminsert", "vmselect") for node in nodes * 2]
    assert sorted(created.connected_at_operational) == sorted(wanted)


def test_the_services_are_those_of_the_document(created: Created) -> None:
    services = created.namespace.items("services", created.selector)
    found = {
        item["metadata"]["name"]: (
            item["spec"]["clusterIP"] == "None",
            sorted(port["port"] for port in item["spec"]["ports"]),
        )
        for item in services
    }
    assert found == {
        f"vminsert-{NAME}": (False, [8480]),
        f"vmselect-{NAME}": (True, [8481]),
        f"vmstorage-{NAME}": (True, [8400, 8401, 8482]),
    }


def test_the_volumes_are_bound_in_the_sizes_given(created: Created) -> None:
    claims = created.namespace.items("pvc")
    found = sorted(
        (item["status"]["phase"], item["status"]["capacity"]["storage"]) for item in claims
    )
    assert found == [("Bound", "10Gi"), ("Bound", "10Gi"), ("Bound", "2Gi"), ("Bound", "2Gi")]


def _container(namespace: Namespace, kind: str, app: str) -> dict[str, Any]:
    live = namespace.get(kind, f"{app}-{NAME}")
    found: dict[str, Any] = next(
        item for item in live["spec"]["template"]["spec"]["containers"] if item["name"] == app
    )
    return found


def test_flags_and_limits_are_those_asked_for(created: Created) -> None:
    space = created.namespace
    storage = _container(space, "statefulset", "vmstorage")
    select = _container(space, "statefulset", "vmselect")
    insert = _container(space, "deployment", "vminsert")
    nodes = [f"vmstorage-{NAME}-{index}.vmstorage-{NAME}.{space.name}" for index in (0, 1)]
    assert {"-retentionPeriod=4", "-dedup.minScrapeInterval=1ms"} <= set(storage["args"])
    assert not any(flag.startswith("-replicationFactor") for flag in storage["args"])
    assert {
        "-replicationFactor=2",
        "-dedup.minScrapeInterval=1ms",
        f"-storageNode={','.join(f'{node}:8401' for node in nodes)}",
    } <= set(select["args"])
    assert {
        "-replicationFactor=2",
        f"-storageNode={','.join(f'{node}:8400' for node in nodes)}",
    } <= set(insert["args"])
    assert storage["resources"]["limits"] == {"cpu": "500m", "memory": "500Mi"}
    assert select["resources"]["limits"] == {"cpu": "200m", "memory": "300Mi"}


def test_kubectl_wait_for_ready_returns(created: Created) -> None:
    said = created.namespace.kubectl("wait", "--for=condition=Ready", f"vmcluster/{NAME}")
    assert "condition met" in said


def test_a_creation_is_ten_applies_and_two_statuses(created: Created, cluster: Cluster) -> None:
    writes = [
        event
        for event in cluster.audit.writes(created.started - 1, created.ended + 1)
        if event.namespace == created.namespace.name
    ]
    counts = Counter(
        f"{event.call.resource}/{event.call.subresource}".rstrip("/") for event in writes
    )
    print(f"writes of the creation: {dict(counts)}")
    if created.held_up:
        # Each reason for which a pod waits is told, and that it waits no longer.
        counts["vmclusters/status"] = min(counts["vmclusters/status"], 2)
    assert counts == {
        "serviceaccounts": 1,
        "services": 3,
        "statefulsets": 2,
        "deployments": 1,
        "vmservicescrapes": 3,
        "vmclusters/status": 2,
    }


def test_a_restart_of_the_operator_with_nothing_changed_writes_nothing(
    created: Created, operator: Operator, cluster: Cluster
) -> None:
    began = time.time()
    operator.restart()
    time.sleep(5)
    assert cluster.audit.writes(began, told=True) == []


@pytest.mark.slow
def test_at_rest_nothing_is_written_for_two_minutes(
    created: Created, operator: Operator, cluster: Cluster
) -> None:
    time.sleep(3)
    began = time.time()
    time.sleep(REST_SECONDS)
    assert cluster.audit.writes(began, told=True) == []
    assert created.namespace.status(NAME)["updateStatus"] == "operational"
