"""The status of selected objects, over HTTP: what is written, and how seldom."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice
from vmoperator.api.selected.object import SelectedObject
from vmoperator.apply.around import Surroundings, forget
from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.object_reports import ObjectReports
from vmoperator.apply.world import World
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND
from vmoperator.watch.informer import Informer
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

KINDS = ("VMStaticScrape", "VMAgent")
A = Ref("VMAgent", "default", "a")
B = Ref("VMAgent", "default", "b")
ONE = Ref("VMStaticScrape", "default", "one")
TWO = Ref("VMStaticScrape", "default", "two")


def agent(name: str) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"remoteWrite": [{"url": "http://a"}]},
    }


def scrape(name: str, **labels: str) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMStaticScrape",
        "metadata": {"name": name, "namespace": "default", "labels": labels},
        "spec": {"targetEndpoints": [{"targets": ["a:1"]}]},
    }


def refusing(*names: str) -> Recipe:
    def make(one: SelectedObject, around: Around) -> bytes:
        del around
        if one.metadata.name in names:
            raise SpecInvalid("spec.targetEndpoints[0]", "not taken")
        return b"x\n"

    return Recipe(key="".join(names), make=make)


def choosing(selector: Tree) -> Choice:
    return Choice(
        kinds=("VMStaticScrape",),
        field="spec.staticScrapeSelector",
        objects=selector,
        namespaces={},
    )


@dataclass
class Desk:
    """One process that reports: its informers, and passes of parents."""

    api: FakeApi
    client: Client
    world: World = field(default_factory=World)
    reports: ObjectReports = field(init=False)
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reports = ObjectReports(self.client, self.world, per_second=1000, patience_seconds=0)

    async def start(self) -> None:
        wiring = Wiring(self.client, self.world, lambda ref: None, self.reports.touch)
        informers: list[Informer[Any]] = [
            it for it in wiring.informers() if it.resource.kind in KINDS
        ]
        self.tasks = [asyncio.create_task(it.run()) for it in informers]
        await asyncio.gather(*(it.synced.wait() for it in informers))
        self.tasks.append(asyncio.create_task(self.reports.run()))

    async def stop(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)

    async def pass_of(
        self,
        parent: Ref,
        recipe: Recipe | None = None,
        selector: Tree | None = None,
        choice: Choice | None = None,
    ) -> None:
        around = Surroundings(self.client, self.world, parent)
        choice, how = choice or choosing(selector or {}), recipe or refusing()
        picked = await around.answered(lambda: around.picked(choice, how))
        around.settle()
        self.reports.tell(parent, (picked,))

    def status(self, name: str) -> Tree:
        live = self.api.find(Ref("VMStaticScrape", "default", name))
        assert live is not None
        return live.get("status") or {}

    async def says(self, name: str, **status: Any) -> None:
        await until(lambda: self.status(name) == status)

    def known(self, name: str) -> bool:
        return Ref("VMStaticScrape", "default", name) in self.world.objects

    @contextmanager
    def no_writes(self) -> Iterator[None]:
        before = len(self.api.writes)
        yield
        assert self.api.writes[before:] == []


USED = {"updateStatus": "operational", "parents": ["VMAgent/default/a"]}
IGNORED = {"updateStatus": "ignored", "reason": "selected by no object that would use it"}
MISSED = {
    **IGNORED,
    "reason": f"{IGNORED['reason']}: "
    "VMAgent/default/a: spec.staticScrapeSelector does not match its labels",
}
REFUSED = {"updateStatus": "failed", "reason": "spec.targetEndpoints[0]: not taken"}


@pytest.fixture
async def desk(api: FakeApi, client: Client) -> AsyncIterator[Desk]:
    await api.put(agent("a"))
    await api.put(scrape("one"))
    await api.put(scrape("two"))
    found = Desk(api, client)
    await found.start()
    yield found
    await found.stop()


async def test_a_parent_is_woken_when_its_programs_have_something_new_against_objects(
    desk: Desk,
) -> None:
    woken: list[Ref] = []
    desk.reports.wake = woken.append
    await desk.pass_of(A)
    sick = {Ref("PrometheusRule", "default", "bad"): "spec.groups: unknown function f at 12:00"}
    desk.reports.complain(A, sick)
    assert woken == [A]
    assert desk.world.sick[A] == sick
    desk.reports.complain(A, {ref: words.replace("12", "13") for ref, words in sick.items()})
    assert woken == [A]
    desk.reports.complain(A, {})
    assert woken == [A, A]
    desk.reports.forget(A)
    assert desk.world.sick == {}


async def test_objects_say_whether_and_by_whom_they_are_used(desk: Desk) -> None:
    await desk.pass_of(A, refusing("two"))
    await desk.says("one", **USED)
    await desk.says("two", **REFUSED)
    await desk.pass_of(A)
    await desk.says("two", **USED)
    assert "observedGeneration" not in desk.status("two")


async def test_nothing_is_said_before_every_parent_has_spoken(desk: Desk) -> None:
    await desk.api.put(agent("b"))
    await until(lambda: B in desk.world.parents)
    with desk.no_writes():
        await desk.pass_of(A, selector={"matchLabels": {"team": "a"}})
        await asyncio.sleep(0.1)
    await desk.pass_of(B, selector={"matchLabels": {"team": "b"}})
    words = "spec.staticScrapeSelector does not match its labels"
    parts = "; ".join(f"VMAgent/default/{name}: {words}" for name in "ab")
    await desk.says("one", **{**IGNORED, "reason": f"{IGNORED['reason']}: {parts}"})


async def test_what_the_operator_made_for_its_own_programs_is_not_told_that_nobody_selects_it(
    desk: Desk,
) -> None:
    await desk.api.put(scrape("two", **{"managed-by": "vm-operator"}))
    await until(lambda: desk.world.objects.all()[TWO].is_ours)
    await desk.pass_of(A, selector={"matchLabels": {"team": "a"}})
    await desk.says("one", **MISSED)
    # Whoever comes last is told last.
    await desk.api.put(scrape("zero"))
    await desk.says("zero", **MISSED)
    assert desk.status("two") == {}


async def test_a_new_object_is_not_ignored_until_the_next_pass(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.says("one", **USED)
    await desk.says("two", **USED)
    with desk.no_writes():
        await desk.api.put(scrape("three"))
        await until(lambda: desk.known("three"))
        await asyncio.sleep(0.1)
    await desk.pass_of(A)
    await desk.says("three", **USED)


async def test_a_new_object_that_nobody_selects_has_time_to_find_a_parent(desk: Desk) -> None:
    live = desk.api.find(ONE)
    assert live is not None
    age_seconds = seconds_since(live["metadata"]["creationTimestamp"])
    desk.reports.patience_seconds = age_seconds + drawn_out(2)
    selector = {"matchLabels": {"team": "a"}}
    with desk.no_writes():
        await desk.pass_of(A, selector=selector)
        await asyncio.sleep(0.1)
    await desk.says("one", **MISSED)


async def test_a_restart_with_nothing_changed_writes_nothing(desk: Desk) -> None:
    await desk.pass_of(A, refusing("two"))
    await desk.says("one", **USED)
    await desk.says("two", **REFUSED)
    await desk.stop()
    after = Desk(desk.api, desk.client)
    await after.start()
    with after.no_writes():
        await after.pass_of(A, refusing("two"))
        await asyncio.sleep(0.2)
    await after.stop()


async def test_a_changed_spec_of_a_sound_object_writes_nothing(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.says("one", **USED)
    await desk.says("two", **USED)
    one = Ref("VMStaticScrape", "default", "one")
    await desk.client.patch(BY_KIND[one.kind], one, {"spec": {"jobName": "x"}})
    with desk.no_writes():
        await asyncio.sleep(0.1)
        await desk.pass_of(A)
        await asyncio.sleep(0.1)


async def test_of_two_parents_that_disagree_both_are_told(desk: Desk) -> None:
    await desk.api.put(agent("b"))
    await until(lambda: B in desk.world.parents)
    await desk.pass_of(A)
    await desk.pass_of(B, refusing("one"))
    words = "refused by VMAgent/default/b: spec.targetEndpoints[0]: not taken"
    await desk.says("one", **USED, reason=words)


async def test_a_parent_that_goes_uses_nothing_any_more(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.says("one", **USED)
    await desk.api.remove(A)
    await until(lambda: A not in desk.world.parents)
    forget(desk.world, A)
    desk.reports.forget(A)
    await desk.says("one", **IGNORED)


async def test_what_keeps_an_object_out_is_told_anew_when_the_parent_chooses_otherwise(
    desk: Desk,
) -> None:
    await desk.pass_of(A, selector={"matchLabels": {"a": "b"}})
    await desk.says("one", **MISSED)
    off = replace(choosing({}), objects=None, namespaces=None)
    await desk.pass_of(A, choice=off)
    words = f"{IGNORED['reason']}: VMAgent/default/a: spec.staticScrapeSelector is not set"
    for name in ("one", "two"):
        await desk.says(name, updateStatus="ignored", reason=words)


async def test_a_parent_that_became_unsound_keeps_what_it_uses(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.says("one", **USED)
    await desk.says("two", **USED)
    await desk.stop()
    after = Desk(desk.api, desk.client)
    await after.start()
    with after.no_writes():
        after.reports.skip(A)
        await asyncio.sleep(0.2)
    await after.stop()


async def test_what_a_running_program_refuses_is_told_to_its_object(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.says("one", **USED)
    one = Ref("VMStaticScrape", "default", "one")
    desk.reports.complain(A, {one: "spec.groups[0].rules[0].expr: unknown function"})
    reason = "spec.groups[0].rules[0].expr: unknown function"
    await desk.says("one", updateStatus="failed", reason=reason)
    desk.reports.complain(A, {})
    await desk.says("one", **USED)


async def test_writes_come_at_a_bounded_rate_and_the_refused_first(desk: Desk) -> None:
    for number in range(30):
        await desk.api.put(scrape(f"many{number}"))
    await until(lambda: desk.known("many29"))
    desk.reports.per_second = 50
    began, before = time.monotonic(), len(desk.api.writes)
    await desk.pass_of(A, refusing("many29"))
    await until(lambda: len(desk.api.writes) - before == 32, seconds=5)
    assert time.monotonic() - began > 0.55
    assert desk.api.writes[before].path.endswith("/many29/status")


async def test_who_looks_at_the_latest_object_does_not_wait_for_thousands(desk: Desk) -> None:
    for number in range(60):
        await desk.api.put(scrape(f"many{number}"))
    await until(lambda: desk.known("many59"))
    desk.reports.per_second = 50
    before = len(desk.api.writes)
    await desk.pass_of(A)
    await until(lambda: len(desk.api.writes) - before >= 5)
    await desk.api.put(scrape("latest"))
    await until(lambda: desk.known("latest"))
    await desk.pass_of(A)
    told = len(desk.api.writes)
    await desk.says("latest", **USED)
    assert len(desk.api.writes) - told < 10
