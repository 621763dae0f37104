"""Facts of live children and EndpointSlices."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from tests.unit.observe.live import OWNER, PARENT, metadata, rollout, workload

from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import child, endpoint_slice


def _service(**more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata(**more)}


def _entry(manager: str, operation: str, name: str, **more: Any) -> dict[str, Any]:
    return {
        "manager": manager,
        "operation": operation,
        "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {f"f:{name}": {}}},
        **more,
    }


def test_a_child_knows_its_identity_and_its_parent() -> None:
    annotations = {labels.HASH: "abc"}
    found = child(_service(ownerReferences=[OWNER], annotations=annotations))
    assert found.ref == Ref("Service", "ns", "vmstorage-demo")
    assert (found.parent, found.owner_uid, found.instance) == (PARENT, "u-1", "demo")
    assert (found.uid, found.resource_version, found.digest) == ("uid-vmstorage", "7", "abc")


@pytest.mark.parametrize(
    "owner",
    [
        pytest.param({**OWNER, "controller": False}, id="an owner that does not control it"),
        pytest.param({**OWNER, "apiVersion": "apps/v1"}, id="an owner of another group"),
        pytest.param({**OWNER, "kind": "VMSomething"}, id="a kind that we do not know"),
    ],
)
def test_other_owners_are_no_parents(owner: dict[str, Any]) -> None:
    assert child(_service(ownerReferences=[owner], labels={})).parent is None


def test_an_instance_label_counts_only_beside_our_own_mark() -> None:
    foreign = {**labels.selector("vmstorage", "demo"), labels.MANAGED_BY: "Helm"}
    assert child(_service(labels=foreign)).instance == ""


def test_only_our_own_apply_is_ours_and_subresources_are_nobodys() -> None:
    entries = [
        _entry(labels.MANAGER, "Apply", "ours"),
        _entry(labels.MANAGER, "Update", "by-replacement"),
        _entry("kubectl-edit", "Update", "foreign"),
        _entry("kube-controller-manager", "Update", "status", subresource="status"),
        _entry("kubectl", "Update", "replicas", subresource="scale"),
    ]
    found = child(_service(managedFields=entries))
    assert orjson.loads(found.fields) == {"f:spec": {"f:ours": {}}}
    assert [orjson.loads(one) for one in found.foreign] == [
        {"f:spec": {"f:by-replacement": {}}},
        {"f:spec": {"f:foreign": {}}},
    ]


def test_a_status_counts_once_its_controller_has_seen_the_spec() -> None:
    assert rollout(workload({}, generation=1)).observed
    assert not rollout(workload({}, generation=2)).observed


def test_a_service_has_no_rollout() -> None:
    assert child(_service()).rollout is None


def test_a_child_without_a_status_counts_as_not_seen() -> None:
    manifest = {**_service(generation=1), "kind": "Deployment"}
    assert not rollout(child(manifest)).observed


@pytest.mark.parametrize(
    ("conditions", "serves"),
    [
        pytest.param({"ready": True, "serving": True}, True, id="a ready pod"),
        pytest.param({"ready": False, "serving": False}, False, id="a pod that starts"),
        pytest.param({"ready": False, "serving": True}, False, id="a pod that ends"),
        pytest.param(
            {"ready": True, "serving": False}, False, id="not ready, but published all the same"
        ),
        pytest.param({}, True, id="unknown counts as ready"),
    ],
)
def test_pods_that_a_service_sends_traffic_to(conditions: dict[str, bool], serves: bool) -> None:
    own = {
        **labels.selector("vmselect", "demo", part_of="vmcluster"),
        "kubernetes.io/service-name": "vmselect-demo",
    }
    manifest = {
        "metadata": {"name": "vmselect-demo-x", "namespace": "ns", "labels": own},
        "endpoints": [
            {"conditions": conditions, "targetRef": {"kind": "Pod", "name": "p"}},
            {"conditions": {}},
        ],
    }
    found = endpoint_slice(manifest)
    assert found.serving == (frozenset({"p"}) if serves else frozenset())
    assert (found.parent, found.service) == (PARENT, "vmselect-demo")


def test_an_endpoint_slice_without_endpoints_serves_nobody() -> None:
    assert endpoint_slice({"metadata": {"name": "x"}, "endpoints": None}).serving == frozenset()


MARK = {labels.OWNER: "VMAgent/ns/demo/u-9"}
AGENT = Ref("VMAgent", "ns", "demo")


def _cluster_role(**more: Any) -> dict[str, Any]:
    return {"kind": "ClusterRole", "metadata": {"name": "monitoring:ns:vmagent-demo", **more}}


def test_a_cluster_wide_child_names_its_parent_in_a_mark() -> None:
    found = child(_cluster_role(annotations=MARK))
    assert (found.parent, found.owner_uid, found.is_marked) == (AGENT, "u-9", True)


@pytest.mark.parametrize(
    "text", ["", "VMAgent/ns/demo", "Pod/ns/demo/u", "VMAgent/ns//u", "VMAgent/a/b/c/d"]
)
def test_a_mark_that_says_nothing_is_none(text: str) -> None:
    found = child(_cluster_role(annotations={labels.OWNER: text}))
    assert (found.parent, found.owner_uid, found.is_marked) == (None, "", False)


def test_a_child_in_another_namespace_names_its_parent_in_a_mark() -> None:
    found = child({**_cluster_role(namespace="other", annotations=MARK), "kind": "Role"})
    assert (found.parent, found.owner_uid, found.is_marked) == (AGENT, "u-9", True)


def test_a_mark_counts_only_where_there_can_be_no_owner_reference() -> None:
    found = child(_service(annotations=MARK, labels={}))
    assert (found.parent, found.is_marked) == (None, False)


def test_a_claim_without_an_owner_is_found_by_its_labels() -> None:
    own = labels.selector("vmsingle", "demo")
    claim = {
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "vmsingle-demo", "namespace": "ns", "labels": own},
        "spec": {"storageClassName": "slow"},
    }
    found = child(claim)
    assert (found.parent, found.owner_uid) == (Ref("VMSingle", "ns", "demo"), "")
    assert found.claims[0]["spec"] == {"storageClassName": "slow"}


@pytest.mark.parametrize(
    ("own", "parent"),
    [
        pytest.param(labels.selector("vmagent", "demo"), AGENT, id="one component"),
        pytest.param(
            {**labels.selector("vmagent", "demo"), labels.PART_OF: "vmcluster"},
            AGENT,
            id="one component that users call a part of something",
        ),
        pytest.param(
            labels.selector("vmselect", "demo", part_of="vmcluster"), PARENT, id="one of several"
        ),
        pytest.param(labels.selector("nginx", "demo"), None, id="another program"),
    ],
)
def test_the_parent_by_labels(own: dict[str, str], parent: Ref | None) -> None:
    metadata = {"name": "x", "namespace": "ns", "labels": own}
    assert endpoint_slice({"metadata": metadata}).parent == parent


def test_a_shared_child_wakes_all_its_owners() -> None:
    owners = [
        {**OWNER, "kind": "VMAlertmanager", "name": name, "uid": name, "controller": None}
        for name in ("a", "b")
    ]
    found = child(_service(ownerReferences=owners, labels={labels.MANAGED_BY: labels.MANAGER}))
    assert found.parents == {Ref("VMAlertmanager", "ns", name) for name in "ab"}
    assert (found.parent, found.owner_uid, found.is_managed) == (None, "", True)


@pytest.mark.parametrize(
    ("entry", "others"),
    [
        pytest.param({"manager": labels.MANAGER, "operation": "Apply"}, False, id="we alone"),
        pytest.param(
            {"manager": "kube-controller-manager", "operation": "Update", "subresource": "scale"},
            True,
            id="an autoscaler",
        ),
        pytest.param({"manager": "kubectl-edit", "operation": "Update"}, True, id="a person"),
        pytest.param(
            {"manager": labels.MANAGER, "operation": "Update"}, False, id="we, who set it back"
        ),
    ],
)
def test_who_decides_about_replicas(entry: dict[str, str], others: bool) -> None:
    fields: dict[str, Any] = {"fieldsV1": {"f:spec": {"f:replicas": {}}}}
    manifest = {**_service(managedFields=[{**entry, **fields}]), "spec": {"replicas": 3}}
    found = child({**manifest, "kind": "Deployment"})
    assert (found.replicas, found.is_scaled_by_others) == (3, others)


def test_a_daemon_set_says_how_many_pods_there_should_be() -> None:
    status = {
        "desiredNumberScheduled": 3,
        "currentNumberScheduled": 3,
        "updatedNumberScheduled": 2,
        "numberReady": 2,
        "numberAvailable": 1,
    }
    found = rollout(workload(status, kind="DaemonSet"))
    counts = (found.desired, found.replicas, found.updated, found.ready, found.available)
    assert (found.observed, counts) == (True, (3, 3, 2, 2, 1))


def test_a_deployment_says_why_it_cannot_make_pods() -> None:
    words = 'pods "x" is forbidden: error looking up service account ns/y'
    failed = {"type": "ReplicaFailure", "status": "True", "message": words}
    assert rollout(workload({"conditions": [failed]}, kind="Deployment")).failure == words
    assert rollout(workload({"conditions": [{**failed, "status": "False"}]})).failure == ""
