"""What components have beside their pods: logging, services, budgets, scaling, rollouts."""

from __future__ import annotations

from typing import Literal

from vmoperator.api.embedded import (
    DisruptionBudget,
    HorizontalScaling,
    NetworkPolicy,
    RollingBehavior,
    RollingUpdate,
    ServiceSpec,
    VerticalScaling,
)
from vmoperator.api.model import SpecModel
from vmoperator.api.pod import PodFields
from vmoperator.api.scalars import LogFormat, LogLevel, Open
from vmoperator.api.storage import ClaimRetentionPolicy, EmbeddedObjectMetadata, StorageSpec


class Component(PodFields):
    """Fields that every program has beside those of its pods."""

    component_version: str | None = None
    """Tag of the image for this component; wins over clusterVersion."""
    pod_metadata: EmbeddedObjectMetadata | None = None
    """Labels and annotations of the pods."""
    service_spec: ServiceSpec | None = None
    """A Service of your own form."""
    service_scrape_spec: Open | None = None
    """Changes to the VMServiceScrape of the component's own metrics, as its specification has
    them: endpoints by their port, everything else by its name."""
    network_policy: NetworkPolicy | None = None
    """Who may talk to the pods, and to whom they may talk."""


class Logged(SpecModel):
    """Log of a VictoriaMetrics program."""

    log_level: LogLevel | None = None
    """Smallest level that is logged (-loggerLevel)."""
    log_format: LogFormat | None = None
    """Format of the log (-loggerFormat)."""


class Budgeted(SpecModel):
    """Pods that evictions spare."""

    pod_disruption_budget: DisruptionBudget | None = None
    """How many pods evictions may take away."""


class HorizontallyScaled(SpecModel):
    """Scaling by the number of pods."""

    hpa: HorizontalScaling | None = None
    """Scaling by the number of pods."""


class VerticallyScaled(SpecModel):
    """Scaling by the size of pods."""

    vpa: VerticalScaling | None = None
    """Scaling by the size of pods."""


class Kept(SpecModel):
    """Claims of a StatefulSet."""

    claim_templates: list[Open] | None = None
    """Further claims for each pod (volumeClaimTemplates of the StatefulSet)."""
    persistent_volume_claim_retention_policy: ClaimRetentionPolicy | None = None
    """Whether claims go with the StatefulSet or its pods; they stay when unset."""


class Stateful(Kept):
    """A component that runs as a StatefulSet."""

    storage: StorageSpec | None = None
    """Where the pods keep their data; an emptyDir when unset."""
    rolling_update_strategy: Literal["OnDelete", "RollingUpdate"] | None = None
    """Who replaces pods in a rollout: the operator, which heeds disruption budgets (OnDelete, the
    default), or Kubernetes (RollingUpdate)."""
    rolling_update_strategy_behavior: RollingBehavior | None = None
    """How many pods the operator replaces at once."""


class Stateless(SpecModel):
    """A component that runs as a Deployment."""

    update_strategy: Literal["Recreate", "RollingUpdate"] | None = None
    """Whether new pods replace the old ones step by step; RollingUpdate when unset."""
    rolling_update: RollingUpdate | None = None
    """Size of the steps."""
