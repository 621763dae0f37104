"""Plan: everything that one parent asks for, in the order in which a change rolls out."""

from __future__ import annotations

from dataclasses import dataclass

from vmoperator.base.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One component: its workload and what it must reach before the next one may roll."""

    name: str
    """The component's program, `vmstorage`."""
    workload: Manifest
    """StatefulSet or Deployment, complete but for hash and status."""
    services: tuple[str, ...]
    """Names of the Services in `Plan.shared` that must list the workload's ready pods."""
    max_unavailable: int
    """Pods that a rollout by the operator may take away at once, at least 1."""
    looks_up: tuple[str, ...] = ()
    """Names of the stages whose pods it looks up by name when it starts."""
    is_paused: bool = False
    """The component's own `paused`: the live workload is left as it is, and still wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All children of a parent; whatever it does not name is not wanted."""

    shared: tuple[Manifest, ...]
    """ServiceAccount, Services, PodDisruptionBudgets: applied before the workloads."""
    stages: tuple[Stage, ...]
    """Rollout order."""

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Every child, in the order in which a first creation applies them."""
        return (*self.shared, *(stage.workload for stage in self.stages))
