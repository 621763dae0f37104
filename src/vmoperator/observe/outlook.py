"""Outlook: what would become of one parent's children and pods, from the dry run of a pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.difference import Difference, annotations_of, differences, words
from vmoperator.observe.pods import Pod
from vmoperator.observe.rollout import Sight

_TOLD = 3


class Action(StrEnum):
    """What would become of an object."""

    NONE = "none"
    CREATE = "create"
    CHANGE = "change"
    RENEW = "renew"
    DELETE = "delete"
    NOTE = "note"
    """Only what the operator notes down about it."""
    HOLD = "hold"
    """Its pods keep an earlier template until somebody asks for the new one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """One object and what would become of it."""

    ref: Ref
    action: Action
    differences: tuple[Difference, ...] = ()
    words: str = ""
    """Why, where the action alone does not say it."""

    @property
    def acts(self) -> bool:
        """Whether anything changes that others than the operator look at."""
        return self.action not in (Action.NONE, Action.NOTE, Action.HOLD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart:
    """Pods of one workload that would be replaced, in this order."""

    workload: Ref
    pods: tuple[str, ...]
    at_once: int
    """So many at a time."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """What would not be done, and who must act."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What would become of one parent."""

    parent: Fate
    """What the given file makes of the parent itself; NONE where it was taken as it stands."""
    children: tuple[Fate, ...] = ()
    """In the order in which they would be written; those that would stay are not among them."""
    restarts: tuple[Restart, ...] = ()
    """In rollout order."""
    removed: tuple[str, ...] = ()
    """Pods that a smaller number of replicas would take away."""
    refusals: tuple[Refusal, ...] = ()
    notes: tuple[str, ...] = ()
    """What else there is to know, which changes nothing."""

    @property
    def changes(self) -> bool:
        """Whether anything would be written or any pod replaced."""
        acts = (it.acts for it in (self.parent, *self.children))
        return any(acts) or bool(self.restarts)

    @property
    def holds(self) -> bool:
        """Whether pods keep an earlier template."""
        return any(it.action is Action.HOLD for it in self.children)


def fate(
    ref: Ref, before: Manifest | None, after: Manifest | None, *, is_renewed: bool = False
) -> Fate:
    """What would become of an object that is `before` and would be `after`; None: not there.

    Where it is made anew, `after` is without the server's defaults: only what is set is compared.
    """
    if before is None:
        words = _crew(after)
        return Fate(ref=ref, action=Action.CREATE if after else Action.NONE, words=words)
    if after is None:
        stays = "; its volume claims stay" if _has_claims(before) else ""
        return Fate(ref=ref, action=Action.DELETE, words=f"{_crew(before)}{stays}")
    found = differences(before, after)
    if is_renewed:
        found = tuple(it for it in found if it.after is not None)
        return Fate(ref=ref, action=Action.RENEW, differences=found)
    if found:
        return Fate(ref=ref, action=Action.CHANGE, differences=found)
    is_noted = annotations_of(before) != annotations_of(after)
    return Fate(ref=ref, action=Action.NOTE if is_noted else Action.NONE)


def _crew(manifest: Manifest | None) -> str:
    """How many pods a workload asks for; empty for anything else."""
    spec = (manifest or {}).get("spec") or {}
    if "template" not in spec or "replicas" not in spec:
        return ""
    return f"{spec['replicas']} pod{'s' if spec['replicas'] != 1 else ''}"


def _has_claims(manifest: Manifest) -> bool:
    return bool((manifest.get("spec") or {}).get("volumeClaimTemplates"))


def restart(sight: Sight, fate: Fate, spec: Mapping[str, Any], *, at_once: int) -> Restart | None:
    """Which pods of a stage are replaced; None where none is.

    `sight` is the stage before the change, `spec` the one that its workload is to have.
    """
    if sight.workload is None or sight.keeps_old_pods:
        return None
    changed = [it for it in fate.differences if it.restarts]
    pods = sight.pods if changed else _outdated(sight)
    if not pods:
        return None
    strategy = (spec.get("updateStrategy") or spec.get("strategy") or {}).get("type")
    # Kubernetes itself begins with the last pod of a StatefulSet, the operator with the first.
    is_native = sight.workload.ref.kind == "StatefulSet" and strategy != "OnDelete"
    ordered = sorted(pods, key=lambda pod: (pod.ordinal, pod.ref), reverse=is_native)
    return Restart(
        workload=sight.workload.ref,
        pods=tuple(pod.ref.name for pod in ordered),
        at_once=len(ordered) if strategy == "Recreate" else at_once,
        why=words(changed, _TOLD) if changed else "an earlier change is still rolling out",
    )


def removed(write: Manifest | None, live: Manifest | None) -> tuple[str, ...]:
    """Pods of a StatefulSet that go because it is to have fewer, the first to go first."""
    if write is None or live is None or write.get("kind") != "StatefulSet":
        return ()
    wanted, now = (it["spec"].get("replicas", 1) for it in (write, live))
    return tuple(f"{live['metadata']['name']}-{it}" for it in range(now - 1, wanted - 1, -1))


def _outdated(sight: Sight) -> tuple[Pod, ...]:
    status = sight.workload.rollout if sight.workload else None
    revision = status.update_revision if status else ""
    return tuple(pod for pod in sight.pods if revision and pod.revision != revision)
