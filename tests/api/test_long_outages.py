"""An API server that is away for longer than anything may be silent: the process lives on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.objects import vmcluster
from tests.api.room import Room, running
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.apply.client import Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.election import Election
from vmoperator.base.manifest import Ref
from vmoperator.observe.lease import Terms
from vmoperator.watch.health import Limits, ailments, pulse

CLUSTER = Ref("VMCluster", "default", "demo")
VMINSERT = Ref("Deployment", "default", "vminsert-demo")
LEASE = Ref("Lease", "default", "vmoperator")
FOREVER = 1_000_000_000


def _limits() -> Limits:
    """A twentieth and less of what holds in a cluster; a machine that is busy has more."""
    seconds = drawn_out(2)
    return Limits(loop_seconds=seconds, watch_seconds=seconds, unheard_seconds=seconds)


def _cluster(replicas: int) -> dict[str, Any]:
    manifest, one = vmcluster(), {"replicaCount": 1}
    parts = {"vmstorage": one, "vmselect": one, "vminsert": {"replicaCount": replicas}}
    manifest["spec"] = {"retentionPeriod": "4", **parts}
    return manifest


@dataclass
class Watchman:
    """Looks at a process as the kubelet does, with limits that are soon over."""

    room: Room
    sick: list[str] = field(default_factory=list)
    unready: list[str] = field(default_factory=list)

    async def look(self, pause_seconds: float = 0.1) -> None:
        found = pulse(self.room.machine.vitals(), at=time.monotonic(), limits=_limits())
        self.unready += found.obstacles
        await asyncio.sleep(pause_seconds)
        self.sick += ailments(found, now=time.monotonic(), limits=_limits())

    async def look_on(self, until_it_holds: Callable[[], bool], *, seconds: float = 60) -> None:
        began = time.monotonic()
        while not until_it_holds():
            assert time.monotonic() < began + drawn_out(seconds), "it does not come about"
            await self.look()


async def _change(api: FakeApi, replicas: int) -> None:
    live = api.find(CLUSTER)
    assert live
    await api.put({**live, "spec": _cluster(replicas)["spec"]})


def _replicas(api: FakeApi) -> int:
    return int((api.find(VMINSERT) or {})["spec"]["replicas"])


def _is_over(began: float) -> Callable[[], bool]:
    """Whether the outage has lasted for longer than every limit, as they stand now."""

    def over() -> bool:
        limits = _limits()
        longest = max(limits.loop_seconds, limits.watch_seconds, limits.unheard_seconds)
        return time.monotonic() - began > longest + 1

    return over


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Fault(503, times=FOREVER), id="503"),
        pytest.param(Fault(cut=True, times=FOREVER), id="nobody answers"),
    ],
)
async def test_an_outage_longer_than_every_limit_is_lived_through(
    api: FakeApi, fault: Fault
) -> None:
    fault.times = FOREVER
    await api.put(_cluster(1))
    async with running(api) as room:
        await room.until_operational(CLUSTER)
        pods = {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")}
        watchman, began = Watchman(room), time.monotonic()
        api.faults.append(fault)
        api.cut_streams()
        await _change(api, 3)
        await watchman.look_on(_is_over(began))
        assert watchman.sick == []
        assert any("has not been heard" in it for it in watchman.unready)
        fault.times = 0
        await watchman.look_on(lambda: _replicas(api) == 3)
        await room.until_operational(CLUSTER)
        await until(lambda: not room.metric("vmoperator_watch_degraded"))
        watchman.unready.clear()
        await watchman.look()
        assert (watchman.sick, watchman.unready) == ([], [])
        assert pods <= {pod["metadata"]["uid"] for pod in room.kubernetes.all("Pod")}
        assert room.metric("vmoperator_task_restarts_total") == 0


@dataclass
class Books:
    """Who wrote, and who held the lease at that moment."""

    api: FakeApi
    terms: Terms
    entries: list[tuple[str, str]] = field(default_factory=list)

    @property
    def holder(self) -> str:
        lease = self.api.find(LEASE)
        return str(lease["spec"]["holderIdentity"]) if lease else ""

    def candidate(self, identity: str) -> Callable[[Client], Election]:
        def made(client: Client) -> Election:
            election = Election(client, LEASE, identity, precise_now, self.terms)

            def check() -> None:
                election.check()
                self.entries.append((identity, self.holder))

            client.only_while(check)
            return election

        return made


async def test_a_lease_that_is_lost_in_an_outage_is_taken_again_and_never_two_write(
    api: FakeApi,
) -> None:
    await api.put(_cluster(1))
    # A machine that is slow must not lose it by chance.
    lasting = round(drawn_out(6))
    terms = Terms(duration_seconds=lasting, deadline_seconds=lasting * 2 / 3, retry_seconds=0.3)
    books, fault = Books(api, terms), Fault(503, times=FOREVER)
    async with (
        running(api, candidate=books.candidate("a")) as one,
        running(api, candidate=books.candidate("b")) as other,
    ):
        await one.until_operational(CLUSTER)
        watchmen = Watchman(one), Watchman(other)
        began = time.monotonic()
        api.faults.append(fault)
        api.cut_streams()
        await _change(api, 3)
        for watchman in watchmen:
            await watchman.look_on(_is_over(began))
        await until(lambda: not (one.machine.is_leading or other.machine.is_leading))
        before = len(books.entries)
        await watchmen[0].look(1)
        assert books.entries[before:] == []
        fault.times = 0
        await watchmen[0].look_on(lambda: _replicas(api) == 3)
        await one.until_operational(CLUSTER)
        assert len(books.entries) > before
        assert [it for it in books.entries if it[0] != it[1]] == []
        assert [sick for watchman in watchmen for sick in watchman.sick] == []
