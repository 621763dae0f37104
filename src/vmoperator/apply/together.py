"""Together: several calls side by side, none of which is cut short by another's failure."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any


async def all_done(calls: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Return when every call has ended; then raise the first error, if there was one.

    asyncio.gather alone would raise at once and let the others write on, unwatched.
    """
    outcomes = await asyncio.gather(*calls, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException):
            raise outcome
