"""Logs: one line per record, as text for people or as JSON, with the object it is about."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Mapping
from typing import Final, TextIO

from vmoperator.base.manifest import Ref

LEVELS: Final = ("debug", "info", "warning", "error")
FORMATS: Final = ("text", "json")

# kopf tells of every event that it handled, that it has no signals to handle in its thread, of
# missing CRDs and of each try in an outage, of which the informers tell once, in words of ours.
_QUIET: Final[Mapping[str, int]] = {
    "kopf": logging.WARNING,
    "kopf._cogs.clients.watching": logging.CRITICAL,
    "kopf._core.reactor.observation": logging.ERROR,
    "kopf._core.reactor.running": logging.ERROR,
    "asyncio": logging.WARNING,
}


def configure(form: str, level: str, stream: TextIO | None = None) -> None:
    """Send every log record of the process to the stream (stderr) in that form, from that level."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else TextLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name, quiet in _QUIET.items():
        logging.getLogger(name).setLevel(max(quiet, root.level))


class JsonLines(logging.Formatter):
    """A JSON object per line: time, level, logger, message; kind, namespace, name of the object."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        ref = _ref(record)
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if ref:
            line |= {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


class TextLines(logging.Formatter):
    """Time, level, the object if there is one, and the message; tracebacks follow below."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        ref = _ref(record)
        message = record.getMessage()
        about = f"{ref}: " if ref and str(ref) not in message else ""
        line = f"{_time(record)} {record.levelname:7} {about}{message}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> str:
    seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
    return f"{seconds}.{int(record.msecs):03}Z"


def _ref(record: logging.LogRecord) -> Ref | None:
    """The object that a record is about: our `ref`, or kopf's `k8s_ref`."""
    ours = getattr(record, "ref", None)
    if isinstance(ours, Ref):
        return ours
    theirs = getattr(record, "k8s_ref", None)
    if isinstance(theirs, Mapping):
        parts = (theirs.get(key) or "" for key in ("kind", "namespace", "name"))
        return Ref(*map(str, parts))
    return None
