"""Shards of a VMAgent: so many change side by side, and all at once when their number changes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]
SHARDS = 8


def _agent(**spec: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "demo", "namespace": "default"},
        "spec": {"shardCount": SHARDS, "remoteWrite": [{"url": "http://x/api/v1/write"}], **spec},
    }


@pytest.fixture
async def running(api: FakeApi, client: Client) -> Lab:
    lab = Lab(api, client, Kubernetes(api), parent=Ref("VMAgent", "default", "demo"))
    await lab.apply(_agent())
    await lab.settle()
    assert lab.message == "operational"
    return lab


async def _changed(lab: Lab) -> list[str]:
    """Deployments that one pass writes."""
    found = [it.rpartition("/")[2] for it in await lab.writes() if "PATCH deployments/" in it]
    return sorted(found)


async def test_a_change_goes_through_a_quarter_of_the_shards_at_a_time(running: Lab) -> None:
    await running.apply(_agent(logLevel="WARN"))
    went: list[list[str]] = []
    while sum(map(len, went)) < SHARDS:
        went.append(await _changed(running))
        await running.kubernetes.settle()
        assert len(went) < 20
    assert [len(it) for it in went if it] == [2, 2, 2, 2]
    await running.settle()
    assert running.message == "operational"


async def test_a_bad_change_reaches_a_quarter_of_the_shards_and_a_mended_one_all(
    running: Lab,
) -> None:
    running.kubernetes.ready = False
    await running.apply(_agent(logLevel="WARN"))
    went: set[str] = set()
    for _ in range(4):
        went.update(await _changed(running))
        await running.kubernetes.settle()
    assert len(went) == 2
    running.kubernetes.ready = True
    await running.apply(_agent(logLevel="ERROR"))
    assert went <= set(await _changed(running))
    for name in went:
        await running.api.remove(Ref("Pod", "default", f"{name}-0"))
    await running.settle()
    assert running.message == "operational"


@pytest.mark.parametrize(
    "lost",
    [
        pytest.param(Ref("EndpointSlice", "default", "vmagent-demo-x"), id="their Service"),
        pytest.param(Ref("Pod", "default", "vmagent-demo-7-0"), id="a pod of the last one"),
    ],
)
async def test_a_bad_change_goes_no_further_where_other_shards_are_disturbed(
    running: Lab, lost: Ref
) -> None:
    running.kubernetes.ready = False
    await running.apply(_agent(logLevel="WARN"))
    went = await _changed(running)
    await running.kubernetes.settle()
    assert (len(went), await _changed(running)) == (2, [])
    await running.api.remove(lost)
    assert await _changed(running) == []


async def test_all_shards_change_at_once_when_there_is_one_more(running: Lab) -> None:
    await running.apply(_agent(shardCount=SHARDS + 1))
    assert len(await _changed(running)) == SHARDS + 1
    await running.settle()
    assert running.message == "operational"
