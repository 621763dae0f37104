"""Objects that another operator made of those of monitoring.coreos.com: never used twice.

For each of the six pairs, with the choices that parents make.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.informers import informed
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.api import parsed
from vmoperator.api.around import Around, Known, Recipe
from vmoperator.api.picking import Choice, Picked
from vmoperator.api.prometheus import COUNTERPARTS
from vmoperator.api.selected.object import SelectedObject
from vmoperator.apply.around import Surroundings
from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND
from vmoperator.base.settings import Settings
from vmoperator.render import plan
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

OURS = "operator.victoriametrics.com/v1beta1"
_STATIC = {"staticConfigs": [{"targets": ["a:1"]}]}
_GROUPS = {"groups": [{"name": "g", "rules": [{"alert": "a", "expr": "up"}]}]}
_ROUTE = {"route": {"receiver": "a"}, "receivers": [{"name": "a"}]}
SPECS: dict[str, Tree] = {
    "VMServiceScrape": {"endpoints": [{"port": "http"}], "selector": {}},
    "VMPodScrape": {"podMetricsEndpoints": [{"port": "http"}], "selector": {}},
    "VMProbe": {"vmProberSpec": {"url": "a"}, "targets": {"static": {"targets": ["b"]}}},
    "VMScrapeConfig": _STATIC,
    "VMRule": _GROUPS,
    "VMAlertmanagerConfig": _ROUTE,
    "ServiceMonitor": {"endpoints": [{"port": "http"}], "selector": {}},
    "PodMonitor": {"podMetricsEndpoints": [{"port": "http"}], "selector": {}},
    "Probe": {"prober": {"url": "a"}, "targets": {"staticConfig": {"static": ["b"]}}},
    "ScrapeConfig": _STATIC,
    "PrometheusRule": _GROUPS,
    "AlertmanagerConfig": _ROUTE,
}
PARENTS: dict[str, Tree] = {
    "VMAgent": {"remoteWrite": [{"url": "http://a"}]},
    "VMSingle": {"ingestOnlyMode": False},
    "VMAlert": {"datasource": {"url": "http://a"}, "notifier": {"url": "http://b"}},
    "VMAlertmanager": {},
}


@dataclass(frozen=True)
class Recorder(Known):
    """An empty world that writes down what a parent chooses."""

    choices: list[Choice] = field(default_factory=list)

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        self.choices.append(choice)
        return super().picked(choice, recipe)


def _choices(parent: str) -> list[Choice]:
    """What a parent chooses that selects everything there is."""
    manifest = {
        "apiVersion": OURS,
        "kind": parent,
        "metadata": {"name": "demo", "namespace": "default", "uid": "u"},
        "spec": {**PARENTS[parent], "selectAllByDefault": True},
    }
    recorder = Recorder()
    plan(parsed(manifest), Settings(), recorder)
    return recorder.choices


@dataclass(frozen=True, kw_only=True)
class Pair:
    """A parent, and two kinds that it selects and that mean the same."""

    parent: str
    ours: str
    theirs: str

    def choices(self) -> list[Choice]:
        kinds = {self.ours, self.theirs}
        return [it for it in _choices(self.parent) if kinds & {*it.kinds}]


def _pairs() -> list[Pair]:
    return [
        Pair(parent=parent, ours=ours, theirs=theirs)
        for parent in PARENTS
        for ours, theirs in COUNTERPARTS.items()
        if any(ours in it.kinds for it in _choices(parent))
    ]


PAIRS = [pytest.param(it, id=f"{it.parent} {it.ours}") for it in _pairs()]


def _manifest(kind: str, **metadata: Any) -> Tree:
    return {
        "apiVersion": BY_KIND[kind].api_version,
        "kind": kind,
        "metadata": {"name": "web", "namespace": "default", **metadata},
        "spec": SPECS[kind],
    }


def _original(pair: Pair, **metadata: Any) -> Tree:
    return _manifest(pair.theirs, **metadata)


def _copy(pair: Pair) -> Tree:
    owner = {
        "apiVersion": BY_KIND[pair.theirs].api_version,
        "kind": pair.theirs,
        "name": "web",
        "uid": "u",
    }
    return _manifest(pair.ours, ownerReferences=[owner])


def _made(one: SelectedObject, _: Around) -> bytes:
    if "wrong" in one.metadata.annotations:
        raise SpecInvalid("spec", "is wrong")
    return b"made"


@dataclass
class Site:
    """Live informers of one pair, and whom they woke."""

    api: FakeApi
    client: Client
    world: World = field(default_factory=World)
    woken: list[Ref] = field(default_factory=list)

    async def used(self, pair: Pair, *, backwards: bool = False) -> list[str]:
        """Kinds of the objects that a pass of the parent uses."""
        around = Surroundings(self.client, self.world, Ref(pair.parent, "default", "demo"))
        choices = pair.choices()[:: -1 if backwards else 1]
        recipe = Recipe(key="key", make=_made)
        try:
            found = await around.answered(lambda: [around.picked(it, recipe) for it in choices])
        finally:
            around.settle()
        return [it.ref.kind for one in found for it in one.fragments if not it.refusal]

    async def until_used(self, pair: Pair, *kinds: str) -> None:
        """Until a pass uses just these, in whichever order it makes its choices."""
        wanted = [sorted(kinds)] * 2
        found: list[list[str]] = []
        began = time.monotonic()
        while found != wanted:
            assert time.monotonic() - began < drawn_out(30), f"{found} instead of {wanted}"
            await asyncio.sleep(0.005)
            found = [sorted(await self.used(pair, backwards=it)) for it in (False, True)]


@pytest.fixture
async def site(api: FakeApi, client: Client) -> AsyncIterator[Site]:
    found = Site(api, client)
    kinds = {*COUNTERPARTS, *COUNTERPARTS.values(), "Namespace"}
    informers = [
        one
        for one in Wiring(client, found.world, found.woken.append).informers()
        if one.resource.kind in kinds
    ]
    async with informed(informers):
        yield found


def test_every_pair_is_looked_at() -> None:
    assert len(PAIRS) == 10
    assert {it.ours for it in _pairs()} == {*COUNTERPARTS}


@pytest.mark.parametrize("pair", PAIRS)
async def test_of_an_original_and_its_copy_the_original_is_used_until_it_goes(
    site: Site, pair: Pair
) -> None:
    await site.api.put(_copy(pair))
    await site.until_used(pair, pair.ours)
    await site.api.put(_original(pair))
    await site.until_used(pair, pair.theirs)
    site.woken.clear()
    await site.api.remove(Ref(pair.theirs, "default", "web"))
    parent = Ref(pair.parent, "default", "demo")
    await until(lambda: parent in site.woken)
    await site.until_used(pair, pair.ours)


@pytest.mark.parametrize("pair", PAIRS)
async def test_a_copy_is_used_while_its_original_is_refused(site: Site, pair: Pair) -> None:
    await site.api.put(_original(pair, annotations={"wrong": "yes"}))
    await site.api.put(_copy(pair))
    await site.until_used(pair, pair.ours)
    await site.api.put(_original(pair))
    await site.until_used(pair, pair.theirs)


@pytest.mark.parametrize("pair", PAIRS)
async def test_an_object_of_the_same_name_that_nobody_made_of_another_is_used_too(
    site: Site, pair: Pair
) -> None:
    await site.api.put(_original(pair))
    await site.api.put(_manifest(pair.ours))
    await site.until_used(pair, pair.ours, pair.theirs)
