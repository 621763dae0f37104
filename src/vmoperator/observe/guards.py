"""Guards: what would lose data is refused unless an annotation of the parent asks for just that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias

from vmoperator.base import labels
from vmoperator.base.duration import retention_seconds
from vmoperator.observe.draining import NEVER, Drain, emptied_at
from vmoperator.observe.verdict import Aspect, Finding, Reason, Remark

Annotations: TypeAlias = Mapping[str, str]

_DEFAULT = "1"
"""-retentionPeriod where nobody sets it: one month."""
_ALLOWANCES = (labels.ALLOW_SCALE_DOWN, labels.ALLOW_RETENTION_CUT, labels.ALLOW_STORAGE_CHANGE)


class Way(Enum):
    """How vmstorage loses pods."""

    REFUSED = "refused"
    AT_ONCE = "at once"
    EMPTIED = "emptied first"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A value with which data that there is would be lost."""

    kind: str
    """Of the parent."""
    field: str
    """Path of the value in the parent's spec."""
    wanted: str
    live: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrinking:
    """The spec asks for fewer pods of vmstorage than there are."""

    kind: str
    """Of the parent."""
    workload: str
    """Name of the StatefulSet."""
    field: str
    """Path of the number in the parent's spec."""
    live: int
    wanted: int
    obstacle: str = ""
    """Why it cannot be: too few nodes would be left for the copies of a sample."""
    undrainable: str = ""
    """Why the pods cannot be emptied first."""

    @property
    def gone(self) -> range:
        """Numbers of the pods that are to go."""
        return range(self.wanted, self.live)

    def way(self, annotations: Annotations) -> Way:
        """What the parent's annotations ask for; a drain wins, for it can be undone."""
        if self.obstacle:
            return Way.REFUSED
        target, drain = str(self.wanted), annotations.get(labels.DRAIN)
        if drain is not None:
            is_asked = drain == target and not self.undrainable
            return Way.EMPTIED if is_asked else Way.REFUSED
        return Way.AT_ONCE if annotations.get(labels.ALLOW_SCALE_DOWN) == target else Way.REFUSED

    def as_drained(self, annotations: Annotations) -> Shrinking | None:
        """The shrinking that a drain asks for which does not go as far as the spec does."""
        drain = annotations.get(labels.DRAIN, "")
        target = int(drain) if drain.isdecimal() else 0
        if self.undrainable or not self.wanted < target < self.live:
            return None
        return replace(self, wanted=target)

    def refusal(self, annotations: Annotations) -> Finding:
        """Why there are as many pods as before, and what to do."""
        gone = named(self.workload, self.gone)
        words = f"{self.field} stays {self.live}: {self.wanted} would take {gone} away"
        if self.obstacle:
            return _finding(f"{words}, and {self.obstacle}")
        if labels.DRAIN in annotations and self.undrainable:
            return _finding(f"{words}, and it cannot be drained: {self.undrainable}")
        ways = [f"with {_asks(labels.ALLOW_SCALE_DOWN, self.wanted)} to have it removed at once"]
        if not self.undrainable:
            drain = _asks(labels.DRAIN, self.wanted)
            ways = [f"with {drain} to have it emptied first", *ways]
        return _finding(
            f"{words} with the samples that it keeps; annotate the {self.kind}"
            f" {', or '.join(ways)}{self._found(annotations)}"
        )

    def removal(self, annotations: Annotations) -> Finding | None:
        """Why the component stays although the spec names it no more; None if that is asked for."""
        if annotations.get(labels.ALLOW_SCALE_DOWN) == str(self.wanted):
            return None
        return _finding(
            f"{self.field} is gone, but {self.workload} stays with its {self.live} pods, for they"
            f" keep samples; annotate the {self.kind} with"
            f" {_asks(labels.ALLOW_SCALE_DOWN, self.wanted)} to have it removed"
        )

    def _found(self, annotations: Annotations) -> str:
        """What stands there instead, for that is easily overlooked."""
        found = [
            f"{key} is {annotations[key]!r}"
            for key in (labels.DRAIN, labels.ALLOW_SCALE_DOWN)
            if annotations.get(key, str(self.wanted)) != str(self.wanted)
        ]
        return f" ({', '.join(found)})" if found else ""


def may_be_scaled_to(annotations: Annotations, replicas: int | None) -> bool:
    """Whether the user lets vmstorage have as few pods as somebody else has set."""
    return annotations.get(labels.ALLOW_SCALE_DOWN) == str(replicas)


def named(workload: str, ordinals: Sequence[int]) -> str:
    """The pods of a StatefulSet with these numbers, a long row by its ends."""
    first, last = f"{workload}-{ordinals[0]}", f"{workload}-{ordinals[-1]}"
    return first if len(ordinals) == 1 else f"{first} to {last}"


def is_cut(wanted: str, live: str) -> bool:
    """Whether one retention is shorter than another; False for what the programs would refuse."""
    try:
        return retention_seconds(wanted) < retention_seconds(live)
    except ValueError:
        return False


def retention_refusal(cut: Cut, annotations: Annotations) -> Finding | None:
    """Why the retention stays what it is; None if an annotation accepts the shorter one."""
    allowed, target = annotations.get(labels.ALLOW_RETENTION_CUT), cut.wanted or _DEFAULT
    if allowed == target:
        return None
    short = cut.wanted or f"unset, which is {_DEFAULT},"
    found = "" if allowed is None else f" ({labels.ALLOW_RETENTION_CUT} is {allowed!r})"
    return _finding(
        f"{cut.field} stays {cut.live or _DEFAULT}: {short} would delete older samples;"
        f" annotate the {cut.kind} with {_asks(labels.ALLOW_RETENTION_CUT, target)}"
        f" to have that{found}"
    )


def place_refusal(cut: Cut, annotations: Annotations) -> Finding | None:
    """Why the data stays where it is; None if an annotation lets it be left behind."""
    if annotations.get(labels.ALLOW_STORAGE_CHANGE) == cut.live:
        return None
    new = f"in {cut.wanted}" if cut.wanted else "in a folder that goes with the pod"
    return _finding(
        f"{cut.field} stays as it is: the data lies in {cut.live} and would be left behind there"
        f" for an empty database {new}; annotate the {cut.kind} with"
        f" {_asks(labels.ALLOW_STORAGE_CHANGE, cut.live)} to have that"
    )


def leaving(shrinking: Shrinking, ordinals: Sequence[int]) -> Remark:
    """These pods go as soon as nobody asks them any more."""
    gone = named(shrinking.workload, ordinals)
    words = f"{gone}: removed once no vminsert and no vmselect knows of it any more"
    return Remark(Aspect.DRAINING, "True", "Leaving", words)


def starting(shrinking: Shrinking) -> Remark:
    """The pods are to be emptied, and vminsert may still write to them."""
    gone = named(shrinking.workload, shrinking.gone)
    words = f"{gone}: emptied from the moment at which no vminsert writes to it any more"
    return Remark(Aspect.DRAINING, "True", "Starting", words)


def draining(shrinking: Shrinking, drain: Drain, retention: str) -> Remark:
    """Which pods take no samples, since when, and until when they answer queries."""
    groups: dict[str, list[int]] = {}
    for ordinal, since in sorted(drain.since.items()):
        groups.setdefault(since, []).append(ordinal)
    told = [
        _told(shrinking, named(shrinking.workload, ordinals), since, retention)
        for since, ordinals in sorted(groups.items())
    ]
    return Remark(Aspect.DRAINING, "True", "Draining", "; ".join(told))


def _told(shrinking: Shrinking, pods: str, since: str, retention: str) -> str:
    ends, kept = emptied_at(since, retention), retention or _DEFAULT
    if ends == NEVER:
        way = _asks(labels.ALLOW_SCALE_DOWN, shrinking.wanted)
        return (
            f"{pods}: no samples since {since}, and never removed, for the retention ({kept}) has"
            f" no end; to have it removed at once put {way} in place of {labels.DRAIN}"
        )
    return (
        f"{pods}: no samples since {since}; answers queries until {ends}, when the retention"
        f" ({kept}) of the last ones has passed, and is removed then"
    )


def lifted(annotations: Annotations) -> tuple[Remark, ...]:
    """That allowances were left behind, which would let the same happen unasked another time."""
    left = [_asks(key, annotations[key]) for key in _ALLOWANCES if key in annotations]
    if not left:
        return ()
    words = f"{', '.join(left)} allows nothing now: remove it, or such a change is not refused next"
    return (Remark(Aspect.GUARD_LIFTED, "True", "AllowanceLeft", words),)


def _asks(annotation: str, value: object) -> str:
    return f'{annotation}: "{value}"'


def _finding(message: str) -> Finding:
    return Finding(reason=Reason.GUARDED, message=message)
