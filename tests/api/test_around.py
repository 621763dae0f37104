"""What is around a parent, over HTTP: what is read, how much of it, and who is woken when."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.informers import informed
from tests.fake_api import FakeApi, Fault, Seen
from tests.fake_api.waiting import until

from vmoperator.apply.around import Surroundings, forget
from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND
from vmoperator.watch.informer import Informer
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

AGENT = Ref("VMAgent", "default", "demo")
OTHER = Ref("VMAgent", "default", "other")
KINDS = ("Secret", "ConfigMap", "VMAlertmanager", "StatefulSet")
OURS = {"managed-by": "vm-operator"}


def secret(name: str = "token", *, namespace: str = "default", **data: str) -> Tree:
    encoded = {key: b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded}


def alertmanager(name: str, *, namespace: str = "default", replicas: int = 3) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAlertmanager",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"replicaCount": replicas},
    }


def stateful_set(replicas: int) -> Tree:
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": "vmstorage-demo", "namespace": "default", "labels": OURS},
        "spec": {"replicas": replicas},
    }


@dataclass
class Site:
    """Live informers of some kinds, and whom they woke."""

    api: FakeApi
    client: Client
    world: World = field(default_factory=World)
    woken: list[Ref] = field(default_factory=list)

    def around(self, parent: Ref = AGENT) -> Surroundings:
        return Surroundings(self.client, self.world, parent)

    async def secret(self, name: str = "token", parent: Ref = AGENT) -> Any:
        """What one pass of the parent finds, that asks for nothing else."""
        around = self.around(parent)
        try:
            return await around.answered(lambda: around.secret(name))
        finally:
            around.settle()

    def knows(self, ref: Ref) -> bool:
        return ref in self.world.foreign or ref in self.world.children or ref in self.world.parents

    async def put(self, manifest: Tree) -> None:
        """Write it, and wait until the informers have it."""
        written = await self.api.put(manifest)
        version = written["metadata"]["resourceVersion"]
        name, kind = manifest["metadata"]["name"], manifest["kind"]
        ref = Ref(kind, manifest["metadata"]["namespace"], name)

        def seen() -> bool:
            found: Any = self.world.foreign.get(ref) or self.world.children.get(ref)
            live = self.world.parents.get(ref)
            known = live["metadata"]["resourceVersion"] if live else ""
            return version in (known, getattr(found, "resource_version", ""))

        await until(seen)

    def reads(self) -> int:
        """GETs of single Secrets and ConfigMaps."""
        return sum(
            1
            for seen in self.api.requests("GET")
            if "/secrets/" in seen.path or "/configmaps/" in seen.path
        )


@asynccontextmanager
async def watching(api: FakeApi, client: Client) -> AsyncIterator[Site]:
    """A site whose informers run, once nobody has to wait for them any more."""
    found = Site(api, client)
    wiring = Wiring(client, found.world, found.woken.append)
    informers: list[Informer[Any]] = [
        one for one in wiring.informers() if one.resource.kind in KINDS
    ]
    async with informed(informers):
        yield found


@pytest.fixture
async def site(api: FakeApi, client: Client) -> AsyncIterator[Site]:
    async with watching(api, client) as found:
        yield found


async def test_no_secret_crosses_the_wire_that_nobody_asks_for(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    assert site.reads() == 0

    def asked() -> list[Seen]:
        """Lists and watches."""
        return [one for one in site.api.seen if one.path.endswith(("/secrets", "/configmaps"))]

    await until(lambda: len(asked()) == 4)
    assert all("as=PartialObjectMetadata" in one.headers["Accept"] for one in asked())
    assert "hunter2" not in repr(site.world)
    assert "aHVudGVyMg==" not in repr(site.world)


async def test_a_content_is_read_once_for_everybody(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    assert await site.secret() == {"password": b"hunter2"}
    assert await site.secret(parent=OTHER) == {"password": b"hunter2"}
    assert await site.secret() == {"password": b"hunter2"}
    assert site.reads() == 1


async def test_a_change_wakes_just_those_who_asked_and_is_read(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    await site.put(secret("unasked", password="a"))
    await site.secret()
    site.woken.clear()
    await site.put(secret("unasked", password="b"))
    assert site.woken == []
    await site.put(secret(password="hunter3"))
    assert site.woken == [AGENT]
    assert await site.secret() == {"password": b"hunter3"}
    assert site.reads() == 2


async def test_a_secret_that_appears_or_goes_wakes_who_misses_it(site: Site) -> None:
    assert await site.secret() is None
    await site.put(secret(password="hunter2"))
    assert site.woken == [AGENT]
    assert await site.secret() == {"password": b"hunter2"}
    await site.api.remove(Ref("Secret", "default", "token"))
    await until(lambda: len(site.woken) == 2)
    assert await site.secret() is None


async def test_a_secret_of_another_namespace_is_another_one(site: Site) -> None:
    await site.put(secret(namespace="elsewhere", password="hunter2"))
    assert await site.secret() is None


async def test_what_is_no_longer_asked_for_is_forgotten_and_wakes_nobody(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    await site.put(secret("next", key="value"))
    await site.secret()
    await site.secret("next")
    assert len(site.world.contents) == 1
    site.woken.clear()
    await site.put(secret(password="hunter3"))
    assert site.woken == []
    forget(site.world, AGENT)
    assert len(site.world.contents) == 0


async def test_a_config_map_is_text(site: Site) -> None:
    metadata = {"name": "rules", "namespace": "default"}
    await site.put(
        {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "ä"}}
    )
    around = site.around()
    assert await around.answered(lambda: around.config_map("rules")) == {"a": "ä"}
    assert await around.answered(lambda: around.config_map("none")) is None


async def test_a_secret_that_goes_while_it_is_read_is_missing(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    site.api.faults.append(Fault(status=404, path="/secrets/token", watch=False))
    assert await site.secret() is None


async def test_a_missing_right_to_read_is_named(site: Site) -> None:
    await site.put(secret(password="hunter2"))
    message = 'secrets "token" is forbidden: User "o" cannot get resource "secrets"'
    site.api.faults.append(Fault(status=403, path="/secrets/token", message=message))
    with pytest.raises(Forbidden, match="cannot get resource"):
        await site.secret()


async def test_without_the_right_to_list_secrets_what_is_named_is_read_in_every_pass(
    api: FakeApi, client: Client
) -> None:
    forbidden = Fault(status=403, path="/api/v1/secrets", times=1000)
    api.faults.append(forbidden)
    await api.put(secret(password="hunter2"))
    async with watching(api, client) as site:
        for reads in (1, 2):
            around = site.around()
            assert await around.answered(lambda: around.secret("token")) == {"password": b"hunter2"}  # noqa: B023 - awaited here and now
            assert around.secret("token") == {"password": b"hunter2"}
            assert around.unwatched == {Ref("Secret", "default", "token")}
            around.settle()
            assert site.reads() == reads
        assert await site.secret("missing") is None


async def test_a_right_to_list_secrets_that_comes_later_is_used(
    api: FakeApi, client: Client
) -> None:
    api.faults.append(Fault(status=403, path="/api/v1/secrets", times=1))
    async with watching(api, client) as site:
        assert await site.secret() is None
        await until(lambda: site.world.unseen == set(), seconds=10)
        await site.put(secret(password="hunter2"))
        assert site.woken == [AGENT]
        assert await site.secret() == {"password": b"hunter2"}


async def test_neighbours_are_sound_sorted_and_not_about_to_go(site: Site) -> None:
    await site.put(alertmanager("b"))
    await site.put(alertmanager("a"))
    await site.put(alertmanager("c", namespace="elsewhere"))
    broken = alertmanager("broken")
    broken["spec"]["replicaCount"] = "three"
    await site.put(broken)
    leaving = alertmanager("leaving")
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    await site.put(leaving)
    around = site.around()
    here = around.neighbours("VMAlertmanager", "default")
    assert [one.metadata.name for one in here] == ["a", "b"]
    everywhere = around.neighbours("VMAlertmanager")
    assert [one.metadata.name for one in everywhere] == ["a", "b", "c"]


async def test_neighbours_wake_who_asked_for_them_when_their_spec_changes(site: Site) -> None:
    around = site.around()
    around.neighbours("VMAlertmanager", "default")
    around.settle()
    await site.put(alertmanager("a"))
    assert site.woken.count(AGENT) == 1
    await site.put({**alertmanager("a"), "status": {"updateStatus": "operational"}})
    assert site.woken.count(AGENT) == 1
    await site.put(alertmanager("a", replicas=5))
    assert site.woken.count(AGENT) == 2
    await site.put(alertmanager("b", namespace="elsewhere"))
    assert site.woken.count(AGENT) == 2
    await site.api.remove(Ref("VMAlertmanager", "default", "a"))
    await until(lambda: site.woken.count(AGENT) == 3)
    assert Ref("VMAlertmanager", "default", "a") not in site.world.typed


async def test_a_neighbour_is_parsed_again_only_when_it_differs(site: Site) -> None:
    await site.put(alertmanager("a"))
    first = site.around().neighbours("VMAlertmanager")
    await site.put({**alertmanager("a"), "status": {"updateStatus": "operational"}})
    assert site.around().neighbours("VMAlertmanager")[0] is first[0]


async def test_the_replicas_of_a_workload_wake_who_asked(site: Site) -> None:
    ref = Ref("StatefulSet", "default", "vmstorage-demo")
    around = site.around()
    assert around.replicas(ref) is None
    around.settle()
    await site.put(stateful_set(2))
    assert site.woken == [AGENT]
    assert site.around().replicas(ref) == 2
    await site.put({**stateful_set(2), "status": {"readyReplicas": 1}})
    assert site.woken == [AGENT]
    await site.put(stateful_set(3))
    assert site.woken == [AGENT, AGENT]


def test_every_kind_that_a_spec_may_name_can_be_read() -> None:
    hidden = {kind for kind, resource in BY_KIND.items() if resource.metadata_only}
    assert hidden == {"Secret", "ConfigMap", "Namespace"}
