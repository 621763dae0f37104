"""The life of a VMCluster after its creation: scaled, changed, damaged, deleted."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, small, standing_demo, until
from tests.cluster.installed import Installed
from tests.cluster.timeline import APPS, Timeline

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("installed")]

NEXT_TAG = "v1.150.1-cluster"


@pytest.fixture
def demo(namespace: Namespace, installed: Installed) -> Namespace:
    namespace.apply(small())
    namespace.until_status("demo", "operational")
    return namespace


def _args(namespace: Namespace, kind: str, app: str) -> list[str]:
    live = namespace.get(kind, f"{app}-demo")
    found: list[str] = live["spec"]["template"]["spec"]["containers"][0]["args"]
    return found


def test_a_third_vmstorage_is_known_to_vminsert_and_vmselect(demo: Namespace) -> None:
    demo.apply(small(vmstorage={"replicaCount": 3}))
    demo.until_status("demo", "operational")
    third = f"vmstorage-demo-2.vmstorage-demo.{demo.name}"
    for kind, app in (("statefulset", "vmselect"), ("deployment", "vminsert")):
        assert any(third in argument for argument in _args(demo, kind, app))
        pods = demo.items("pods", f"app.kubernetes.io/name={app}")
        running = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
        assert len(running) == 2
        for pod in running:
            assert any(third in argument for argument in pod["spec"]["containers"][0]["args"])


def test_a_new_image_rolls_storage_then_select_then_insert_one_pod_at_a_time(
    demo: Namespace,
) -> None:
    timeline = Timeline(demo)
    demo.apply(small(clusterVersion=NEXT_TAG))

    def rolled() -> bool:
        timeline.look()
        live = demo.get("vmcluster", "demo")
        status = live["status"]
        return bool(
            status["updateStatus"] == "operational"
            and status["observedGeneration"] == live["metadata"]["generation"]
        )

    until(rolled, seconds=180, what="the new image everywhere")
    timeline.look()
    assert timeline.replaced == [app for app in APPS for _ in range(2)]
    assert all(count >= 1 for count in timeline.fewest.values())
    images = {
        pod["spec"]["containers"][0]["image"]
        for pod in demo.items("pods")
        if "deletionTimestamp" not in pod["metadata"]
    }
    assert {image.rpartition(":")[2] for image in images} == {NEXT_TAG}


def test_a_rollout_stops_at_the_first_failure_and_a_mended_spec_goes_on(demo: Namespace) -> None:
    broken = {"extraArgs": {"noSuchFlag": "1"}}
    demo.apply(small(vmstorage=broken))
    status = until(
        lambda: (lambda s: s if "noSuchFlag" in s.get("reason", "") else None)(demo.status("demo")),
        seconds=60,
        what="the reason names the flag",
    )
    assert status["updateStatus"] == "expanding"
    assert "pod vmstorage-demo-" in status["reason"]
    ready = [
        pod["metadata"]["name"]
        for pod in demo.items("pods", "app.kubernetes.io/name=vmstorage")
        if all(one["ready"] for one in pod["status"]["containerStatuses"])
    ]
    assert len(ready) == 1
    demo.apply(small())
    demo.until_status("demo", "operational")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("statefulset", "vmstorage-demo"),
        ("deployment", "vminsert-demo"),
        ("service", "vmselect-demo"),
        ("serviceaccount", "vmcluster-demo"),
    ],
)
def test_a_deleted_child_comes_back(demo_shared: Namespace, kind: str, name: str) -> None:
    before = demo_shared.get(kind, name)["metadata"]["uid"]
    demo_shared.kubectl("delete", kind, name)

    def back() -> bool:
        found = json.loads(
            demo_shared.kubectl("get", kind, name, "-o", "json", "--ignore-not-found") or "{}"
        )
        return bool(found) and found["metadata"]["uid"] != before

    until(back, seconds=30, what=f"{kind} {name} comes back")
    demo_shared.until_status("demo", "operational")


@pytest.fixture(scope="module")
def demo_shared(cluster: Cluster, installed: Installed) -> Iterator[Namespace]:
    with standing_demo(cluster, "shared-demo") as one:
        yield one


def test_a_deleted_vmcluster_leaves_only_its_volumes_and_finds_them_again(
    demo: Namespace,
) -> None:
    before = {item["metadata"]["name"]: item["metadata"]["uid"] for item in demo.items("pvc")}
    assert len(before) == 2
    demo.kubectl("delete", "vmcluster", "demo")
    instance = "app.kubernetes.io/instance=demo"

    def gone() -> bool:
        kinds = "statefulsets,deployments,services,serviceaccounts,pods,pdb"
        return not demo.items(kinds, instance)

    until(gone, seconds=60, what="the children are gone")
    demo.apply(small())
    demo.until_status("demo", "operational")
    after = {item["metadata"]["name"]: item["metadata"]["uid"] for item in demo.items("pvc")}
    assert after == before


def test_a_deleted_vmcluster_made_again_at_once_becomes_operational(demo: Namespace) -> None:
    demo.kubectl("delete", "vmcluster", "demo")
    demo.apply(small())
    demo.until_status("demo", "operational")


def test_kubectl_rollout_restart_replaces_the_pods_and_stays(demo: Namespace) -> None:
    before = {
        pod["metadata"]["uid"] for pod in demo.items("pods", "app.kubernetes.io/name=vmstorage")
    }
    demo.kubectl("rollout", "restart", "statefulset/vmstorage-demo")

    def replaced() -> bool:
        pods = demo.items("pods", "app.kubernetes.io/name=vmstorage")
        return len(pods) == 2 and not before & {pod["metadata"]["uid"] for pod in pods}

    until(replaced, seconds=120, what="both pods replaced")
    demo.until_status("demo", "operational")
    template = demo.get("statefulset", "vmstorage-demo")["spec"]["template"]
    assert "kubectl.kubernetes.io/restartedAt" in template["metadata"]["annotations"]


def test_operational_is_taken_back_while_a_pod_is_missing(demo: Namespace) -> None:
    def ready_since() -> str:
        return str(demo.condition("vmcluster", "demo", "Ready")["lastTransitionTime"])

    before = ready_since()
    demo.kubectl("delete", "pod", "vmstorage-demo-0", "--wait=false")

    def is_taken_back() -> bool:
        # Whoever looks too late finds that it has come to be ready anew.
        return demo.status("demo")["updateStatus"] == "expanding" or ready_since() != before

    until(is_taken_back, seconds=20)
    demo.until_status("demo", "operational")


def test_a_paused_vmcluster_is_left_alone(demo: Namespace) -> None:
    demo.apply(small(paused=True, vminsert={"replicaCount": 1}))
    status = demo.until_status("demo", "paused", seconds=20)
    assert {item["type"]: item["status"] for item in status["conditions"]}["Ready"] == "Unknown"
    time.sleep(1)
    assert demo.get("deployment", "vminsert-demo")["spec"]["replicas"] == 2
    demo.apply(small(vminsert={"replicaCount": 1}))
    demo.until_status("demo", "operational")
    assert demo.get("deployment", "vminsert-demo")["spec"]["replicas"] == 1


def test_a_namespace_goes_with_everything_in_it_while_the_operator_runs(
    demo: Namespace, cluster: Cluster, installed: Installed
) -> None:
    began = time.time()
    cluster.kubectl("delete", "namespace", demo.name, "--wait=false")
    gone = "--ignore-not-found"
    until(lambda: not cluster.kubectl("get", "namespace", demo.name, gone), seconds=90)
    refused = [
        event
        for event in cluster.audit.writes(began, user=installed.account)
        if event.namespace == demo.name and event.code == 403
    ]
    print(f"{len(refused)} writes refused, gone after {time.time() - began:.1f} s")
    assert len(refused) <= 8  # one for each child, once
