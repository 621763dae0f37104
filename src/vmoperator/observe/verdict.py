"""The verdict on a parent: ordered checks, the first that hits decides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Literal, NamedTuple

from vmoperator.api.status import UpdateStatus
from vmoperator.observe.rollout import Progress


class Reason(StrEnum):
    """Reason of the condition Ready."""

    INVALID_SPEC = "InvalidSpec"
    REFUSED = "Refused"
    FORBIDDEN = "Forbidden"
    UNREADABLE = "Unreadable"
    NAME_TAKEN = "NameTaken"
    GUARDED = "Guarded"
    VOLUME_LOST = "VolumeLost"
    PAUSED = "Paused"
    CREATING = "Creating"
    ROLLING_OUT = "RollingOut"
    POD_FAILING = "PodFailing"
    EVICTION_BLOCKED = "EvictionBlocked"
    PODS_NOT_READY = "PodsNotReady"
    IMMUTABLE = "Immutable"
    OPERATIONAL = "Operational"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that a person must mend, and the reason to show for it."""

    reason: Reason
    message: str


class Aspect(StrEnum):
    """Types of the conditions beside Ready, in the order in which they are shown.

    None of them fails the parent. A type stands here before it is ever written: what is not
    listed is somebody else's condition.
    """

    HIGHLY_AVAILABLE = "HighlyAvailable"
    OBJECTS_SELECTED = "ObjectsSelected"
    CONFIG_LOADED = "ConfigLoaded"
    DISCOVERY_ALLOWED = "DiscoveryAllowed"
    ROLLOUT_PENDING = "RolloutPending"
    CHILDREN_INCOMPLETE = "ChildrenIncomplete"
    TAKING_OVER = "TakingOver"
    STORAGE_READY = "StorageReady"
    WATCH_INCOMPLETE = "WatchIncomplete"
    DRAINING = "Draining"
    GUARD_LIFTED = "GuardLifted"
    SCALED_BY_OTHERS = "ScaledByOthers"
    DATA_UNREAD = "DataUnread"


class Remark(NamedTuple):
    """A condition beside Ready; the same words in every pass as long as nothing has changed."""

    type: Aspect
    status: Literal["True", "False", "Unknown"]
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is shown: the word, the reason and the message."""

    status: UpdateStatus
    reason: Reason
    message: str
    needs_help: bool = False
    """A person must act: condition Stalled."""
    creating: bool = False
    """The first pods are still awaited."""


def verdict(
    stages: tuple[Progress, ...],
    findings: tuple[Finding, ...],
    *,
    paused: bool = False,
    creating: bool = False,
    blocked: Sequence[str] = (),
) -> Verdict:
    """What to say of a parent whose stages and findings are these.

    `blocked` says which pods may not be replaced at present, and who forbids it.

    While it is being created the message stays the same, and in a rollout it changes once per
    replaced pod, because `kubectl get -w` prints a row for each write.
    """
    if findings:
        return _failed(findings)
    if paused:
        return _told(UpdateStatus.PAUSED, Reason.PAUSED, "spec.paused is true: nothing is changed")
    open_stages = tuple(stage for stage in stages if not stage.complete)
    if not open_stages:
        return _told(UpdateStatus.OPERATIONAL, Reason.OPERATIONAL, "")
    troubles = [it for stage in open_stages for it in stage.troubles]
    told = _expanding(stages, (*sorted(blocked), *troubles), creating=creating)
    reason = Reason.EVICTION_BLOCKED if blocked and not troubles else told.reason
    return replace(told, reason=reason, creating=creating)


def pending(stages: Sequence[Progress], *, held: str = "") -> tuple[Remark, ...]:
    """What to say of pods of an earlier spec that nobody replaces; `held` says what a new version
    of the operator holds back."""
    kept = [
        f"{stage.outdated} of {stage.desired} pods of {stage.name} keep their former spec until"
        " they are deleted (OnDelete)"
        for stage in stages
        if stage.outdated
    ]
    told = [*([held] if held else ()), *kept]
    reason = "HeldBack" if held else "OnDelete"
    return (Remark(Aspect.ROLLOUT_PENDING, "True", reason, "; ".join(told)),) if told else ()


def _failed(findings: tuple[Finding, ...]) -> Verdict:
    # Sorted: children are written side by side, and the same findings are no news in another order.
    order = tuple(Reason)
    told = sorted(set(findings), key=lambda it: (order.index(it.reason), it.message))
    return Verdict(
        status=UpdateStatus.FAILED,
        reason=told[0].reason,
        message="; ".join(dict.fromkeys(finding.message for finding in told)),
        needs_help=True,
    )


def _expanding(stages: tuple[Progress, ...], troubles: Sequence[str], *, creating: bool) -> Verdict:
    rolling = any(stage.rolling for stage in stages)
    progress = _progress(stages)
    if troubles:
        where = f"{progress}; " if rolling and not creating else ""
        return _told(UpdateStatus.EXPANDING, Reason.POD_FAILING, f"{where}{'; '.join(troubles)}")
    if creating:
        names = ", ".join(stage.name for stage in stages)
        return _told(UpdateStatus.EXPANDING, Reason.CREATING, f"waiting for the pods of {names}")
    if rolling:
        return _told(UpdateStatus.EXPANDING, Reason.ROLLING_OUT, progress)
    return _told(
        UpdateStatus.EXPANDING,
        Reason.PODS_NOT_READY,
        ", ".join(f"{stage.name}: {_shortfall(stage)}" for stage in stages if not stage.complete),
    )


def _progress(stages: tuple[Progress, ...]) -> str:
    counts = ", ".join(f"{stage.name} {stage.updated}/{stage.desired}" for stage in stages)
    return f"updated: {counts}"


def _shortfall(stage: Progress) -> str:
    if stage.serving >= stage.desired and stage.silent:
        return f"Service {stage.silent[0]} does not send traffic to every pod yet"
    return f"{min(stage.serving, stage.desired)} of {stage.desired} pods ready"


def _told(status: UpdateStatus, reason: Reason, message: str) -> Verdict:
    return Verdict(status=status, reason=reason, message=message)
