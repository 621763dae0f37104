"""Plan: everything that one parent asks for, in the order in which a change rolls out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field as _field
from typing import Any

from vmoperator.api.picking import Picked
from vmoperator.base.manifest import Manifest


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Configuration that running pods have to take up: a Secret in `Plan.shared`, mounted whole."""

    secret: str
    """Name of the Secret."""
    digest: str
    """Hash of its content."""
    files: Mapping[str, str]
    """Its content: file name -> text."""
    buckets: frozenset[str] = frozenset()
    """Names of further Secrets whose content counts in the hash."""
    port: int
    """Port at which the program is asked to load it."""
    scheme: str
    """http or https."""
    reload_path: str
    """Path of the request, such as /-/reload."""
    program: str
    """Program that reads it, which decides how it shows that it has: vmagent, vmalert..."""
    size_bytes: int = 0
    """Of all files that the program reads, about."""
    markers: frozenset[str] | None = None
    """What tells the jobs or rules that the program shows when it runs all of this, and nothing
    older; None for a program that shows neither."""
    reload_key: tuple[str, str] | None = None
    """Secret and key that hold the authKey of the request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One component: its workload and what it must reach before the next one may roll."""

    name: str
    """Its name in messages: the component's program, `vmstorage`, and the number of a shard."""
    app: str
    """The label app.kubernetes.io/name of its pods."""
    shard: str = ""
    """The label shard-num of its pods, where there are shards."""
    workload: Manifest
    """StatefulSet, Deployment or DaemonSet, complete but for hash and status."""
    services: tuple[str, ...]
    """Names of the Services in `Plan.shared` that must list the workload's ready pods."""
    max_unavailable: int
    """Pods that a rollout by the operator may take away at once, at least 1."""
    looks_up: tuple[str, ...] = ()
    """Names of the stages whose pods it looks up by name when it starts."""
    shards_at_once: str = "100%"
    """How many of the shards may change side by side, as Settings.shards_at_once has it."""
    waits: bool = True
    """Whether a change of it waits for the stages before it; shards roll side by side."""
    first_replicas: int | None = None
    """Set where an autoscaler decides about the replicas, which the manifest leaves out: with so
    many pods it starts."""
    config: Delivery | None = None
    """Files that its pods take up without a restart."""
    fronts: tuple[Manifest, ...] = ()
    """Services of other components that lead to its pods: one that is there already is changed
    only when the stage is complete, for until then those that it leads to serve better."""
    is_paused: bool = False
    """The component's own `paused`: the live workload is left as it is, and still wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """All children of a parent; whatever it does not name is not wanted."""

    shared: tuple[Manifest, ...]
    """ServiceAccount, Services, PodDisruptionBudgets: applied before the workloads."""
    stages: tuple[Stage, ...]
    """Rollout order."""
    scrapes: tuple[Manifest, ...] = ()
    """Objects by which agents scrape the programs: applied last, and done without where they
    cannot be had."""
    status: Mapping[str, Any] = _field(default_factory=dict)
    """Further fields of the parent's status."""
    picked: tuple[Picked, ...] = ()
    """What was selected, and what became of each object."""

    @property
    def manifests(self) -> tuple[Manifest, ...]:
        """Every child, in the order in which a first creation applies them."""
        fronts = (front for stage in self.stages for front in stage.fronts)
        workloads = (stage.workload for stage in self.stages)
        return (*self.shared, *fronts, *workloads, *self.scrapes)
