"""A fake API server and a client of it, for each test."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from tests.fake_api import FakeApi

from localcluster.patience import drawn_out
from vmoperator.apply.client import Client
from vmoperator.apply.transport import Timeouts


@pytest.fixture
async def api() -> AsyncIterator[FakeApi]:
    async with FakeApi() as running:
        yield running


@pytest.fixture
async def client(api: FakeApi) -> AsyncIterator[Client]:
    timeouts = Timeouts(call_seconds=drawn_out(2), watch_seconds=60, silence_seconds=20)
    async with Client(api.connection(), timeouts=timeouts) as connected:
        yield connected
