"""Selected objects, over HTTP: what is picked, what is made anew, and who is woken when."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from tests.api.informers import informed
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.api.around import Around, Recipe
from vmoperator.api.picking import Choice, Picked
from vmoperator.api.prometheus.origins import without_effect
from vmoperator.api.selected.object import SelectedObject
from vmoperator.apply.around import Surroundings, forget
from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.watch.informer import Informer
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

AGENT = Ref("VMAgent", "default", "demo")
OTHER = Ref("VMAgent", "default", "other")
KINDS = ("VMStaticScrape", "VMServiceScrape", "ServiceMonitor", "Namespace", "Secret")
UNMARKED: Tree = {"matchExpressions": [{"key": "mark", "operator": "DoesNotExist"}]}
"""Everything but what the tests themselves wait for."""
EVERYTHING = Choice(
    kinds=("VMStaticScrape",),
    field="spec.staticScrapeSelector",
    objects=UNMARKED,
    namespaces={},
)


def scrape(
    name: str, *, namespace: str = "default", labels: Tree | None = None, **spec: Any
) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMStaticScrape",
        "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
        "spec": {"targetEndpoints": [{"targets": ["a:1"]}], **spec},
    }


def service_scrape(name: str, **metadata: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMServiceScrape",
        "metadata": {"name": name, "namespace": "default", **metadata},
        "spec": {"selector": {}, "endpoints": [{"port": "http"}]},
    }


def service_monitor(name: str, **metadata: Any) -> Tree:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": {"name": name, "namespace": "default", **metadata},
        "spec": {"selector": {}, "endpoints": [{"port": "http"}]},
    }


def namespace(name: str, **labels: str) -> Tree:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


@dataclass
class Kitchen:
    """A recipe that writes down the names of what it made."""

    made: list[str] = field(default_factory=list)
    key: str = "options"

    @property
    def recipe(self) -> Recipe:
        return Recipe(key=self.key, make=self.make)

    def make(self, one: SelectedObject, around: Around) -> bytes:
        notes: Mapping[str, str] = one.metadata.annotations
        content = b""
        if "secret" in notes:
            found = around.secret(notes["secret"], one.metadata.namespace)
            if found is None:
                raise SpecInvalid("spec.secret", f"there is no Secret {notes['secret']}")
            content = found["key"]
        if "defect" in notes:
            raise KeyError(notes["defect"])
        self.made.append(one.metadata.name)
        return b"%s %s\n" % (one.metadata.name.encode(), content)

    def served(self) -> list[str]:
        found, self.made = self.made, []
        return found


@dataclass
class Site:
    """Live informers of some kinds, and whom they woke."""

    api: FakeApi
    client: Client
    world: World = field(default_factory=World)
    kitchen: Kitchen = field(default_factory=Kitchen)
    woken: list[Ref] = field(default_factory=list)

    async def picked(self, *choices: Choice, parent: Ref = AGENT) -> list[Picked]:
        """What one pass of the parent finds."""
        around = Surroundings(self.client, self.world, parent)
        wanted = choices or (EVERYTHING,)
        recipe = self.kitchen.recipe
        try:
            return await around.answered(lambda: [around.picked(it, recipe) for it in wanted])
        finally:
            around.settle()

    async def names(self, *choices: Choice, parent: Ref = AGENT) -> list[str]:
        found = await self.picked(*choices, parent=parent)
        return [it.ref.name for one in found for it in one.fragments]

    async def put(self, *manifests: Tree) -> None:
        """Write them, and wait until the informers have all."""
        for manifest in manifests:
            await self.api.put(manifest)
        await self.caught_up()

    async def remove(self, kind: str, name: str) -> None:
        await self.api.remove(Ref(kind, "default", name))
        await self.caught_up()

    async def caught_up(self) -> None:
        """Until a namespace and an object that come now are seen."""
        marked = {"mark": "yes"}
        for one in (
            scrape("mark", labels=marked),
            service_scrape("mark", labels=marked),
            service_monitor("mark", labels=marked),
            namespace("mark"),
            secret("mark", "mark"),
        ):
            await self.api.put(one)
        await until(lambda: self._marks() == 5)
        for kind in KINDS:
            await self.api.remove(Ref(kind, "" if kind == "Namespace" else "default", "mark"))
        await until(lambda: not self._marks())

    def _marks(self) -> int:
        world = self.world
        known = (*world.objects.all(), *world.namespaces.all(), *world.foreign.all())
        return sum(ref.name == "mark" for ref in known)


def secret(name: str, text: str) -> Tree:
    data = {"key": b64encode(text.encode()).decode()}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}


@pytest.fixture
async def site(api: FakeApi, client: Client) -> AsyncIterator[Site]:
    found = Site(api, client)
    wiring = Wiring(client, found.world, found.woken.append)
    informers: list[Informer[Any]] = [
        one for one in wiring.informers() if one.resource.kind in KINDS
    ]
    for informer in informers:
        informer.rare_retry_seconds = 0.05
    async with informed(informers):
        yield found


async def test_pieces_come_by_namespace_then_name(site: Site) -> None:
    await site.put(scrape("b"), scrape("a"), scrape("c", namespace="alpha"))
    (found,) = await site.picked()
    assert found.contents == (b"c \n", b"a \n", b"b \n")
    assert found.existing == 3


async def test_what_keeps_objects_out_is_counted(site: Site) -> None:
    await site.put(namespace("default", env="prod"), namespace("far", env="test"))
    await site.put(scrape("a", labels={"team": "a"}), scrape("b"), scrape("c", namespace="far"))
    choice = replace(
        EVERYTHING,
        objects={"matchLabels": {"team": "a"}},
        namespaces={"matchLabels": {"env": "prod"}},
    )
    (found,) = await site.picked(choice)
    assert [it.ref.name for it in found.fragments] == ["a"]
    assert (found.existing, found.foreign_namespaces, found.foreign_labels) == (3, 1, 1)


async def test_an_object_that_is_being_deleted_is_left_out(site: Site) -> None:
    leaving = scrape("a")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    await site.put(leaving, scrape("b"))
    (found,) = await site.picked()
    assert [it.ref.name for it in found.fragments] == ["b"]
    assert found.existing == 1


async def test_one_changed_object_makes_one_piece_anew(site: Site) -> None:
    await site.put(*(scrape(f"s{number}") for number in range(5)))
    before = await site.picked()
    assert len(site.kitchen.served()) == 5
    assert await site.picked() == before
    assert site.kitchen.served() == []
    await site.put(scrape("s3", jobName="new"))
    await site.picked()
    assert site.kitchen.served() == ["s3"]
    await site.put(scrape("s2", labels={"a": "b"}))
    await site.picked()
    assert site.kitchen.served() == ["s2"]


async def test_other_options_of_the_parent_make_all_pieces_anew(site: Site) -> None:
    await site.put(scrape("a"), scrape("b"))
    await site.picked()
    site.kitchen.served()
    site.kitchen.key = "other options"
    await site.picked()
    assert site.kitchen.served() == ["a", "b"]


async def test_a_wrong_object_is_refused_with_its_field_and_spoils_no_other(site: Site) -> None:
    defective = scrape("defective")
    defective["metadata"]["annotations"] = {"defect": "port"}
    await site.put(scrape("a", targetEndpoints="x"), defective, scrape("b"))
    (found,) = await site.picked()
    assert found.contents == (b"b \n",)
    refusals = {it.ref.name: it.refusal for it in found.fragments if it.refusal}
    assert refusals["a"].startswith("spec.targetEndpoints: ")
    assert refusals["defective"] == "spec: cannot be rendered: KeyError: 'port'"


async def test_a_changed_secret_wakes_who_used_it_and_makes_its_pieces_anew(site: Site) -> None:
    using = scrape("a")
    using["metadata"]["annotations"] = {"secret": "token"}
    await site.put(using, scrape("b"))
    (found,) = await site.picked()
    assert found.fragments[0].refusal == "spec.secret: there is no Secret token"
    site.kitchen.served()
    site.woken.clear()
    await site.put(secret("token", "old"))
    assert site.woken == [AGENT]
    assert (await site.picked())[0].contents == (b"a old\n", b"b \n")
    assert site.kitchen.served() == ["a"]
    # Not made anew, and still asked for.
    await site.picked()
    site.woken.clear()
    await site.put(secret("token", "new"))
    assert site.woken == [AGENT]
    assert (await site.picked())[0].contents == (b"a new\n", b"b \n")


async def test_all_missing_contents_are_read_before_the_next_try(site: Site) -> None:
    for number in range(20):
        using = scrape(f"s{number:02}")
        using["metadata"]["annotations"] = {"secret": f"token{number}"}
        await site.api.put(using)
        await site.api.put(secret(f"token{number}", str(number)))
    await site.caught_up()
    tries = 0
    around = Surroundings(site.client, site.world, AGENT)

    def ask() -> Picked:
        nonlocal tries
        tries += 1
        return around.picked(EVERYTHING, site.kitchen.recipe)

    found = await around.answered(ask)
    assert len(found.contents) == 20
    assert tries == 2


async def test_an_object_wakes_those_that_choose_it_or_did(site: Site) -> None:
    by_team = {
        parent: replace(EVERYTHING, objects={"matchLabels": {"team": team}})
        for parent, team in ((AGENT, "a"), (OTHER, "b"))
    }
    await site.put(scrape("one", labels={"team": "a"}), scrape("two", labels={"team": "b"}))
    for parent, choice in by_team.items():
        assert len(await site.names(choice, parent=parent)) == 1
    site.woken.clear()
    await site.put(scrape("one", labels={"team": "a"}, jobName="x"))
    assert site.woken == [AGENT]
    site.woken.clear()
    await site.put(scrape("one", labels={"team": "b"}, jobName="x"))
    assert sorted(site.woken) == [AGENT, OTHER]
    site.woken.clear()
    await site.put(scrape("three", labels={"team": "c"}))
    assert site.woken == []
    await site.remove("VMStaticScrape", "two")
    assert site.woken == [OTHER]


async def test_the_status_of_an_object_wakes_nobody(site: Site) -> None:
    await site.put(scrape("one"))
    await site.names()
    site.woken.clear()
    await site.put({**scrape("one"), "status": {"updateStatus": "operational"}})
    assert site.woken == []
    known = site.world.objects.get(Ref("VMStaticScrape", "default", "one"))
    assert known is not None
    assert known.told.word == "operational"


async def test_a_parent_that_finds_nothing_learns_how_many_there_are(site: Site) -> None:
    choice = replace(EVERYTHING, objects={"matchLabels": {"team": "a"}})
    assert await site.names(choice) == []
    site.woken.clear()
    await site.put(scrape("one"))
    assert site.woken != []
    (found,) = await site.picked(choice)
    assert found.foreign_labels == 1


async def test_a_parent_that_finds_nothing_goes_on_learning_after_passes_without_news(
    site: Site,
) -> None:
    await site.put(namespace("far", env="test"))
    choice = replace(EVERYTHING, namespaces={"matchLabels": {"env": "prod"}})
    for _ in range(2):
        assert await site.names(choice) == []
    site.woken.clear()
    await site.put(scrape("one", namespace="far"))
    assert AGENT in site.woken
    (found,) = await site.picked(choice)
    assert (found.existing, found.foreign_namespaces) == (1, 1)


async def test_one_namespace_of_many_wakes_just_those_that_it_concerns(site: Site) -> None:
    parents = [Ref("VMAgent", "default", f"agent{number}") for number in range(10)]
    for number in range(500):
        await site.api.put(namespace(f"ns{number}", team=str(number % 10)))
        await site.api.put(scrape("one", namespace=f"ns{number}"))
    await site.caught_up()
    for number, parent in enumerate(parents):
        choice = replace(EVERYTHING, namespaces={"matchLabels": {"team": str(number)}})
        assert len(await site.names(choice, parent=parent)) == 50
    site.woken.clear()
    await site.put(namespace("ns7", team="7", more="label"))
    assert not set(site.woken) & set(parents)
    await site.put(namespace("ns7", team="8"))
    assert sorted(set(site.woken) & set(parents)) == [parents[7], parents[8]]
    choice = replace(EVERYTHING, namespaces={"matchLabels": {"team": "8"}})
    site.kitchen.served()
    assert len(await site.names(choice, parent=parents[8])) == 51
    assert len(site.kitchen.served()) == 1


async def test_an_empty_namespace_wakes_nobody(site: Site) -> None:
    choice = replace(EVERYTHING, namespaces={"matchLabels": {"team": "a"}})
    await site.put(namespace("far", team="a"), scrape("one", namespace="far"))
    assert await site.names(choice) == ["one"]
    site.woken.clear()
    await site.put(namespace("empty", team="a"))
    assert site.woken == []


SERVICES = Choice(
    kinds=("VMServiceScrape",), field="spec.serviceScrapeSelector", objects=UNMARKED, namespaces={}
)
MONITORS = Choice(
    kinds=("ServiceMonitor",), field="spec.serviceMonitorSelector", objects=UNMARKED, namespaces={}
)
OWNED = [
    {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "name": "web",
        "uid": "u",
    }
]


@pytest.mark.parametrize("order", [(SERVICES, MONITORS), (MONITORS, SERVICES)], ids=["1", "2"])
async def test_an_object_that_was_made_from_a_selected_one_is_not_scraped_twice(
    site: Site, order: tuple[Choice, Choice]
) -> None:
    await site.put(service_scrape("web", ownerReferences=OWNED), service_monitor("web"))
    (found,) = [it for it in await site.picked(*order) if it.choice == SERVICES]
    assert found.fragments == ()
    assert found.existing == 0
    assert await site.names(SERVICES) == ["web"]
    assert len(await site.names(*order)) == 1
    await site.names(MONITORS)
    site.woken.clear()
    await site.remove("ServiceMonitor", "web")
    assert site.woken == [AGENT]
    assert len(await site.names(*order)) == 1


@pytest.mark.parametrize("order", [(SERVICES, MONITORS), (MONITORS, SERVICES)], ids=["1", "2"])
async def test_an_object_counts_while_the_one_that_it_was_made_from_is_refused(
    site: Site, order: tuple[Choice, Choice]
) -> None:
    wrong = service_monitor("web", annotations={"defect": "port"})
    await site.put(service_scrape("web", ownerReferences=OWNED), wrong)

    async def used() -> list[str]:
        found = await site.picked(*order)
        return [it.ref.kind for one in found for it in one.fragments if not it.refusal]

    assert await used() == ["VMServiceScrape"]
    await site.put(service_monitor("web"))
    assert await used() == ["ServiceMonitor"]
    await site.put(wrong)
    assert await used() == ["VMServiceScrape"]


async def test_fields_of_foreign_objects_that_have_no_effect_are_noted(site: Site) -> None:
    monitor = service_monitor("web")
    monitor["spec"]["bodySizeLimit"] = "1MB"
    monitor["spec"]["targetLimit"] = 5
    await site.put(monitor, service_scrape("web"))
    ours, theirs = await site.picked(SERVICES, MONITORS)
    assert [it.idle for it in ours.fragments] == [()]
    (found,) = theirs.fragments
    assert found.idle == without_effect(monitor)
    assert found.idle != ()


async def test_definitions_of_prometheus_may_be_absent_come_and_vanish(
    api: FakeApi, client: Client
) -> None:
    api.hidden.add("servicemonitors")
    world, woken = World(), list[Ref]()
    informer = next(
        one
        for one in Wiring(client, world, woken.append).informers()
        if one.resource.kind == "ServiceMonitor"
    )
    informer.rare_retry_seconds = 0.02
    task = asyncio.create_task(informer.run())
    try:
        await informer.synced.wait()
        site = Site(api, client, world, woken=woken)
        assert await site.names(MONITORS) == []
        api.hidden.clear()
        await api.put(service_monitor("web"))
        await until(lambda: AGENT in woken)
        assert await site.names(MONITORS) == ["web"]
        woken.clear()
        api.hidden.add("servicemonitors")
        api.cut_streams()
        await until(lambda: AGENT in woken, seconds=10)
        assert await site.names(MONITORS) == []
    finally:
        task.cancel()


async def test_a_missing_right_to_list_objects_keeps_what_was_written(
    api: FakeApi, client: Client
) -> None:
    api.faults.append(Fault(status=403, path="/servicemonitors", times=1000))
    world = World()
    informer = next(
        one
        for one in Wiring(client, world, lambda ref: None).informers()
        if one.resource.kind == "ServiceMonitor"
    )
    task = asyncio.create_task(informer.run())
    try:
        await informer.synced.wait()
        site = Site(api, client, world)
        with pytest.raises(Forbidden, match="list and watch ServiceMonitor is missing"):
            await site.picked(MONITORS)
        assert await site.names() == []
    finally:
        task.cancel()


async def test_a_parent_that_goes_leaves_nothing_behind(site: Site) -> None:
    await site.put(scrape("one"))
    await site.names()
    forget(site.world, AGENT)
    site.woken.clear()
    await site.put(scrape("one", jobName="x"))
    assert site.woken == []
    assert site.world.fragments == type(site.world.fragments)()
