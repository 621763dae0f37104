"""Last look: the body of a write, which asks right before it leaves whether it may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import BytesPayload

from vmoperator.base.errors import NotLeading

_PIECE_BYTES: Final = 64 * 1024


class Watched(BytesPayload):
    """A body that leaves only while `check` does not raise NotLeading.

    aiohttp holds the headers back until the first piece of the body, and the transport hands both
    to the kernel at once: between the look and that call nothing waits for anything. An API server
    does nothing for a body that stays incomplete.
    """

    def __init__(self, value: bytes, check: Callable[[], None], **options: Any) -> None:
        super().__init__(value, **options)
        self._check = check
        self.refusal: NotLeading | None = None
        """Why it did not leave."""

    async def write_with_length(
        self, writer: AbstractStreamWriter, content_length: int | None
    ) -> None:
        """Send it piece by piece; what `check` raises ends that, and the connection with it."""
        whole = memoryview(self._value)[:content_length]
        for start in range(0, len(whole), _PIECE_BYTES):
            if start:
                # What a full kernel has not taken yet would leave unasked after a long sleep.
                await writer.drain()
            self._look()
            await writer.write(whole[start : start + _PIECE_BYTES])

    def _look(self) -> None:
        try:
            self._check()
        except NotLeading as refusal:
            self.refusal = refusal
            raise
