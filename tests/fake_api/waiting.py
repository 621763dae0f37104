"""Waiting in tests for what becomes true elsewhere."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from localcluster.patience import drawn_out


async def until(condition: Callable[[], object], *, seconds: float = 30.0) -> None:
    """Return when the condition holds; the limit is only there to end a broken test."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > drawn_out(seconds):
            raise TimeoutError(f"not within {time.monotonic() - began:.0f} s")
        await asyncio.sleep(0.005)
