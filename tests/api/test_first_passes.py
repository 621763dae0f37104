"""First passes: of many new objects each has its pods asked for before the first has its Service.

The API server makes Services one after the other, some thirty in a second.
"""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]


def manifest(kind: str, **spec: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": kind,
        "metadata": {"name": "demo", "namespace": "default"},
        "spec": spec,
    }


@pytest.fixture
def single(api: FakeApi, client: Client) -> Lab:
    return Lab(api, client, Kubernetes(api), parent=Ref("VMSingle", "default", "demo"))


@pytest.fixture
def alertmanager(api: FakeApi, client: Client) -> Lab:
    return Lab(api, client, Kubernetes(api), parent=Ref("VMAlertmanager", "default", "demo"))


async def one_pass(lab: Lab) -> float | None:
    lab.kubernetes.look(lab.world)
    return await lab.reconcile()


def made(lab: Lab) -> list[str]:
    """The kinds of what was written, each once, in order."""
    plurals = (it.path.split("?")[0].split("/")[-2] for it in lab.api.writes)
    return list(dict.fromkeys(it for it in plurals if it not in ("vmsingles", "demo")))


async def test_the_pods_are_asked_for_before_the_service(single: Lab) -> None:
    await single.apply(manifest("VMSingle"))
    again_seconds = await one_pass(single)
    assert made(single) == ["serviceaccounts", "deployments"]
    assert again_seconds is not None
    assert 0 < again_seconds < 0.01
    await one_pass(single)
    assert made(single)[:3] == ["serviceaccounts", "deployments", "services"]


async def test_the_second_pass_tells_what_the_first_left_out(single: Lab) -> None:
    single.api.faults.append(Fault(status=422, path="/deployments/", message="no", times=2))
    await single.apply(manifest("VMSingle"))
    await one_pass(single)
    assert single.message != "operational"
    await one_pass(single)
    assert "Deployment" in single.message


async def test_nothing_waits_where_the_status_cannot_be_written(single: Lab) -> None:
    single.api.faults.append(Fault(status=403, path="/demo/status", message="no", times=9))
    await single.apply(manifest("VMSingle"))
    await one_pass(single)
    assert "services" in made(single)


async def test_pods_that_look_each_other_up_find_their_service(alertmanager: Lab) -> None:
    await alertmanager.apply(manifest("VMAlertmanager"))
    await one_pass(alertmanager)
    kinds = made(alertmanager)
    assert kinds.index("services") < kinds.index("statefulsets")


async def test_a_new_operator_brings_all_of_a_known_object_in_one_pass(single: Lab) -> None:
    await single.apply(manifest("VMSingle"))
    await single.settle()
    for kind in ("Service", "ServiceAccount"):
        await single.api.remove(Ref(kind, "default", "vmsingle-demo"))
    before = len(single.api.writes)
    await one_pass(single)
    written = [it.path for it in single.api.writes[before:]]
    assert sum("services/" in it or "serviceaccounts/" in it for it in written) == 2
