"""Retention of a VMCluster: deduplication, downsampling and retention filters as flags."""

from __future__ import annotations

from vmoperator.api.vmcluster import VMClusterSpec
from vmoperator.render import retention
from vmoperator.render.flags import Flags


def deduplication_flags(cluster: VMClusterSpec) -> Flags:
    """-dedup.minScrapeInterval and -downsampling.period of vmselect and vmstorage.

    Replication leaves copies of every sample; an interval of 1ms removes just those.
    """
    is_replicated = (cluster.replication_factor or 0) > 1
    default = "1ms" if is_replicated else None
    return retention.deduplication(cluster.downsampling, cluster.license, default=default)


def retention_filters(cluster: VMClusterSpec) -> Flags:
    """-retentionFilter of vmstorage. Raises SpecInvalid without a licence or beyond retention."""
    storage = cluster.vmstorage
    return retention.filters(
        storage.retention_filters if storage else None,
        cluster.license,
        field="spec.vmstorage.retentionFilters",
        whole=cluster.retention_period,
    )
