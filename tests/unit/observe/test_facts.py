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
    assert child(_service(ownerReferences=[owner])).parent is None


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
