"""The informer against a server that cuts streams, forgets, refuses and is slow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from tests.api.objects import service, vmcluster
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.store import Store
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import SERVICE, VERTICAL_AUTOSCALER, VM_CLUSTER, Resource
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.company import State
from vmoperator.watch.informer import Informer


@dataclass
class Watched:
    """A running informer of Services, what it holds (name -> port), and what it told."""

    informer: Informer[int]
    store: Store[int]
    changes: list[tuple[str, int | None, int | None]] = field(default_factory=list)

    @property
    def ports(self) -> dict[str, int]:
        return {ref.name: port for ref, port in self.store.all().items()}


def _port(manifest: Manifest) -> int:
    return int(manifest["spec"]["ports"][0]["port"])


@pytest.fixture
async def watched(client: Client) -> AsyncIterator[Watched]:
    store: Store[int] = Store()
    seen: list[tuple[str, int | None, int | None]] = []
    informer = Informer(
        client,
        SERVICE,
        store=store,
        transform=_port,
        on_change=lambda ref, old, new: seen.append((ref.name, old, new)),
        selector="managed-by=vm-operator",
        retry=Backoff(0.01, 0.05),
        slow_retry_seconds=0.05,
        page_size=2,
    )
    task = asyncio.create_task(informer.run())
    yield Watched(informer, store, seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_it_is_synced_when_the_whole_collection_is_there(
    api: FakeApi, watched: Watched
) -> None:
    for number in range(5):
        await api.put(service(f"s{number}", port=number + 1))
    await api.put(service("foreign", ours=False))
    await watched.informer.synced.wait()
    assert watched.ports == {"s0": 1, "s1": 2, "s2": 3, "s3": 4, "s4": 5}
    assert len(watched.changes) == 5
    assert len(api.requests(path="services")) == 3
    assert watched.informer.state is State.LIVE


async def test_it_follows_changes_and_deletions(api: FakeApi, watched: Watched) -> None:
    await watched.informer.synced.wait()
    await api.put(service("a", port=1))
    await api.put(service("a", port=2))
    await api.remove(Ref("Service", "default", "a"))
    await until(lambda: len(watched.changes) == 3)
    assert watched.changes == [("a", None, 1), ("a", 1, 2), ("a", 2, None)]
    assert watched.ports == {}


async def test_an_object_that_loses_its_label_is_gone(api: FakeApi, watched: Watched) -> None:
    await api.put(service("a", port=1))
    await watched.informer.synced.wait()
    await api.put(service("a", port=1, ours=False))
    await until(lambda: not watched.ports)


async def test_a_cut_stream_goes_on_where_it_ended(api: FakeApi, watched: Watched) -> None:
    await api.put(service("a", port=1))
    await watched.informer.synced.wait()
    await until(lambda: api.streams)
    api.cut_streams()
    await api.put(service("b", port=2))
    await until(lambda: watched.ports == {"a": 1, "b": 2})
    assert watched.changes == [("a", None, 1), ("b", None, 2)]
    assert len(api.requests(path="services")) == 1
    assert watched.informer.state is State.LIVE


async def test_what_vanished_behind_its_back_is_told(api: FakeApi, watched: Watched) -> None:
    await api.put(service("a", port=1))
    await api.put(service("b", port=2))
    await watched.informer.synced.wait()
    await until(lambda: api.streams)
    watched.changes.clear()
    api.faults.append(Fault(503, times=3, watch=True))
    api.cut_streams()
    await api.remove(Ref("Service", "default", "a"))
    await api.put(service("b", port=3))
    api.compact()
    await until(lambda: watched.ports == {"b": 3})
    assert sorted(watched.changes) == [("a", 1, None), ("b", 2, 3)]


async def test_a_new_list_of_unchanged_objects_changes_nothing(
    api: FakeApi, watched: Watched
) -> None:
    for number in range(3):
        await api.put(service(f"s{number}", port=number + 1))
    await watched.informer.synced.wait()
    watched.changes.clear()
    lists = len(api.requests(path="services"))
    await until(lambda: api.streams)
    watches = len(api.requests(path="services", watch=True))
    api.faults.append(Fault(410, watch=True))
    api.cut_streams()
    await until(lambda: len(api.requests(path="services", watch=True)) >= watches + 2)
    assert len(api.requests(path="services")) == lists + 2
    assert watched.changes == []
    assert len(watched.ports) == 3


async def test_bookmarks_move_the_place_where_it_goes_on(api: FakeApi, watched: Watched) -> None:
    await watched.informer.synced.wait()
    await api.put(vmcluster())
    version = str(api.objects.version)
    await until(lambda: watched.informer._position == version)
    api.compact()
    api.cut_streams()
    await until(lambda: len(api.requests(path="services", watch=True)) == 2)
    assert api.requests(path="services", watch=True)[-1].query["resourceVersion"] == version
    assert len(api.requests(path="services")) == 1


async def test_an_expired_page_starts_the_list_again(api: FakeApi, watched: Watched) -> None:
    for number in range(3):
        await api.put(service(f"s{number}", port=number + 1))
    api.faults.append(Fault(410, path="services", watch=False))
    await watched.informer.synced.wait()
    assert len(watched.ports) == 3


async def test_one_bad_answer_is_not_worth_a_word(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    api.faults.append(Fault(500, path="services"))
    await watched.informer.synced.wait()
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_an_outage_is_told_once_and_survived(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await api.put(service("a", port=1))
    await watched.informer.synced.wait()
    await until(lambda: api.streams)
    api.faults.append(Fault(500, times=6))
    api.cut_streams()
    await until(lambda: watched.informer.state is State.UNREACHABLE)
    await until(lambda: watched.informer.state is State.LIVE)
    words = [record.getMessage() for record in caplog.records if "services" in record.getMessage()]
    assert len(words) == 3
    assert "unreachable; trying on (the test says so)" in words[1]
    assert words[2] == "services: 1 objects, live"


@pytest.mark.parametrize(
    ("status", "state"), [(403, State.FORBIDDEN), (404, State.MISSING)], ids=["403", "404"]
)
async def test_a_missing_right_or_resource_holds_nobody_up_and_is_asked_for_again(
    api: FakeApi, watched: Watched, status: int, state: State
) -> None:
    fault = Fault(status, times=1_000, path="services", message="not yours")
    api.faults.append(fault)
    await watched.informer.synced.wait()
    assert watched.informer.state is state
    await api.put(service("a", port=1))
    fault.times = 0
    await until(lambda: watched.informer.state is State.LIVE)
    assert watched.ports == {"a": 1}


async def test_one_denial_is_not_believed(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.informer.synced.wait()
    api.faults.append(Fault(403, path="services"))
    api.cut_streams()
    await api.put(service("a", port=1))
    await until(lambda: watched.ports == {"a": 1})
    assert watched.informer.state is State.LIVE
    assert "right" not in caplog.text


async def test_what_may_be_listed_but_not_watched_is_forbidden_and_stays_so(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    await watched.informer.synced.wait()
    api.faults.append(Fault(403, times=1_000, path="services", watch=True))
    api.cut_streams()
    await until(lambda: watched.informer.state is State.FORBIDDEN)
    before = len(api.requests("GET", "services"))
    await api.put(service("a", port=1))
    await until(lambda: len(api.requests("GET", "services")) > before + 3)
    assert watched.ports == {"a": 1}
    assert caplog.text.count("the right to list and watch them is missing") == 1


@pytest.fixture
async def optional(client: Client) -> AsyncIterator[Watched]:
    store: Store[int] = Store()
    seen: list[tuple[str, int | None, int | None]] = []
    informer = Informer(
        client,
        VERTICAL_AUTOSCALER,
        store=store,
        transform=lambda manifest: int(manifest["spec"]["n"]),
        on_change=lambda ref, old, new: seen.append((ref.name, old, new)),
        retry=Backoff(0.01, 0.05),
        rare_retry_seconds=0.05,
    )
    task = asyncio.create_task(informer.run())
    yield Watched(informer, store, seen)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


def _autoscaler(number: int) -> Manifest:
    return {
        "apiVersion": VERTICAL_AUTOSCALER.api_version,
        "kind": VERTICAL_AUTOSCALER.kind,
        "metadata": {"name": "v", "namespace": "default"},
        "spec": {"n": number},
    }


async def test_an_optional_resource_that_is_not_installed_holds_nothing_up(
    api: FakeApi, optional: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    api.hidden.add(VERTICAL_AUTOSCALER.plural)
    await optional.informer.synced.wait()
    assert optional.informer.state is State.MISSING
    assert [it for it in caplog.records if it.levelno >= logging.WARNING] == []


async def test_an_optional_resource_comes_and_goes(api: FakeApi, optional: Watched) -> None:
    api.hidden.add(VERTICAL_AUTOSCALER.plural)
    await until(lambda: optional.informer.state is State.MISSING)
    api.hidden.clear()
    await api.put(_autoscaler(1))
    await until(lambda: optional.ports == {"v": 1})
    await until(lambda: api.streams)
    api.hidden.add(VERTICAL_AUTOSCALER.plural)
    api.cut_streams()
    await until(lambda: not optional.ports)
    assert optional.changes == [("v", None, 1), ("v", 1, None)]


async def test_a_slow_list_misses_nothing(api: FakeApi, watched: Watched) -> None:
    for number in range(6):
        await api.put(service(f"s{number}", port=1))
    api.faults.append(Fault(200, times=3, path="services", delay_seconds=0.05, watch=False))
    await until(lambda: len(watched.ports) == 2)
    await api.put(service("s0", port=7))
    await api.put(service("new", port=8))
    await api.remove(Ref("Service", "default", "s5"))
    expected = {"s0": 7, "s1": 1, "s2": 1, "s3": 1, "s4": 1, "new": 8}
    await until(lambda: watched.ports == expected)


async def test_what_a_pass_put_in_itself_is_no_news(api: FakeApi, watched: Watched) -> None:
    await watched.informer.synced.wait()
    watched.store.put(Ref("Service", "default", "a"), 1)
    await api.put(service("a", port=1))
    await api.put(service("b", port=2))
    await until(lambda: "b" in watched.ports)
    assert watched.changes == [("b", None, 2)]


async def test_an_unreadable_object_is_left_out_and_named(
    api: FakeApi, watched: Watched, caplog: pytest.LogCaptureFixture
) -> None:
    broken = service("broken")
    broken["spec"] = {}
    await api.put(broken)
    await api.put(service("good", port=1))
    await watched.informer.synced.wait()
    assert watched.ports == {"good": 1}
    assert "Service default/broken cannot be read" in caplog.text


async def test_informers_of_two_namespaces_share_a_store(api: FakeApi, client: Client) -> None:
    store: Store[str] = Store()

    def of(namespace: str, resource: Resource = VM_CLUSTER) -> Informer[str]:
        return Informer(
            client,
            resource,
            store=store,
            transform=lambda manifest: str(manifest["metadata"]["uid"]),
            on_change=lambda *change: None,
            namespace=namespace,
            retry=Backoff(0.01, 0.05),
        )

    for namespace in ("one", "two", "three"):
        await api.put(vmcluster(namespace=namespace))
    informers = [of("one"), of("two")]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(informer.run()) for informer in informers]
        await asyncio.gather(*(informer.synced.wait() for informer in informers))
        assert {ref.namespace for ref in store.all()} == {"one", "two"}
        await api.remove(Ref("VMCluster", "one", "demo"))
        await until(lambda: len(store) == 1)
        for task in tasks:
            task.cancel()
