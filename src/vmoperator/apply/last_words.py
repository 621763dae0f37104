"""Last words: what programs that fail said last, read from their logs, and told steadily."""

from __future__ import annotations

import logging
import re
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.transport import Call
from vmoperator.base.errors import ApiError
from vmoperator.base.resource import POD
from vmoperator.observe.pods import Pod, Speaker
from vmoperator.observe.words import alike, last_words

log = logging.getLogger(__name__)

_REMEMBERED: Final = 500
_LONGEST_LINE: Final = 300
_LINES: Final = "3"
_BYTES: Final = "4096"
# A program that says something else each time it ends is not told anew each time.
_MOST_CHANGES: Final = 3
_ENDED: Final = re.compile(r"^container \S+ ends with code -?\d+ \([^)]*\)")


@dataclass(slots=True)
class _Told:
    """What was told of a pod under one heading, and what else it has said since."""

    words: str
    known: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class LastWords:
    """Of each pod, by its uid: the end of its log, and what was told of it."""

    _lines: OrderedDict[str, tuple[tuple[str, int], str]] = field(default_factory=OrderedDict)
    _told: OrderedDict[tuple[str, str], _Told] = field(default_factory=OrderedDict)

    def line(self, uid: str) -> str:
        """The last line of the log that was read last; empty when none was."""
        return self._lines[uid][1] if uid in self._lines else ""

    def steady(self, uid: str, words: str) -> str:
        """The words, or those told before of the same pod if they say the same.

        A program that fails is started again and again, with other numbers in what it says; each
        of them would be a write.
        """
        head = _ENDED.match(words)
        if not head:
            return words
        told = self._told.setdefault((uid, head[0]), _Told(words))
        mask = alike(words)
        if mask not in told.known and len(told.known) < _MOST_CHANGES:
            told.known.add(mask)
            told.words = words
        self._told.move_to_end((uid, head[0]))
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return told.words

    async def ask(self, client: Client, pod: Pod) -> bool:
        """Read the end of the log, once for each start of the container; whether it was read."""
        if pod.speaker is None:
            return False
        start = (pod.speaker.name, pod.speaker.restarts)
        if pod.uid in self._lines and self._lines[pod.uid][0] == start:
            return False
        # An answer that does not come is not asked for again before the next start.
        self._lines[pod.uid] = (start, self.line(pod.uid))
        if len(self._lines) > _REMEMBERED:
            self._lines.popitem(last=False)
        try:
            text = await client.text(_call(pod, pod.speaker))
        except ApiError as error:
            # It is about words alone: the pass goes on without them.
            log.info("the log of %s cannot be read: %s", pod.ref, error, extra={"ref": pod.ref})
            return False
        self._lines[pod.uid] = (start, last_words(text)[:_LONGEST_LINE])
        return True


def _call(pod: Pod, speaker: Speaker) -> Call:
    query = {"container": speaker.name, "tailLines": _LINES, "limitBytes": _BYTES}
    return Call(
        method="GET",
        path=POD.path(pod.ref.namespace, pod.ref.name, "log"),
        words=f"read the log of {pod.ref}",
        query={**query, "previous": "true"} if speaker.has_ended else query,
    )
