"""Refusals: what is told of a child that the API server does not take."""

from __future__ import annotations

import re
from typing import Final

from vmoperator.base.errors import Forbidden, Invalid, Unreadable
from vmoperator.base.manifest import Ref
from vmoperator.observe.verdict import Finding, Reason

# The API server's words for a field that cannot be changed in place.
_IMMUTABLE: Final = (
    "updates to statefulset spec",
    "field is immutable",
    "may not change once set",
    "cannot change roleRef",
)
_GROWTH: Final = "must support resize"
# The API server's words where a webhook has side effects, and so cannot be asked in a dry run.
_NO_DRY_RUN: Final = "does not support dry run"
_QUOTA: Final = re.compile(
    r"used: count/statefulsets\.apps=(\d+), limited: count/statefulsets\.apps=(\d+)"
)


def forbidden(error: Forbidden) -> Finding:
    """What is told of a write that was forbidden."""
    if isinstance(error, Unreadable):
        return Finding(reason=Reason.UNREADABLE, message=str(error))
    # The same answer for a right that is missing and for a volume that cannot grow.
    if _GROWTH not in str(error):
        return Finding(reason=Reason.FORBIDDEN, message=str(error))
    return Finding(reason=Reason.IMMUTABLE, message=f"{error} (allowVolumeExpansion)")


def refusal(ref: Ref, error: Invalid) -> str:
    """The API server's words, and what helps where a field of the live object cannot change."""
    words = str(error) if f'"{ref.name}"' in str(error) else f"{ref.kind} {ref.name}: {error}"
    if not any(mark in str(error) for mark in _IMMUTABLE):
        return words
    kept = " --cascade=orphan" if ref.kind == "StatefulSet" else ""
    pods = "; its pods stay" if kept else ""
    where = f" -n {ref.namespace}" if ref.namespace else ""
    return (
        f"{words} (undo the change, or have it made anew with"
        f" `kubectl{where} delete {ref.kind.lower()} {ref.name}{kept}`{pods})"
    )


def is_of_rehearsals(words: str) -> bool:
    """Whether an object was refused only because it was sent in a dry run, beside the one that it
    is to replace: a webhook that takes no dry runs, a quota of StatefulSets that is used up.

    Quotas are asked after everything else (k8s.io/kubernetes/pkg/kubeapiserver/options/plugins.go).
    """
    counted = _QUOTA.search(words)
    fits = counted is not None and int(counted[1]) <= int(counted[2])
    return fits or _NO_DRY_RUN in words


def refused_rehearsal(ref: Ref, spare: str, error: Invalid | Forbidden) -> Finding:
    """What is told where the object was refused under a spare name: the same as of itself."""
    told = type(error)(str(error).replace(spare, ref.name), status=error.status)
    if isinstance(told, Forbidden):
        return forbidden(told)
    return Finding(reason=Reason.REFUSED, message=refusal(ref, told))
