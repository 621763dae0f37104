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
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]
SELECT = Ref("StatefulSet", "default", "vmselect-demo")


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


def _replicas(lab: Lab) -> int:
    return int(lab.live(SELECT)["spec"]["replicas"])


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
