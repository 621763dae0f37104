"""The local cluster keeps its promises: idempotent, repairs itself, leaves nothing."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster, processes, teardown
from localcluster.audit import Call
from localcluster.errors import ClusterError
from localcluster.parts import expected
from localcluster.patience import drawn_out

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
TOOL = ROOT / "tools" / "cluster"
SERVER = "docker.io/victoriametrics/victoria-metrics:v1.150.0"
AGENT = "docker.io/victoriametrics/vmagent:v1.150.0"
MAP = {"apiVersion": "v1", "kind": "ConfigMap"}


def eventually(check: Callable[[], bool], seconds: float = 30.0) -> None:
    deadline = time.monotonic() + drawn_out(seconds)
    while not check():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.2)


def bring_up(cluster: Cluster, nodes: int, failures: list[ClusterError]) -> None:
    try:
        cluster.up(nodes)
    except ClusterError as error:
        failures.append(error)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    """Two clusters, brought up at the same time; the first has two nodes."""
    clusters = (Cluster("lc-a"), Cluster("lc-b"))
    failures: list[ClusterError] = []
    starts = [
        threading.Thread(target=bring_up, args=(cluster, nodes, failures))
        for cluster, nodes in zip(clusters, (2, 1), strict=True)
    ]
    try:
        for start in starts:
            start.start()
        for start in starts:
            start.join()
        assert failures == []
        yield clusters
    finally:
        for cluster in clusters:
            cluster.down()


@pytest.fixture
def cluster(pair: tuple[Cluster, Cluster]) -> Cluster:
    return pair[0]


def apply(cluster: Cluster, *objects: dict[str, Any]) -> None:
    items = {"apiVersion": "v1", "kind": "List", "items": list(objects)}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(items))


def pod(name: str, image: str, *, node: str | None = None, **spec: Any) -> dict[str, Any]:
    container = {"name": "main", "image": image, **spec.pop("container", {})}
    selector = {"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {
            "containers": [container],
            "terminationGracePeriodSeconds": 0,
            **selector,
            **spec,
        },
    }


def wait_ready(cluster: Cluster, name: str) -> None:
    timeout = f"--timeout={drawn_out(60):.0f}s"
    cluster.kubectl("wait", f"pod/{name}", "--for=condition=Ready", timeout)


def delete(cluster: Cluster, *what: str) -> None:
    cluster.kubectl("delete", *what, f"--timeout={drawn_out(30):.0f}s")


def field(cluster: Cluster, what: str, path: str) -> str:
    return cluster.kubectl("get", what, "-o", f"jsonpath={{{path}}}")


def claim(name: str, storage_class: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": name},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def grow(cluster: Cluster, name: str) -> None:
    patch = {"spec": {"resources": {"requests": {"storage": "2Gi"}}}}
    cluster.kubectl("patch", "pvc", name, "-p", json.dumps(patch))


def with_volume(name: str, claim_name: str) -> dict[str, Any]:
    return pod(
        name,
        SERVER,
        container={
            "args": ["-storageDataPath=/data"],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}],
            "readinessProbe": {"httpGet": {"path": "/health", "port": 8428}, "periodSeconds": 1},
        },
        securityContext={"runAsUser": 1000, "runAsNonRoot": True},
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": claim_name}}],
    )


def test_two_clusters_stand_side_by_side(pair: tuple[Cluster, Cluster]) -> None:
    first, second = pair
    assert first.state.port != second.state.port
    eventually(lambda: first.api.nodes() == {"node-1": True, "node-2": True})
    eventually(lambda: second.api.nodes() == {"node-1": True})
    apply(first, {**MAP, "metadata": {"name": "only-in-the-first"}})
    with pytest.raises(ClusterError, match="only-in-the-first"):
        second.kubectl("get", "configmap", "only-in-the-first")


def test_a_second_up_changes_nothing(cluster: Cluster) -> None:
    before = [cluster.parts.running(part) for part in expected(2)]
    done = subprocess.run([TOOL, "up", "--name", "lc-a"], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert "is up already" in done.stdout
    assert [cluster.parts.running(part) for part in expected(2)] == before


def test_kubectl_works_from_the_host_with_the_printed_kubeconfig(cluster: Cluster) -> None:
    told = subprocess.run(
        [TOOL, "--name", "lc-a", "kubeconfig"], capture_output=True, text=True, check=True
    )
    done = subprocess.run(
        [cluster.programs / "kubectl", "--kubeconfig", told.stdout.strip(), "get", "nodes"],
        capture_output=True,
        text=True,
    )
    assert (done.stderr, "node-2" in done.stdout) == ("", True)


def test_status_names_every_process_and_is_content(cluster: Cluster) -> None:
    done = subprocess.run([TOOL, "status", "--name", "lc-a"], capture_output=True, text=True)
    assert done.returncode == 0
    for part in expected(2):
        process = cluster.parts.running(part)
        assert process is not None
        assert f"{process.pid}" in next(
            line for line in done.stdout.splitlines() if line.startswith(part)
        )
    assert str(cluster.operator_kubeconfig) in done.stdout


def test_pods_of_two_nodes_reach_each_other_by_service_name(cluster: Cluster) -> None:
    target = {"job_name": "web", "static_configs": [{"targets": ["web.default.svc:8428"]}]}
    scrape = {"global": {"scrape_interval": "1s"}, "scrape_configs": [target]}
    agent = pod(
        "agent",
        AGENT,
        node="node-2",
        container={
            "args": ["-promscrape.config=/config/scrape.json", "-remoteWrite.url=http://web:8428"],
            "volumeMounts": [{"name": "config", "mountPath": "/config"}],
        },
        volumes=[{"name": "config", "configMap": {"name": "scrape"}}],
    )
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 8428}]},
    }
    config = {**MAP, "metadata": {"name": "scrape"}, "data": {"scrape.json": json.dumps(scrape)}}
    apply(cluster, pod("web", SERVER, node="node-1"), service, config, agent)
    wait_ready(cluster, "web")
    wait_ready(cluster, "agent")
    targets = "/api/v1/namespaces/default/pods/agent:8429/proxy/api/v1/targets"
    eventually(lambda: '"health":"up"' in raw(cluster, targets))


def raw(cluster: Cluster, path: str) -> str:
    """What a pod answers through the API server; empty while it does not listen yet."""
    try:
        return cluster.kubectl("get", "--raw", path)
    except ClusterError:
        return ""


def test_a_program_inside_reaches_services_by_name_and_the_api(cluster: Cluster) -> None:
    eventually(lambda: fetched(cluster, "http://web.default.svc:8428/health") == "OK")
    with cluster.popen_inside(
        ["kubectl", "get", "nodes", "-o", "name"], stdout=subprocess.PIPE
    ) as process:
        assert process.communicate()[0].split() == ["node/node-1", "node/node-2"]


def fetched(cluster: Cluster, url: str) -> str:
    code = f"import urllib.request as r; print(r.urlopen({url!r}, timeout=3).read().decode())"
    with cluster.popen_inside(["python3", "-c", code], stdout=subprocess.PIPE) as process:
        return str(process.communicate()[0]).strip()


def test_a_volume_serves_any_user_grows_and_goes(cluster: Cluster) -> None:
    apply(cluster, claim("growing", "hostpath"), with_volume("writer", "growing"))
    wait_ready(cluster, "writer")
    volume = field(cluster, "pvc/growing", ".spec.volumeName")
    folder = cluster.paths.volumes / volume
    assert [p for p in folder.iterdir() if p.stat().st_uid == 1000]
    grow(cluster, "growing")
    eventually(lambda: field(cluster, "pvc/growing", ".status.capacity.storage") == "2Gi")
    assert field(cluster, f"pv/{volume}", ".spec.capacity.storage") == "2Gi"
    delete(cluster, "pod/writer", "pvc/growing")
    eventually(lambda: not folder.exists())
    eventually(lambda: volume not in cluster.kubectl("get", "pv"))


def test_a_volume_lies_on_the_node_of_its_pod(cluster: Cluster) -> None:
    placed = with_volume("placed", "on-second")
    placed["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "node-2"}
    apply(cluster, claim("on-second", "hostpath"), placed)
    wait_ready(cluster, "placed")
    volume = field(cluster, "pvc/on-second", ".spec.volumeName")
    assert "node-2" in field(cluster, f"pv/{volume}", ".spec.nodeAffinity")
    delete(cluster, "pod/placed", "pvc/on-second")


def test_a_volume_of_the_class_fixed_cannot_grow(cluster: Cluster) -> None:
    apply(cluster, claim("still", "fixed"), with_volume("fixed-writer", "still"))
    wait_ready(cluster, "fixed-writer")
    with pytest.raises(ClusterError, match="forbidden"):
        grow(cluster, "still")
    delete(cluster, "pod/fixed-writer", "pvc/still")


def test_the_operators_calls_are_counted_apart(cluster: Cluster, tmp_path: Path) -> None:
    def operator(*words: str) -> subprocess.CompletedProcess[str]:
        command = [f"{cluster.programs}/kubectl", f"--kubeconfig={cluster.operator_kubeconfig}"]
        return subprocess.run([*command, *words], capture_output=True, text=True)

    assert "is forbidden" in operator("create", "configmap", "mine").stderr
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["create", "delete", "get"]}
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": "vmoperator"},
        "rules": [rule],
    }
    rights = tmp_path / "role.json"
    rights.write_text(json.dumps(role))
    cluster.up(operator_rbac=rights)
    # The API server learns of a role a moment after it is written.
    eventually(lambda: operator("auth", "can-i", "create", "configmaps").stdout.strip() == "yes")
    began = time.time()
    assert operator("create", "configmap", "mine").returncode == 0
    assert operator("delete", "configmap", "mine").returncode == 0
    cluster.kubectl("get", "configmaps")
    eventually(lambda: len(cluster.audit.writes(began, time.time())) == 2)
    counted = cluster.audit.counts(began, user="vmoperator")
    assert counted[Call("vmoperator", "create", "configmaps", "")] == 1
    assert counted[Call("vmoperator", "delete", "configmaps", "")] == 1
    assert cluster.audit.writes(0.0, began - 60) == []


def test_the_provisioner_is_silent_at_rest(cluster: Cluster) -> None:
    # Volumes are taken away after their claims.
    eventually(lambda: cluster.kubectl("get", "pv", "-o", "name") == "")
    began = time.time()
    time.sleep(3)
    assert cluster.audit.counts(began, user="localcluster:provisioner") == {}


def test_a_stopped_node_takes_its_pods_with_it_and_comes_back(cluster: Cluster) -> None:
    first = cluster.parts.running("node-2.init")
    assert first is not None
    mine = [it for pid in lives_on(first.pid) if (it := processes.identified(pid))]
    assert len(mine) > 3
    cluster.stop_node("node-2")
    assert [it for it in mine if processes.alive(it)] == []
    eventually(cluster.api.ready)
    status = subprocess.run([TOOL, "status", "--name", "lc-a"], capture_output=True, text=True)
    assert (status.returncode, "stopped" in status.stdout) == (1, True)
    cluster.start_node("node-2")
    restarts = ".status.containerStatuses[0].restartCount"
    eventually(lambda: field(cluster, "pod/agent", restarts) not in ("", "0"))
    wait_ready(cluster, "agent")
    eventually(lambda: fetched(cluster, "http://web.default.svc:8428/health") == "OK")


def lives_on(first_pid: int) -> list[int]:
    """The processes of a node, by its process namespace and those nested in it."""
    children: dict[int, list[int]] = {}
    for pid in processes.all_pids():
        fields = processes.stat_fields(pid)
        if fields is not None:
            children.setdefault(int(fields[1]), []).append(pid)
    found = [first_pid]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


@pytest.mark.parametrize("part", expected(1))
def test_up_repairs_what_was_killed(pair: tuple[Cluster, Cluster], part: str) -> None:
    cluster = pair[1]
    process = cluster.parts.running(part)
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    eventually(lambda: not processes.alive(process))
    assert cluster.up() is True
    name = f"after-{part.replace('.', '-')}"
    apply(cluster, pod(name, SERVER))
    wait_ready(cluster, name)
    assert cluster.up() is False


def test_up_goes_on_after_an_interrupted_up_and_down_leaves_nothing() -> None:
    cluster = Cluster("lc-c")
    try:
        for seconds in (1.0, 3.5):
            start = subprocess.Popen(
                [TOOL, "up", "--name", "lc-c"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
            time.sleep(seconds)
            os.killpg(start.pid, signal.SIGKILL)
            start.wait()
        # As if the last one was killed between a start and the note of it.
        for part in ("etcd", "forwarder"):
            cluster.parts.records.forget(part)
        assert cluster.up() is True
        apply(cluster, pod("after", SERVER))
        wait_ready(cluster, "after")
    finally:
        cluster.down()
    assert teardown.remaining_processes(cluster.paths) == set()
    assert teardown.mounts_below(cluster.run_dir) == []
    assert teardown.cgroups(cluster.paths) == []
    assert not cluster.paths.network.exists()
    assert not cluster.run_dir.exists()
    assert not cluster.paths.lock.exists()
    assert str(cluster.run_dir) not in command_lines()


def command_lines() -> str:
    found = []
    for pid in processes.all_pids():
        try:
            found.append(Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return "\n".join(found)
