"""Deletion on a real node: namespaces with everything in them, and parts that are taken away."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import ALL_KINDS, Namespace, Operator, small, until
from tests.cluster.stack import small_object
from vmoperator.base.resource import CHILDREN, VERTICAL_AUTOSCALER

pytestmark = pytest.mark.cluster

Tree = dict[str, Any]

SIZE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}}
BUDGET = {"podDisruptionBudget": {"maxUnavailable": 1}}
BESIDE: Tree = {
    **BUDGET,
    "hpa": {"minReplicas": 1, "maxReplicas": 1},
    "networkPolicy": {"ingress": [{}]},
    "serviceSpec": {"spec": {"type": "ClusterIP"}},
}
"""What stands beside the pods of a component: an object each."""
MADE_BESIDE = (
    *("pdb/vmselect-demo", "hpa/vmselect-demo", "networkpolicy/vmselect-demo"),
    "svc/vmselect-demo-additional-service",
)
URL = "http://vmsingle-demo:8429"
AGENT: Tree = {
    "remoteWrite": [{"url": f"{URL}/api/v1/write"}],
    "statefulMode": True,
    "statefulStorage": {"volumeClaimTemplate": {"spec": SIZE}},
}
EVERYTHING = (
    small(vmselect={"replicaCount": 1, **BESIDE}, requestsLoadBalancer={"enabled": True}),
    small_object("VMSingle", "demo", retentionPeriod="1", storage=SIZE),
    small_object("VMAgent", "demo", **AGENT, **BUDGET, shardCount=2),
    small_object(
        "VMAlert",
        "demo",
        datasource={"url": URL},
        notifier={"url": "http://vmalertmanager-demo:9093"},
    ),
    small_object("VMAlertmanager", "demo"),
)
IN_NAMESPACE = ",".join(
    f"{it.plural}.{it.group}" if it.group else it.plural
    for it in CHILDREN
    if it.namespaced and it is not VERTICAL_AUTOSCALER
)
PROTECTED = {"kubernetes.io/pvc-protection"}
"""What Kubernetes itself puts on claims."""


@pytest.fixture
def full(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """A namespace with an object of each kind, and all that the operator makes for them."""
    operator.start()
    one = Namespace(cluster, f"full-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", one.name)
    for manifest in EVERYTHING:
        one.apply(manifest)
    for path in ("deploy/vmsingle-demo", "deploy/vmalert-demo", "sts/vmalertmanager-demo"):
        until(partial(_is_there, one, path), seconds=90, what=path)
    for path in ("sts/vmagent-demo-1", "deploy/vmclusterlb-demo", "deploy/vminsert-demo"):
        until(partial(_is_there, one, path), seconds=180, what=path)
    try:
        yield one
    finally:
        operator.start()
        if _namespace(one):
            one.clear()


def _is_there(namespace: Namespace, path: str) -> bool:
    return bool(namespace.kubectl("get", path, "--ignore-not-found", "-o", "name"))


def _is_gone(namespace: Namespace, path: str) -> bool:
    return not _is_there(namespace, path)


def _namespace(one: Namespace) -> str:
    found = one.cluster.kubectl("get", "namespace", one.name, "--ignore-not-found", "-o", "name")
    return found.strip()


def _cluster_wide(namespace: Namespace) -> list[str]:
    found = namespace.cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    return [it for it in found.split() if f":{namespace.name}:" in it]


@pytest.mark.parametrize("is_away", [False, True], ids=["running", "away"])
def test_a_namespace_goes_with_everything_in_it(
    full: Namespace, operator: Operator, is_away: bool
) -> None:
    for one in full.items(f"{ALL_KINDS},{IN_NAMESPACE}"):
        assert set(one["metadata"].get("finalizers") or ()) <= PROTECTED, one["metadata"]["name"]
    assert len(_cluster_wide(full)) == 2
    if is_away:
        operator.stop()
    full.cluster.kubectl("delete", "namespace", full.name, "--wait=false")
    until(lambda: not _namespace(full), seconds=180, what="the namespace is gone")
    if is_away:
        operator.start()
    until(lambda: not _cluster_wide(full), seconds=90, what="cluster-wide rights are gone")


def test_what_is_taken_out_of_a_spec_leaves_nothing_behind_but_claims(full: Namespace) -> None:
    claims = [it["metadata"]["name"] for it in full.items("pvc")]
    for path in MADE_BESIDE:
        until(partial(_is_there, full, path), seconds=60, what=path)
    agent = small_object("VMAgent", "demo", **AGENT)
    cluster = small(vmselect={"replicaCount": 1})
    del cluster["spec"]["vminsert"]
    single = small_object("VMSingle", "demo", retentionPeriod="1", serviceAccountName="default")
    for manifest in (agent, cluster, {**single, "spec": {**single["spec"], "storage": SIZE}}):
        full.apply(manifest)
    for path in (
        *("sts/vmagent-demo-0", "sts/vmagent-demo-1", "pdb/vmagent-demo-0", "pdb/vmagent-demo-1"),
        *("deploy/vminsert-demo", "svc/vminsert-demo", "svc/vminsertinternal-demo"),
        *("deploy/vmclusterlb-demo", "svc/vmclusterlb-demo", "secret/vmclusterlb-demo"),
        *(*MADE_BESIDE, "svc/vmselectinternal-demo", "sa/vmsingle-demo"),
    ):
        until(partial(_is_gone, full, path), seconds=120, what=f"{path} is gone")
    until(partial(_is_there, full, "sts/vmagent-demo"), seconds=60, what="the only shard")
    assert {it["metadata"]["name"] for it in full.items("pvc")} >= set(claims)
