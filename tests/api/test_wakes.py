"""Objects that are not complete are looked at again, also if nobody says that they became so."""

from __future__ import annotations

from typing import Any

from tests.api.objects import vmcluster
from tests.api.room import Room, running, until_known
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.settings import Settings

SINGLE = {**vmcluster(), "kind": "VMSingle", "spec": {"retentionPeriod": "1"}}
REF = ref_of(SINGLE)
DEPLOYMENT = Ref("Deployment", "default", "vmsingle-demo")


def _tell_nobody(*change: Any) -> None:
    del change


def _deafen(room: Room) -> None:
    """From now on what becomes of pods is seen, and wakes nobody."""
    for informer in room.machine.informers:
        if informer.resource.kind in ("Pod", "EndpointSlice", "Deployment"):
            informer.on_change = _tell_nobody


async def test_a_lost_wake_up_delays_the_word_by_seconds_and_costs_no_request(
    api: FakeApi,
) -> None:
    await api.put(SINGLE)
    async with running(api) as room:
        await until(lambda: api.find(DEPLOYMENT))
        await room.at_rest()
        _deafen(room)
        before = len(api.seen)
        await room.kubernetes.settle()
        await until(lambda: room.status(REF)["updateStatus"] == "operational", seconds=60)
        made = [it for it in api.seen[before:] if not it.is_watch and "/events" not in it.path]
        assert [it.method for it in made if "/status" not in it.path] == []


async def test_all_objects_are_gone_through_again_as_often_as_asked_without_a_request(
    api: FakeApi,
) -> None:
    await api.put(SINGLE)
    async with running(api, settings=Settings(resync_seconds=1)) as room:
        await room.until_operational(REF)
        await room.at_rest()
        seen = len(api.seen)
        done = room.machine.queue.counts().done
        await until(lambda: room.machine.queue.counts().done >= done + 3)
        asked = [it for it in api.seen[seen:] if not it.is_watch and "/leases" not in it.path]
        assert asked == []


async def test_kinds_of_the_prometheus_operator_that_are_not_to_be_read_are_not_asked_for(
    api: FakeApi,
) -> None:
    async with running(api, settings=Settings(unread_kinds=("ServiceMonitor",))) as room:
        await until_known(room)
        assert api.requests(path="/podmonitors") != []
        assert [it for it in api.seen if "/servicemonitors" in it.path] == []
