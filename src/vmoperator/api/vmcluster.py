"""VMCluster: a VictoriaMetrics cluster of vmstorage, vmselect and vminsert."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, ValidationError, ValidatorFunctionWrapHandler, field_validator

from vmoperator.api.component import ScaledComponent, StatefulFields, StatelessFields
from vmoperator.api.embedded import (
    Discovery,
    Downsampling,
    InsertPorts,
    License,
    ManagedMetadata,
    RetentionFilter,
)
from vmoperator.api.model import Metadata, Rule, SpecModel
from vmoperator.api.pod import Named
from vmoperator.api.scalars import Count, Port, Retention
from vmoperator.api.status import Status
from vmoperator.api.vmbackup import VMBackup

NO_BALANCER = "the operator puts no load balancer in front of the cluster yet"
NO_BACKUP = "the operator starts no vmbackupmanager yet"


class ExtraStorageNode(SpecModel):
    """A storage node outside this cluster."""

    addr: str = Field(min_length=1)
    """Address of the node, host:port."""


class VMSelect(StatefulFields):
    """The component that answers queries."""

    cache_mount_path: str | None = None
    """Folder of the cache (-cacheDataPath); /cache when unset."""
    cluster_native_listen_port: Port | None = None
    """Port for a vmselect above this one (-clusternativeListenAddr)."""
    discovery: Discovery | None = None
    """Discovery of storage nodes; wins over that of the cluster."""
    extra_storage_nodes: list[ExtraStorageNode] | None = None
    """Further storage nodes to ask (added to -storageNode)."""


class VMInsert(ScaledComponent, StatelessFields):
    """The component that takes samples in and spreads them over the storage nodes."""

    insert_ports: InsertPorts | None = None
    """Extra ports for other protocols of writing."""
    cluster_native_listen_port: Port | None = None
    """Port for a vminsert above this one (-clusternativeListenAddr)."""
    discovery: Discovery | None = None
    """Discovery of storage nodes; wins over that of the cluster."""


class VMStorage(StatefulFields):
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
    vm_backup: VMBackup | None = Field(default=None, json_schema_extra={"unsupported": NO_BACKUP})
    """Backups by a vmbackupmanager beside each storage."""


class LoadBalancerSpec(StatelessFields):
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
    " || (has(self.vminsert) && has(self.vminsert.extraArgs)"
    " && 'storageNode' in self.vminsert.extraArgs)"
    " || self.replicationFactor"
    " <= (has(self.vmstorage.replicaCount) ? self.vmstorage.replicaCount : 1)",
    "must not be larger than vmstorage.replicaCount (1 if unset)",
    ".replicationFactor",
)


# The API server asks this only when there is an old value, so not at creation.
_SAME_NAMES = Rule(
    "(has(self.useLegacyNaming) && self.useLegacyNaming)"
    " == (has(oldSelf.useLegacyNaming) && oldSelf.useLegacyNaming)",
    "cannot change after creation: the data would stay behind under the old names",
    ".useLegacyNaming",
    reason="FieldValueForbidden",
)


class VMClusterSpec(SpecModel):
    """What the cluster is to be."""

    cel: ClassVar[tuple[Rule, ...]] = (
        _REPLICATION,
        _SAME_NAMES,
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
    requests_load_balancer: LoadBalancer | None = Field(
        default=None, json_schema_extra={"unsupported": NO_BALANCER}
    )
    """A vmauth in front of vminsert and vmselect."""

    cluster_version: str | None = None
    """Tag of the images of all components."""
    cluster_domain_name: str | None = None
    """DNS suffix of the Kubernetes cluster, for the addresses of storage nodes."""
    service_account_name: str | None = None
    """Service account of all pods; by default the operator makes one."""
    image_pull_secrets: Named | None = None
    """Secrets for pulling the images of all components."""
    managed_metadata: ManagedMetadata | None = None
    """Labels and annotations of every object that the operator makes."""
    license: License | None = None
    """Licence of the enterprise version."""
    downsampling: Downsampling | None = None
    """Thinning out of old samples; needs a licence."""
    discovery: Discovery | None = None
    """Discovery of storage nodes by vminsert and vmselect; needs a licence."""
    use_legacy_naming: bool | None = None
    """Whether objects are named NAME-vmstorage instead of vmstorage-NAME; cannot change after
    creation."""
    use_strict_security: bool | None = None
    """Whether all pods run without root, capabilities and a writable root file system."""
    paused: bool | None = None
    """Whether the operator leaves the whole cluster alone."""


class VMCluster(SpecModel):
    """A VictoriaMetrics cluster: vmstorage keeps samples, vmselect answers queries, vminsert takes
    samples in."""

    api_version: Literal["operator.victoriametrics.com/v1beta1"]
    kind: Literal["VMCluster"]
    metadata: Metadata
    spec: VMClusterSpec
    """What the cluster is to be."""
    status: Status | None = None
    """What the operator says about it."""

    @field_validator("status", mode="wrap")
    @classmethod
    def _status_that_we_understand(
        cls, value: Any, handler: ValidatorFunctionWrapHandler
    ) -> Status | None:
        # A status of another operator must not stop ours: it is about to be written anew.
        try:
            known: Status | None = handler(value)
        except ValidationError:
            return None
        return known
