"""Who else scales a workload of ours: autoscalers are yielded to, what is set by hand is not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.labels import ALLOW_SCALE_DOWN
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]
SELECT = Ref("StatefulSet", "default", "vmselect-demo")
STORAGE = Ref("StatefulSet", "default", "vmstorage-demo")


def _cluster(**spec: Any) -> Tree:
    manifest = vmcluster()
    parts: Tree = {app: {"replicaCount": 2} for app in ("vmstorage", "vmselect", "vminsert")}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    running = Lab(api, client, Kubernetes(api))
    await running.apply(_cluster())
    await running.settle()
    return running


async def _autoscaler(lab: Lab, target: str = "vmselect-demo") -> Ref:
    metadata = {"name": "theirs", "namespace": "default"}
    scaled = {"kind": "StatefulSet", "name": target, "apiVersion": "apps/v1"}
    api_version, kind = "autoscaling/v2", "HorizontalPodAutoscaler"
    spec = {"scaleTargetRef": scaled, "maxReplicas": 5}
    await lab.api.put({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    return Ref(kind, "default", "theirs")


def _replicas(lab: Lab, ref: Ref = SELECT) -> int:
    return int(lab.live(ref)["spec"]["replicas"])


def _said(lab: Lab) -> str:
    found = (it for it in lab.status["conditions"] if it["type"] == "ScaledByOthers")
    return next((f"{it['reason']}: {it['message']}" for it in found), "")


async def test_an_autoscaler_of_the_users_keeps_its_number_and_is_named(lab: Lab) -> None:
    await _autoscaler(lab)
    await lab.kubernetes.scale(SELECT, 3)
    await lab.settle()
    assert (_replicas(lab), lab.message) == (3, "operational")
    assert _said(lab).startswith(
        "ReplicasOwned: StatefulSet vmselect-demo is scaled by HorizontalPodAutoscaler theirs:"
    )
    await lab.kubernetes.scale(SELECT, 4)
    await lab.settle()
    assert _replicas(lab) == 4


async def test_a_restart_beside_an_autoscaler_writes_nothing(lab: Lab) -> None:
    await _autoscaler(lab)
    await lab.kubernetes.scale(SELECT, 3)
    await lab.settle()
    lab.world = World()
    assert await lab.writes() == []


async def test_the_number_of_the_spec_returns_when_the_autoscaler_has_gone(lab: Lab) -> None:
    theirs = await _autoscaler(lab)
    await lab.kubernetes.scale(SELECT, 3)
    await lab.settle()
    await lab.api.remove(theirs)
    assert await lab.run() is not None
    await lab.settle()
    assert (_replicas(lab), _said(lab)) == (2, "")


@pytest.mark.parametrize("other", ["", "vmstorage-demo"], ids=["no autoscaler", "of another"])
async def test_a_number_that_was_set_by_hand_is_set_back(lab: Lab, other: str) -> None:
    if other:
        await _autoscaler(lab, other)
    await lab.kubernetes.scale(SELECT, 3)
    await lab.settle()
    assert (_replicas(lab), _said(lab)) == (2, "")


async def test_who_sets_it_again_and_again_is_not_fought_with(lab: Lab) -> None:
    for _ in range(3):
        await lab.kubernetes.scale(SELECT, 3)
        await lab.settle()
    assert _replicas(lab) == 3
    assert "is scaled by autoscaler" in _said(lab)
    await lab.apply(_cluster(retentionPeriod="9"))
    await lab.settle()
    assert (_replicas(lab), _said(lab)) == (2, "")


async def test_an_autoscaler_never_takes_vmstorage_below_the_spec(lab: Lab) -> None:
    await _autoscaler(lab, "vmstorage-demo")
    for _ in range(3):
        await lab.kubernetes.scale(STORAGE, 1)
        await lab.settle()
        assert (_replicas(lab, STORAGE), lab.message) == (2, "operational")
        assert _said(lab).startswith(
            "ReplicasSetBack: HorizontalPodAutoscaler theirs scales StatefulSet vmstorage-demo down"
            " again and again: set back to 2 each time, for its pods keep samples"
        )
    assert await lab.writes() == []
    # Its condition goes when it has been quiet, or has been taken away and the spec has changed.
    await lab.kubernetes.scale(STORAGE, 3)
    await lab.settle()
    assert _replicas(lab, STORAGE) == 3
    assert _said(lab).startswith("ReplicasOwned: StatefulSet vmstorage-demo is scaled by")


async def test_who_scales_vmstorage_down_again_and_again_is_set_back_each_time(lab: Lab) -> None:
    for times in range(5):
        await lab.kubernetes.scale(STORAGE, 1)
        await lab.settle()
        assert _replicas(lab, STORAGE) == 2
        assert ("autoscaler scales StatefulSet vmstorage-demo down" in _said(lab)) is (times > 1)
    assert await lab.writes() == []


async def test_what_vmstorage_was_scaled_down_to_is_no_excuse_for_a_smaller_spec(lab: Lab) -> None:
    await lab.apply(_cluster(vmstorage={"replicaCount": 4}))
    await lab.settle()
    await lab.kubernetes.scale(STORAGE, 1)
    await lab.apply(_cluster(vmstorage={"replicaCount": 2}))
    await lab.settle()
    assert _replicas(lab, STORAGE) == 4
    assert "spec.vmstorage.replicaCount stays 4" in lab.message


async def test_an_autoscaler_may_do_what_an_annotation_allows(lab: Lab) -> None:
    await _autoscaler(lab, "vmstorage-demo")
    allowing = _cluster()
    allowing["metadata"]["annotations"] = {ALLOW_SCALE_DOWN: "1"}
    await lab.apply(allowing)
    await lab.kubernetes.scale(STORAGE, 1)
    await lab.settle()
    assert _replicas(lab, STORAGE) == 1
    assert _said(lab).startswith("ReplicasOwned: StatefulSet vmstorage-demo is scaled by")
    assert "GuardLifted" not in {it["type"] for it in lab.status["conditions"]}
