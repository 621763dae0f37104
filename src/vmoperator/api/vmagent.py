"""VMAgent: scrapes targets, takes samples in, and writes them to remote storage."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vmoperator.api.component import (
    Budgeted,
    Component,
    HorizontallyScaled,
    Kept,
    Logged,
    Stateless,
    VerticallyScaled,
)
from vmoperator.api.embedded import InsertPorts, License, RollingBehavior
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.parent import Parent, ParentSpec
from vmoperator.api.relabeling import RelabelFields, StreamAggrConfig
from vmoperator.api.reloading import Reloaded
from vmoperator.api.scalars import Count, IntOrString
from vmoperator.api.scrape import ScrapeFields
from vmoperator.api.status import Status
from vmoperator.api.storage import StorageSpec
from vmoperator.api.vmagent_remote_write import RemoteWrite, RemoteWriteSettings


def _not_on_nodes(field: str, why: str) -> Rule:
    return Rule(
        f"!has(self.daemonSetMode) || !self.daemonSetMode || !has(self.{field})",
        f"{field} and daemonSetMode exclude each other: {why}",
        f".{field}",
        reason="FieldValueForbidden",
    )


class DaemonSetRolling(SpecModel):
    """How a DaemonSet replaces its pods."""

    max_unavailable: IntOrString | None = None
    """Number or share of nodes whose pod may be missing during a rollout; 1 when unset."""
    max_surge: IntOrString | None = None
    """Number or share of nodes that may run a new pod beside the old one; none when unset."""


class VMAgentSpec(
    ParentSpec,
    Component,
    Logged,
    Budgeted,
    HorizontallyScaled,
    VerticallyScaled,
    Stateless,
    Kept,
    ScrapeFields,
    RelabelFields,
    Reloaded,
):
    """What the agent is to be."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.daemonSetMode) || !self.daemonSetMode"
            " || !has(self.statefulMode) || !self.statefulMode",
            "daemonSetMode and statefulMode exclude each other",
            ".statefulMode",
            reason="FieldValueForbidden",
        ),
        _not_on_nodes("hpa", "there is one pod on each node"),
        _not_on_nodes("vpa", "there is nothing to scale"),
        _not_on_nodes("podDisruptionBudget", "evictions leave the pods of a DaemonSet alone"),
    )

    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    remote_write: list[RemoteWrite] = Field(min_length=1, max_length=64)
    """Where samples are written to, each of them to every target."""
    remote_write_settings: RemoteWriteSettings | None = None
    """What holds for all targets of remote write."""
    stream_aggr_config: StreamAggrConfig | None = None
    """Aggregation of samples before they are written (-streamAggr.config)."""
    insert_ports: InsertPorts | None = None
    """Extra ports for other protocols of writing."""

    shard_count: Count | None = None
    """Number of agents that share the targets among each other, each with replicaCount pods; 0 or
    unset for one agent that scrapes them all."""
    daemon_set_mode: bool | None = None
    """Whether one agent runs on each node."""
    daemon_set_update_strategy: Literal["RollingUpdate", "OnDelete"] | None = None
    """Who replaces the pods of the DaemonSet: Kubernetes (RollingUpdate, the default), or whoever
    deletes them (OnDelete)."""
    daemon_set_rolling_update_strategy_behavior: DaemonSetRolling | None = None
    """Size of the steps of a DaemonSet's RollingUpdate."""
    stateful_mode: bool | None = None
    """Whether the agent runs as a StatefulSet, which keeps its queues when pods are replaced."""
    stateful_storage: StorageSpec | None = None
    """Where the StatefulSet keeps its queues; an emptyDir when unset."""
    stateful_rolling_update_strategy: Literal["OnDelete", "RollingUpdate"] | None = None
    """Who replaces pods of the StatefulSet in a rollout: the operator, which heeds disruption
    budgets (OnDelete, the default), or Kubernetes (RollingUpdate)."""
    stateful_rolling_update_strategy_behavior: RollingBehavior | None = None
    """How many pods of the StatefulSet the operator replaces at once."""
    license: License | None = None
    """Licence of the enterprise version."""


class VMAgentStatus(Status):
    """State of an agent as the operator last saw it."""

    shards: int | None = None
    """Number of agents that share the targets."""
    replicas: int | None = None
    """Number of pods of each of them."""
    selector: str | None = None
    """Labels of all pods, for the scale subresource."""


class VMAgent(Parent):
    """An agent that scrapes targets, takes samples in, and writes them to remote storage."""

    kind: Literal["VMAgent"]
    spec: VMAgentSpec
    """What the agent is to be."""
    status: VMAgentStatus | None = None
    """What the operator says about it."""
