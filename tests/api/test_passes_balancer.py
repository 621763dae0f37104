"""Passes that put a load balancer in front of a running cluster, and take it away again."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]

APPS = ("vmstorage", "vmselect", "vminsert")
FRONT = "vmclusterlb-vmauth-balancer"
BALANCED = {"requestsLoadBalancer": {"enabled": True}}


def cluster(**spec: Any) -> Tree:
    """A VMCluster of two pods for each component."""
    manifest = vmcluster()
    parts: Tree = {app: {"replicaCount": 2} for app in APPS}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


@pytest.fixture
async def running(api: FakeApi, client: Client) -> Lab:
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(cluster())
    await lab.settle()
    assert lab.message == "operational"
    return lab


def _service(lab: Lab, name: str) -> Tree:
    found = lab.api.find(Ref("Service", "default", name))
    assert found is not None, name
    return found


def _leads_to(lab: Lab, name: str) -> str:
    app: str = _service(lab, name)["spec"]["selector"]["app.kubernetes.io/name"]
    return app


async def test_clients_are_led_to_the_load_balancer_once_its_pods_serve(running: Lab) -> None:
    await running.apply(cluster(**BALANCED))
    running.kubernetes.ready = False
    await running.settle()
    assert [_leads_to(running, f"{app}-demo") for app in APPS[1:]] == ["vmselect", "vminsert"]
    assert _leads_to(running, "vmselectinternal-demo") == "vmselect"
    for pod in running.kubernetes.all("Pod"):
        if not any(it["status"] == "True" for it in pod["status"]["conditions"]):
            await running.api.remove(Ref("Pod", "default", pod["metadata"]["name"]))
    running.kubernetes.ready = True
    await running.settle()
    assert running.message == "operational"
    assert [_leads_to(running, f"{app}-demo") for app in APPS[1:]] == [FRONT, FRONT]


async def test_a_new_cluster_leads_to_its_load_balancer_from_the_start(
    api: FakeApi, client: Client
) -> None:
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(cluster(**BALANCED))
    await lab.run()
    assert [_leads_to(lab, f"{app}-demo") for app in APPS[1:]] == [FRONT, FRONT]


async def test_a_headless_service_is_made_anew_for_its_address_cannot_change(running: Lab) -> None:
    before = {app: _service(running, f"{app}-demo")["metadata"]["uid"] for app in APPS}
    await running.apply(cluster(**BALANCED))
    await running.settle()
    after = {app: _service(running, f"{app}-demo")["metadata"]["uid"] for app in APPS}
    assert after["vmselect"] != before["vmselect"]
    assert after["vminsert"] == before["vminsert"]
    assert after["vmstorage"] == before["vmstorage"]
    assert "clusterIP" not in _service(running, "vmselect-demo")["spec"]


async def test_a_load_balancer_that_goes_leaves_the_services_as_they_were(running: Lab) -> None:
    before = {app: _service(running, f"{app}-demo")["spec"] for app in APPS}
    await running.apply(cluster(**BALANCED))
    await running.settle()
    address = {**_service(running, "vmselect-demo")}
    address["spec"] = {**address["spec"], "clusterIP": "10.96.0.7"}  # as the API server allocates
    await running.api.put(address)
    await running.apply(cluster())
    await running.settle()
    assert running.message == "operational"
    assert {app: _service(running, f"{app}-demo")["spec"] for app in APPS} == before
    names = {it["metadata"]["name"] for it in running.kubernetes.all("Service")}
    assert not {name for name in names if "internal" in name or "lb" in name}
    assert not running.kubernetes.pods(FRONT)


async def test_a_balanced_cluster_at_rest_costs_no_write(running: Lab) -> None:
    await running.apply(cluster(**BALANCED))
    await running.settle()
    assert await running.writes() == []


async def test_a_component_may_come_later_together_with_its_budget_and_autoscaler(
    api: FakeApi, client: Client
) -> None:
    lab = Lab(api, client, Kubernetes(api))
    whole = cluster(
        vminsert={
            "hpa": {"minReplicas": 2, "maxReplicas": 3},
            "podDisruptionBudget": {"maxUnavailable": 1},
        }
    )
    await lab.apply({**whole, "spec": {k: v for k, v in whole["spec"].items() if k != "vminsert"}})
    await lab.settle()
    await lab.apply(whole)
    await lab.settle()
    assert lab.message == "operational"
    assert lab.child("Deployment", "vminsert-demo")["spec"]["replicas"] == 2
    assert lab.child("HorizontalPodAutoscaler", "vminsert-demo")
    assert lab.child("PodDisruptionBudget", "vminsert-demo")


async def test_paused_pods_of_a_load_balancer_change_nothing_for_clients(running: Lab) -> None:
    front = {"enabled": True, "spec": {"paused": True}}
    await running.apply(cluster(requestsLoadBalancer=front))
    await running.settle()
    assert [_leads_to(running, f"{app}-demo") for app in APPS[1:]] == ["vmselect", "vminsert"]
