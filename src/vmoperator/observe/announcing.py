"""Announcing: what is worth a Kubernetes Event, and in which words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from vmoperator.api.status import UpdateStatus
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import EVENT
from vmoperator.observe.difference import Difference, differences, line
from vmoperator.observe.facts import Child
from vmoperator.observe.ownership import place, uncovered
from vmoperator.observe.sending import foreign_fields, sent
from vmoperator.observe.verdict import Aspect, Reason

_SOURCE: Final = "vmoperator"
_REPLACING: Final = "ReplacingPod"
_UNDOING: Final = "ForeignChangeUndone"
_TOLD_DIFFERENCES: Final = 3
# What the API server takes (validation of core/v1 events).
_MESSAGE_LIMIT: Final = 1024
_LONGEST_NAME: Final = 253
_TEMPLATE: Final = "spec.template."
_POD: Final = "spec."
_KUBECTL_RESTART: Final = "metadata.annotations[kubectl.kubernetes.io/restartedAt]"
_READ_AT_START: Final = f"metadata.annotations[{labels.STARTED_WITH}]"
_CONTAINER: Final = re.compile(r"^(?:initC|c)ontainers\[([^\]]+)\]\.")
# Of most conditions False is worth an event, of these True; the first ones warn.
_WARN_IF_TRUE: Final = (
    *(Aspect.CHILDREN_INCOMPLETE, Aspect.WATCH_INCOMPLETE),
    Aspect.DATA_UNREAD,
)
_TOLD_IF_TRUE: Final = (
    *_WARN_IF_TRUE,
    Aspect.ROLLOUT_PENDING,
    "TakingOver",
    Aspect.DRAINING,
    Aspect.GUARD_LIFTED,
    Aspect.SCALED_BY_OTHERS,
)
# Advice, and no event: a pod that is replaced takes it back for a moment.
_UNTOLD: Final = (Aspect.HIGHLY_AVAILABLE,)
_WARNINGS: Final = (Reason.POD_FAILING, Reason.EVICTION_BLOCKED)


@dataclass(frozen=True, slots=True)
class Notice:
    """One Event: its type, its reason in CamelCase, and a sentence."""

    type: Literal["Normal", "Warning"]
    reason: str
    message: str


def transitions(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Notice, ...]:
    """What has changed between two statuses of a parent: one notice for each named reason.

    How far a rollout is changes too often for that; what a person must mend is told each time
    that it is something else.
    """
    return (*_of_ready(before, after), *_of_aspects(before, after))


def replacement(pod: str, before: Manifest, after: Manifest) -> Notice:
    """Why a pod is replaced: the difference of the templates of its own and the next revision.

    An empty template stands for one that is not known.
    """
    known = bool(before and after)
    found = differences(_workload(before), _workload(after)) if known else ()
    return Notice("Normal", _REPLACING, f"replacing pod {pod}: {_why(found)}")


def undoing(manifest: Manifest, live: Child) -> Notice | None:
    """What others have changed in a child, which is set back; None where it is rendered anew."""
    wanted = sent(manifest, live)
    is_same = live.digest == wanted["metadata"]["annotations"][labels.HASH]
    paths = (*map(place, foreign_fields(manifest, live)), *uncovered(wanted, live.fields))
    # A child that is adopted has no field of ours yet.
    if not (is_same and paths and live.fields):
        return None
    told = list(dict.fromkeys(paths))[:_TOLD_DIFFERENCES]
    more = f" and {len(paths) - len(told)} more" if len(paths) > len(told) else ""
    subject = f"{live.ref.kind} {live.ref.name}"
    words = f"{subject}: what somebody has changed is set back: {', '.join(told)}{more}"
    return Notice("Normal", _UNDOING, words)


def event(parent: Mapping[str, Any], notice: Notice, *, mark: str, now: str) -> Manifest:
    """The Event (core/v1) about a parent; `mark` makes its name the only one, `now` is RFC 3339."""
    metadata = parent["metadata"]
    namespace = metadata.get("namespace", "")
    return {
        "apiVersion": EVENT.api_version,
        "kind": EVENT.kind,
        "metadata": {
            "name": f"{metadata['name'][: _LONGEST_NAME - len(mark) - 1]}.{mark}",
            "namespace": namespace,
        },
        "involvedObject": {
            "apiVersion": parent["apiVersion"],
            "kind": parent["kind"],
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
            "resourceVersion": metadata.get("resourceVersion", ""),
        },
        "type": notice.type,
        "reason": notice.reason,
        "message": _cut(notice.message),
        "source": {"component": _SOURCE},
        "reportingComponent": _SOURCE,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }


def _of_ready(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Notice]:
    old, new = _condition(before, "Ready"), _condition(after, "Ready")
    is_same = old.get("reason") == new.get("reason")
    is_failed = after.get("updateStatus") == UpdateStatus.FAILED
    if not new or (is_same and not (is_failed and old.get("message") != new.get("message"))):
        return
    reason = str(new["reason"])
    kind: Literal["Normal", "Warning"] = "Warning" if is_failed or reason in _WARNINGS else "Normal"
    yield Notice(kind, reason, str(new.get("message") or "every pod of the current spec serves"))


def _of_aspects(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Notice]:
    for aspect in Aspect:
        old, new = _condition(before, aspect), _condition(after, aspect)
        was_told = (old.get("status"), old.get("reason")) == (new.get("status"), new.get("reason"))
        is_news = new.get("status") == ("True" if aspect in _TOLD_IF_TRUE else "False")
        # That all is well is news only after it was not.
        if not new or was_told or aspect in _UNTOLD or not (is_news or old):
            continue
        is_bad = is_news and (aspect not in _TOLD_IF_TRUE or aspect in _WARN_IF_TRUE)
        words = f"{aspect} is {new['status']}: {new.get('message') or new['reason']}"
        yield Notice("Warning" if is_bad else "Normal", str(new["reason"]), words)


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = status.get("conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), {})


def _workload(template: Manifest) -> Manifest:
    return {"spec": {"template": template}}


def _why(found: Sequence[Difference]) -> str:
    told = list(dict.fromkeys(_cause(it) for it in found))
    if not told:
        return "its spec has changed"
    more = len(told) - _TOLD_DIFFERENCES
    return "; ".join([*told[:_TOLD_DIFFERENCES], *([f"and {more} more"] if more > 0 else [])])


def _cause(difference: Difference) -> str:
    path = difference.path.removeprefix(_TEMPLATE)
    if path == _KUBECTL_RESTART:
        return "kubectl asked for a restart"
    if path == _READ_AT_START:
        return "a file has changed that is read only at the start"
    short = _CONTAINER.sub(r"\1: ", path.removeprefix(_POD))
    return line(Difference(short, difference.before, difference.after))


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - 1]}…"
