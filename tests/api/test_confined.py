"""An operator that has Roles alone: nothing beyond its namespaces is asked for, and it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.test_aftercare import AGENT, SELECTS, account, agent, aides, condition
from tests.api.test_process import run
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.apply.programs import Programs
from vmoperator.apply.volumes import Volumes
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden
from vmoperator.base.resource import POD, SERVICE_ACCOUNT, STORAGE_CLASS


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
