"""Volumes on a real node: they grow under running pods, stay, and are told of."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.quiet import until_quiet
from tests.cluster.stack import small_object

pytestmark = pytest.mark.cluster

Tree = dict[str, Any]

KEPT = ("VMCluster", "VMAgent", "VMAlertmanager", "VMSingle")
GROWING = {
    "vmstorage-db-vmstorage-demo-0": "vmcluster",
    "vmstorage-db-vmstorage-demo-1": "vmcluster",
    "wal-vmstorage-demo-0": "vmcluster",
    "wal-vmstorage-demo-1": "vmcluster",
    "vmselect-cachedir-vmselect-demo-0": "vmcluster",
    "persistent-queue-data-vmagent-demo-0": "vmagent",
    "vmalertmanager-demo-db-vmalertmanager-demo-0": "vmalertmanager",
    "vmsingle-demo": "vmsingle",
}
# The room for its queues is a flag: a larger volume is a change of its pods.
RESTARTS = "vmagent-demo-0"


def _claim(size: str, *, name: str = "", **spec: Any) -> Tree:
    metadata = {"metadata": {"name": name}} if name else {}
    return {**metadata, "spec": {**spec, "resources": {"requests": {"storage": size}}}}


def _stored(size: str, **spec: Any) -> Tree:
    return {"storage": {"volumeClaimTemplate": _claim(size, **spec)}}


def _objects(size: str) -> list[Tree]:
    """One object of each kind that keeps data, all of whose volumes have that size."""
    queue = {"statefulMode": True, "statefulStorage": _stored(size)["storage"]}
    target = {"remoteWrite": [{"url": "http://vmsingle-demo:8428/api/v1/write"}]}
    single = {"storage": _claim(size)["spec"]}
    return [
        _cluster(size),
        small_object("VMAgent", "demo", replicaCount=1, **queue, **target),
        small_object("VMAlertmanager", "demo", replicaCount=1, **_stored(size)),
        small_object("VMSingle", "demo", retentionPeriod="1", **single),
    ]


def _cluster(size: str, **vmstorage: Any) -> Tree:
    quick = {key: small_object("", "")["spec"][key] for key in ("resources",)}
    quick["terminationGracePeriodSeconds"] = 2
    mounts = {"volumeMounts": [{"name": "wal", "mountPath": "/wal"}]}
    wal = {"claimTemplates": [_claim(size, name="wal")], **mounts}
    parts = {
        "vmstorage": {**quick, "replicaCount": 2, **_stored(size), **wal, **vmstorage},
        "vmselect": {**quick, "replicaCount": 1, "preStopSleepSeconds": 0, **_stored(size)},
    }
    manifest = small_object("VMCluster", "demo")
    return {**manifest, "spec": {"retentionPeriod": "1", **parts}}


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    name = f"volumes-{uuid.uuid4().hex[:6]}"
    cluster.kubectl("create", "namespace", name)
    one = Namespace(cluster, name)
    _up(one, "100Mi")
    yield one
    one.clear()


def _up(namespace: Namespace, size: str) -> None:
    for manifest in _objects(size):
        namespace.apply(manifest)
    for kind in KEPT:
        namespace.until_status("demo", "operational", kind=kind.lower())


def _sizes(namespace: Namespace) -> dict[str, str]:
    """What each claim has, not what it asks for."""
    return {
        it["metadata"]["name"]: it["status"].get("capacity", {}).get("storage", "")
        for it in namespace.items("pvc")
    }


def _uids(namespace: Namespace, kind: str) -> dict[str, str]:
    return {it["metadata"]["name"]: it["metadata"]["uid"] for it in namespace.items(kind)}


def _writes(namespace: Namespace, seconds: float = 3.0) -> list[str]:
    """What is written once the operator has come to rest."""
    until_quiet(namespace.cluster)
    begun = time.time()
    time.sleep(seconds)
    return [f"{one.call} {one.name}" for one in namespace.cluster.audit.writes(begun, time.time())]


def _folders(namespace: Namespace) -> dict[str, Path]:
    """Where on this machine the data of each claim lies."""
    volumes = json.loads(namespace.cluster.kubectl("get", "pv", "-o", "json"))["items"]
    return {
        it["spec"]["claimRef"]["name"]: Path(it["spec"]["hostPath"]["path"])
        for it in volumes
        if it["spec"]["claimRef"]["namespace"] == namespace.name
    }


def test_every_volume_grows_and_no_pod_restarts(stand: Namespace) -> None:
    assert _sizes(stand) == dict.fromkeys(GROWING, "100Mi")
    pods, claims = _uids(stand, "pods"), _uids(stand, "pvc")
    sets = _uids(stand, "statefulsets")
    for manifest in _objects("200Mi"):
        stand.apply(manifest)
    until(lambda: _sizes(stand) == dict.fromkeys(GROWING, "200Mi"), what="every volume grows")
    for kind in KEPT:
        stand.until_status("demo", "operational", kind=kind.lower())
        until(partial(_is_ready, stand, kind), what=f"StorageReady of {kind}")
    assert _uids(stand, "pvc") == claims
    until(lambda: _are_made_anew(stand, sets), what="every StatefulSet is made anew")
    after = _uids(stand, "pods")
    assert {name for name in pods if after.get(name) != pods[name]} <= {RESTARTS}
    assert _writes(stand) == []


def _is_ready(namespace: Namespace, kind: str) -> bool:
    """Claims have grown a moment before the operator sees and tells it."""
    found = namespace.condition(kind, "demo", "StorageReady")
    return bool(found.get("status", "True") == "True")


def _are_made_anew(namespace: Namespace, before: dict[str, str]) -> bool:
    now = _uids(namespace, "statefulsets")
    return now.keys() == before.keys() and not now.items() & before.items()


def test_an_operator_that_is_killed_in_the_middle_is_made_up_for(
    stand: Namespace, operator: Operator
) -> None:
    pods = _uids(stand, "pods")
    before = stand.get("statefulset", "vmstorage-demo")["metadata"]["uid"]
    since = time.time()
    stand.apply(_cluster("300Mi"))

    def grows() -> bool:
        calls = stand.cluster.audit.writes(since, time.time())
        return any("persistentvolumeclaims" in one.call for one in calls)

    until(grows, what="the first claim is asked")
    operator.kill()
    operator.start()

    def is_done() -> bool:
        live = stand.items("statefulsets", "app.kubernetes.io/name=vmstorage")
        return [it["metadata"]["uid"] for it in live] not in ([], [before])

    until(is_done, what="the StatefulSet is made anew")
    wanted = [name for name, kind in GROWING.items() if kind == "vmcluster"]
    until(lambda: {_sizes(stand)[it] for it in wanted} == {"300Mi"}, what="every volume grows")
    stand.until_status("demo", "operational")
    assert _uids(stand, "pods") == pods


@contextmanager
def _slow_volume(namespace: Namespace, claim: str) -> Iterator[None]:
    """A volume that does not grow meanwhile: nobody knows who has provided it."""
    volume = namespace.get("pvc", claim)["spec"]["volumeName"]
    live = json.loads(namespace.cluster.kubectl("get", "pv", volume, "-o", "json"))
    key = "pv.kubernetes.io/provisioned-by"
    provider = live["metadata"]["annotations"][key]
    namespace.cluster.kubectl("annotate", "pv", volume, f"{key}-")
    yield
    namespace.cluster.kubectl("annotate", "pv", volume, f"{key}={provider}")


def _until_ready_says(namespace: Namespace, words: str) -> Tree:
    def told() -> Tree | None:
        found = namespace.condition("vmcluster", "demo", "StorageReady")
        return found if words in found.get("message", "") else None

    found: Tree = until(told, seconds=90, what=f"StorageReady says {words}")
    return found


def test_progress_is_told_until_the_last_volume_has_grown(stand: Namespace) -> None:
    pods = _uids(stand, "pods")
    with _slow_volume(stand, "vmstorage-db-vmstorage-demo-1"):
        stand.apply(_cluster("400Mi"))
        words = "vmstorage vmstorage-db: 1 of 2 claims have grown to 400Mi"
        told = _until_ready_says(stand, words)
        assert (told["status"], told["reason"]) == ("False", "Growing")
        stand.until_status("demo", "operational")
    told = _until_ready_says(stand, "every claim is as large as wanted")
    assert told["status"] == "True"
    assert _sizes(stand)["vmstorage-db-vmstorage-demo-1"] == "400Mi"
    assert _uids(stand, "pods") == pods


def test_a_growth_with_a_field_that_is_refused_leaves_the_pods_their_controller(
    stand: Namespace,
) -> None:
    name, since = "vmstorage-demo", time.time()
    pods, before = _uids(stand, "pods"), _uids(stand, "statefulsets")[name]
    stand.apply(_cluster("500Mi", nodeSelector={"not a label!": "x"}))
    status = stand.until_status("demo", "failed")
    assert 'StatefulSet.apps "vmstorage-demo" is invalid' in status["reason"]
    assert "nodeSelector" in status["reason"]
    until(lambda: _sizes(stand)["vmstorage-db-vmstorage-demo-0"] == "500Mi", what="claims grow")
    written = stand.cluster.audit.writes(since, time.time())
    writes = [one for one in written if one.namespace == stand.name]
    assert not [one for one in writes if one.call.verb == "delete" and one.name == name]
    assert (_uids(stand, "statefulsets")[name], _uids(stand, "pods")) == (before, pods)
    stand.kubectl("delete", "pod", f"{name}-1", "--wait=false")
    until(lambda: _is_new(stand, f"{name}-1", pods), what="the pod comes back")
    pods = _uids(stand, "pods")
    stand.apply(_cluster("500Mi"))

    def is_done() -> bool:
        live = stand.items("statefulsets", "app.kubernetes.io/name=vmstorage")
        return [it["metadata"]["uid"] for it in live] not in ([], [before])

    until(is_done, what="the StatefulSet is made anew")
    stand.until_status("demo", "operational")
    assert _uids(stand, "pods") == pods


def _is_new(namespace: Namespace, pod: str, before: dict[str, str]) -> bool:
    return _uids(namespace, "pods").get(pod, before[pod]) != before[pod]


def test_what_others_enlarge_is_left_alone(stand: Namespace) -> None:
    size = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
    for name in ("vmstorage-db-vmstorage-demo-0", "vmsingle-demo"):
        stand.kubectl("patch", "pvc", name, "--type=merge", "-p", json.dumps(size))
        until(lambda name=name: _sizes(stand)[name] == "1Gi", what=f"{name} grows")  # type: ignore[misc]  # a default in a lambda has no type
    assert _writes(stand) == []
    for kind in ("vmcluster", "vmsingle"):
        assert stand.status("demo", kind)["updateStatus"] == "operational"


def test_a_smaller_size_is_refused_by_name(stand: Namespace) -> None:
    stand.apply(_cluster("200Mi", minReadySeconds=1))
    status = stand.until_status("demo", "failed")
    assert "vmstorage wal: its claims stay as large as they are" in status["reason"]
    assert "set storage to 500Mi or more" in status["reason"]
    assert stand.get("statefulset", "vmstorage-demo")["spec"]["minReadySeconds"] == 1
    stand.apply(_cluster("500Mi", minReadySeconds=1))
    stand.until_status("demo", "operational")


def test_each_kind_finds_its_data_again(stand: Namespace) -> None:
    claims, folders = _uids(stand, "pvc"), _folders(stand)
    for name, folder in folders.items():
        (folder / "mark").write_text(name)
    for kind in KEPT:
        stand.kubectl("delete", kind.lower(), "demo")
    until(lambda: not stand.items("pods"), seconds=120, what="every pod goes")
    assert _uids(stand, "pvc") == claims
    assert not [it for it in stand.items("pvc") if it["metadata"].get("ownerReferences")]
    _up(stand, "500Mi")
    assert _uids(stand, "pvc") == claims
    assert _folders(stand) == folders
    assert [(folder / "mark").read_text() for folder in folders.values()] == [*folders]


def test_a_volume_that_is_lost_is_named(stand: Namespace) -> None:
    name = "vmalertmanager-demo-db-vmalertmanager-demo-0"
    volume = stand.get("pvc", name)["spec"]["volumeName"]
    stand.cluster.kubectl("delete", "pv", volume, "--wait=false")
    patch = '{"metadata": {"finalizers": null}}'
    stand.cluster.kubectl("patch", "pv", volume, "--type=merge", "-p", patch)
    status = stand.until_status("demo", "failed", kind="vmalertmanager")
    assert (
        f"PersistentVolumeClaim {name} has lost its PersistentVolume {volume}" in status["reason"]
    )
    assert stand.condition("vmalertmanager", "demo", "Stalled")["reason"] == "VolumeLost"


def test_a_class_that_cannot_grow_is_named_and_the_size_taken_back(
    namespace: Namespace, operator: Operator
) -> None:
    def agent(size: str, **spec: Any) -> Tree:
        return small_object(
            "VMAlertmanager", "demo", **_stored(size, storageClassName="fixed"), **spec
        )

    namespace.apply(agent("100Mi"))
    namespace.until_status("demo", "operational", kind="vmalertmanager")
    namespace.apply(agent("200Mi", podMetadata={"annotations": {"round": "2"}}))
    status = namespace.until_status("demo", "failed", kind="vmalertmanager")
    assert (
        "cannot grow from 100Mi to 200Mi, for StorageClass fixed does not allow" in status["reason"]
    )
    live = namespace.get("statefulset", "vmalertmanager-demo")["spec"]["template"]
    assert live["metadata"]["annotations"]["round"] == "2"
    namespace.apply(agent("100Mi", podMetadata={"annotations": {"round": "2"}}))
    namespace.until_status("demo", "operational", kind="vmalertmanager")
    assert set(_sizes(namespace).values()) == {"100Mi"}


def test_a_claim_without_a_volume_is_named_with_the_reason(
    namespace: Namespace, operator: Operator
) -> None:
    storage = {"storage": _claim("100Mi", storageClassName="nowhere")["spec"]}
    namespace.apply(small_object("VMSingle", "demo", retentionPeriod="1", **storage))

    def told() -> Tree | None:
        found = namespace.condition("vmsingle", "demo", "StorageReady")
        return found if "nowhere" in found.get("message", "") else None

    found = until(told, seconds=120, what="the claim is named")
    assert found["reason"] == "ClaimPending"
    assert (
        "PersistentVolumeClaim vmsingle-demo has no volume of StorageClass nowhere"
        in (found["message"])
    )


def test_claims_that_shall_go_with_their_set_outlive_its_making_anew(
    namespace: Namespace, operator: Operator
) -> None:
    """A growth deletes the StatefulSet; only the end of the object is the end of its claims."""
    policy = {"persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Delete"}}

    def apply(size: str) -> None:
        namespace.apply(small_object("VMAlertmanager", "demo", **_stored(size), **policy))

    def is_owned() -> bool:
        sets = set(_uids(namespace, "statefulsets").values())
        owners = [it["metadata"].get("ownerReferences") or () for it in namespace.items("pvc")]
        return bool(owners) and all({one["uid"] for one in it} == sets for it in owners)

    apply("100Mi")
    namespace.until_status("demo", "operational", kind="vmalertmanager")
    until(is_owned, what="the claims belong to the StatefulSet")
    kept = {kind: _uids(namespace, kind) for kind in ("pods", "pvc")}
    first = _uids(namespace, "statefulsets")
    apply("200Mi")
    until(lambda: set(_sizes(namespace).values()) == {"200Mi"}, what="the volume grows")
    until(lambda: _uids(namespace, "statefulsets") not in ({}, first), what="the set is made anew")
    namespace.until_status("demo", "operational", kind="vmalertmanager")
    until(is_owned, what="the claims belong to the new StatefulSet")
    assert {kind: _uids(namespace, kind) for kind in kept} == kept
    namespace.kubectl("delete", "vmalertmanager", "demo")
    until(lambda: not namespace.items("pvc"), seconds=120, what="the claims go")
