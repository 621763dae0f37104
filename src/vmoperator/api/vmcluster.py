"""VMCluster: a VictoriaMetrics cluster of vmstorage, vmselect and vminsert."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from vmoperator.api.component import (
    Budgeted,
    Component,
    HorizontallyScaled,
    Logged,
    Stateful,
    Stateless,
    VerticallyScaled,
)
from vmoperator.api.embedded import (
    Discovery,
    Downsampling,
    InsertPorts,
    License,
    RetentionFilter,
)
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.parent import Parent, ParentSpec
from vmoperator.api.pod import Named
from vmoperator.api.scalars import Count, Port, Retention
from vmoperator.api.vmbackup import VMBackup


class ClusterComponent(Component, Logged, Budgeted, HorizontallyScaled):
    """Fields that all components of a cluster have."""


class ExtraStorageNode(SpecModel):
    """A storage node outside this cluster."""

    addr: str = Field(min_length=1)
    """Address of the node, host:port."""


class VMSelect(ClusterComponent, VerticallyScaled, Stateful):
    """The component that answers queries."""

    cache_mount_path: str | None = None
    """Folder of the cache (-cacheDataPath); /cache when unset."""
    cluster_native_listen_port: Port | None = None
    """Port for a vmselect above this one (-clusternativeListenAddr)."""
    discovery: Discovery | None = None
    """Discovery of storage nodes; wins over that of the cluster."""
    extra_storage_nodes: list[ExtraStorageNode] | None = None
    """Further storage nodes to ask (added to -storageNode)."""


class VMInsert(ClusterComponent, VerticallyScaled, Stateless):
    """The component that takes samples in and spreads them over the storage nodes."""

    insert_ports: InsertPorts | None = None
    """Extra ports for other protocols of writing."""
    cluster_native_listen_port: Port | None = None
    """Port for a vminsert above this one (-clusternativeListenAddr)."""
    discovery: Discovery | None = None
    """Discovery of storage nodes; wins over that of the cluster."""


class VMStorage(ClusterComponent, VerticallyScaled, Stateful):
    """The component that keeps the samples."""

    storage_data_path: str | None = None
    """Folder of the data (-storageDataPath); vmstorage-data when unset."""
    vm_insert_port: Port | None = None
    """Port for vminsert (-vminsertAddr); 8400 when unset."""
    vm_select_port: Port | None = None
    """Port for vmselect (-vmselectAddr); 8401 when unset."""
    maintenance_insert_node_ids: list[Count] | None = Field(
        default=None, alias="maintenanceInsertNodeIDs"
    )
    """Numbers of pods that vminsert writes nothing to."""
    maintenance_select_node_ids: list[Count] | None = Field(
        default=None, alias="maintenanceSelectNodeIDs"
    )
    """Numbers of pods that vmselect does not ask."""
    retention_filters: list[RetentionFilter] | None = None
    """Retention of chosen series (-retentionFilter); needs a licence."""
    vm_backup: VMBackup | None = None
    """Backups by a vmbackupmanager beside each storage."""


class LoadBalancerSpec(ClusterComponent, Stateless):
    """The vmauth that spreads requests over the pods."""

    license: License | None = None
    """Licence of the enterprise version."""


class LoadBalancer(SpecModel):
    """A vmauth in front of vminsert and vmselect."""

    enabled: bool | None = None
    """Whether there is one."""
    disable_insert_balancing: bool | None = None
    """Whether writes go to vminsert directly."""
    disable_select_balancing: bool | None = None
    """Whether queries go to vmselect directly."""
    spec: LoadBalancerSpec | None = None
    """How it runs."""


def _storage_rule(component: str, *otherwise: str) -> Rule:
    nodes = f"self.{component}.extraArgs"
    ways = (
        f"!has(self.{component})",
        "has(self.vmstorage)",
        f"(has({nodes}) && 'storageNode' in {nodes})",
        *otherwise,
        "(has(self.discovery) && has(self.discovery.enabled) && self.discovery.enabled)",
        f"(has(self.{component}.discovery) && has(self.{component}.discovery.enabled)"
        f" && self.{component}.discovery.enabled)",
    )
    return Rule(
        " || ".join(ways),
        f"there is no storage node: add spec.vmstorage,"
        f" or name nodes in spec.{component}.extraArgs.storageNode",
        f".{component}",
        reason="FieldValueRequired",
    )


_REPLICATION = Rule(
    "!has(self.replicationFactor) || !has(self.vmstorage)"
    " || (has(self.vmstorage.replicaCount) && self.vmstorage.replicaCount == 0)"
    " || (has(self.vmstorage.hpa) && has(self.vmstorage.hpa.minReplicas)"
    " && self.replicationFactor <= self.vmstorage.hpa.minReplicas)"
    " || (has(self.vminsert) && has(self.vminsert.extraArgs)"
    " && 'storageNode' in self.vminsert.extraArgs)"
    " || self.replicationFactor"
    " <= (has(self.vmstorage.replicaCount) ? self.vmstorage.replicaCount : 1)",
    "must not be larger than vmstorage.replicaCount (1 if unset)",
    ".replicationFactor",
)


class VMClusterSpec(ParentSpec):
    """What the cluster is to be."""

    cel: ClassVar[tuple[Rule, ...]] = (
        _REPLICATION,
        _storage_rule("vminsert"),
        _storage_rule(
            "vmselect",
            "(has(self.vmselect.extraStorageNodes) && size(self.vmselect.extraStorageNodes) > 0)",
        ),
    )

    retention_period: Retention | None = None
    """How long samples are kept (-retentionPeriod): a number of months, or with h, d, w or y."""
    replication_factor: Count | None = None
    """Number of storage nodes that get each sample (-replicationFactor)."""
    vmstorage: VMStorage | None = None
    """The component that keeps the samples."""
    vmselect: VMSelect | None = None
    """The component that answers queries."""
    vminsert: VMInsert | None = None
    """The component that takes samples in and spreads them over the storage nodes."""
    requests_load_balancer: LoadBalancer | None = None
    """A vmauth in front of vminsert and vmselect."""

    cluster_version: str | None = None
    """Tag of the images of all components."""
    cluster_domain_name: str | None = None
    """DNS suffix of the Kubernetes cluster, for the addresses of storage nodes."""
    image_pull_secrets: Named | None = None
    """Secrets for pulling the images of all components."""
    license: License | None = None
    """Licence of the enterprise version."""
    downsampling: Downsampling | None = None
    """Thinning out of old samples; needs a licence."""
    discovery: Discovery | None = None
    """Discovery of storage nodes by vminsert and vmselect; needs a licence."""


class VMCluster(Parent):
    """A VictoriaMetrics cluster: vmstorage keeps samples, vmselect answers queries, vminsert takes
    samples in."""

    kind: Literal["VMCluster"]
    spec: VMClusterSpec
    """What the cluster is to be."""
