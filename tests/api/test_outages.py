"""The whole operator while the API server is away, refuses, forgets, stutters or crawls."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest
from tests.api.objects import vmcluster
from tests.api.room import Room, running
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Manifest, Ref
from vmoperator.watch.company import State
from vmoperator.watch.health import LIMITS

CLUSTER = Ref("VMCluster", "default", "demo")
VMINSERT = Ref("Deployment", "default", "vminsert-demo")
MANY = 1_000_000


def _cluster(replicas: int) -> dict[str, Any]:
    manifest = vmcluster()
    one = {"replicaCount": 1}
    parts = {"vmstorage": one, "vmselect": one, "vminsert": {"replicaCount": replicas}}
    manifest["spec"] = {"retentionPeriod": "4", **parts}
    return manifest


async def _change(room: Room, replicas: int) -> None:
    live = room.api.find(CLUSTER)
    assert live
    await room.api.put({**live, "spec": _cluster(replicas)["spec"]})


def _replicas(room: Room) -> int:
    live: Manifest = room.api.find(VMINSERT) or {}
    return int(live["spec"]["replicas"])


def _pods(room: Room) -> set[str]:
    return {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")}


async def _unharmed(room: Room, pods: set[str]) -> None:
    await until(lambda: not room.metric("vmoperator_watch_degraded"))
    assert pods <= _pods(room)
    assert room.ailments == ()
    assert room.metric("vmoperator_task_restarts_total") == 0


OUTAGES = [
    pytest.param(Fault(500, times=MANY), id="500"),
    pytest.param(Fault(503, times=MANY), id="503"),
    pytest.param(Fault(401, times=MANY, message="Unauthorized"), id="401"),
    pytest.param(Fault(429, times=MANY, headers={"Retry-After": "1"}), id="429"),
    pytest.param(Fault(410, times=MANY), id="410"),
    pytest.param(Fault(cut=True, times=MANY), id="cut"),
    pytest.param(Fault(403, times=MANY, method="GET", message="not yet"), id="403"),
    pytest.param(Fault(404, times=MANY, method="GET", message="not yet"), id="404"),
]


@pytest.mark.parametrize("fault", OUTAGES)
async def test_after_an_outage_all_is_as_it_should_be_and_no_pod_was_touched(
    api: FakeApi, fault: Fault
) -> None:
    await api.put(_cluster(1))
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        pods = _pods(room)
        fault.times = MANY
        api.faults.append(fault)
        api.cut_streams()
        await until(lambda: fault.times < MANY - 100)
        await _change(room, 3)
        await asyncio.sleep(0.3)
        assert _replicas(room) == 1
        assert room.ailments == ()
        fault.times = 0
        await until(lambda: _replicas(room) == 3)
        await room.until_operational(CLUSTER)
        await _unharmed(room, pods)


async def test_streams_that_are_cut_again_and_again_lose_nothing(api: FakeApi) -> None:
    await api.put(_cluster(1))
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        pods = _pods(room)
        for replicas in range(2, 8):
            api.cut_streams()
            await _change(room, replicas)
            api.compact()
            await asyncio.sleep(0.1)
        await until(lambda: _replicas(room) == 7)
        await _unharmed(room, pods)


async def test_connections_that_carry_nothing_any_more_are_given_up(api: FakeApi) -> None:
    await api.put(_cluster(1))
    async with running(api, silence_seconds=1) as room:
        await room.until_operational(CLUSTER)
        pods = _pods(room)
        # Half open: no event, no bookmark, no end.
        api.changed = asyncio.Condition()
        api.bookmark_seconds = 3_600
        before = len(api.requests("GET", "vmclusters", watch=True))
        await until(lambda: len(api.requests("GET", "vmclusters", watch=True)) > before)
        api.bookmark_seconds = 0.2
        await _change(room, 2)
        await until(lambda: _replicas(room) == 2)
        await _unharmed(room, pods)


async def test_slow_answers_only_take_longer(api: FakeApi) -> None:
    await api.put(_cluster(1))
    slow = Fault(200, times=MANY, delay_seconds=0.4)
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        pods = _pods(room)
        api.faults.append(slow)
        api.cut_streams()
        await _change(room, 2)
        await until(lambda: _replicas(room) == 2)
        await _unharmed(room, pods)


async def test_an_outage_is_no_storm_of_requests_and_neither_is_its_end(api: FakeApi) -> None:
    await api.put(_cluster(1))
    async with running(api, is_hasty=False) as room:
        await room.until_operational(CLUSTER)
        fault = Fault(503, times=MANY)
        began, before = time.monotonic(), len(api.seen)
        api.faults.append(fault)
        api.cut_streams()
        await asyncio.sleep(8)
        during = len(api.seen) - before
        per_second = during / (time.monotonic() - began)
        print(f"{per_second:.0f} requests a second with {len(room.machine.informers)} watches")
        assert per_second < 1.5 * len(room.machine.informers)
        fault.times, before = 0, len(api.seen)
        await _change(room, 2)
        await until(lambda: _replicas(room) == 2, seconds=60)
        await until(lambda: not room.metric("vmoperator_watch_degraded"), seconds=60)
        await room.at_rest()
        after = len(api.seen) - before
        print(f"{after} requests until all was as it should be")
        assert after < 4 * len(room.machine.informers) + 100


async def test_a_watch_that_tries_again_is_alive_and_one_that_hangs_is_not(api: FakeApi) -> None:
    await api.put(_cluster(1))
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        api.faults.append(Fault(503, times=MANY))
        api.cut_streams()
        informer = room.machine.informers[0]
        # What the stream brought before it was cut has been read.
        await until(lambda: informer.state is State.UNREACHABLE)
        informer.last_alive -= LIMITS.watch_seconds + 1
        assert "has not moved" in room.ailments[0]
        heard = informer.last_heard
        await until(lambda: not room.ailments)
        assert informer.last_heard == heard


async def test_garbage_in_a_stream_is_survived(api: FakeApi) -> None:
    await api.put(_cluster(1))
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        pods = _pods(room)
        for stream in list(api.streams):
            await stream.write(b"<html>proxy</html>\n")
        await _change(room, 2)
        await until(lambda: _replicas(room) == 2)
        await _unharmed(room, pods)
