"""Transport: sends one request and returns the good answer; every other outcome is an error."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any, Final, Protocol

import aiohttp
import orjson

from vmoperator.apply.answers import error
from vmoperator.apply.connection import Connection
from vmoperator.apply.last_look import Watched
from vmoperator.base.errors import Forbidden, NotLeading, Unavailable
from vmoperator.base.manifest import Manifest

_CONNECT_SECONDS: Final = 10.0
JSON: Final = "application/json"
_CONFINED: Final = "the operator asks for nothing beyond its namespaces (--confined)"
# By a lease a process comes to lead; a review is a question.
_FREE: Final = ("leases", "subjectaccessreviews", "selfsubjectaccessreviews")


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """How long the client waits before it gives up, in seconds."""

    call_seconds: float = 30.0
    watch_seconds: float = 290.0
    """After this the server is to end a watch; the reader then starts the next one."""
    silence_seconds: float = 90.0
    """A watch without even a bookmark (the server sends one a minute) has lost its connection."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request."""

    method: str
    path: str
    words: str
    """Names it in messages, without any content; the first one is the verb."""
    body: Any = None
    content_type: str = JSON
    query: Mapping[str, str] | None = None
    accept: str = JSON
    repeatable: bool = False
    """To do it twice is to do it once: it may be sent again when the connection broke."""

    @property
    def verb(self) -> str:
        """What is done: get, list, watch, apply, create, ..."""
        return self.words.partition(" ")[0]

    @property
    def resource(self) -> str:
        """Plural of what it is done to, with its subresource if there is one: `pods/eviction`."""
        # /api/v1/..., /apis/GROUP/VERSION/..., both with or without namespaces/NAME before it
        parts = self.path.split("/")[3 if self.path.startswith("/api/") else 4 :]
        if parts[0] == "namespaces" and len(parts) > 2:
            parts = parts[2:]
        return "/".join(parts[::2][:2])

    @property
    def reaches_beyond(self) -> bool:
        """Whether it is about something that is in no namespace, or about all namespaces."""
        parts = self.path.split("/")[3 if self.path.startswith("/api/") else 4 :]
        return parts[0] != "namespaces" or len(parts) < 3

    @property
    def is_write(self) -> bool:
        """Whether it changes what others see; only the process that leads may do so."""
        if self.method == "GET" or (self.query or {}).get("dryRun"):
            return False
        return self.resource not in _FREE


class OnAnswer(Protocol):
    """Told of each request: the HTTP status, 0 where none came, and how long that took."""

    def __call__(self, call: Call, status: int, seconds: float) -> None:
        """Take it in."""


def untold(call: Call, status: int, seconds: float) -> None:
    """Nobody wants to know."""
    del call, status, seconds


class Transport:
    """One HTTP session with the API server; opened and closed by the client that owns it."""

    def __init__(
        self,
        connection: Connection,
        *,
        user_agent: str,
        timeouts: Timeouts,
        on_answer: OnAnswer = untold,
    ) -> None:
        self._on_answer = on_answer
        self.check_write: Callable[[], None] = lambda: None
        """Called before each write is prepared, and again when it is sent; raises NotLeading."""
        self.is_confined = False
        """Whether a request that reaches beyond a namespace is refused here, and never sent."""
        self._connection = connection
        self._user_agent = user_agent
        self._session: aiohttp.ClientSession | None = None
        self.timeouts = timeouts

    def open(self) -> None:
        """Start the session; there must be a running event loop."""
        self._session = self._connection.session(user_agent=self._user_agent)

    async def close(self) -> None:
        """Close the session and its connections."""
        if self._session:
            await self._session.close()

    async def manifest(self, call: Call) -> Manifest:
        """The object in the answer to a call."""
        if call.is_write:
            self.check_write()
        try:
            body = await self._body(call)
        except Unavailable as failed:
            # aiohttp does this itself for GET, PUT and DELETE.
            if not (call.repeatable and _was_cut(failed)):
                raise
            body = await self._body(call)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError as wrong:
            message = f"{self._connection.server} answered something that is not JSON"
            raise Unavailable(message, request=call.words) from wrong
        return found if isinstance(found, dict) else {}

    async def text(self, call: Call) -> str:
        """The answer to a call as text."""
        return (await self._body(call)).decode(errors="replace")

    async def lines(self, call: Call, on_open: Callable[[], None]) -> AsyncIterator[bytes]:
        """The lines of a streamed answer as they come; a last one without its end is dropped.

        `on_open` is called once, when the server starts to answer.
        """
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=self.timeouts.silence_seconds
        )
        async with self._answer(call, timeout) as answer:
            on_open()
            parts: list[bytes] = []
            async for chunk in answer.content.iter_any():
                *complete, rest = chunk.split(b"\n")
                for line in complete:
                    yield b"".join((*parts, line))
                    parts = []
                parts.append(rest)

    async def _body(self, call: Call) -> bytes:
        timeout = aiohttp.ClientTimeout(
            total=self.timeouts.call_seconds, sock_connect=_CONNECT_SECONDS
        )
        async with self._answer(call, timeout) as answer:
            return await answer.read()

    @asynccontextmanager
    async def _answer(
        self, call: Call, limits: aiohttp.ClientTimeout
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        if self._session is None:
            raise RuntimeError("a client is used inside its `async with` only")
        if self.is_confined and call.reaches_beyond:
            raise Forbidden(_CONFINED, request=call.words)
        body = self._body_of(call)
        began, status = monotonic(), 0
        try:
            async with self._session.request(
                call.method,
                f"{self._connection.server}{call.path}",
                params=call.query,
                data=body,
                headers={"Content-Type": call.content_type, "Accept": call.accept},
                timeout=limits,
                allow_redirects=False,
            ) as answer:
                status = answer.status
                self._on_answer(call, status, monotonic() - began)
                if status >= 300:
                    again = answer.headers.get("Retry-After", "")
                    said = await answer.read()
                    raise error(status, said, request=call.words, retry_after=again)
                yield answer
        except TimeoutError as late:
            connecting = isinstance(late, aiohttp.ConnectionTimeoutError)
            limit = _CONNECT_SECONDS if connecting else limits.total or limits.sock_read
            message = f"no answer from {self._connection.server} for {limit:g} s"
            raise Unavailable(message, request=call.words) from late
        except (aiohttp.ClientError, OSError) as broken:
            if body and body.refusal:
                raise NotLeading(str(body.refusal), request=call.words) from broken
            message = f"no connection to {self._connection.server}: {broken or type(broken)}"
            raise Unavailable(message, request=call.words) from broken
        finally:
            if not status and not (body and body.refusal):
                self._on_answer(call, 0, monotonic() - began)

    def _body_of(self, call: Call) -> Watched | None:
        if call.body is None:
            return None
        check = self.check_write if call.is_write else _allow
        return Watched(orjson.dumps(call.body), check, content_type=call.content_type)


def _allow() -> None:
    """What is no write may leave at any time."""


def _was_cut(failed: Unavailable) -> bool:
    cause = failed.__cause__
    never_connected = isinstance(cause, aiohttp.ClientConnectorError)
    cut = (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError)
    return isinstance(cause, cut) and not never_connected
