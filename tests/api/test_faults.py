"""Of every kind that parents select, one object for each thing that can be wrong with it: just
these fail, each with the name of its field, and mended they join."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.faults import ABSENT, OFFERS
from tests.api.informers import informed
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.api import parsed
from vmoperator.apply.around import Surroundings
from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND, PROMETHEUS, SELECTED
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, plan
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

SOUND = "quite-sound"
PARENTS: dict[str, Tree] = {
    "VMAgent": {"remoteWrite": [{"url": "http://a"}]},
    "VMSingle": {"ingestOnlyMode": False},
    "VMAlert": {"datasource": {"url": "http://a"}, "notifier": {"url": "http://b"}},
    "VMAlertmanager": {},
}
PAIRS = [(kind, parent) for kind, offer in OFFERS.items() for parent in offer.parents]


@dataclass
class Site:
    """Live informers of one kind of objects and of Secrets, and a parent that selects all."""

    api: FakeApi
    client: Client
    kind: str
    parent: str
    world: World = field(default_factory=World)

    async def planned(self) -> Plan:
        """The outcome of a pass of the parent."""
        manifest = {
            "apiVersion": BY_KIND[self.parent].api_version,
            "kind": self.parent,
            "metadata": {"name": "demo", "namespace": "default", "uid": "u"},
            "spec": {**PARENTS[self.parent], "selectAllByDefault": True},
        }
        around = Surroundings(self.client, self.world, Ref(self.parent, "default", "demo"))
        try:
            return await around.answered(lambda: plan(parsed(manifest), Settings(), around))
        finally:
            around.settle()

    async def put(self, name: str, spec: Tree) -> None:
        """Write an object, and wait until it is known."""
        manifest = {
            "apiVersion": BY_KIND[self.kind].api_version,
            "kind": self.kind,
            "metadata": {"name": name, "namespace": "default"},
            "spec": spec,
        }
        await self.api.put(manifest)
        ref = Ref(self.kind, "default", name)

        def is_known() -> bool:
            known = self.world.objects.get(ref)
            return known is not None and known.manifest["spec"] == spec

        await until(is_known)

    async def put_secret(self) -> None:
        """Write the Secret that objects miss."""
        data = {ABSENT["key"]: b64encode(b"http://token").decode()}
        metadata = {"name": ABSENT["name"], "namespace": "default"}
        await self.api.put(
            {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data}
        )
        ref = Ref("Secret", "default", ABSENT["name"])
        await until(lambda: ref in self.world.foreign)


@pytest.fixture(params=PAIRS, ids="-".join)
async def site(request: pytest.FixtureRequest, api: FakeApi, client: Client) -> AsyncIterator[Site]:
    found = Site(api, client, *request.param)
    kinds = {found.kind, "Secret", "Namespace"}
    informers = [
        one
        for one in Wiring(client, found.world, lambda ref: None).informers()
        if one.resource.kind in kinds
    ]
    async with informed(informers):
        yield found


def _refusals(made: Plan) -> dict[str, str]:
    return {it.ref.name: it.refusal for one in made.picked for it in one.fragments if it.refusal}


def _used(made: Plan, names: set[str]) -> set[str]:
    """Those of the names that stand in the files of the parent's programs."""
    files = [
        f"{key}: {b64decode(text).decode()}"
        for it in made.manifests
        if it["kind"] == "Secret"
        for key, text in it.get("data", {}).items()
    ]
    found = "\n".join(files)
    return {name for name in names if name in found}


def _name(fault: str) -> str:
    """The name of the object with a fault; no name is part of another one."""
    return f"with-{fault.replace(' ', '-')}-wrong"


def test_every_kind_that_is_selected_is_looked_at() -> None:
    assert set(OFFERS) == {it.kind for it in (*SELECTED, *PROMETHEUS)}


async def test_what_is_wrong_with_an_object_is_its_own_matter_until_it_is_mended(
    site: Site,
) -> None:
    offer = OFFERS[site.kind]
    await site.put(SOUND, offer.sound)
    for fault in offer.wrong:
        await site.put(_name(fault), offer.spec(fault))
    made = await site.planned()
    told = _refusals(made)
    wanted = {_name(fault): offer.refusal(fault) for fault in offer.wrong}
    assert {name: words[: len(wanted[name])] for name, words in told.items()} == wanted
    names = {SOUND, *map(_name, offer.wrong)}
    assert _used(made, names) == {SOUND}
    await site.put_secret()
    waiting = {_name(it) for it, (_, value) in offer.wrong.items() if value == ABSENT}
    made = await site.planned()
    assert _refusals(made).keys() == names - {SOUND} - waiting
    assert _used(made, names) == {SOUND, *waiting}
    for fault in offer.wrong:
        await site.put(_name(fault), offer.sound)
    made = await site.planned()
    assert _refusals(made) == {}
    assert _used(made, names) == names
