"""Errors of the operator, each of which says who must act.

VMOperatorError
├── SpecInvalid          the user must change the object; no retry until it changes
│   └── Dangling         it names a Secret or ConfigMap, or a key of one, that is not there
├── NotYet               something that others make is missing; try again after a while
├── Overdue              a pass did not come to its end: it was cut off, and is tried again
├── Unread               rendering needs the content of an object: fetch it and render again
├── SettingsInvalid      whoever starts the operator must change its options or its kubeconfig
└── ApiError             the API server said no
    ├── NotFound         the object is gone: read again
    ├── Conflict         somebody wrote in between: read again, at once
    ├── Gone             the watch or the list token is too old: list again
    ├── Invalid          the API server refused a manifest: shown word for word, the user must act
    ├── Forbidden        a right is missing: the administrator must act
    │   └── Unreadable   the API server fails to give a kind: like a right that is missing
    ├── NamespaceTerminating   its namespace is being deleted: nothing can be made there any more
    └── Unavailable      overload, outage, network: wait and try again, the status stays
        └── NotLeading   another process has taken over: this one writes nothing
"""

from __future__ import annotations

from vmoperator.base.manifest import Ref


class VMOperatorError(Exception):
    """Anything that the operator raises on purpose."""


class SpecInvalid(VMOperatorError):
    """The user must change the object: `field` is the path of the offending field in it."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


class Dangling(SpecInvalid):
    """The object names what does not exist; to create that helps as well as to change it."""


class NotYet(VMOperatorError):
    """Something that others make is missing; `after_seconds` says when to look again."""

    def __init__(self, message: str, *, after_seconds: float = 30.0) -> None:
        super().__init__(message)
        self.after_seconds = after_seconds


class Overdue(VMOperatorError):
    """A pass did not come to its end in time and was cut off; a defect, or answers that crawl."""


class Unread(VMOperatorError):
    """Rendering needs the content of `ref`, which the caller has not read yet."""

    def __init__(self, ref: Ref) -> None:
        super().__init__(f"{ref} has not been read yet")
        self.ref = ref


class SettingsInvalid(VMOperatorError):
    """Whoever starts the operator must act: the message names the option, or the file and key."""


class ApiError(VMOperatorError):
    """The API server's answer: HTTP `status` (0 when there was none) and what was asked of it."""

    def __init__(self, message: str, *, status: int = 0, request: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.request = request


class NotFound(ApiError):
    """404: the object, or the resource itself, does not exist."""


class Conflict(ApiError):
    """409: the object was changed or created by somebody else in between."""


class Gone(ApiError):
    """410: the resourceVersion or the continue token is too old."""


class Invalid(ApiError):
    """400, 413, 415 or 422: the manifest itself is refused; trying again does not help."""


class Forbidden(ApiError):
    """403: a right is missing; the message of the API server names verb and resource."""


class Unreadable(Forbidden):
    """The API server fails to give what it gives of other kinds: this is told, and what was made of
    it stays, as where the right to see it is missing."""


class NamespaceTerminating(ApiError):
    """403 for anything new in a namespace that is being deleted; that cannot be undone."""


class Unavailable(ApiError):
    """401, 429, 5xx or no answer at all; `after_seconds` is the server's Retry-After, if any."""

    def __init__(
        self, message: str, *, status: int = 0, request: str = "", after_seconds: float = 0.0
    ) -> None:
        super().__init__(message, status=status, request=request)
        self.after_seconds = after_seconds


class NotLeading(Unavailable):
    """Another process of the operator may write at present, this one may not."""
