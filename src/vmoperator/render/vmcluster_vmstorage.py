"""vmstorage of a VMCluster: keeps the samples."""

from __future__ import annotations

from vmoperator.api.around import Around
from vmoperator.api.component import Stateful
from vmoperator.api.vmcluster import VMClusterSpec, VMStorage
from vmoperator.render.autoscaling import upwards
from vmoperator.render.program import shared_flags
from vmoperator.render.strategies import stateful_strategy
from vmoperator.render.vmbackup import backed_up
from vmoperator.render.vmcluster_retention import deduplication_flags, retention_filters
from vmoperator.render.workload import Port, Scope, Storage, Workload, port_number

APP = "vmstorage"
FIELD = f"spec.{APP}"


def insert_port(storage: VMStorage | None) -> int:
    """Port at which vmstorage listens for vminsert (-vminsertAddr)."""
    text = (storage and storage.vm_insert_port) or "8400"
    return port_number(text, field=f"{FIELD}.vmInsertPort")


def select_port(storage: VMStorage | None) -> int:
    """Port at which vmstorage listens for vmselect (-vmselectAddr)."""
    text = (storage and storage.vm_select_port) or "8401"
    return port_number(text, field=f"{FIELD}.vmSelectPort")


def vmstorage(cluster: VMClusterSpec, storage: VMStorage, scope: Scope, around: Around) -> Workload:
    """The workload of vmstorage, with what backs it up."""
    path = absolute(storage.storage_data_path or "vmstorage-data")
    keeper = _keeper(cluster, storage, scope, path)
    return backed_up(keeper, storage.vm_backup, path=path, around=around, is_one_of_many=True)


def _keeper(cluster: VMClusterSpec, storage: VMStorage, scope: Scope, path: str) -> Workload:
    return Workload(
        scope=scope,
        kind="StatefulSet",
        app=APP,
        field=FIELD,
        spec=storage,
        defaults={
            **shared_flags(APP, storage, scope),
            **deduplication_flags(cluster),
            **retention_filters(cluster),
            "retentionPeriod": cluster.retention_period,
            "storageDataPath": path,
            "vminsertAddr": f":{insert_port(storage)}",
            "vmselectAddr": f":{select_port(storage)}",
        },
        ports=(
            Port(name="vminsert", number=insert_port(storage)),
            Port(name="vmselect", number=select_port(storage)),
        ),
        version=storage.component_version,
        pod_metadata=storage.pod_metadata,
        storage=stored(storage, volume="vmstorage-db", mount_path=path),
        service=storage.service_spec,
        scrape=storage.service_scrape_spec,
        budget=storage.pod_disruption_budget,
        hpa=upwards(storage.hpa, field=f"{FIELD}.hpa"),
        vpa=storage.vpa,
        network_policy=storage.network_policy,
        update=stateful_strategy(storage),
        rolling=storage.rolling_update_strategy_behavior,
        is_headless=True,
        # vminsert and vmselect look the pods up by name, also while these open their data; a
        # denial would be remembered for seconds, longer than the data takes.
        publishes_not_ready=True,
        # It may take long to open its data.
        has_liveness=False,
        sleeps_before_stop=False,
    )


def absolute(path: str) -> str:
    """The path from the root.

    A relative one would be mounted there and looked for in the image's working directory.
    """
    return path if path.startswith("/") else f"/{path}"


def stored(component: Stateful, *, volume: str, mount_path: str) -> Storage:
    """Where a component of a StatefulSet keeps its data."""
    return Storage(
        volume=volume,
        mount_path=mount_path,
        spec=component.storage,
        claims=tuple(component.claim_templates or ()),
        retention=component.persistent_volume_claim_retention_policy,
    )
