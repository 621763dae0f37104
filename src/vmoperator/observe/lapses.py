"""Lapses: kinds of objects that the operator may not watch, and what that keeps it from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from vmoperator.base.resource import (
    BY_KIND,
    CLAIM,
    CONFIG_MAP,
    DAEMON_SET,
    DEPLOYMENT,
    ENDPOINT_SLICE,
    NAMESPACE,
    PARENTS,
    POD,
    PROMETHEUS,
    SECRET,
    SELECTED,
    STATEFUL_SET,
)
from vmoperator.observe.verdict import Aspect, Finding, Reason, Remark

WORKLOADS: Final = frozenset({STATEFUL_SET.kind, DEPLOYMENT.kind, DAEMON_SET.kind})
"""Kinds of which a parent is left alone while they are not seen: a change could restart all pods
at once, for nobody knows which of them are ready."""

_ONE_BY_ONE: Final = "those that the spec names are read one by one, once a minute"
_AS_KNOWN: Final = "what is known of them stays, and changes go unnoticed"
_CONSEQUENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        POD.kind: "whether they are ready is not known, and none of them is replaced",
        ENDPOINT_SLICE.kind: "whether Services send traffic to the pods is not known",
        CLAIM.kind: "what becomes of volumes is not known",
        SECRET.kind: _ONE_BY_ONE,
        CONFIG_MAP.kind: _ONE_BY_ONE,
        NAMESPACE.kind: _AS_KNOWN,
        **dict.fromkeys(WORKLOADS, "nothing of this object is changed"),
        **{resource.kind: _AS_KNOWN for resource in (*PARENTS, *SELECTED, *PROMETHEUS)},
    }
)
_ANY_CHILD: Final = "what others change in them goes unnoticed"


class Cause(StrEnum):
    """Why a kind cannot be watched; the reason of the condition WatchIncomplete."""

    FORBIDDEN = "Forbidden"
    ABSENT = "NotServed"
    """The API server does not know the kind."""
    FAILING = "Failing"
    """It fails to give them, and gives others."""


@dataclass(frozen=True, slots=True, order=True)
class Lapse:
    """A kind, in a namespace or in all (""), that the operator cannot watch."""

    kind: str
    namespace: str = ""
    cause: Cause = Cause.FORBIDDEN

    @property
    def words(self) -> str:
        """What is the matter, in the terms of a role: `daemonsets.apps`."""
        resource = BY_KIND[self.kind]
        name = f"{resource.plural}.{resource.group}" if resource.group else resource.plural
        if self.cause is Cause.ABSENT:
            return f"the API server does not know {name}"
        where = f" in {self.namespace}" if self.namespace else ""
        if self.cause is Cause.FAILING:
            return f"the API server fails to list and watch {name}{where}, and answers otherwise"
        return f"the operator's right to list and watch {name}{where} is missing"


def held_still(lapses: Iterable[Lapse], workloads: Collection[str]) -> tuple[Finding, ...]:
    """Why a parent with workloads of these kinds must be left as it is; empty if it need not."""
    return tuple(
        _finding(lapse)
        for lapse in sorted(lapses)
        if lapse.kind in WORKLOADS and lapse.kind in workloads
    )


def blindness(lapses: Iterable[Lapse]) -> tuple[Finding, ...]:
    """Why it cannot be said whether a parent is in order, though it is kept; empty if it can."""
    return tuple(_finding(lapse) for lapse in sorted(lapses) if lapse.kind == POD.kind)


def watch_incomplete(lapses: Iterable[Lapse], concerned: Collection[str]) -> Remark | None:
    """The condition of a parent that has to do with these kinds; None if all of them are seen."""
    told = sorted(it for it in lapses if it.kind in concerned)
    if not told:
        return None
    causes = {it.cause for it in told}
    reason = causes.pop() if len(causes) == 1 else Cause.FORBIDDEN
    words = "; ".join(_sentence(it) for it in told)
    return Remark(Aspect.WATCH_INCOMPLETE, "True", str(reason), words)


def _finding(lapse: Lapse) -> Finding:
    is_failing = lapse.cause is Cause.FAILING
    reason = Reason.UNREADABLE if is_failing else Reason.FORBIDDEN
    return Finding(reason=reason, message=_sentence(lapse))


def _sentence(lapse: Lapse) -> str:
    return f"{lapse.words}: {_CONSEQUENCES.get(lapse.kind, _ANY_CHILD)}"
