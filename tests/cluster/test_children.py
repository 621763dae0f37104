"""Children of all kinds on a real node: swept, shared, kept, scaled by others, absent, stuck."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.definitions import definition
from tests.cluster.quiet import until_quiet

pytestmark = pytest.mark.cluster

Tree = dict[str, Any]

QUICK: Tree = {
    "resources": {"limits": {"memory": "100Mi"}, "requests": {"cpu": "10m", "memory": "20Mi"}},
    "terminationGracePeriodSeconds": 2,
    "preStopSleepSeconds": 0,
}
BASE: Tree = {
    "VMSingle": {"retentionPeriod": "1"},
    "VMAgent": {"remoteWrite": [{"url": "http://vmsingle-demo:8429/api/v1/write"}]},
    "VMAlertmanager": {},
    "VMCluster": {"retentionPeriod": "1"},
}


@dataclass(frozen=True)
class Place:
    """A namespace, and the parents in it."""

    namespace: Namespace

    @property
    def cluster(self) -> Cluster:
        return self.namespace.cluster

    def apply(self, kind: str, name: str = "demo", **spec: Any) -> None:
        quick = {} if kind == "VMCluster" else QUICK
        self.namespace.apply(
            {
                "apiVersion": "operator.victoriametrics.com/v1beta1",
                "kind": kind,
                "metadata": {"name": name},
                "spec": {**BASE[kind], **quick, **spec},
            }
        )

    def status(self, kind: str, name: str = "demo") -> Tree:
        live = self.namespace.get(kind, name)
        status: Tree = live.get("status") or {}
        is_new = status.get("observedGeneration") == live["metadata"]["generation"]
        return status if is_new else {}

    def until(self, kind: str, name: str = "demo", word: str = "operational") -> Tree:
        """The status once it says this word of the newest generation."""

        def reached() -> Tree | None:
            status = self.status(kind, name)
            return status if status.get("updateStatus") == word else None

        found: Tree = until(reached, seconds=120, what=f"{kind} {name} {word}")
        return found

    def running(self, kind: str, name: str = "demo", **spec: Any) -> Tree:
        self.apply(kind, name, **spec)
        return self.until(kind, name)

    def remark(self, kind: str, aspect: str) -> str:
        conditions = self.status(kind).get("conditions") or ()
        return next((str(it["message"]) for it in conditions if it["type"] == aspect), "")

    def exists(self, kind: str, name: str) -> bool:
        try:
            self.namespace.kubectl("get", kind, name)
        except ClusterError:
            return False
        return True

    def writes(self, seconds: float = 3.0) -> list[str]:
        """What the operator writes in the next seconds."""
        begun = time.time()
        time.sleep(seconds)
        return [f"{one.call} {one.name}" for one in self.cluster.audit.writes(begun, time.time())]


@pytest.fixture
def place(namespace: Namespace, operator: Operator) -> Place:
    operator.start()
    return Place(namespace)


@pytest.fixture
def role(place: Place) -> str:
    return f"monitoring:{place.namespace.name}:vmagent-demo"


def test_roles_go_with_the_agent_also_while_the_operator_is_away(
    place: Place, operator: Operator, role: str
) -> None:
    place.running("VMAgent")
    assert place.exists("clusterrole", role)
    assert place.exists("clusterrolebinding", role)
    operator.stop()
    place.namespace.kubectl("delete", "vmagent", "demo")
    operator.start()
    until(lambda: not place.exists("clusterrole", role), what="the role is swept")
    until(lambda: not place.exists("clusterrolebinding", role), what="the binding is swept")
    place.running("VMAgent")
    place.namespace.kubectl("delete", "vmagent", "demo")
    until(lambda: not place.exists("clusterrole", role), what="the role is swept")


def test_alertmanagers_share_a_service_without_a_fight(place: Place) -> None:
    for name in ("a", "b", "c"):
        place.running("VMAlertmanager", name)

    def owners() -> list[str]:
        live = place.namespace.get("service", "alertmanager-operated")
        return [owner["name"] for owner in live["metadata"]["ownerReferences"]]

    until(lambda: owners() == ["a", "b", "c"], what="all own it")
    until_quiet(place.cluster)
    assert place.writes() == []
    begun = time.time()
    place.namespace.kubectl("delete", "vmalertmanager", "a")
    until(lambda: owners() == ["b", "c"], what="the others own it")
    time.sleep(3)
    written = place.cluster.audit.writes(begun, time.time())
    shared = [one for one in written if one.name == "alertmanager-operated"]
    assert len(shared) <= 2, "once for each owner that is left, at most"
    place.namespace.kubectl("delete", "vmalertmanager", "--all")
    until(lambda: not place.exists("service", "alertmanager-operated"), what="it is gone")


def _storage(size: str, **more: Any) -> Tree:
    return {"storage": {"resources": {"requests": {"storage": size}}, **more}}


def test_the_claim_of_a_single_grows_stays_and_is_taken_up_again(place: Place) -> None:
    place.running("VMSingle", **_storage("1Gi"))
    claim = place.namespace.get("pvc", "vmsingle-demo")
    assert "ownerReferences" not in claim["metadata"]
    place.running("VMSingle", **_storage("2Gi"))

    def size() -> str:
        found = place.namespace.get("pvc", "vmsingle-demo")["spec"]["resources"]["requests"]
        return str(found["storage"])

    def capacity() -> str:
        found = place.namespace.get("pvc", "vmsingle-demo")["status"].get("capacity") or {}
        return str(found.get("storage"))

    assert size() == "2Gi"
    place.apply("VMSingle", **_storage("1Gi"))
    assert "storage stays 2Gi" in place.until("VMSingle", word="failed")["reason"]
    place.apply("VMSingle", **_storage("3Gi", storageClassName="fixed"))
    reason = place.until("VMSingle", word="failed")["reason"]
    assert "spec.storageClassName stays hostpath" in reason
    until(lambda: size() == "3Gi", what="it grows all the same")
    until(lambda: capacity() == "3Gi", what="it has grown")
    until_quiet(place.cluster)
    assert place.writes() == []
    place.namespace.kubectl("delete", "vmsingle", "demo")
    until(lambda: not place.exists("deployment", "vmsingle-demo"), what="the rest is gone")
    assert (
        place.namespace.get("pvc", "vmsingle-demo")["metadata"]["uid"] == claim["metadata"]["uid"]
    )
    place.running("VMSingle", **_storage("3Gi"))
    assert (
        place.namespace.get("pvc", "vmsingle-demo")["metadata"]["uid"] == claim["metadata"]["uid"]
    )


def test_a_volume_that_cannot_grow_is_told_with_what_it_takes(place: Place) -> None:
    place.running("VMSingle", **_storage("1Gi", storageClassName="fixed"))
    place.apply("VMSingle", **_storage("2Gi", storageClassName="fixed"))
    reason = place.until("VMSingle", word="failed")["reason"]
    assert "PersistentVolumeClaim vmsingle-demo cannot grow from 1Gi to 2Gi" in reason
    assert "StorageClass fixed does not allow it: set its allowVolumeExpansion" in reason
    place.apply("VMSingle", **_storage("1Gi", storageClassName="fixed"))
    place.until("VMSingle")


def _cluster(**vmselect: Any) -> Tree:
    return {
        "vmstorage": {**QUICK, "replicaCount": 1},
        "vmselect": {**QUICK, **vmselect},
    }


HPA: Tree = {"hpa": {"minReplicas": 2, "maxReplicas": 3}}


def test_nobody_fights_an_autoscaler(place: Place) -> None:
    place.running("VMCluster", **_cluster(**HPA))

    def replicas() -> int:
        return int(place.namespace.get("statefulset", "vmselect-demo")["spec"]["replicas"])

    assert replicas() == 2
    assert place.exists("hpa", "vmselect-demo")
    begun = time.time()
    place.namespace.kubectl("scale", "statefulset", "vmselect-demo", "--replicas=3")
    until(lambda: len(_ready(place, "vmselect")) == 3, what="three pods")
    place.until("VMCluster")
    time.sleep(2)
    written = place.cluster.audit.writes(begun, time.time())
    assert [one for one in written if one.name == "vmselect-demo"] == []
    place.apply("VMCluster", **_cluster(**HPA, extraArgs={"search.maxQueueDuration": "5s"}))
    place.until("VMCluster")
    assert replicas() == 3
    place.apply("VMCluster", **_cluster(replicaCount=1))
    until(lambda: replicas() == 1, what="the size is as asked for")


def _ready(place: Place, app: str) -> list[str]:
    pods = place.namespace.items("pods", f"app.kubernetes.io/name={app}")
    return [
        it["metadata"]["name"]
        for it in pods
        if {"type": "Ready", "status": "True"}.items()
        <= next((c for c in it["status"].get("conditions", ()) if c["type"] == "Ready"), {}).items()
    ]


def test_an_agent_on_each_node_and_in_shards(place: Place) -> None:
    place.running("VMAgent", daemonSetMode=True)
    assert place.exists("daemonset", "vmagent-demo")
    place.running("VMAgent", daemonSetMode=True, extraArgs={"loggerLevel": "WARN"})
    place.running("VMAgent", shardCount=2)
    until(lambda: not place.exists("daemonset", "vmagent-demo"), what="the former mode is gone")
    place.namespace.kubectl("scale", "vmagent", "demo", "--replicas=3")
    status = place.until("VMAgent")
    assert (status["shards"], status["replicas"]) == (3, 1)
    until(lambda: len(_ready(place, "vmagent")) == 3, what="three shards")
    place.namespace.kubectl("scale", "vmagent", "demo", "--replicas=1")
    until(lambda: not place.exists("deployment", "vmagent-demo-2"), what="one shard")
    assert place.until("VMAgent")["shards"] == 1


VPA: Tree = {
    "vpa": {
        "updatePolicy": {"updateMode": "Off"},
        "resourcePolicy": {"containerPolicies": [{"containerName": "*"}]},
    }
}
VPA_CRD = "verticalpodautoscalers.autoscaling.k8s.io"


@pytest.mark.slow
def test_an_autoscaler_by_size_is_used_once_it_is_installed(place: Place) -> None:
    place.running("VMSingle", **VPA)
    # The definition of a test before this one may be gone for a moment only.
    until(
        lambda: "not installed" in place.remark("VMSingle", "ChildrenIncomplete"),
        seconds=90,
        what="it is told that there is none",
    )
    place.cluster.kubectl(
        "apply",
        "-f",
        "-",
        input=json.dumps(definition("VerticalPodAutoscaler", group="autoscaling.k8s.io")),
    )
    try:
        until(
            lambda: place.exists("verticalpodautoscalers", "vmsingle-demo"),
            seconds=90,
            what="it is made",
        )
        until(lambda: not place.remark("VMSingle", "ChildrenIncomplete"), what="it is told")
        until_quiet(place.cluster)
        assert place.writes() == []
    finally:
        place.cluster.kubectl("delete", "crd", VPA_CRD)
    until(
        lambda: "not installed" in place.remark("VMSingle", "ChildrenIncomplete"),
        seconds=90,
        what="its end is told",
    )
    assert place.status("VMSingle")["updateStatus"] == "operational"


def test_what_a_pod_waits_for_is_told(place: Place) -> None:
    place.apply("VMAgent", secrets=["nowhere"])
    until(
        lambda: 'secret "nowhere" not found' in place.status("VMAgent").get("reason", ""),
        seconds=60,
        what="the missing Secret is named",
    )
    place.namespace.kubectl("create", "secret", "generic", "nowhere")
    place.until("VMAgent")


@pytest.mark.parametrize("mode", [{}, {"statefulMode": True}], ids=["Deployment", "StatefulSet"])
def test_pods_that_cannot_be_made_are_told(place: Place, mode: Tree) -> None:
    place.apply("VMAgent", serviceAccountName="nobody", ingestOnlyMode=True, **mode)
    until(
        lambda: 'serviceaccount "nobody" not found' in place.status("VMAgent").get("reason", ""),
        seconds=60,
        what="the missing account is named",
    )
    place.namespace.kubectl("create", "serviceaccount", "nobody")
    place.until("VMAgent")


def test_a_deletion_that_does_not_end_is_told(place: Place) -> None:
    place.running("VMAgent", ingestOnlyMode=True)
    hold = json.dumps({"metadata": {"finalizers": ["example.com/keep"]}})
    place.namespace.kubectl("patch", "service", "vmagent-demo", "--type=merge", "-p", hold)
    place.namespace.kubectl("delete", "service", "vmagent-demo", "--wait=false")
    until(
        lambda: "example.com/keep" in place.remark("VMAgent", "ChildrenIncomplete"),
        seconds=60,
        what="what holds it is named",
    )
    freed = json.dumps({"metadata": {"finalizers": None}})
    place.namespace.kubectl("patch", "service", "vmagent-demo", "--type=merge", "-p", freed)
    until(lambda: not place.remark("VMAgent", "ChildrenIncomplete"), what="it is over")
    place.until("VMAgent")


def test_a_restart_of_the_operator_writes_nothing(place: Place, operator: Operator) -> None:
    place.running("VMSingle", **_storage("1Gi"))
    place.running("VMAgent")
    place.running("VMAlertmanager")
    until_quiet(place.cluster)
    begun = time.time()
    operator.restart()
    time.sleep(8)
    assert [one.call for one in place.cluster.audit.writes(begun, time.time())] == []
