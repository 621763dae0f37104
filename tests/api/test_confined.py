"""An operator that has Roles alone: nothing beyond its namespaces is asked for, and it is told."""

from __future__ import annotations

import logging
import re
from functools import partial
from pathlib import Path

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.room import running
from tests.api.test_aftercare import AGENT, SELECTS, account, agent, aides, condition
from tests.api.test_process import run
from tests.api.test_storage import OWN, single
from tests.fake_api import Denied, FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.programs import Programs
from vmoperator.apply.volumes import Volumes
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden
from vmoperator.base.manifest import ref_of
from vmoperator.base.resource import ACCESS_REVIEW, POD, SERVICE_ACCOUNT, STORAGE_CLASS
from vmoperator.base.settings import Settings

BEYOND = re.compile(r"/(api|apis/[^/]+)/[^/]+/(?!namespaces/[^/]+/)(?P<plural>[^/]+).*")
"""Paths of what lies in no namespace, or in all; names of groups and versions are not among it."""
CLUSTERS = (ACCESS_REVIEW, STORAGE_CLASS)


@pytest.fixture
def confined(client: Client) -> Client:
    client.confine()
    return client


async def passed(api: FakeApi, client: Client) -> tuple[Lab, float | None]:
    """A pass over an agent with an account of the user's, and when the next one is asked for."""
    async with Programs() as programs:
        shared = aides(client, programs)
        lab = Lab(api, client, Kubernetes(api), AGENT, aides=shared)
        await lab.apply(agent(**SELECTS))
        await lab.settle()
        again = await lab.run()
        await shared.deliveries.close()
    return lab, again


def is_seldom(seconds: float | None) -> bool:
    return seconds is None or seconds >= 60


async def test_rights_are_not_asked_for_and_the_condition_says_why(
    api: FakeApi, confined: Client
) -> None:
    await api.put(account())
    lab, again = await passed(api, confined)
    assert api.requests("POST", "subjectaccessreviews") == []
    status, reason, message = condition(lab, "DiscoveryAllowed")
    assert (status, reason) == ("Unknown", "NotAsked")
    assert "nothing beyond its namespaces" in message
    assert is_seldom(again)


async def test_an_account_that_is_missing_is_told_all_the_same(
    api: FakeApi, confined: Client
) -> None:
    lab, again = await passed(api, confined)
    assert condition(lab, "DiscoveryAllowed")[:2] == ("False", "ServiceAccountMissing")
    assert again is not None
    assert again <= 10


async def test_an_operator_that_may_not_ask_asks_again_seldom(api: FakeApi, client: Client) -> None:
    api.faults.append(Fault(status=403, path="/subjectaccessreviews", times=99, message="no"))
    await api.put(account())
    lab, again = await passed(api, client)
    assert condition(lab, "DiscoveryAllowed")[:2] == ("Unknown", "NotAsked")
    assert is_seldom(again)


async def test_a_volume_grows_without_a_look_at_its_class(api: FakeApi, confined: Client) -> None:
    volumes = Volumes(confined, World())
    assert await volumes.may_grow("fast")
    assert await volumes.version("fast") == ""
    assert api.requests("GET", STORAGE_CLASS.plural) == []


async def test_what_lies_in_a_namespace_is_asked_for_and_nothing_else(
    api: FakeApi, confined: Client
) -> None:
    await api.put(account())
    assert [page async for page in confined.list(SERVICE_ACCOUNT, namespace="default")]
    with pytest.raises(Forbidden, match="nothing beyond its namespaces"):
        [page async for page in confined.list(POD)]
    assert api.requests("GET", "/api/v1/pods") == []


async def test_it_has_to_be_told_which_namespaces(api: FakeApi, tmp_path: Path) -> None:
    async with run(api, tmp_path, "--confined") as running:
        assert await running.process.wait() == 1
        await until(lambda: running.has_told("--confined: name the namespaces by --namespace"))


def asks_for(api: FakeApi, size: str) -> bool:
    claim = api.find(OWN)
    return claim is not None and bool(claim["spec"]["resources"]["requests"]["storage"] == size)


async def test_a_list_of_namespaces_alone_costs_one_refusal_of_each_kind_of_question(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    api.denied.extend(Denied(it.group, it.plural) for it in CLUSTERS)
    own, later = single("1Gi"), agent(**SELECTS)
    later["metadata"] = {**later["metadata"], "name": "later"}
    for one in (account(), agent(**SELECTS), own):
        await api.put(one)
    caplog.set_level(logging.WARNING)
    async with running(api, settings=Settings(namespaces=("default",))) as room:
        await room.until_operational(AGENT, ref_of(own))
        # Each new size, each new agent and each pass over them has the same questions.
        for size in ("2Gi", "3Gi"):
            await api.put(single(size))
            await until(partial(asks_for, api, size))
        await api.put(later)
        await room.until_operational(ref_of(later), ref_of(own))
        for ref in (AGENT, ref_of(later), ref_of(own)):
            room.machine.queue.add(ref)
        await room.at_rest()
        for ref in (AGENT, ref_of(later)):
            await until(partial(room.condition, ref, "DiscoveryAllowed"))
            told = room.condition(ref, "DiscoveryAllowed")
            assert (told["status"], told["reason"]) == ("Unknown", "NotAsked")
            assert ACCESS_REVIEW.plural in told["message"]
    beyond = [found["plural"] for it in api.seen if (found := BEYOND.fullmatch(it.path))]
    assert sorted(beyond) == sorted(it.plural for it in CLUSTERS)
    for it in CLUSTERS:
        assert caplog.text.count(f"a right on {it.plural}.{it.group} is missing: ") == 1


async def test_the_start_says_what_is_not_known(api: FakeApi, tmp_path: Path) -> None:
    async with run(api, tmp_path, "--namespace=default", "--namespace=b", "--confined") as running:
        await until(lambda: running.has_told("looking after default, b alone: labels of namesp"))
        await until(lambda: running.has_told("confined: storage classes and the rights of"))
