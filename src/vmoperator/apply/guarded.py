"""Guarded: a parent as far as it may be carried out, and what guards know of the cluster."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from vmoperator.api.parent import Parent
from vmoperator.api.status import UpdateStatus
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.observe.database import KEEPERS, Database, database
from vmoperator.observe.facts import Child, Pod
from vmoperator.observe.verdict import Finding, Reason, Remark, Verdict
from vmoperator.render.plan import Plan, Stage

Rendering: TypeAlias = Callable[[Parent], Plan]
"""How a parent is rendered. Raises SpecInvalid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """What guards ask of the cluster, and when."""

    child: Callable[[Ref], Child | None]
    pods: Callable[[Ref], Iterable[Pod]]
    """Of a parent."""
    now: str
    """RFC 3339."""

    def own(self, parent: Parent, ref: Ref) -> Child | None:
        """The child, unless it is another parent's or about to go."""
        found = self.child(ref)
        if found is None or found.deleting or found.parent != _ref(parent):
            return None
        return found if found.owner_uid in ("", parent.metadata.uid) else None

    def is_ending(self, parent: Parent, apps: Collection[str]) -> bool:
        """Whether a pod of these programs is being deleted and may still run."""
        pods = self.pods(_ref(parent))
        return any(pod.app in apps and pod.deleting and not pod.ended for pod in pods)

    def orphans(self, parent: Parent, app: str) -> int:
        """How many pods a StatefulSet had that was to be made anew around them."""
        numbers = [
            pod.ordinal
            for pod in self.pods(_ref(parent))
            if pod.app == app and not pod.owner_uid and not pod.deleting and not pod.ended
        ]
        return 1 + max(numbers, default=-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What guards have to say of a parent, and to ask of its pass."""

    findings: tuple[Finding, ...] = ()
    remarks: tuple[Remark, ...] = ()
    spared: frozenset[Ref] = frozenset()
    """Children that stay although the plan does not name them."""
    unfinished: str = ""
    """What is still to happen once all pods are as planned; empty if nothing is."""
    again_seconds: float | None = None
    """When to look again at what time alone changes."""
    kept: tuple[str, ...] = ()
    """Fields that have their live value in what keeps samples: users ask for something where one
    of them is let go."""
    left_out: Mapping[str, int] = field(default_factory=dict)
    """Program -> how many pods of vmstorage it is to leave out, for the same reason."""
    used: frozenset[str] = frozenset()
    """Annotations that allow something just now."""

    def told(self, verdict: Verdict) -> Verdict:
        """The verdict, unless more is to happen than it knows of."""
        if not self.unfinished or verdict.status is not UpdateStatus.OPERATIONAL:
            return verdict
        return replace(
            verdict,
            status=UpdateStatus.EXPANDING,
            reason=Reason.ROLLING_OUT,
            message=self.unfinished,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded(Outcome):
    """A parent and its plan without what is refused."""

    parent: Parent
    plan: Plan

    @property
    def annotations(self) -> Mapping[str, str]:
        """Those of the parent, in which it says what it allows."""
        return self.parent.metadata.annotations

    def stage(self, *apps: str) -> Stage | None:
        """The first stage of these programs."""
        return next((stage for stage in self.plan.stages if stage.app in apps), None)

    def with_remarks(self, remarks: Sequence[Remark], *, again_seconds: float) -> Guarded:
        """The same, with more to say, and when to look at that again."""
        if not remarks:
            return self
        again = min(self.again_seconds or again_seconds, again_seconds)
        return replace(self, remarks=(*self.remarks, *remarks), again_seconds=again)

    def keeping(
        self,
        refusal: Finding,
        changed: Parent,
        render: Rendering,
        is_kept: Callable[[Database], bool],
    ) -> Guarded:
        """The parent as it was changed to keep what is live, with the reason.

        Where no specification says what is live, the workload is left alone as a whole.
        """
        told = replace(
            self,
            findings=(*self.findings, refusal),
            kept=(*self.kept, refusal.message.partition(" ")[0]),
        )
        try:
            made = replace(told, parent=changed, plan=render(changed))
        except SpecInvalid:
            return told._left_alone()
        stage = made.stage(*KEEPERS)
        found = database(stage.workload) if stage else None
        return made if found and is_kept(found) else told._left_alone()

    def _left_alone(self) -> Guarded:
        stages = tuple(
            replace(stage, is_paused=True) if stage.app in KEEPERS else stage
            for stage in self.plan.stages
        )
        return replace(self, plan=replace(self.plan, stages=stages))


def _ref(parent: Parent) -> Ref:
    return Ref(parent.kind, parent.metadata.namespace, parent.metadata.name)
