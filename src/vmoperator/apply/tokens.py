"""Tokens: where the bearer token of a request comes from, read again before it goes stale."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from vmoperator.base.errors import Unavailable


class TokenSource(Protocol):
    """Gives the bearer token to send; "" for none."""

    async def token(self, *, fresh: bool = False) -> str:
        """The token; `fresh` after the server refused the last one."""
        ...


@dataclass(frozen=True, slots=True)
class FixedToken:
    """A token that never changes, or "" for log-ins without one (client certificates)."""

    value: str = field(default="", repr=False)

    async def token(self, *, fresh: bool = False) -> str:
        """The token as it was given."""
        del fresh
        return self.value


@dataclass(slots=True)
class _Cache:
    """A token that was read before, until the monotonic time `stale_at`."""

    value: str = field(default="", repr=False)
    stale_at: float = 0.0


@dataclass(frozen=True, slots=True)
class FileToken:
    """A token in a file that somebody else renews, as kubelet does for service accounts."""

    path: Path
    cached_seconds: float = 60.0
    _cache: _Cache = field(default_factory=_Cache, repr=False)

    async def token(self, *, fresh: bool = False) -> str:
        """The content of the file, at most `cached_seconds` old; Unavailable if it is unreadable.

        A token that cannot be read again stays in use: the server says when it has expired.
        """
        if fresh or time.monotonic() >= self._cache.stale_at:
            try:
                self._cache.value = self.path.read_text(encoding="utf-8").strip()
            except (OSError, UnicodeDecodeError) as unreadable:
                if not self._cache.value:
                    reason = getattr(unreadable, "strerror", None) or "not UTF-8"
                    message = f"the token file {self.path} cannot be read: {reason}"
                    raise Unavailable(message) from unreadable
            self._cache.stale_at = time.monotonic() + self.cached_seconds
        return self._cache.value


@dataclass(frozen=True, slots=True)
class CalledToken:
    """A token that a blocking function fetches: the log-in plugins of a kubeconfig."""

    fetched: Callable[[], str]
    cached_seconds: float = 60.0
    _cache: _Cache = field(default_factory=_Cache, repr=False)

    async def token(self, *, fresh: bool = False) -> str:
        """What the function returned, at most `cached_seconds` ago; it runs in a thread."""
        if fresh or time.monotonic() >= self._cache.stale_at:
            self._cache.value = await asyncio.to_thread(self.fetched)
            self._cache.stale_at = time.monotonic() + self.cached_seconds
        return self._cache.value
