"""Rights proved by the audit log: nothing was refused, and each was of use or is explained."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
import yaml

from generate.unused import Use, unproved
from localcluster import Cluster
from tests.cluster.conftest import ROOT, Namespace, Operator, small, until
from tests.cluster.installed import Installed
from tests.cluster.quiet import unrecorded
from tests.cluster.rights import figure, used
from tests.cluster.stack import small_object
from vmoperator.base.labels import FORMER_FINALIZER
from vmoperator.base.resource import PROMETHEUS, SELECTED

pytestmark = pytest.mark.cluster

BROKEN = {"extraArgs": {"no.such.flag": "1"}}
NEXT_TAG = "v1.150.1-cluster"


@pytest.fixture(scope="module")
def began() -> float:
    """Before the operator starts: what it reads at first counts, too."""
    return time.time()


@pytest.fixture(scope="module")
def tour(
    began: float, cluster: Cluster, operator: Operator, installed: Installed
) -> Iterator[Namespace]:
    """One of everything, operational, and the operator from its start."""
    operator.restart()
    for resource in PROMETHEUS:
        cluster.kubectl("apply", "-f", "-", input=json.dumps(_definition(resource)))
    one = Namespace(cluster, "rights")
    cluster.kubectl("create", "namespace", one.name)
    _select(one)
    for manifest in _first():
        manifest["metadata"]["finalizers"] = [FORMER_FINALIZER]
        one.apply(manifest)
    _operational(one, _first())
    yield one
    one.clear()
    for resource in PROMETHEUS:
        cluster.kubectl("delete", "crd", f"{resource.plural}.{resource.group}")


def _operational(namespace: Namespace, manifests: Iterable[dict[str, Any]]) -> None:
    for it in manifests:
        namespace.until_status(it["metadata"]["name"], "operational", kind=it["kind"].lower())


def _definition(resource: Any) -> dict[str, Any]:
    """The least of a definition that the API server takes."""
    name = f"{resource.plural}.{resource.group}"
    note = {"api-approved.kubernetes.io": "unapproved, a stand-in of a test"}
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {"name": resource.version, "served": True, "storage": True}
    names_ = {"kind": resource.kind, "plural": resource.plural, "singular": resource.kind.lower()}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": name, "annotations": note},
        "spec": {
            "group": resource.group,
            "names": names_,
            "scope": "Namespaced",
            "versions": [{**version, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def _select(namespace: Namespace) -> None:
    """The example of each kind that parents select."""
    for resource in SELECTED:
        text = (ROOT / f"examples/{resource.kind.lower()}.yaml").read_text()
        for manifest in filter(None, yaml.safe_load_all(text)):
            if manifest["kind"] == resource.kind:
                manifest["metadata"].pop("namespace", None)
                namespace.apply(manifest)


def _first() -> list[dict[str, Any]]:
    """A parent of each kind, with every sort of child."""
    bounds = {"podDisruptionBudget": {"maxUnavailable": 1}, "networkPolicy": {"ingress": [{}]}}
    scaled = {"replicaCount": 1, "hpa": {"minReplicas": 1, "maxReplicas": 2}, **bounds}
    service = {"metadata": {"name": "further"}, "spec": {"type": "ClusterIP"}}
    return [
        small(vmselect={"replicaCount": 1}, vminsert=scaled),
        _single("100Mi"),
        _agent("demo", selectAllByDefault=True, serviceSpec=service),
        _agent("other", daemonSetMode=True),
        small_object(
            "VMAlert",
            "demo",
            ruleSelector={},
            datasource={"url": "http://vmsingle-demo:8429"},
            notifier={"url": "http://vmalertmanager-demo:9093"},
        ),
        small_object("VMAlertmanager", "demo", replicaCount=1, configSelector={}),
    ]


def _then() -> list[dict[str, Any]]:
    """The same with another image, a larger volume, other workloads, and fewer children."""
    return [
        _cluster("200Mi"),
        _single("200Mi", disableSelfServiceScrape=True),
        _agent("demo", serviceAccountName="default", selectAllByDefault=True),
        _agent("other", ingestOnlyMode=True),
    ]


def _agent(name: str, **spec: Any) -> dict[str, Any]:
    return small_object("VMAgent", name, remoteWrite=[{"url": "http://127.0.0.1:1/"}], **spec)


def _single(size: str, name: str = "demo", **spec: Any) -> dict[str, Any]:
    storage = {"resources": {"requests": {"storage": size}}}
    return small_object("VMSingle", name, retentionPeriod="1", storage=storage, **spec)


def _cluster(size: str, **vmselect: Any) -> dict[str, Any]:
    claim = {"resources": {"requests": {"storage": size}}}
    return small(
        vmstorage={
            "image": {"tag": NEXT_TAG},
            "storage": {"volumeClaimTemplate": {"spec": claim}},
        },
        vmselect={"replicaCount": 1, **vmselect},
        vminsert={"replicaCount": 1},
    )


def test_a_day_of_everything_goes_without_a_refusal(
    tour: Namespace, installed: Installed, began: float
) -> None:
    tour.apply(_cluster("100Mi"))
    tour.until_status("demo", "operational")
    for manifest in _then():
        tour.apply(manifest)
    _operational(tour, _then())
    tour.apply(_agent("demo", serviceAccountName="default", statefulMode=True))
    tour.until_status("demo", "operational", kind="vmagent")
    _break_and_mend(tour)
    _assert_every_rollout_is_recorded(tour)
    _hang(tour, installed, began)
    _take_away(tour)
    events = tour.cluster.audit.events(began, user=installed.account)
    assert [it for it in events if it.is_forbidden] == []


def _break_and_mend(tour: Namespace) -> None:
    """A pod that cannot start is told of, with what it said last, and replaced when mended."""
    tour.apply(_cluster("200Mi", **BROKEN))
    until(
        lambda: "no.such.flag" in tour.status("demo").get("reason", ""),
        seconds=120,
        what="the status tells what the pod said last",
    )
    # So tight that a pod which does not serve is not evicted either, but deleted.
    tour.apply(_cluster("200Mi", podDisruptionBudget={"minAvailable": 1}))
    tour.until_status("demo", "operational")


def _assert_every_rollout_is_recorded(tour: Namespace) -> None:
    """Whoever moves it on, the operator or Kubernetes itself: the revision is the newest one."""
    until(lambda: not unrecorded(tour), what="every rollout is recorded")


def _hang(tour: Namespace, installed: Installed, began: float) -> None:
    """Of pods that hang the operator reads events and logs, after a while."""
    tour.apply(_single("100Mi", "held", secrets=["missing"]))
    deaf = {"httpGet": {"path": "/nowhere", "port": 8429}}
    tour.apply(_single("100Mi", "deaf", readinessProbe=deaf))
    wanted = {Use("", "events", "list"), Use("", "pods/log", "get")}
    until(
        lambda: wanted <= used(tour.cluster.audit.events(began, user=installed.account)),
        seconds=120,
        what="events and a log are read",
    )


def _take_away(tour: Namespace) -> None:
    """What owners do not take with them the operator sweeps."""
    for kind in ("vmagent", "vmalert", "vmalertmanager", "vmsingle", "vmcluster"):
        tour.kubectl("delete", kind, "--all")
    gone = ("get", "clusterroles,clusterrolebindings", "-o", "name")
    until(
        lambda: f":{tour.name}:" not in tour.cluster.kubectl(*gone),
        seconds=60,
        what="rights of agents that are gone are swept",
    )


def test_every_right_was_of_use_or_its_reason_is_given(
    tour: Namespace, installed: Installed, began: float
) -> None:
    found = used(tour.cluster.audit.events(began, user=installed.account))
    print(figure(found))
    assert unproved(found) == []
