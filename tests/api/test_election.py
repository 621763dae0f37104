"""Election: one leader at a time, whatever happens to it, and none without the lease."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from tests.api.objects import service
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.apply.client import Client
from vmoperator.apply.election import Election
from vmoperator.base.errors import NotLeading
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import SERVICE
from vmoperator.observe.lease import Terms

LEASE = Ref("Lease", "default", "vmoperator")
QUICK = Terms(duration_seconds=3, deadline_seconds=2.0, retry_seconds=0.05)
# For what no term may run out in, however slow the machine is.
LONG = Terms(duration_seconds=120, deadline_seconds=100.0, retry_seconds=0.05)


def election(client: Client, identity: str, terms: Terms = QUICK) -> Election:
    ticks = itertools.count()
    return Election(
        client, LEASE, identity, lambda: f"2026-01-01T00:00:00.{next(ticks):06}Z", terms
    )


@asynccontextmanager
async def other_client(api: FakeApi) -> AsyncIterator[Client]:
    async with Client(api.connection()) as client:
        yield client


async def end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


def holder(api: FakeApi) -> str:
    found = api.find(LEASE)
    return str(found["spec"]["holderIdentity"]) if found else ""


async def test_the_first_one_leads_and_writes_its_name_into_a_new_lease(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a", LONG)
    assert not one.is_leading
    await one.win()
    assert one.is_leading
    found = api.find(LEASE)
    assert found is not None
    assert found["spec"]["holderIdentity"] == "a"
    assert found["spec"]["leaseDurationSeconds"] == 120


async def test_the_second_one_waits_while_the_first_renews(api: FakeApi, client: Client) -> None:
    lasting = round(drawn_out(3))
    terms = Terms(duration_seconds=lasting, deadline_seconds=lasting * 2 / 3, retry_seconds=0.05)
    one, two = election(client, "a", terms), election(client, "b", terms)
    await one.win()
    keeping, waiting = asyncio.create_task(one.keep()), asyncio.create_task(two.win())
    await asyncio.sleep(lasting + 0.5)
    assert (one.is_leading, two.is_leading) == (True, False)
    assert not waiting.done()
    await end(keeping)
    await end(waiting)


async def test_a_lease_that_is_no_longer_renewed_is_taken_after_its_owner_has_stopped_writing(
    api: FakeApi, client: Client
) -> None:
    one, two = election(client, "a"), election(client, "b")
    await one.win()  # and is never heard of again
    await two.win()
    assert (one.is_leading, two.is_leading) == (False, True)
    found = api.find(LEASE)
    assert found is not None
    assert found["spec"]["leaseTransitions"] == 1


async def test_a_lease_that_was_given_back_is_taken_at_once(api: FakeApi, client: Client) -> None:
    one, two = election(client, "a", LONG), election(client, "b", LONG)
    await one.win()
    waiting = asyncio.create_task(two.win())
    await asyncio.sleep(0.2)
    await one.give_back()
    assert not one.is_leading
    await asyncio.wait_for(waiting, LONG.deadline_seconds / 2)
    assert holder(api) == "b"


async def test_a_renewal_whose_answer_was_not_waited_for_does_not_keep_the_lease(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a", LONG)
    await one.win()
    await renewed(api, "a")
    await one.give_back()
    assert holder(api) == ""


async def test_a_lease_that_another_one_has_by_now_is_not_given_back(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a", LONG)
    await one.win()
    await renewed(api, "b")
    await one.give_back()
    assert holder(api) == "b"


async def test_the_time_until_a_lease_is_free_counts_from_the_answer_that_showed_it(
    api: FakeApi, client: Client
) -> None:
    terms = Terms(duration_seconds=4, deadline_seconds=3.0, retry_seconds=0.05)
    one, two = election(client, "a"), election(client, "b")
    one.terms = two.terms = terms
    await one.win()
    slow = Fault(path="leases", status=200, delay_seconds=1.0)
    api.faults.append(slow)
    waiting = asyncio.create_task(two.win())
    await until(lambda: slow.times == 0)
    await asyncio.sleep(0.8)
    await renewed(api, "a")  # before the server looks at what the other one has asked for
    since = asyncio.get_running_loop().time()
    await waiting
    assert asyncio.get_running_loop().time() - since >= terms.duration_seconds


async def renewed(api: FakeApi, identity: str) -> None:
    """As if that one had written the lease."""
    lease = api.find(LEASE)
    assert lease is not None
    spec = {**lease["spec"], "holderIdentity": identity, "renewTime": "2026-01-02T00:00:00.000001Z"}
    await api.put({**lease, "spec": spec})


async def test_of_two_that_are_after_the_same_free_lease_one_gets_it(api: FakeApi) -> None:
    for _ in range(10):
        await api.remove(LEASE) if api.find(LEASE) else None
        async with other_client(api) as first, other_client(api) as second:
            both = [election(first, "a", LONG), election(second, "b", LONG)]
            tries = [asyncio.create_task(it.win()) for it in both]
            await asyncio.wait(tries, return_when=asyncio.FIRST_COMPLETED)
            assert [it.is_leading for it in both].count(True) == 1
            for task in tries:
                await end(task)


async def test_who_cannot_reach_the_server_stops_by_itself_before_others_may_start(
    api: FakeApi, client: Client
) -> None:
    terms = replace(QUICK, duration_seconds=30)
    one = election(client, "a", terms)
    await one.win()
    api.faults.append(Fault(path="leases", status=500, times=1_000_000))
    began = asyncio.get_running_loop().time()
    await one.keep()
    assert not one.is_leading
    assert asyncio.get_running_loop().time() - began < terms.duration_seconds


async def test_one_failed_renewal_is_no_loss(api: FakeApi, client: Client) -> None:
    one = election(client, "a", LONG)
    await one.win()
    api.faults.append(Fault(path="leases", status=500, times=2))
    keeping = asyncio.create_task(one.keep())
    renewals = len(api.requests("PUT", "leases"))
    await until(lambda: len(api.requests("PUT", "leases")) >= renewals + 2)
    assert api.faults[0].times == 0
    assert one.is_leading
    assert not keeping.done()
    await end(keeping)


async def test_who_lost_the_lease_to_another_stops_at_the_next_look(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a", LONG)
    await one.win()
    lease = api.find(LEASE)
    assert lease is not None
    await api.put({**lease, "spec": {**lease["spec"], "holderIdentity": "b"}})
    await asyncio.wait_for(one.keep(), LONG.deadline_seconds / 2)
    assert not one.is_leading


async def test_who_does_not_lead_writes_nothing_and_may_read_and_ask(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a", LONG)
    client.only_while(one.check)
    await api.put(service(port=1))
    with pytest.raises(NotLeading):
        await client.apply(service(port=2))
    assert api.writes == []
    await client.apply(service(port=2), dry_run=True)
    await one.win()
    await client.apply(service(port=2))
    found = await client.get(SERVICE, Ref("Service", "default", "vminsert-demo"))
    assert 2 in [it["port"] for it in found["spec"]["ports"]]


async def test_a_process_that_slept_through_its_time_writes_nothing_when_it_wakes(
    api: FakeApi, client: Client
) -> None:
    one = election(client, "a")
    client.only_while(one.check)
    await one.win()
    await asyncio.sleep(QUICK.deadline_seconds + 0.05)  # nothing renewed it: as if stopped
    with pytest.raises(NotLeading):
        await client.apply(service(port=1))
    await until(lambda: not one.is_leading)
