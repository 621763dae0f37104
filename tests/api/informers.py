"""Informers that run for the time of a test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from vmoperator.watch.informer import Informer


@asynccontextmanager
async def informed(informers: Sequence[Informer[Any]]) -> AsyncIterator[None]:
    """They run meanwhile, and have read everything before it begins."""
    tasks = [asyncio.create_task(one.run()) for one in informers]
    await asyncio.gather(*(one.synced.wait() for one in informers))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
