"""Election: of several processes one at a time may write, the one that holds the lease."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmoperator.apply.client import Client
from vmoperator.apply.clock import uninterrupted_seconds
from vmoperator.base.errors import ApiError, Conflict, NotFound, NotLeading
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import LEASE
from vmoperator.observe.lease import Sighting, Terms, seen, taken

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Election:
    """One candidate for one lease."""

    client: Client
    ref: Ref
    identity: str
    wall: Callable[[], str]
    """The time, RFC 3339 with microseconds: for people, nothing is decided by it."""
    terms: Terms = field(default_factory=Terms)
    clock: Callable[[], float] = uninterrupted_seconds
    """Seconds; it must go on while the process stands still."""
    _last: Sighting | None = field(default=None, init=False)
    _until: float = field(default=0.0, init=False)
    """Up to this time of the clock what it writes is its to write."""

    @property
    def is_leading(self) -> bool:
        """Whether it may write at this very moment.

        True only for the deadline after the last renewal was asked for: a process that was
        stopped, or cannot reach the API server, knows without asking that its time is over.
        """
        return self.clock() < self._until

    def check(self) -> None:
        """Raises NotLeading unless this process may write."""
        if not self.is_leading:
            raise NotLeading("another process leads", request="write")

    async def win(self) -> None:
        """Return as soon as the lease is this process's."""
        told = ""
        while not await self._tried():
            if self._last and self._last.holder != told:
                told = self._last.holder
                log.info("standing by: %s leads", told or "nobody")
            await asyncio.sleep(self.terms.retry_seconds)
        log.info("leading, as %s", self.identity)

    async def keep(self) -> None:
        """Renew the lease; returns when it is lost, or its time ran out before it was renewed.

        Whoever slept through that time begins anew, although nobody else may have led meanwhile:
        what was planned before rests on a world of long ago.
        """
        while self.is_leading:
            await asyncio.sleep(self.terms.retry_seconds)
            if not self.is_leading:
                break
            if not await self._tried() and self._last and self._last.holder != self.identity:
                self._until = 0.0
        log.warning("no longer leading")

    async def give_back(self) -> None:
        """Let another process have it at once; nothing may be written after this."""
        was_leading, self._until = self.is_leading, 0.0
        if not was_leading or self._last is None:
            return
        try:
            await self._release(self._last.manifest)
        except ApiError as error:
            log.warning("the lease could not be given back, it runs out by itself: %s", error)

    async def _release(self, known: Mapping[str, Any]) -> None:
        try:
            await self.client.replace(LEASE, self._wanted(known, holder=""))
        except Conflict:
            # A renewal whose answer was not waited for has been written all the same.
            found = await self.client.get(LEASE, self.ref)
            if Sighting(found, 0.0).holder == self.identity:
                await self.client.replace(LEASE, self._wanted(found, holder=""))

    async def _tried(self) -> bool:
        """Whether it was taken or renewed just now, and some of its time is left."""
        began = self.clock()
        try:
            async with asyncio.timeout(self.terms.deadline_seconds / 2):
                written = await self._written()
        except (ApiError, TimeoutError) as error:
            log.log(
                logging.WARNING if self.is_leading else logging.DEBUG,
                "the lease %s cannot be read or renewed: %s",
                self.ref,
                error or "no answer",
            )
            return False
        if written is None:
            return False
        self._last = seen(written, self._last, self.clock())
        self._until = began + self.terms.deadline_seconds
        return self.is_leading

    async def _written(self) -> Manifest | None:
        """The lease with this process as its holder; None while another one holds it.

        Conflict when another process was faster.
        """
        try:
            found = await self.client.get(LEASE, self.ref)
        except NotFound:
            return await self.client.create(LEASE, self._wanted(None, holder=self.identity))
        # It may have been renewed while the answer was on its way: time counts from there.
        now = self.clock()
        self._last = seen(found, self._last, now)
        if self._last.holder != self.identity and not self._last.is_free(now):
            return None
        return await self.client.replace(LEASE, self._wanted(found, holder=self.identity))

    def _wanted(self, found: Mapping[str, Any] | None, *, holder: str) -> Manifest:
        return taken(found, self.ref, holder=holder, terms=self.terms, now=self.wall())
