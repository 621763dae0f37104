"""Parents that carry the Go operator's finalizer: what is written, in which order, and what not."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.fake_api import FakeApi
from tests.fake_api.server import Denied

from vmoperator.apply.client import Client
from vmoperator.base.labels import FORMER_FINALIZER
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import GROUP

Tree = dict[str, Any]

PARENT = Ref("VMSingle", "default", "demo")
STATUS, ITSELF = "PATCH vmsingles/demo/status", "PATCH vmsingles/demo"


def single(**metadata: Any) -> Tree:
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": "VMSingle",
        "metadata": {"name": "demo", "namespace": "default", **metadata},
        "spec": {},
    }


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    found = Lab(api, client, Kubernetes(api), parent=PARENT)
    await found.apply(single(finalizers=["others/keep", FORMER_FINALIZER]))
    return found


def told(lab: Lab) -> Tree:
    conditions = lab.status.get("conditions") or ()
    return next((it for it in conditions if it["type"] == "TakingOver"), {})


async def age(lab: Lab) -> None:
    """Let the condition be as old as one of a time long ago."""
    live = lab.live(PARENT)
    old = {**told(lab), "lastTransitionTime": "2026-01-01T00:00:00Z"}
    await lab.api.put({**live, "status": {**live["status"], "conditions": [old]}})


async def put_back(lab: Lab) -> None:
    live = lab.live(PARENT)
    metadata = {**live["metadata"], "finalizers": [FORMER_FINALIZER]}
    await lab.api.put({**live, "metadata": metadata})


async def test_it_is_told_before_the_finalizer_goes_and_then_waited_for(lab: Lab) -> None:
    assert await lab.writes() == [STATUS, ITSELF]
    assert lab.live(PARENT)["metadata"]["finalizers"] == ["others/keep"]
    assert (told(lab)["status"], told(lab)["reason"]) == ("True", "Observing")
    assert await lab.writes() == []
    await age(lab)
    assert "PATCH deployments/vmsingle-demo" in await lab.writes()
    assert not told(lab)


async def test_where_it_comes_back_nothing_more_is_written(lab: Lab) -> None:
    await lab.writes()
    await put_back(lab)
    assert await lab.writes() == [STATUS]
    assert told(lab)["reason"] == "AnotherOperator"
    assert "updateStatus" not in lab.status
    assert await lab.writes() == []
    await age(lab)
    assert await lab.writes() == [STATUS, ITSELF]


async def test_without_the_right_nothing_is_taken_over_and_that_is_told_once(lab: Lab) -> None:
    lab.api.denied.append(Denied(GROUP, "vmsingles", ("patch",)))
    await lab.run()
    assert told(lab)["reason"] == "Forbidden"
    assert "kubectl patch vmsingle demo -n default" in told(lab)["message"]
    await lab.run()
    assert STATUS not in await lab.writes()
    assert FORMER_FINALIZER in lab.live(PARENT)["metadata"]["finalizers"]
    lab.api.denied.clear()
    await lab.run()
    assert told(lab)["reason"] == "Observing"


async def test_a_paused_object_is_left_to_whoever_keeps_it(lab: Lab) -> None:
    live = lab.live(PARENT)
    await lab.api.put({**live, "spec": {"paused": True}})
    await lab.run()
    assert FORMER_FINALIZER in lab.live(PARENT)["metadata"]["finalizers"]
    assert not told(lab)


async def test_what_was_deleted_is_let_go_when_nobody_else_does(lab: Lab) -> None:
    live = lab.live(PARENT)
    moment = {"deletionTimestamp": "2026-01-01T00:00:00Z"}
    await lab.api.put({**live, "metadata": {**live["metadata"], **moment}})
    assert await lab.writes() == [ITSELF]
    assert lab.live(PARENT)["metadata"]["finalizers"] == ["others/keep"]
    assert await lab.writes() == []
