"""Endpoints: /healthz, /readyz and /metrics over HTTP, from a thread of their own.

A busy event loop must not look dead to the kubelet, whose probes wait for a second by default; a
dead one must be told as such, which it cannot do itself.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final

from aiohttp import web

from vmoperator.base.errors import SettingsInvalid

log = logging.getLogger(__name__)

OPTION: Final = "--http-address"
_METRICS_SECONDS: Final = 10.0
_METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: an empty host is every address of the machine, port 0 any free one."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> Address:
        """The address that `HOST:PORT`, `[IPV6]:PORT` or `:PORT` names. Raises ValueError."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdecimal() or int(port) > 65535:
            raise ValueError(f"{text}: must be HOST:PORT, or :PORT for all addresses")
        return cls(host.removeprefix("[").removesuffix("]"), int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """What there is to be asked for; nothing wrong is an empty tuple."""

    ailments: Callable[[], tuple[str, ...]]
    """Called in the thread of the endpoints."""
    obstacles: Callable[[], tuple[str, ...]]
    """The same."""
    metrics: Callable[[], bytes]
    """Called in the loop of the process, whose stores must not change meanwhile."""


@dataclass(slots=True)
class Endpoints:
    """Serves the pages from `start` to `close`."""

    pages: Pages
    _thread: threading.Thread | None = field(default=None, init=False)
    _stop: Callable[[], object] = field(default=lambda: None, init=False)

    async def start(self, address: Address) -> Address:
        """Listen; the address with its real port. Raises SettingsInvalid where it cannot."""
        bound: Future[Address] = Future()
        main = asyncio.get_running_loop()

        def serve() -> None:
            try:
                asyncio.run(self._serve(address, main, bound))
            except OSError as error:
                bound.set_exception(error)

        self._thread = threading.Thread(target=serve, name="endpoints", daemon=True)
        self._thread.start()
        try:
            found = await asyncio.wrap_future(bound)
        except OSError as error:
            reason = error.strerror or str(error)
            raise SettingsInvalid(f"{OPTION}={address}: cannot listen there: {reason}") from error
        log.info("serving /healthz, /readyz and /metrics on %s", found)
        return found

    async def close(self) -> None:
        """Stop listening."""
        self._stop()
        if self._thread:
            await asyncio.to_thread(self._thread.join, 2.0)

    async def _serve(
        self, address: Address, main: asyncio.AbstractEventLoop, bound: Future[Address]
    ) -> None:
        runner = web.AppRunner(self._app(main), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            await web.TCPSite(runner, address.host or None, address.port).start()
            own, ended = asyncio.get_running_loop(), asyncio.Event()
            self._stop = lambda: own.call_soon_threadsafe(ended.set)
            bound.set_result(Address(address.host, runner.addresses[0][1]))
            await ended.wait()
        finally:
            await runner.cleanup()

    def _app(self, main: asyncio.AbstractEventLoop) -> web.Application:
        async def healthz(request: web.Request) -> web.Response:
            return _verdict(self.pages.ailments())

        async def readyz(request: web.Request) -> web.Response:
            return _verdict((*self.pages.ailments(), *self.pages.obstacles()))

        async def metrics(request: web.Request) -> web.Response:
            return await _collected(self.pages.metrics, main)

        app = web.Application()
        for path, handler in (("/healthz", healthz), ("/readyz", readyz), ("/metrics", metrics)):
            app.router.add_get(path, handler)
        return app


def _verdict(wrong: tuple[str, ...]) -> web.Response:
    if wrong:
        return web.Response(status=503, text="".join(f"{line}\n" for line in wrong))
    return web.Response(text="ok\n")


async def _collected(metrics: Callable[[], bytes], main: asyncio.AbstractEventLoop) -> web.Response:
    async def collect() -> bytes:
        return metrics()

    asked = asyncio.run_coroutine_threadsafe(collect(), main)
    try:
        body = await asyncio.wait_for(asyncio.wrap_future(asked), _METRICS_SECONDS)
    except TimeoutError:
        text = f"the event loop has not turned for {_METRICS_SECONDS:g} s\n"
        return web.Response(status=503, text=text)
    return web.Response(body=body, headers={"Content-Type": _METRICS_TYPE})
