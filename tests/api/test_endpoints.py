"""/healthz, /readyz and /metrics over HTTP, also while the loop of the process stands still."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import aiohttp
import pytest

from vmoperator.base.errors import SettingsInvalid
from vmoperator.watch.endpoints import Address, Endpoints, Pages

HERE = Address("127.0.0.1", 0)


@dataclass
class Served:
    """Endpoints whose answers a test decides about."""

    ailments: tuple[str, ...] = ()
    obstacles: tuple[str, ...] = ()
    threads: list[str] = field(default_factory=list)
    url: str = ""

    def page(self) -> bytes:
        self.threads.append(threading.current_thread().name)
        return b"vmoperator_ready 1.0\n"

    async def get(self, path: str) -> tuple[int, str]:
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}{path}") as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    one = Served()
    pages = Pages(ailments=lambda: one.ailments, obstacles=lambda: one.obstacles, metrics=one.page)
    endpoints = Endpoints(pages)
    one.url = f"http://{await endpoints.start(HERE)}"
    yield one
    await endpoints.close()


async def test_all_is_well(served: Served) -> None:
    assert await served.get("/healthz") == (200, "ok\n")
    assert await served.get("/readyz") == (200, "ok\n")
    assert await served.get("/metrics") == (200, "vmoperator_ready 1.0\n")
    assert (await served.get("/"))[0] == 404


async def test_what_is_wrong_is_said_line_by_line(served: Served) -> None:
    served.obstacles = ("waiting for pods",)
    assert await served.get("/healthz") == (200, "ok\n")
    assert await served.get("/readyz") == (503, "waiting for pods\n")
    served.ailments = ("kopf has not moved for 301 s",)
    assert await served.get("/healthz") == (503, "kopf has not moved for 301 s\n")
    lines = "kopf has not moved for 301 s\nwaiting for pods\n"
    assert await served.get("/readyz") == (503, lines)


async def test_the_figures_are_taken_in_the_loop_of_the_process(served: Served) -> None:
    await served.get("/metrics")
    assert served.threads == [threading.current_thread().name]


async def test_a_probe_is_answered_while_the_loop_is_busy(served: Served) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.append(asyncio.run(served.get("/healthz"))[0])

    asking = threading.Thread(target=ask)
    asking.start()
    deadline = time.monotonic() + 30
    while not answers and time.monotonic() < deadline:
        time.sleep(0.01)  # the loop of this test does not turn
    assert answers == [200]
    asking.join()


async def test_a_port_that_is_taken_is_named_with_the_option(served: Served) -> None:
    port = int(served.url.rpartition(":")[2])
    with pytest.raises(SettingsInvalid, match=f"--http-address=127.0.0.1:{port}: cannot listen"):
        await Endpoints(Pages(ailments=tuple, obstacles=tuple, metrics=bytes)).start(
            Address("127.0.0.1", port)
        )


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (":8080", Address("", 8080)),
        ("127.0.0.1:0", Address("127.0.0.1", 0)),
        ("[::1]:9090", Address("::1", 9090)),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, address: Address) -> None:
    assert Address.of(text) == address
    assert str(address) == text


@pytest.mark.parametrize("text", ["8080", "host:", "host:http", ":99999"])
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be HOST:PORT"):
        Address.of(text)
