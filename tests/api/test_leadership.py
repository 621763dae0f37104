"""Leadership that is lost and won again without a restart: what was known then counts no more."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from tests.api.room import Room, running
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.election import Election
from vmoperator.base.manifest import Ref
from vmoperator.observe.lease import Terms

Tree = dict[str, Any]

LEASE = Ref("Lease", "default", "vmoperator")
# A machine that is slow must not lose it by chance.
TERMS = Terms(duration_seconds=120, deadline_seconds=100.0, retry_seconds=0.5)
API_VERSION = "operator.victoriametrics.com/v1beta1"
AGENT = Ref("VMAgent", "default", "demo")
SCRAPE = Ref("VMStaticScrape", "default", "one")
NAME = "vmoperator_rejected_objects"


def candidate(identity: str) -> Callable[[Client], Election]:
    def made(client: Client) -> Election:
        election = Election(client, LEASE, identity, precise_now, TERMS)
        client.only_while(election.check)
        return election

    return made


def agent() -> Tree:
    return {
        "apiVersion": API_VERSION,
        "kind": "VMAgent",
        "metadata": {"name": "demo", "namespace": "default"},
        "spec": {"remoteWrite": [{"url": "http://a"}], "selectAllByDefault": True},
    }


def scrape(*, interval: str) -> Tree:
    return {
        "apiVersion": API_VERSION,
        "kind": "VMStaticScrape",
        "metadata": {"name": "one", "namespace": "default"},
        "spec": {"targetEndpoints": [{"targets": ["a:1"], "interval": interval}]},
    }


@asynccontextmanager
async def two_rooms(api: FakeApi) -> AsyncIterator[tuple[Room, Room]]:
    """Two processes of the operator, of which the first leads."""
    api.bookmark_seconds = 2
    async with running(api, candidate=candidate("a")) as first:
        await until(lambda: first.machine.is_leading)
        async with running(api, candidate=candidate("b")) as second:
            yield first, second


async def hand_over(api: FakeApi, identity: str, to: Room) -> None:
    """As if this one had taken the lease while the other was stopped, or cut off."""
    lease = api.find(LEASE)
    assert lease is not None
    await api.put({**lease, "spec": {**lease["spec"], "holderIdentity": identity}})
    await until(lambda: to.machine.is_leading)


def said_of_the_scrape(api: FakeApi, since: int) -> list[str]:
    path = f"vmstaticscrapes/{SCRAPE.name}/status"
    return [it.body["status"]["updateStatus"] for it in api.writes[since:] if path in it.path]


async def change(api: FakeApi, manifest: Tree) -> None:
    live = api.find(SCRAPE) or {}
    await api.put({**live, "spec": manifest["spec"]})


async def test_what_was_refused_before_the_lease_was_lost_is_not_told_when_leading_again(
    api: FakeApi,
) -> None:
    await api.put(agent())
    await api.put(scrape(interval="-1s"))
    async with two_rooms(api) as (first, second):
        await until(lambda: first.status(SCRAPE).get("updateStatus") == "failed")
        assert first.metric(NAME) == 1
        await hand_over(api, "b", second)
        await until(lambda: not first.machine.reports.rejected())
        await until(lambda: second.machine.reports.rejected())
        await change(api, scrape(interval="10s"))
        await until(lambda: first.status(SCRAPE).get("updateStatus") == "operational")
        await until(lambda: _knows(first, "operational"))
        since = len(api.writes)
        await hand_over(api, "a", first)
        await until(lambda: not second.machine.reports.rejected())
        await until(lambda: AGENT in first.machine.reports.used("VMAgent"))
        await first.at_rest()
        assert said_of_the_scrape(api, since) == []
        assert first.metric(NAME) == 0
        assert first.status(SCRAPE)["updateStatus"] == "operational"


def _knows(room: Room, word: str) -> bool:
    one = room.machine.world.objects.get(SCRAPE)
    return one is not None and one.told.word == word
