"""kopf as the shell: it wakes, it writes nothing, and it is started again when it ends."""

from __future__ import annotations

import asyncio
import logging
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.apply.tokens import FixedToken
from vmoperator.base.manifest import Ref
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.shell import Shell

DEMO = Ref("VMCluster", "default", "demo")


@asynccontextmanager
async def running(shell: Shell) -> AsyncIterator[None]:
    task = asyncio.create_task(shell.run())
    yield
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not [one for one in threading.enumerate() if one.name == "kopf"])


@pytest.fixture
def woken() -> list[Ref]:
    return []


@pytest.fixture
def shell(api: FakeApi, woken: list[Ref]) -> Shell:
    return Shell(api.connection(), (), woken.append, backoff=Backoff(0.01, 0.1))


def _watches(api: FakeApi) -> int:
    return len(api.requests(path="vmclusters", watch=True))


async def test_a_change_wakes_the_object(api: FakeApi, shell: Shell, woken: list[Ref]) -> None:
    await api.put(vmcluster())
    async with running(shell):
        await until(lambda: woken == [DEMO])
        await until(lambda: _watches(api))
        await api.put(vmcluster("other"))
        await until(lambda: Ref("VMCluster", "default", "other") in woken)


async def test_kopf_runs_as_a_user_without_a_name(
    api: FakeApi, shell: Shell, woken: list[Ref], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As in the image, where only the number of the user is known.
    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 65532)
    await api.put(vmcluster())
    async with running(shell):
        await until(lambda: woken == [DEMO])
    assert shell.starts == 1


async def test_kopf_writes_nothing_in_the_whole_life_of_an_object(
    api: FakeApi, shell: Shell, woken: list[Ref]
) -> None:
    async with running(shell):
        await until(lambda: _watches(api))
        await api.put(vmcluster())
        await until(lambda: woken)
        changed = vmcluster()
        changed["spec"]["retentionPeriod"] = "5"
        changed["metadata"]["finalizers"] = ["kopf.zalando.org/KopfFinalizerMarker"]
        await api.put(changed)
        await api.put({**changed, "status": {"updateStatus": "operational"}})
        await until(lambda: len(woken) >= 3)
        await api.remove(DEMO)
        await until(lambda: len(woken) >= 4)
    assert api.writes == []


async def test_kopf_is_started_again_when_it_ends(
    api: FakeApi, shell: Shell, woken: list[Ref], caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    api.faults.append(Fault(404, times=1, path="/apis/operator.victoriametrics.com", watch=True))
    async with running(shell):
        await until(lambda: shell.starts >= 2, seconds=20)
        await until(lambda: _watches(api) >= 2)
        await api.put(vmcluster())
        await until(lambda: DEMO in woken)
    logging.getLogger("kopf").setLevel(logging.NOTSET)
    assert "kopf has ended" in caplog.text


async def test_kopf_waits_for_a_crd_that_is_missing(
    api: FakeApi, shell: Shell, woken: list[Ref]
) -> None:
    crd = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "vmclusters.operator.victoriametrics.com"},
        "spec": {"group": "operator.victoriametrics.com"},
    }
    api.hidden.add("vmclusters")
    async with running(shell):
        await until(lambda: api.requests(path="customresourcedefinitions", watch=True))
        api.hidden.clear()
        await api.put(crd)
        await until(lambda: _watches(api))
        await api.put(vmcluster())
        await until(lambda: DEMO in woken)
    assert shell.starts == 1


async def test_kopf_looks_at_the_named_namespaces_alone(api: FakeApi, woken: list[Ref]) -> None:
    for name in ("one", "two"):
        await api.put({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        await api.put(vmcluster(namespace=name))
    async with running(Shell(api.connection(), ("one",), woken.append)):
        await until(lambda: woken)
        await until(lambda: _watches(api))
    assert woken == [Ref("VMCluster", "one", "demo")]
    assert all("/namespaces/one/" in seen.path for seen in api.requests(path="vmclusters"))


async def test_kopf_does_not_hammer_a_server_that_refuses_it(
    api: FakeApi, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    api.token = "right"
    wrong = api.connection(tokens=FixedToken("wrong"))
    async with running(Shell(wrong, (), lambda ref: None)):
        await until(lambda: api.seen)
        await asyncio.sleep(1)
    logging.getLogger("kopf").setLevel(logging.NOTSET)
    assert len(api.seen) < 40
