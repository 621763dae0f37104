"""What components have beside their pods: logging, services, budgets, scaling, rollouts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.embedded import (
    DisruptionBudget,
    HorizontalScaling,
    NetworkPolicy,
    RollingBehavior,
    RollingUpdate,
    ServiceSpec,
    VerticalScaling,
)
from vmoperator.api.pod import PodFields
from vmoperator.api.scalars import LogFormat, LogLevel, Open
from vmoperator.api.storage import ClaimRetentionPolicy, EmbeddedObjectMetadata, StorageSpec

NO_SCALING = "the operator makes no autoscalers yet; set replicaCount"
NO_NETWORK_POLICY = "the operator makes no NetworkPolicy yet; apply one of your own"
NO_SCRAPE_OBJECTS = "the operator makes no scrape objects yet; apply one of your own"


class Component(PodFields):
    """Fields that all components of a cluster have."""

    component_version: str | None = None
    """Tag of the image for this component; wins over clusterVersion."""
    pod_metadata: EmbeddedObjectMetadata | None = None
    """Labels and annotations of the pods."""
    log_level: LogLevel | None = None
    """Smallest level that is logged (-loggerLevel)."""
    log_format: LogFormat | None = None
    """Format of the log (-loggerFormat)."""
    service_spec: ServiceSpec | None = None
    """A Service of your own form."""
    pod_disruption_budget: DisruptionBudget | None = None
    """How many pods evictions may take away."""
    service_scrape_spec: Open | None = Field(
        default=None, json_schema_extra={"unsupported": NO_SCRAPE_OBJECTS}
    )
    """Changes to the object that scrapes the component's own metrics."""
    network_policy: NetworkPolicy | None = Field(
        default=None, json_schema_extra={"unsupported": NO_NETWORK_POLICY}
    )
    """Who may talk to the pods, and to whom they may talk."""
    hpa: HorizontalScaling | None = Field(
        default=None, json_schema_extra={"unsupported": NO_SCALING}
    )
    """Scaling by the number of pods."""


class ScaledComponent(Component):
    """A component that may also be scaled by the size of its pods."""

    vpa: VerticalScaling | None = Field(default=None, json_schema_extra={"unsupported": NO_SCALING})
    """Scaling by the size of pods."""


class StatefulFields(ScaledComponent):
    """A component that runs as a StatefulSet."""

    storage: StorageSpec | None = None
    """Where the pods keep their data; an emptyDir when unset."""
    claim_templates: list[Open] | None = None
    """Further claims for each pod (volumeClaimTemplates of the StatefulSet)."""
    persistent_volume_claim_retention_policy: ClaimRetentionPolicy | None = None
    """Whether claims go with the StatefulSet or its pods; they stay when unset."""
    rolling_update_strategy: Literal["OnDelete", "RollingUpdate"] | None = None
    """Who replaces pods in a rollout: the operator, which heeds disruption budgets (OnDelete, the
    default), or Kubernetes (RollingUpdate)."""
    rolling_update_strategy_behavior: RollingBehavior | None = None
    """How many pods the operator replaces at once."""


class StatelessFields(Component):
    """A component that runs as a Deployment."""

    update_strategy: Literal["Recreate", "RollingUpdate"] | None = None
    """Whether new pods replace the old ones step by step; RollingUpdate when unset."""
    rolling_update: RollingUpdate | None = None
    """Size of the steps."""
