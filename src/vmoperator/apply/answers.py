"""Answers: what an HTTP answer of the API server means, as one of the operator's errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from vmoperator.base.errors import (
    ApiError,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    NamespaceTerminating,
    NotFound,
    Unavailable,
)
from vmoperator.base.manifest import Manifest

_ERRORS: Mapping[int, type[ApiError]] = {
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
}
# Answers of the 4xx range that are about the moment and not about what was sent.
_PASSING = frozenset({401, 408, 425, 429})
_LONGEST_TEXT = 300
# Whoever asks for more patience than this is not an API server, but something in front of it.
_LONGEST_WAIT_SECONDS = 60.0
# corev1.NamespaceTerminatingCause, by which the NamespaceLifecycle admission explains its 403.
_TERMINATING = "NamespaceTerminating"


def error_class(status: int) -> type[ApiError]:
    """The class of error for an HTTP status of 300 or more (Kubernetes API concepts, "Errors")."""
    if status in _ERRORS:
        return _ERRORS[status]
    if 400 <= status < 500 and status not in _PASSING:
        return Invalid
    return Unavailable


def error(status: int, body: bytes, *, request: str, retry_after: str = "") -> ApiError:
    """The error for an answer; the message of a Kubernetes Status is kept word for word."""
    status_object = _status_object(body)
    message = _message(status_object, body) or f"HTTP status {status}"
    found = NamespaceTerminating if _is_terminating(status_object) else error_class(status)
    if not issubclass(found, Unavailable):
        return found(message, status=status, request=request)
    asked = _seconds(retry_after) or _details_seconds(status_object)
    after_seconds = min(asked, _LONGEST_WAIT_SECONDS)
    return found(message, status=status, request=request, after_seconds=after_seconds)


def event(line: bytes, *, request: str) -> tuple[str, Manifest]:
    """Type and object of an event of a watch; what an ERROR event carries is raised.

    Unavailable for a line that is no event: something between us and the API server has put it in.
    """
    try:
        found = orjson.loads(line)
        kind, manifest = found["type"], found["object"]
        if kind != "ERROR":
            str(manifest["metadata"]["resourceVersion"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as wrong:
        message = "the stream of a watch holds something that is no event"
        raise Unavailable(message, request=request) from wrong
    if kind == "ERROR":
        code = manifest.get("code") or 500
        raise error(code, orjson.dumps(manifest), request=request)
    return kind, manifest


def _status_object(body: bytes) -> Mapping[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) and found.get("kind") == "Status" else {}


def _message(status_object: Mapping[str, Any], body: bytes) -> str:
    if status_object:
        return str(status_object.get("message") or status_object.get("reason") or "")
    # A proxy in between, or a path that the API server does not serve: plain text or a page.
    text = body.decode("utf-8", errors="replace").strip()
    return "" if text.startswith(("<", "{")) else text[:_LONGEST_TEXT]


def _is_terminating(status_object: Mapping[str, Any]) -> bool:
    causes = (status_object.get("details") or {}).get("causes") or ()
    return any(cause.get("reason") == _TERMINATING for cause in causes)


def _details_seconds(status_object: Mapping[str, Any]) -> float:
    details = status_object.get("details") or {}
    return float(details.get("retryAfterSeconds") or 0)


def _seconds(retry_after: str) -> float:
    # The other form of the header, a date, is not used by API servers.
    return float(retry_after) if retry_after.isdecimal() else 0.0
