"""One kind of objects that the API server fails to give: the rest of the operator goes on."""

from __future__ import annotations

import logging
from base64 import b64encode
from typing import Any

import pytest
from tests.api.room import Room, running
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND, GROUP

Tree = dict[str, Any]
MANY = 1_000_000
SINGLE, AGENT = Ref("VMSingle", "default", "demo"), Ref("VMAgent", "default", "demo")
CLUSTER = Ref("VMCluster", "default", "demo")
PARENTS = (CLUSTER, SINGLE, AGENT)


def _object(kind: str, spec: Tree) -> Tree:
    metadata = {"name": "demo", "namespace": "default"}
    return {
        "apiVersion": f"{GROUP}/v1beta1",
        "kind": kind,
        "metadata": metadata,
        "spec": spec,
    }


def _objects() -> tuple[Tree, ...]:
    one = {"replicaCount": 1}
    budget = {**one, "podDisruptionBudget": {"maxUnavailable": 1}}
    url = "http://vmsingle-demo.default.svc:8429/api/v1/write"
    return (
        _object("VMCluster", {"vmstorage": budget, "vmselect": one, "vminsert": one}),
        _object("VMSingle", {"storage": {"resources": {"requests": {"storage": "1Gi"}}}}),
        _object("VMAgent", {"remoteWrite": [{"url": url}], "serviceScrapeSelector": {}}),
    )


async def _filled(api: FakeApi) -> None:
    await api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}})
    for manifest in _objects():
        await api.put(manifest)


def _failing(plural: str, *, method: str = "") -> Fault:
    return Fault(500, times=MANY, path=f"/{plural}", method=method, message="storage is broken")


def _degraded(room: Room, kind: str) -> float:
    return room.metric("vmoperator_watch_degraded", kind=kind, reason="failing")


LISTS = [
    pytest.param("VMServiceScrape", AGENT, "serviceScrapeSelector", id="selected"),
    pytest.param("StatefulSet", CLUSTER, "nothing of this object is changed", id="workloads"),
    pytest.param("PodDisruptionBudget", CLUSTER, "storage is broken", id="children"),
    pytest.param("PersistentVolumeClaim", SINGLE, "storage is broken", id="claims"),
]


@pytest.mark.parametrize(("kind", "concerned", "words"), LISTS)
async def test_a_kind_that_is_never_given_costs_what_needs_it_alone(
    api: FakeApi, kind: str, concerned: Ref, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    await _filled(api)
    broken = _failing(BY_KIND[kind].plural)
    api.faults.append(broken)
    async with running(api) as room:
        await room.until_said("failed", concerned)
        await room.until_operational(*(it for it in PARENTS if it != concerned))
        assert room.condition(concerned, "Ready")["reason"] == "Unreadable"
        assert room.condition(concerned, "Stalled")["status"] == "True"
        assert words in room.status(concerned)["reason"]
        assert _degraded(room, kind) >= 1
        assert "fails to give them, and gives others" in caplog.text
        assert (room.ailments, room.obstacles) == ((), ())
        broken.times = 0
        await room.until_operational(*PARENTS)
        await until(lambda: not room.metric("vmoperator_watch_degraded"))
        await until(lambda: "fails to" not in room.told(*PARENTS))


async def test_secrets_that_cannot_be_listed_are_read_one_by_one(api: FakeApi) -> None:
    await _filled(api)
    content = b64encode(b"{route: {receiver: a}, receivers: [{name: a}]}").decode()
    named = {"name": "routes", "namespace": "default"}
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": named}
    await api.put({**secret, "data": {"alertmanager.yaml": content}})
    await api.put(_object("VMAlertmanager", {"configSecret": "routes"}))
    ref = Ref("VMAlertmanager", "default", "demo")
    broken = _failing("secrets", method="GET")
    api.faults.append(broken)
    async with running(api) as room:
        await room.until_said("failed", ref)
        assert room.condition(ref, "Ready")["reason"] == "Unreadable"
        assert "Secret default/routes" in room.status(ref)["reason"]
        await room.until_operational(SINGLE, CLUSTER)
        # The list alone is broken from now on, as it is by one Secret that nobody can decrypt.
        broken.path = "/api/v1/secrets"
        room.machine.queue.add(ref)
        await room.until_operational(ref)
        assert _degraded(room, "Secret") == 1


async def test_what_a_failing_kind_holds_is_neither_pruned_nor_swept(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    await _filled(api)
    async with running(api) as room:
        await room.until_operational(*PARENTS)
    there = set(api.objects.live)
    for plural in ("vmclusters", "services", "persistentvolumeclaims", "vmservicescrapes"):
        broken = _failing(plural, method="GET")
        api.faults = [broken]
        before = len(api.writes)
        with caplog.at_level(logging.INFO):
            async with running(api) as room:
                await until(lambda: not room.obstacles)
                await room.at_rest()
        deleted = [it.path for it in api.writes[before:] if it.method == "DELETE"]
        assert (plural, deleted, there - set(api.objects.live)) == (plural, [], set())


async def test_a_watch_that_breaks_for_good_later_is_told_and_costs_no_pod(api: FakeApi) -> None:
    await _filled(api)
    async with running(api) as room:
        await room.until_operational(*PARENTS)
        pods = {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")}
        broken = _failing("endpointslices")
        api.faults.append(broken)
        api.cut_streams()
        await until(lambda: room.condition(CLUSTER, "WatchIncomplete"))
        told = room.condition(CLUSTER, "WatchIncomplete")
        assert told["reason"] == "Failing"
        assert "fails to list and watch endpointslices.discovery.k8s.io" in told["message"]
        assert room.status(CLUSTER)["updateStatus"] == "operational"
        broken.times = 0
        await until(lambda: not room.condition(CLUSTER, "WatchIncomplete"))
        assert {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")} == pods


async def test_while_nothing_is_given_the_operator_waits(api: FakeApi) -> None:
    await _filled(api)
    outage = Fault(500, times=MANY)
    api.faults.append(outage)
    async with running(api) as room:
        await until(lambda: outage.times < MANY - 400)
        assert "the world is not known yet" in room.obstacles[0]
        assert room.metric("vmoperator_watch_degraded", reason="failing") == 0
        outage.times = 0
        await room.until_operational(*PARENTS)
        assert "Failing" not in room.told(*PARENTS)
