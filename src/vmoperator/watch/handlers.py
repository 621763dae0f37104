"""Handlers: what kopf is told to watch, and the settings under which it writes nothing at all."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import kopf

from vmoperator.apply.client import USER_AGENT
from vmoperator.apply.connection import Connection
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import GROUP, PARENTS, Resource
from vmoperator.watch.backoff import Backoff

# Logging in again so soon means that the API server refuses us: kopf alone would try it hundreds
# of times a second.
_SOON_SECONDS = 60.0


class _NoDiff(kopf.DiffBaseStorage):
    """kopf keeps the last state of each object here; it would copy the object for every event."""

    def build(self, *, body: Any, extra_fields: Any = None, **_: Any) -> Any:
        return {}

    def fetch(self, *, body: Any) -> None:
        return None

    def store(self, *, body: Any, patch: Any, essence: Any) -> None:
        """Nothing is kept."""


class _NoProgress(kopf.ProgressStorage):
    """kopf keeps the progress of its handlers here; ours only wake the queue."""

    def fetch(self, *, key: Any, body: Any) -> None:
        return None

    def store(self, **_: Any) -> None:
        """Nothing is kept."""

    def purge(self, **_: Any) -> None:
        """There is nothing to take away."""

    def touch(self, **_: Any) -> None:
        """Nothing is kept."""

    def clear(self, *, essence: Any) -> Any:
        return essence


@dataclass(slots=True)
class Logins:
    """Gives kopf sessions of our own, which log in on every request, and closes them."""

    connection: Connection
    backoff: Backoff = Backoff(1.0, 30.0)
    _session: aiohttp.ClientSession | None = field(default=None, init=False)
    _failures: int = field(default=0, init=False)
    _last: float = field(default=-_SOON_SECONDS, init=False)

    async def log_in(self, **_: Any) -> kopf.AiohttpSession:
        """A fresh session; it waits before that if the one before was refused."""
        soon = time.monotonic() - self._last < _SOON_SECONDS
        self._failures = self._failures + 1 if soon else 0
        if self._failures:
            await asyncio.sleep(self.backoff.seconds(self._failures))
        self._last = time.monotonic()
        await self.close()
        self._session = self.connection.session(user_agent=f"{USER_AGENT} (kopf)")
        return kopf.AiohttpSession(
            server=self.connection.server,
            aiohttp_session=self._session,
            default_namespace=self.connection.namespace,
        )

    async def close(self) -> None:
        """Close the session that was given out last."""
        if self._session is not None:
            await self._session.close()


def registry(wake: Callable[[Ref], None], logins: Logins) -> kopf.OperatorRegistry:
    """Handlers that do nothing but wake the object's key; `wake` is called in kopf's thread."""
    handlers = kopf.OperatorRegistry()
    kopf.on.login(registry=handlers)(logins.log_in)
    for resource in PARENTS:
        selector = (resource.group, resource.version, resource.plural)
        kopf.on.event(*selector, registry=handlers)(_woken_by(resource, wake))
    return handlers


def settings(*, whole_cluster: bool = True) -> kopf.OperatorSettings:
    """Settings for a kopf that reads and tells, and neither writes nor ends the process.

    One that looks after some namespaces asks for nothing that no namespace holds.
    """
    chosen = kopf.OperatorSettings()
    chosen.scanning.disabled = not whole_cluster
    # kopf takes its finalizer off every object that it sees; this one is on none.
    chosen.persistence.finalizer = f"{GROUP}/never-set"
    chosen.persistence.diffbase_storage = _NoDiff()
    chosen.persistence.progress_storage = _NoProgress()
    chosen.posting.enabled = False
    # Without this kopf would join a peering that somebody else has named "default", and pause.
    chosen.peering.standalone = True
    # kopf's last resort is SIGKILL, some time after it was stopped; it is started again instead.
    chosen.process.ultimate_exiting_timeout = None
    chosen.queueing.exit_timeout = 0.5
    chosen.networking.request_timeout = 60
    chosen.networking.connect_timeout = 10
    chosen.watching.server_timeout = 290
    chosen.watching.connect_timeout = 10
    chosen.watching.inactivity_timeout = 90
    chosen.watching.chunk_size = 500
    return chosen


def _woken_by(resource: Resource, wake: Callable[[Ref], None]) -> Callable[..., Any]:
    async def changed(body: Any, **_: Any) -> None:
        wake(ref_of(body, resource.kind))

    return changed
