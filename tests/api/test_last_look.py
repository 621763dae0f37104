"""Whether this process leads is looked at when a write is sent, however long that was prepared."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from tests.api.objects import service, vmcluster
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.clock import precise_now
from vmoperator.apply.election import Election
from vmoperator.base.errors import NotLeading
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import SERVICE
from vmoperator.observe.lease import Terms

LEASE = Ref("Lease", "default", "vmoperator")
REF = Ref("Service", "default", "vminsert-demo")
POD = Ref("Pod", "default", "one")
TERMS = Terms(duration_seconds=120, deadline_seconds=100.0, retry_seconds=0.05)

WRITES: dict[str, Callable[[Client], Awaitable[object]]] = {
    "apply": lambda it: it.apply(service()),
    "apply_new": lambda it: it.apply_new(service()),
    "apply_status": lambda it: it.apply_status(vmcluster()),
    "replace": lambda it: it.replace(SERVICE, service()),
    "patch": lambda it: it.patch(SERVICE, REF, {"metadata": {"labels": {"a": "b"}}}),
    "patch_status": lambda it: it.patch_status(SERVICE, REF, {"status": {}}),
    "create": lambda it: it.create(SERVICE, service("other")),
    "delete": lambda it: it.delete(SERVICE, REF, uid="1"),
    "evict": lambda it: it.evict(POD, uid="1"),
}
EACH_WRITE = pytest.mark.parametrize("write", WRITES.values(), ids=WRITES)


@dataclass
class Clock:
    """A clock that goes on alone: what a process sees that was stopped for a while."""

    seconds: float = 0.0

    def __call__(self) -> float:
        return self.seconds


class Freezing:
    """A token whose reading takes its time, in which something may happen."""

    def __init__(self) -> None:
        self.meanwhile: Callable[[], None] = lambda: None

    async def token(self, *, fresh: bool = False) -> str:
        del fresh
        await asyncio.sleep(0)
        self.meanwhile()
        return ""


class Lead:
    """Whether this process leads, as a test wants it."""

    def __init__(self, looks: int = 1_000_000) -> None:
        self.looks = looks
        """After so many it is lost."""

    def lose(self) -> None:
        self.looks = 0

    def check(self) -> None:
        self.looks -= 1
        if self.looks < 0:
            raise NotLeading("another process leads", request="write")


@asynccontextmanager
async def freezing_client(api: FakeApi) -> AsyncIterator[tuple[Client, Freezing]]:
    tokens = Freezing()
    async with Client(api.connection(tokens=tokens)) as client:
        yield client, tokens


def candidate(client: Client, clock: Clock) -> Election:
    election = Election(client, LEASE, "a", precise_now, TERMS, clock)
    client.only_while(election.check)
    return election


@EACH_WRITE
async def test_a_process_frozen_on_its_way_to_the_server_sends_nothing_when_it_wakes(
    api: FakeApi, write: Callable[[Client], Awaitable[object]]
) -> None:
    await api.put(service())
    clock = Clock()
    async with freezing_client(api) as (client, tokens):
        election = candidate(client, clock)
        await election.win()
        before = len(api.writes)
        tokens.meanwhile = lambda: setattr(clock, "seconds", TERMS.deadline_seconds + 1)
        with pytest.raises(NotLeading):
            await write(client)
        assert api.writes[before:] == []


async def test_it_writes_again_once_the_lease_has_been_renewed_anew(api: FakeApi) -> None:
    clock = Clock()
    async with freezing_client(api) as (client, _):
        election = candidate(client, clock)
        await election.win()
        clock.seconds += TERMS.deadline_seconds + 1
        before = len(api.writes)
        with pytest.raises(NotLeading):
            await client.apply(service())
        await election.win()
        await client.apply(service())
        assert [it.path.split("/")[-2] for it in api.writes[before:]] == ["leases", "services"]


@EACH_WRITE
async def test_what_was_cut_off_is_not_sent_again_by_who_has_lost_the_lead(
    api: FakeApi, client: Client, write: Callable[[Client], Awaitable[object]]
) -> None:
    await api.put(service())
    lead = Lead()
    client.only_while(lead.check)
    api.faults.append(Fault(delay_seconds=0.2, cut=True))
    sending = asyncio.ensure_future(write(client))
    await until(lambda: api.writes != [])
    lead.lose()
    with pytest.raises(Exception, match="leads|connection"):
        await sending
    assert len(api.writes) == 1


async def test_a_large_body_whose_sender_loses_the_lead_meanwhile_stays_incomplete(
    api: FakeApi, client: Client
) -> None:
    large = service()
    large["metadata"]["annotations"] = {"a": "x" * 900_000}
    lead = Lead(looks=4)
    client.only_while(lead.check)
    with pytest.raises(NotLeading):
        await client.apply(large)
    lead.looks = 1_000_000
    await client.apply(service())
    assert [len(str(it.body)) > 900_000 for it in api.writes] == [False]


async def test_a_large_body_arrives_whole(api: FakeApi, client: Client) -> None:
    large = service()
    large["metadata"]["annotations"] = {"a": "x" * 900_000}
    client.only_while(Lead().check)
    await client.apply(large)
    assert (api.find(REF) or {})["metadata"]["annotations"] == large["metadata"]["annotations"]


async def test_what_was_never_sent_is_not_counted_as_a_call(api: FakeApi) -> None:
    told = []
    tokens, lead = Freezing(), Lead()
    connection = api.connection(tokens=tokens)
    async with Client(connection, on_answer=lambda call, *_: told.append(call.verb)) as client:
        client.only_while(lead.check)
        tokens.meanwhile = lead.lose
        with pytest.raises(NotLeading):
            await client.apply(service())
        await client.list(SERVICE).__anext__()
    assert told == ["list"]


async def test_a_term_that_ran_out_is_over_even_if_nobody_else_has_taken_the_lease(
    api: FakeApi, client: Client
) -> None:
    clock = Clock()
    election = candidate(client, clock)
    await election.win()
    keeping = asyncio.create_task(election.keep())
    await asyncio.sleep(0)
    clock.seconds += TERMS.deadline_seconds + 1
    before = len(api.requests("PUT", "leases"))
    await keeping
    assert not election.is_leading
    assert len(api.requests("PUT", "leases")) == before


async def test_a_renewal_during_which_the_process_was_frozen_gives_no_term(api: FakeApi) -> None:
    clock = Clock()
    async with freezing_client(api) as (client, tokens):
        election = candidate(client, clock)
        freezes = [TERMS.deadline_seconds + 1]

        def freeze() -> None:
            clock.seconds += freezes.pop() if freezes else 0.0

        tokens.meanwhile = freeze
        await election.win()
        assert election.is_leading
        assert len(api.writes) == 2, "the first one had taken too long"
