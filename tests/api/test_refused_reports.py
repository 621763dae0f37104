"""The status of selected objects where the operator may not write it, over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.api.test_object_reports import TWO, USED, A, Desk, agent, scrape
from tests.fake_api import Denied, FakeApi
from tests.fake_api.waiting import until

from vmoperator.apply.client import Client
from vmoperator.base.resource import BY_KIND


@pytest.fixture
async def desk(api: FakeApi, client: Client) -> AsyncIterator[Desk]:
    for manifest in (agent("a"), scrape("one"), scrape("two")):
        await api.put(manifest)
    scrapes = BY_KIND[TWO.kind]
    api.denied.append(Denied(scrapes.group, f"{scrapes.plural}/status", ("patch",)))
    found = Desk(api, client)
    found.reports.refused.pause_seconds = 0.2
    await found.start()
    yield found
    await found.stop()


async def test_what_was_refused_is_written_once_the_right_is_there(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    for number in range(10):
        await desk.api.put(scrape(f"many{number}"))
    await until(lambda: desk.known("many9"))

    def tried() -> list[str]:
        return [it.path for it in desk.api.requests("PATCH") if it.path.endswith("/status")]

    await desk.pass_of(A)
    await until(lambda: len(set(tried())) == 12 and len(tried()) > 13)
    warned = [it for it in caplog.records if "cannot be written" in it.getMessage()]
    assert len([it for it in warned if it.levelname == "WARNING"]) == 1
    assert desk.status("one") == {}
    desk.api.denied.clear()
    for name in ("one", "two", *(f"many{number}" for number in range(10))):
        await desk.says(name, **USED)


async def test_an_object_that_is_gone_keeps_no_other_from_being_tried_again(desk: Desk) -> None:
    await desk.pass_of(A)
    await desk.api.remove(TWO)
    await until(lambda: not desk.known("two"))
    desk.api.denied.clear()
    await desk.says("one", **USED)
