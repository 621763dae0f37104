"""VMSingle: all of VictoriaMetrics in one program, with one volume."""

from __future__ import annotations

from typing import ClassVar, Literal

from vmoperator.api.component import Component, Logged, VerticallyScaled
from vmoperator.api.embedded import Downsampling, InsertPorts, License, RetentionFilter
from vmoperator.api.model import Rule
from vmoperator.api.parent import Parent, ParentSpec
from vmoperator.api.relabeling import RelabelFields, StreamAggrConfig
from vmoperator.api.reloading import Reloaded
from vmoperator.api.scalars import Retention
from vmoperator.api.scrape import ScrapeFields
from vmoperator.api.storage import ClaimSpec, EmbeddedObjectMetadata
from vmoperator.api.vmbackup import VMBackup

_ONE_POD = Rule(
    "!has(self.replicaCount) || self.replicaCount <= 1",
    "is 1, or 0 to stop the program: a volume serves one pod; for more use a VMCluster",
    ".replicaCount",
)


class VMSingleSpec(
    ParentSpec, Component, Logged, VerticallyScaled, ScrapeFields, RelabelFields, Reloaded
):
    """What the program is to be."""

    cel: ClassVar[tuple[Rule, ...]] = (_ONE_POD,)

    retention_period: Retention | None = None
    """How long samples are kept (-retentionPeriod): a number of months, or with h, d, w or y; one
    month when unset."""
    storage: ClaimSpec | None = None
    """The PersistentVolumeClaim that keeps the data; without it the data goes with the pod."""
    storage_metadata: EmbeddedObjectMetadata | None = None
    """Labels and annotations of the claim."""
    storage_data_path: str | None = None
    """Folder of the data (-storageDataPath), on a volume that you mount there;
    /victoria-metrics-data when unset."""
    remove_pvc_after_delete: bool | None = None
    """Whether the claim, and with it the data, goes when the object is deleted."""
    insert_ports: InsertPorts | None = None
    """Extra ports for other protocols of writing."""
    stream_aggr_config: StreamAggrConfig | None = None
    """Aggregation of series before they are stored."""
    downsampling: Downsampling | None = None
    """Thinning out of old samples; needs a licence."""
    retention_filters: list[RetentionFilter] | None = None
    """Retention of chosen series (-retentionFilter); needs a licence."""
    vm_backup: VMBackup | None = None
    """Backups by a vmbackupmanager beside the program; needs a licence."""
    license: License | None = None
    """Licence of the enterprise version."""


class VMSingle(Parent):
    """VictoriaMetrics as one program: takes samples in, keeps them, answers queries, and scrapes if
    it shall."""

    kind: Literal["VMSingle"]
    spec: VMSingleSpec
    """What the program is to be."""
