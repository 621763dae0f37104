"""Guards on a real node: data is not lost unasked, and vmstorage shrinks after its retention."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, until
from tests.cluster.traffic import Attempt, flowing
from vmoperator.base import labels

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

LONG_AGO = "2020-01-01T00:00:00Z"
_REMOVED = ("vmstorage", "vmselect")


def demo(nodes: int, annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
    """A VMCluster of so many pods of vmstorage, and one of everything else."""
    for app in ("vmselect", "vminsert"):
        spec[app] = {"replicaCount": 1, **spec.get(app, {})}
    made = small(**{"replicationFactor": 1, "vmstorage": {"replicaCount": nodes}, **spec})
    made["metadata"]["annotations"] = annotations or {}
    return made


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    one = Namespace(cluster, "guards")
    cluster.kubectl("create", "namespace", one.name)
    yield one
    one.clear()


@pytest.fixture
def three(stand: Namespace) -> Namespace:
    """A cluster of three pods of vmstorage at rest."""
    stand.apply(demo(3))
    stand.until_status("demo", "operational")
    assert _pods(stand) == 3
    return stand


def _pods(namespace: Namespace) -> int:
    found: int = namespace.get("statefulset", "vmstorage-demo")["spec"]["replicas"]
    return found


def _mark(namespace: Namespace) -> str:
    metadata = namespace.get("statefulset", "vmstorage-demo")["metadata"]
    return str(metadata["annotations"].get(labels.DRAINING, ""))


def _known(namespace: Namespace, kind: str, app: str) -> list[int]:
    """Numbers of the pods of vmstorage that every pod of a program has in its arguments; none
    while they differ."""
    template = namespace.get(kind, f"{app}-demo")["spec"]["template"]["spec"]
    pods = namespace.items("pods", f"app.kubernetes.io/name={app}")
    running = [it["spec"] for it in pods if "deletionTimestamp" not in it["metadata"]]
    lists = {
        argument.partition("=")[2]
        for spec in (template, *running)
        for argument in spec["containers"][0]["args"]
        if argument.startswith("-storageNode=")
    }
    if len(lists) != 1:
        return []
    return [int(node.partition(".")[0].rpartition("-")[2]) for node in lists.pop().split(",")]


def _written(namespace: Namespace) -> list[int]:
    return _known(namespace, "deployment", "vminsert")


def _read(namespace: Namespace) -> list[int]:
    return _known(namespace, "statefulset", "vmselect")


def _retention(namespace: Namespace) -> str:
    spec = namespace.get("statefulset", "vmstorage-demo")["spec"]["template"]["spec"]
    args = spec["containers"][0]["args"]
    found = (str(one).partition("=") for one in args)
    return next(value for name, _, value in found if name == "-retentionPeriod")


def _uids(namespace: Namespace) -> set[str]:
    pods = namespace.items("pods", "app.kubernetes.io/name=vmstorage")
    return {it["metadata"]["uid"] for it in pods}


def _class(namespace: Namespace) -> str:
    """The class of claims to come; none while the StatefulSet is being made anew."""
    (found,) = namespace.items("statefulsets", "app.kubernetes.io/name=vmstorage") or ({},)
    claims = found.get("spec", {}).get("volumeClaimTemplates", ())
    return "".join(str(one["spec"].get("storageClassName", "")) for one in claims)


def _stalled(namespace: Namespace, kind: str = "vmcluster") -> dict[str, Any]:
    def told() -> dict[str, Any]:
        found = namespace.condition(kind, "demo", "Stalled")
        generation = namespace.get(kind, "demo")["metadata"]["generation"]
        return found if found.get("observedGeneration") == generation else {}

    found: dict[str, Any] = until(told, seconds=120, what="Stalled says why")
    return found


def _draining(namespace: Namespace) -> str:
    return str(namespace.condition("vmcluster", "demo", "Draining").get("reason", ""))


def test_what_would_lose_data_is_refused_and_the_rest_of_the_apply_takes_effect(
    three: Namespace,
) -> None:
    three.apply(demo(2, retentionPeriod="30d", vmselect={"logLevel": "WARN"}))
    stalled = _stalled(three)
    assert stalled["reason"] == "Guarded"
    assert "spec.retentionPeriod stays 4: 30d would delete older samples" in stalled["message"]
    assert f'{labels.ALLOW_RETENTION_CUT}: "30d"' in stalled["message"]
    assert "spec.vmstorage.replicaCount stays 3" in stalled["message"]
    assert f'{labels.ALLOW_SCALE_DOWN}: "2"' in stalled["message"]
    args = three.get("statefulset", "vmselect-demo")["spec"]["template"]["spec"]["containers"]
    assert "-loggerLevel=WARN" in args[0]["args"]
    assert (_pods(three), _retention(three)) == (3, "4")

    allowed = {labels.ALLOW_RETENTION_CUT: "30d", labels.ALLOW_SCALE_DOWN: "2"}
    three.apply(demo(2, allowed, retentionPeriod="30d"))

    def done() -> bool:
        return _pods(three) == 2 and not three.condition("vmcluster", "demo", "Stalled")

    until(done, seconds=120, what="both cuts")
    three.until_status("demo", "operational")
    assert _retention(three) == "30d"
    assert _written(three) == _read(three) == [0, 1]
    claims = {item["metadata"]["name"] for item in three.items("pvc")}
    assert "vmstorage-db-vmstorage-demo-2" in claims

    def left() -> str:
        return str(three.condition("vmcluster", "demo", "GuardLifted").get("message"))

    until(lambda: labels.ALLOW_SCALE_DOWN in left(), what="what is left is told")


def test_a_drain_outlives_the_operator_and_is_cancelled_by_scaling_up(
    three: Namespace, operator: Operator
) -> None:
    three.apply(demo(2, {labels.DRAIN: "2"}))
    mark = until(lambda: _mark(three), seconds=120, what="the drain begins")
    until(lambda: _draining(three) == "Draining", seconds=120, what="it is told")
    three.until_status("demo", "operational")
    assert mark.startswith("2=")
    assert (_pods(three), _written(three), _read(three)) == (3, [0, 1], [0, 1, 2])

    operator.restart()
    three.kubectl("delete", "service", "vmstorage-demo")
    until(lambda: three.items("service", "app.kubernetes.io/name=vmstorage"), seconds=120)
    three.until_status("demo", "operational")
    assert _mark(three) == mark
    message = three.condition("vmcluster", "demo", "Draining")["message"]
    assert mark.partition("=")[2] in message

    three.apply(demo(3, {labels.DRAIN: "2"}))
    until(lambda: not _mark(three), seconds=120, what="the drain is cancelled")
    three.until_status("demo", "operational")
    assert _written(three) == _read(three) == [0, 1, 2]
    assert not _draining(three)


def test_queries_find_every_series_while_a_pod_is_drained(three: Namespace, tmp_path: Path) -> None:
    insert = f"http://vminsert-demo.{three.name}.svc:8480/insert/0/prometheus"
    select = f"http://vmselect-demo.{three.name}.svc:8481/select/0/prometheus"
    with flowing(three.cluster, tmp_path / "attempts", insert, select) as traffic:

        def answers(since: float) -> list[Attempt]:
            return [it for it in traffic.attempts(since) if not it.is_write]

        def until_good(since: float, what: str) -> None:
            until(lambda: any(it.is_good for it in answers(since)), seconds=60, what=what)

        until_good(0.0, "a first query that finds every series")
        since = time.time()
        three.apply(demo(2, {labels.DRAIN: "2"}))
        until(lambda: _draining(three) == "Draining", seconds=120, what="it is told")
        until_good(time.time(), "a query that finds every series, of a drained pod too")
        # One that takes too long on a busy machine says nothing of what is read.
        assert not [it.words for it in answers(since) if "series instead" in it.words]
    assert (_written(three), _read(three)) == ([0, 1], [0, 1, 2])


def test_a_drained_pod_goes_when_the_retention_has_passed(three: Namespace) -> None:
    three.apply(demo(2, {labels.DRAIN: "2"}))
    until(lambda: _mark(three), seconds=120, what="the drain begins")
    long_ago = f"2={LONG_AGO}"

    def has_gone() -> bool:
        # A pass that was under way writes the true mark once more.
        if _mark(three) not in ("", long_ago):
            mark = f"{labels.DRAINING}={long_ago}"
            three.kubectl("annotate", "statefulset", "vmstorage-demo", mark, "--overwrite")
        return _pods(three) == 2

    until(has_gone, seconds=120, what="the pod goes")
    assert _written(three) == _read(three) == [0, 1]
    three.until_status("demo", "operational")
    until(lambda: not _mark(three), what="the mark has gone")
    until(lambda: not _draining(three), what="nothing is told of a drain")


def test_an_autoscaler_whose_bounds_are_below_what_runs_takes_no_pod_away(three: Namespace) -> None:
    bounds = {"minReplicas": 1, "maxReplicas": 2}
    three.apply(demo(3, vmstorage={"replicaCount": 3, "hpa": bounds}))
    assert "spec.vmstorage.hpa.maxReplicas stays 3: 2 would take" in _stalled(three)["message"]

    def scaler() -> dict[str, Any]:
        (found,) = three.items("hpa", "app.kubernetes.io/name=vmstorage") or ({},)
        return found if (found.get("status") or {}).get("conditions") else {}

    # It decides within 15 s, also without metrics where its upper bound is passed.
    seen = until(scaler, seconds=120, what="the autoscaler has looked")
    assert (seen["spec"]["minReplicas"], seen["spec"]["maxReplicas"]) == (1, 3)
    assert seen["spec"]["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    assert seen["status"]["desiredReplicas"] in (0, 3)
    assert _pods(three) == 3
    three.apply(demo(3, vmstorage={"replicaCount": 3, "hpa": {**bounds, "maxReplicas": 4}}))
    three.until_status("demo", "operational")
    assert _pods(three) == 3


def test_vmstorage_that_the_spec_names_no_more_stays_until_it_may_go(three: Namespace) -> None:
    nodes = {"extraArgs": {"storageNode": "vmstorage-demo-0.vmstorage-demo:8400"}}

    def without(annotations: dict[str, str] | None = None) -> dict[str, Any]:
        made = demo(3, annotations, vminsert=nodes)
        kept = {key: it for key, it in made["spec"].items() if key not in _REMOVED}
        return {**made, "spec": kept}

    def names(kind: str) -> set[str]:
        return {it["metadata"]["name"] for it in three.items(kind)}

    claims = names("pvc")
    three.apply(without())
    words = "spec.vmstorage is gone, but vmstorage-demo stays with its 3 pods"
    assert words in _stalled(three)["message"]
    until(lambda: "vmselect-demo" not in names("statefulset"), seconds=120, what="the rest goes")
    assert _pods(three) == 3
    assert "vmstorage-demo" in names("service")
    three.apply(without({labels.ALLOW_SCALE_DOWN: "0"}))
    until(lambda: not names("statefulset"), seconds=120, what="it goes")
    until(lambda: not three.condition("vmcluster", "demo", "Stalled"), what="nothing is refused")
    assert names("pvc") == claims


def test_another_storage_class_waits_for_leave_and_then_no_pod_restarts(three: Namespace) -> None:
    """Claims keep their class, so the pods of another one would start empty."""
    request = {"resources": {"requests": {"storage": "100Mi"}}, "storageClassName": "fixed"}
    moved = {"replicaCount": 3, "storage": {"volumeClaimTemplate": {"spec": request}}}
    before = _uids(three)
    three.apply(demo(3, vmstorage=moved))
    stalled = _stalled(three)
    assert stalled["reason"] == "Immutable"
    assert "spec.storageClassName stays" in stalled["message"]
    assert f'{labels.ALLOW_STORAGE_CLASS}: "fixed"' in stalled["message"]
    assert _class(three) != "fixed"
    three.apply(demo(3, {labels.ALLOW_STORAGE_CLASS: "fixed"}, vmstorage=moved))
    until(lambda: _class(three) == "fixed", seconds=120, what="claims to come have the class")
    three.until_status("demo", "operational")
    assert _uids(three) == before

    def told() -> str:
        return str(three.condition("vmcluster", "demo", "StorageReady").get("reason"))

    until(lambda: told() == "OtherStorageClass", what="it is told")


def test_a_vmsingle_keeps_its_volume_until_it_may_leave_it(stand: Namespace) -> None:
    storage = {"resources": {"requests": {"storage": "100Mi"}}}
    quick = {"terminationGracePeriodSeconds": 2}

    def single(annotations: dict[str, str] | None = None, **spec: Any) -> dict[str, Any]:
        return {
            **demo(1),
            "kind": "VMSingle",
            "metadata": {"name": "demo", "annotations": annotations or {}},
            "spec": {**quick, **spec},
        }

    def volumes() -> list[str]:
        template = stand.get("deployment", "vmsingle-demo")["spec"]["template"]["spec"]
        return [one["name"] for one in template["volumes"] if "persistentVolumeClaim" in one]

    stand.apply(single(storage=storage))
    stand.until_status("demo", "operational", kind="vmsingle")
    stand.apply(single(logLevel="WARN"))
    message = _stalled(stand, "vmsingle")["message"]
    assert "the data lies in persistentVolumeClaim/vmsingle-demo" in message
    args = stand.get("deployment", "vmsingle-demo")["spec"]["template"]["spec"]["containers"][0]
    assert "-loggerLevel=WARN" in args["args"]
    assert volumes() == ["data"]
    allowed = {labels.ALLOW_STORAGE_CHANGE: "persistentVolumeClaim/vmsingle-demo"}
    stand.apply(single(allowed, logLevel="WARN"))
    until(lambda: not volumes(), seconds=120, what="it leaves its volume")
    stand.until_status("demo", "operational", kind="vmsingle")
    assert stand.get("pvc", "vmsingle-demo")
