"""Status: a verdict and what else is to be told, in the shape that `kubectl` shows.

Conditions follow kstatus (Ready always there, Reconciling and Stalled only while true), so that
`kubectl wait`, Argo CD, Flux and `helm --wait` read them alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from vmoperator.api.status import UpdateStatus
from vmoperator.base.manifest import Manifest
from vmoperator.observe.verdict import Aspect, Reason, Remark, Verdict

_MESSAGE_LIMIT = 4096
# What this module writes; the conditions in the order in which it does.
_SIZES = ("shards", "replicas", "selector")
_FIELDS = ("updateStatus", "observedGeneration", "reason", *_SIZES)
_CONDITIONS = ("Ready", "Reconciling", "Stalled", "UnsupportedFields", *map(str, Aspect))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What there is to tell of a parent beside the verdict."""

    unsupported: tuple[str, ...] = ()
    """Paths of fields that have no effect yet."""
    sizes: Mapping[str, Any] | None = field(default_factory=dict)
    """shards, replicas and selector, which `kubectl scale` and autoscalers read; None: as told."""
    remarks: Iterable[Remark] | None = ()
    """Further conditions, at most one of a type; None: as told before."""


def status(
    verdict: Verdict,
    beside: Beside,
    *,
    generation: int,
    previous: Manifest,
    now: str,
) -> Manifest:
    """The status of a parent; `now` (RFC 3339) is used only where a condition flips.

    `previous` is the status as it stands, or an empty map.
    """
    conditions = [
        _condition("Ready", _ready(verdict), verdict.reason, verdict.message),
        *_reconciling(verdict),
        *_stalled(verdict),
        *_unsupported(beside.unsupported),
        *_remarked(beside.remarks or ()),
    ]
    timed = [_timed(item, previous, generation=generation, now=now) for item in conditions]
    result: Manifest = {
        "updateStatus": str(verdict.status),
        "observedGeneration": generation,
        "conditions": [*timed, *(_told_remarks(previous) if beside.remarks is None else ())],
        **(_told_sizes(previous) if beside.sizes is None else beside.sizes),
    }
    return {**result, "reason": _cut(verdict.message)} if verdict.message else result


def is_told(wanted: Manifest, previous: Mapping[str, Any]) -> bool:
    """Whether the status as it stands says what is wanted, whatever else others wrote into it."""
    conditions = previous.get("conditions") or ()
    ours = [_of_type(conditions, kind) for kind in _CONDITIONS]
    own = {key: previous[key] for key in _FIELDS if key in previous}
    return wanted == {**own, "conditions": [item for item in ours if item]}


def leftovers(wanted: Manifest, written: Mapping[str, Any]) -> tuple[str, ...]:
    """Fields that stand in the status because another operator wrote them, and that we do not say.

    An apply takes away only what is ours.
    """
    return tuple(key for key in (*_FIELDS, "lastAppliedSpec") if key in written.keys() - wanted)


def was_creating(previous: Mapping[str, Any]) -> bool:
    """Whether the status says that the first pods are still awaited."""
    conditions = previous.get("conditions") or ()
    return _of_type(conditions, "Reconciling").get("reason") == Reason.CREATING


def unready_since(previous: Mapping[str, Any]) -> str:
    """When it was last ready, or was made, RFC 3339; empty while the status says that it is."""
    ready = _of_type(previous.get("conditions") or (), "Ready")
    return str(ready.get("lastTransitionTime", "")) if ready.get("status") == "False" else ""


def _ready(verdict: Verdict) -> str:
    if verdict.status is UpdateStatus.OPERATIONAL:
        return "True"
    return "Unknown" if verdict.status is UpdateStatus.PAUSED else "False"


def _reconciling(verdict: Verdict) -> Iterable[Manifest]:
    if verdict.status is UpdateStatus.EXPANDING:
        # Ready may name a pod that fails meanwhile; that it is the creation must not be forgotten.
        reason = Reason.CREATING if verdict.creating else verdict.reason
        yield _condition("Reconciling", "True", reason, verdict.message)


def _stalled(verdict: Verdict) -> Iterable[Manifest]:
    if verdict.needs_help:
        yield _condition("Stalled", "True", verdict.reason, verdict.message)


def _unsupported(fields: tuple[str, ...]) -> Iterable[Manifest]:
    if fields:
        message = f"these fields have no effect yet: {', '.join(fields)}"
        yield _condition("UnsupportedFields", "True", "NotImplemented", message)


def _remarked(remarks: Iterable[Remark]) -> Iterable[Manifest]:
    order = tuple(Aspect)
    for remark in sorted(remarks, key=lambda it: order.index(it.type)):
        yield _condition(str(remark.type), remark.status, remark.reason, remark.message)


def _told_remarks(previous: Mapping[str, Any]) -> Iterable[Manifest]:
    conditions = previous.get("conditions") or ()
    return filter(None, (dict(_of_type(conditions, str(kind))) for kind in Aspect))


def _told_sizes(previous: Mapping[str, Any]) -> Manifest:
    return {key: previous[key] for key in _SIZES if key in previous}


def _condition(kind: str, value: str, reason: str, message: str) -> Manifest:
    return {"type": kind, "status": value, "reason": str(reason), "message": _cut(message)}


def _timed(condition: Manifest, previous: Manifest, *, generation: int, now: str) -> Manifest:
    before = _of_type(previous.get("conditions") or (), condition["type"])
    same = before.get("status") == condition["status"]
    since = before.get("lastTransitionTime", now) if same else now
    return {**condition, "observedGeneration": generation, "lastTransitionTime": since}


def _of_type(conditions: Iterable[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    return next((item for item in conditions if item.get("type") == kind), {})


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - 1]}…"
