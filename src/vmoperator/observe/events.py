"""Events: the reason, in what others say about an object, why it does not get on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

# Differs in every try, and would make each one look like news.
_IDENTIFIER = re.compile(r"[0-9a-f]{32,}")
_LATE_WORDS = "timed out waiting"
_MESSAGE_LIMIT = 300


def reason_in(events: Iterable[Mapping[str, Any]]) -> str:
    """The newest warning that nothing good has followed, as `FailedMount: secret "x" not found`.

    Empty when all is well. The kubelet says what is missing, and every few minutes that it has
    waited for too long: the former tells more.
    """
    told = sorted(events, key=_moment)
    well = max((_moment(event) for event in told if event.get("type") != "Warning"), default="")
    bad = [it for it in told if it.get("type") == "Warning" and _moment(it) >= well]
    precise = [it for it in bad if _LATE_WORDS not in str(it.get("message", ""))]
    return _words((precise or bad)[-1]) if bad else ""


def _moment(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    moments = (
        series.get("lastObservedTime"),
        event.get("lastTimestamp"),
        event.get("eventTime"),
        event.get("firstTimestamp"),
    )
    # To the second: some come with a fraction, some without.
    return str(next(filter(None, moments), ""))[:19]


def _words(event: Mapping[str, Any]) -> str:
    text = f"{event.get('reason', 'Warning')}: {event.get('message', '')}"
    text = " ".join(_IDENTIFIER.sub("…", text).split())
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - 1]}…"
