"""Programs: what the operator asks of the programs in the pods, over the network of the pods."""

from __future__ import annotations

import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Final, Self

import aiohttp

from vmoperator.apply.client import USER_AGENT
from vmoperator.base.names import JOB_MARKER, JOB_MARKER_DIGITS
from vmoperator.observe.loading import METRICS, is_program

_PAGE_SECONDS: Final = 5.0
_RELOAD_SECONDS: Final = 15.0
_CONNECT_SECONDS: Final = 2.0
_CHUNK_BYTES: Final = 1 << 18
_LONGEST_TEXT: Final = 300
_HIDDEN: Final = (401, 403)
_MARKER: Final = re.compile(rf"{JOB_MARKER}[0-9a-f]{{{JOB_MARKER_DIGITS}}}".encode())
_MARKER_BYTES: Final = len(JOB_MARKER) + JOB_MARKER_DIGITS - 1


class NoAnswer(Exception):
    """The pod cannot be reached; the message says how it was tried."""


class Refusal(Exception):
    """The program answers something else than yes; the message is its own words."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a program listens, and the paths that it is asked at."""

    scheme: str
    host: str
    port: int
    reload_path: str
    key: str = field(default="", repr=False)
    """authKey of the reload request."""

    def url(self, path: str) -> str:
        """URL of a path of the program."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{path}"

    @property
    def prefix(self) -> str:
        """What stands before the path of every page."""
        return self.reload_path.removesuffix("/-/reload")


@dataclass(frozen=True, slots=True)
class Jobs:
    """What a program shows of its jobs."""

    digest: str
    """Hash of all of it."""
    markers: frozenset[str]
    """Names of jobs that tell which content they came with."""


class Programs:
    """Talks to programs in pods; use it as an async context manager, one for the whole process.

    Its session is its own: nothing that logs in at the API server goes to a pod.
    """

    def __init__(self) -> None:
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # A pod is asked by its address, for which no certificate is made.
        connector = aiohttp.TCPConnector(ssl=False, limit=64, limit_per_host=2)
        self._session = aiohttp.ClientSession(
            connector=connector,
            # What a program compresses costs it CPU, of which one that reads has none to spare.
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity"},
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session:
            await self._session.close()

    async def reload(self, address: Address) -> None:
        """Ask the program to read its files. Raises NoAnswer, or Refusal with what it says."""
        # In the body, for the query of a URL ends up in logs on its way.
        form = {"authKey": address.key} if address.key else None
        await self._text("POST", address, address.reload_path, form)

    async def page(self, address: Address, path: str) -> str:
        """What the program shows at a path below its prefix. Raises NoAnswer or Refusal."""
        return await self._text("GET", address, f"{address.prefix}{path}")

    async def jobs(self, address: Address, path: str, *, seconds: float = _PAGE_SECONDS) -> Jobs:
        """What the program shows at a path below its prefix, which may be megabytes.

        Raises NoAnswer or Refusal.
        """
        summed, markers, rest = hashlib.sha256(), set[str](), b""
        async with self._answer("GET", address, f"{address.prefix}{path}", seconds) as answer:
            async for chunk in answer.content.iter_chunked(_CHUNK_BYTES):
                summed.update(chunk)
                text = rest + chunk
                markers.update(found.decode() for found in _MARKER.findall(text))
                rest = text[-_MARKER_BYTES:]
        return Jobs(summed.hexdigest(), frozenset(markers))

    async def metrics(self, address: Address) -> str:
        """The metrics of the program; empty where it does not show them to everybody.

        Raises NoAnswer where something else answers: outside of the network of the pods their
        addresses may lead to anybody.
        """
        try:
            text = await self.page(address, METRICS)
        except Refusal as refused:
            if refused.status in _HIDDEN:
                return ""
            text = ""
        if not is_program(text):
            raise NoAnswer("something else answers at its address; is the operator outside?")
        return text

    async def _text(
        self, method: str, address: Address, path: str, form: dict[str, str] | None = None
    ) -> str:
        seconds = _RELOAD_SECONDS if method == "POST" else _PAGE_SECONDS
        async with self._answer(method, address, path, seconds, form) as answer:
            return await answer.text(encoding="utf-8", errors="replace")

    @asynccontextmanager
    async def _answer(
        self,
        method: str,
        address: Address,
        path: str,
        seconds: float,
        form: dict[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """A good answer, to be read inside."""
        if self._session is None:
            raise RuntimeError("programs are asked inside `async with` only")
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        try:
            async with self._session.request(
                method, address.url(path), data=form, timeout=timeout, allow_redirects=False
            ) as answer:
                if answer.status >= 300:
                    text = await answer.text(encoding="utf-8", errors="replace")
                    words = f"answers {answer.status} to {path}: {_short(text)}"
                    raise Refusal(words, status=answer.status)
                yield answer
        except TimeoutError as late:
            raise NoAnswer(f"does not answer at port {address.port}") from late
        except aiohttp.ServerDisconnectedError as cut:
            words = f"cuts the connection at port {address.port}, as for want of a certificate"
            raise NoAnswer(words) from cut
        except (aiohttp.ClientError, OSError) as broken:
            raise NoAnswer(f"cannot be reached at port {address.port}") from broken


def _short(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST_TEXT else f"{words[: _LONGEST_TEXT - 1]}…"
