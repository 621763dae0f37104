"""Autoscalers: what they scale, between which bounds, and who decides about replicas then."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import args, cluster, planned

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.settings import Settings
from vmoperator.render import plan

VPA = {
    "updatePolicy": {"updateMode": "Off"},
    "resourcePolicy": {"containerPolicies": [{"containerName": "*"}]},
}
STORAGE = Ref("StatefulSet", "monitoring", "vmstorage-demo")


def _child(kind: str, **spec: Any) -> Manifest:
    return next(it for it in planned(cluster(**spec)).shared if it["kind"] == kind)


def _stage(app: str, **spec: Any) -> Any:
    return next(it for it in planned(cluster(**spec)).stages if it.app == app)


def _nodes(app: str, live: int | None, **storage: Any) -> int:
    around = Known(live={} if live is None else {STORAGE: live})
    made = plan(parsed(cluster(vmstorage=storage)), Settings(), around)
    workload = next(it.workload for it in made.stages if it.app == app)
    flags = workload["spec"]["template"]["spec"]["containers"][0]["args"]
    nodes = next(flag for flag in flags if flag.startswith("-storageNode="))
    return len(nodes.split(","))


@pytest.mark.parametrize(
    ("app", "kind"),
    [("vmstorage", "StatefulSet"), ("vmselect", "StatefulSet"), ("vminsert", "Deployment")],
)
def test_an_autoscaler_decides_about_the_replicas(app: str, kind: str) -> None:
    spec: dict[str, Any] = {app: {"hpa": {"minReplicas": 2, "maxReplicas": 3}}}
    scaler = _child("HorizontalPodAutoscaler", **spec)
    target = {"apiVersion": "apps/v1", "kind": kind, "name": f"{app}-demo"}
    assert scaler["spec"]["scaleTargetRef"] == target
    assert scaler["metadata"]["name"] == f"{app}-demo"
    stage = _stage(app, **spec)
    assert "replicas" not in stage.workload["spec"]
    assert stage.first_replicas == 2  # noqa: PLR2004  # minReplicas above


def test_a_stricter_count_than_the_least_is_what_a_workload_starts_with() -> None:
    scaled = {"replicaCount": 3, "hpa": {"minReplicas": 2, "maxReplicas": 5}}
    assert _stage("vminsert", vminsert=scaled).first_replicas == scaled["replicaCount"]


def test_behaviour_becomes_what_kubernetes_calls_behavior() -> None:
    behaviour = {"scaleDown": {"stabilizationWindowSeconds": 5}}
    scaler = _child(
        "HorizontalPodAutoscaler", vminsert={"hpa": {"maxReplicas": 2, "behaviour": behaviour}}
    )
    assert scaler["spec"] == {**scaler["spec"], "behavior": behaviour}


def test_pods_that_hold_data_are_never_scaled_down() -> None:
    up = {"stabilizationWindowSeconds": 5}
    scaler = _child(
        "HorizontalPodAutoscaler",
        vmstorage={"hpa": {"maxReplicas": 2, "behaviour": {"scaleUp": up}}},
    )
    assert scaler["spec"]["behavior"] == {"scaleUp": up, "scaleDown": {"selectPolicy": "Disabled"}}


@pytest.mark.parametrize("app", ["vminsert", "vmselect"])
def test_storage_nodes_follow_the_autoscaler(app: str) -> None:
    scaled: dict[str, Any] = {"hpa": {"minReplicas": 2, "maxReplicas": 9}}
    assert [_nodes(app, live, **scaled) for live in (None, 2, 5)] == [2, 2, 5]


@pytest.mark.parametrize("app", ["vminsert", "vmselect"])
def test_a_live_count_means_nothing_without_an_autoscaler(app: str) -> None:
    assert _nodes(app, 5, replicaCount=2) == 2  # noqa: PLR2004  # replicaCount


def test_vmselect_pods_are_not_restarted_for_each_one_that_is_added() -> None:
    scaled: dict[str, Any] = {"replicaCount": 2, "hpa": {"maxReplicas": 3}}
    assert not any(flag.startswith("-selectNode") for flag in args("vmselect", vmselect=scaled))


def test_a_vertical_autoscaler_is_passed_through() -> None:
    scaler = _child("VerticalPodAutoscaler", vmselect={"vpa": {**VPA, "recommenders": []}})
    target = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "vmselect-demo"}
    assert scaler["apiVersion"] == "autoscaling.k8s.io/v1"
    assert scaler["spec"] == {"targetRef": target, **VPA, "recommenders": []}


REFUSED: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "no upper bound": ("vminsert", {"hpa": {}}, "hpa.maxReplicas", "is required"),
    "nothing as the upper bound": (
        "vminsert",
        {"hpa": {"maxReplicas": 0}},
        "hpa.maxReplicas",
        "is required",
    ),
    "bounds the wrong way round": (
        "vmselect",
        {"hpa": {"minReplicas": 3, "maxReplicas": 2}},
        "hpa.minReplicas",
        "3 is above maxReplicas, 2",
    ),
    "pods with data that go": (
        "vmstorage",
        {"hpa": {"maxReplicas": 2, "behaviour": {"scaleDown": {"selectPolicy": "Max"}}}},
        "hpa.behaviour.scaleDown",
        "hold data",
    ),
    "a vertical one that does not say how": (
        "vmstorage",
        {"vpa": {**VPA, "updatePolicy": {}}},
        "vpa.updatePolicy.updateMode",
        '"InPlaceOrRecreate"',
    ),
    "a vertical one for no container": (
        "vmselect",
        {"vpa": {**VPA, "resourcePolicy": {"containerPolicies": []}}},
        "vpa.resourcePolicy.containerPolicies",
        "containerName vmselect",
    ),
}


@pytest.mark.parametrize(("app", "spec", "field", "says"), REFUSED.values(), ids=REFUSED)
def test_an_autoscaler_that_cannot_work_is_refused(
    app: str, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(SpecInvalid, match=says) as refused:
        planned(cluster(**{app: spec}))
    assert refused.value.field == f"spec.{app}.{field}"


def test_more_copies_than_the_autoscaler_guarantees_nodes_are_refused() -> None:
    few: dict[str, Any] = {"hpa": {"minReplicas": 1, "maxReplicas": 4}}
    with pytest.raises(SpecInvalid, match="2 copies need as many nodes"):
        planned(cluster(replicationFactor=2, vmstorage=few))
    planned(cluster(replicationFactor=2, vmstorage={"hpa": {**few["hpa"], "minReplicas": 2}}))
