"""Who else writes to our objects: whatever they do, it ends, and then nobody writes any more."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, standing_demo, until
from tests.cluster.quiet import unrecorded, until_quiet

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

QUIET_SECONDS = 3.0
Tree = dict[str, Any]
CHILDREN = "statefulsets,deployments,services,serviceaccounts"


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    with standing_demo(cluster, f"fights-{uuid.uuid4().hex[:6]}") as one:
        yield one


@pytest.fixture
def demo(stand: Namespace) -> Namespace:
    """The cluster as it was in the beginning, at rest."""
    stand.apply(small())
    stand.until_status("demo", "operational")
    until(lambda: _is_at_rest(stand), what="the operator is at rest")
    return stand


def _is_at_rest(namespace: Namespace) -> bool:
    """Whether there is nothing left to do, nor anything that was done just now.

    Controllers count pods, and take the former ones away, after the status says that all serve.
    """
    return (
        not unrecorded(namespace)
        and not any("deletionTimestamp" in it["metadata"] for it in namespace.items("pods"))
        and not _writes(namespace, time.time() - 2)
    )


def _writes(namespace: Namespace, since: float) -> list[str]:
    """The operator's writes in the namespace; Events are counted apart."""
    return [
        f"{it.call.verb} {it.call.resource}/{it.call.subresource} {it.name}"
        for it in namespace.cluster.audit.writes(since, time.time())
        if it.namespace == namespace.name
    ]


def _is_quiet(namespace: Namespace) -> bool:
    began = time.time()
    time.sleep(QUIET_SECONDS)
    return _writes(namespace, began) == []


def _replicas(namespace: Namespace, kind: str, name: str) -> int:
    return int(namespace.get(kind, name)["spec"]["replicas"])


def _told(namespace: Namespace, reason: str) -> list[str]:
    return [it["message"] for it in namespace.items("events") if it["reason"] == reason]


def test_an_autoscaler_of_the_users_decides_while_it_is_there(demo: Namespace) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "vminsert-demo"}
    metadata = {"name": "theirs"}
    spec = {"scaleTargetRef": target, "minReplicas": 3, "maxReplicas": 4}
    kind = "HorizontalPodAutoscaler"
    scaler = {"apiVersion": "autoscaling/v2", "kind": kind, "metadata": metadata, "spec": spec}
    demo.apply(scaler)
    until(
        lambda: (
            "theirs" in demo.condition("vmcluster", "demo", "ScaledByOthers").get("message", "")
            and _replicas(demo, "deployment", "vminsert-demo") == 3
        ),
        seconds=90,
        what="the autoscaler has its way",
    )
    demo.until_status("demo", "operational")
    until_quiet(demo.cluster, namespace=demo.name)
    demo.kubectl("delete", "hpa", "theirs")
    demo.kubectl("annotate", "vmcluster", "demo", "wake=up", "--overwrite")
    until(
        lambda: _replicas(demo, "deployment", "vminsert-demo") == 2,
        seconds=30,
        what="the number of the spec is back",
    )


@pytest.mark.parametrize(
    ("kind", "name"), [("deployment", "vminsert-demo"), ("statefulset", "vmselect-demo")]
)
def test_a_child_that_is_scaled_by_hand_is_set_back_once_and_told_of(
    demo: Namespace, kind: str, name: str
) -> None:
    since = time.time()
    demo.kubectl("scale", kind, name, "--replicas=3")
    until(lambda: _replicas(demo, kind, name) == 2 and _writes(demo, since), what="set back")
    demo.until_status("demo", "operational")
    until_quiet(demo.cluster, namespace=demo.name)
    applied = [it for it in _writes(demo, since) if it.startswith(f"patch {kind}s/ ")]
    assert applied == [f"patch {kind}s/ {name}"]
    until(
        lambda: any(name in it and "spec.replicas" in it for it in _told(demo, _UNDONE)),
        what="an event names the field",
    )


_UNDONE = "ForeignChangeUndone"


def test_kubectl_rollout_restart_goes_through_without_an_apply(demo: Namespace) -> None:
    since = time.time()
    workloads = ("statefulset/vmselect-demo", "deployment/vminsert-demo")
    before = {it["metadata"]["uid"] for it in demo.items("pods")}
    for one in workloads:
        demo.kubectl("rollout", "restart", one)

    def replaced() -> bool:
        pods = demo.items("pods", "app.kubernetes.io/name in (vmselect,vminsert)")
        return len(pods) == 4 and not before & {it["metadata"]["uid"] for it in pods}

    until(replaced, seconds=90, what="four new pods")
    demo.until_status("demo", "operational")
    until_quiet(demo.cluster, namespace=demo.name)
    kinds = {it.split()[1] for it in _writes(demo, since)}
    assert kinds <= {"vmclusters/status", "pods/eviction", "statefulsets/status"}
    until(
        lambda: len([it for it in _told(demo, "ReplacingPod") if "kubectl asked" in it]) >= 4,
        what="each pod is told of",
    )


def test_what_is_changed_by_hand_while_it_is_paused_stays_until_it_goes_on(demo: Namespace) -> None:
    demo.apply(small(paused=True))
    demo.until_status("demo", "paused")
    since = time.time()
    demo.kubectl("scale", "deployment", "vminsert-demo", "--replicas=1")
    assert _is_quiet(demo)
    assert _writes(demo, since) == []
    assert _replicas(demo, "deployment", "vminsert-demo") == 1
    demo.apply(small())
    until(lambda: _replicas(demo, "deployment", "vminsert-demo") == 2, what="it is set back")


def test_a_paused_component_alone_is_left_as_it_is(demo: Namespace) -> None:
    demo.apply(small(vminsert={"paused": True}))
    demo.until_status("demo", "operational")
    since = time.time()
    demo.kubectl("scale", "deployment", "vminsert-demo", "--replicas=1")
    demo.kubectl("scale", "statefulset", "vmselect-demo", "--replicas=3")
    until(lambda: _replicas(demo, "statefulset", "vmselect-demo") == 2, what="vmselect is set back")
    assert _replicas(demo, "deployment", "vminsert-demo") == 1
    assert [it for it in _writes(demo, since) if "deployments" in it] == []


def test_an_edit_by_hand_is_undone_and_then_it_is_quiet(demo: Namespace) -> None:
    patch = json.dumps({"spec": {"template": {"spec": {"priorityClassName": "", "hostPID": True}}}})
    demo.kubectl("patch", "deployment", "vminsert-demo", "--type=merge", "-p", patch)

    def undone() -> bool:
        return "hostPID" not in demo.get("deployment", "vminsert-demo")["spec"]["template"]["spec"]

    until(undone, what="the field is gone")
    demo.until_status("demo", "operational")
    until_quiet(demo.cluster, namespace=demo.name)


def test_labels_and_annotations_of_gitops_tools_stay_and_cost_nothing(demo: Namespace) -> None:
    marks = ("argocd.argoproj.io/instance=demo", "kustomize.toolkit.fluxcd.io/name=demo")
    notes = ("argocd.argoproj.io/tracking-id=demo:x", "helm.toolkit.fluxcd.io/driftDetection=off")
    since = time.time()
    names = demo.kubectl("get", CHILDREN, "-l", "managed-by=vm-operator", "-o", "name").split()
    targets = [*names, "vmcluster/demo"]
    demo.kubectl("label", *targets, *marks)
    demo.kubectl("annotate", *targets, *notes)
    assert _is_quiet(demo)
    # Not even a status, although annotations of a Deployment make a new generation of it.
    assert _writes(demo, since) == []
    # A change of the spec writes some of them anew; what is not ours stays all the same.
    demo.apply(small(vminsert={"logLevel": "WARN"}))
    demo.until_status("demo", "operational")
    until_quiet(demo.cluster, namespace=demo.name)
    for name in names:
        metadata = json.loads(demo.kubectl("get", name, "-o", "json"))["metadata"]
        assert metadata["labels"]["argocd.argoproj.io/instance"] == "demo", name
        assert metadata["annotations"]["argocd.argoproj.io/tracking-id"] == "demo:x", name


def test_shards_are_scaled_at_the_vmagent_and_nowhere_else(demo: Namespace) -> None:
    quick = small()["spec"]["vminsert"]
    demo.apply(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAgent",
            "metadata": {"name": "demo"},
            "spec": {
                **{key: quick[key] for key in ("resources", "terminationGracePeriodSeconds")},
                "remoteWrite": [{"url": "http://vminsert-demo:8480/insert/0/prometheus"}],
                "shardCount": 1,
                "preStopSleepSeconds": 0,
            },
        }
    )
    demo.until_status("demo", "operational", kind="vmagent")
    demo.kubectl("scale", "vmagent", "demo", "--replicas=2")
    status = demo.until_status("demo", "operational", kind="vmagent")
    assert status["shards"] == 2
    until_quiet(demo.cluster, namespace=demo.name)
    assert demo.get("vmagent", "demo")["spec"]["shardCount"] == 2
    demo.kubectl("delete", "vmagent", "demo")
