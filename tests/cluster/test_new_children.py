"""What the operator creates without a look before: a real API server keeps apart new and taken."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace
from vmoperator.apply.client import Client
from vmoperator.apply.login import connection
from vmoperator.base.errors import Conflict
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.base.resource import BY_KIND, CHILDREN

pytestmark = pytest.mark.cluster

_POD = {
    "metadata": {"labels": {"app": "x"}},
    "spec": {"nodeSelector": {"no": "node"}, "containers": [{"name": "x", "image": "x"}]},
}
_RUNS = {"selector": {"matchLabels": {"app": "x"}}, "template": _POD}
_ROLE = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
_TARGET = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "x"}
_SPECS: dict[str, Manifest] = {
    "RoleBinding": {"roleRef": _ROLE},
    "ClusterRoleBinding": {"roleRef": _ROLE},
    "Service": {"spec": {"ports": [{"port": 80}]}},
    "PersistentVolumeClaim": {
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": "none",
            "resources": {"requests": {"storage": "1Mi"}},
        }
    },
    "StatefulSet": {"spec": {**_RUNS, "replicas": 0}},
    "Deployment": {"spec": {**_RUNS, "replicas": 0}},
    "DaemonSet": {"spec": _RUNS},
    "PodDisruptionBudget": {"spec": {"minAvailable": 1}},
    "NetworkPolicy": {"spec": {"podSelector": {}}},
    "HorizontalPodAutoscaler": {"spec": {"maxReplicas": 1, "scaleTargetRef": _TARGET}},
    "VMServiceScrape": {"spec": {"selector": {}, "endpoints": [{"port": "http"}]}},
    "VMPodScrape": {"spec": {"selector": {}, "podMetricsEndpoints": [{"port": "http"}]}},
}
_ADD_ONS = {"VerticalPodAutoscaler"}
"""Kinds that are not part of Kubernetes; a definition of our own stands in for them."""
KINDS = [it.kind for it in CHILDREN if it.kind not in _ADD_ONS]


def _manifest(kind: str, namespace: str, **labels: str) -> Manifest:
    resource = BY_KIND[kind]
    own: dict[str, Any] = {"name": namespace, "labels": labels}
    if resource.namespaced:
        own["namespace"] = namespace
    head = {"apiVersion": resource.api_version, "kind": kind, "metadata": own}
    return {**head, **_SPECS.get(kind, {})}


async def _twice(cluster: Cluster, kind: str, namespace: str) -> tuple[Manifest, Manifest]:
    """The object as it was created, and after it was to be created once more."""
    async with Client(connection(str(cluster.kubeconfig))) as client:
        first = _manifest(kind, namespace, of="first")
        ref = ref_of(first)
        created = await client.apply_new(first)
        try:
            with pytest.raises(Conflict):
                await client.apply_new(_manifest(kind, namespace, of="second"))
            return created, await client.get(BY_KIND[kind], ref)
        finally:
            await client.delete(BY_KIND[kind], ref, uid=created["metadata"]["uid"])


@pytest.fixture(scope="module")
def place(cluster: Cluster) -> Iterator[Namespace]:
    one = Namespace(cluster, "new-children")
    cluster.kubectl("create", "namespace", one.name)
    yield one
    cluster.kubectl("delete", "namespace", one.name, "--wait=false")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_there_is_never_taken_for_new(place: Namespace, kind: str) -> None:
    created, after = asyncio.run(_twice(place.cluster, kind, place.name))
    assert after["metadata"]["uid"] == created["metadata"]["uid"]
    assert after["metadata"]["labels"] == {"of": "first"}
    entries = after["metadata"]["managedFields"]
    # Whoever tells of an object writes its status under the same name.
    [own] = [it for it in entries if it["manager"] == "vm-operator" and "subresource" not in it]
    assert own["operation"] == "Apply"
    assert "f:resourceVersion" not in own["fieldsV1"]["f:metadata"]
