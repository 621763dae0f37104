"""Inquiries: why a pod, or a workload without pods, does not get on: asked late, and seldom.

The kubelet's reasons are in events alone, of which there are too many to watch.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field

from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.base.errors import ApiError
from vmoperator.base.manifest import Ref
from vmoperator.observe.events import reason_in

log = logging.getLogger(__name__)

# Volumes and images take a moment; a user waits for no longer without a word.
_PATIENCE_SECONDS = 20.0
_REPEAT_SECONDS = 60.0
_KEPT_SECONDS = 600.0


@dataclass(slots=True)
class _Answer:
    asked: float
    """Time of the event loop."""
    words: str = ""


@dataclass(frozen=True, slots=True)
class Inquiries:
    """What was asked about which object, by its uid, and the answer."""

    _answers: dict[str, _Answer] = field(default_factory=dict)

    def words(self, uid: str) -> str:
        """The reason that was found last; empty when there is none."""
        answer = self._answers.get(uid)
        return answer.words if answer else ""

    async def ask(self, client: Client, ref: Ref, uid: str, *, since: str) -> bool:
        """Look for the reason why the object has been held up since then (RFC 3339).

        Reads its events, at most once a minute, and not while it may get on by itself. Returns
        whether it did.
        """
        now = asyncio.get_running_loop().time()
        before = self._answers.get(uid)
        if before and now - before.asked < _REPEAT_SECONDS:
            return False
        if seconds_since(since) < _PATIENCE_SECONDS:
            return False
        self._drop(now)
        answer = self._answers[uid] = _Answer(now, before.words if before else "")
        try:
            answer.words = reason_in(await client.events(ref, uid))
        except ApiError as error:
            # It is about words alone: the pass goes on without them.
            log.warning("events of %s cannot be read: %s", ref, error, extra={"ref": ref})
        return True

    def _drop(self, now: float) -> None:
        late = [uid for uid, it in self._answers.items() if now - it.asked > _KEPT_SECONDS]
        for uid in late:
            del self._answers[uid]
