"""vmselect of a VMCluster: answers queries."""

from __future__ import annotations

from vmoperator.api.around import Around
from vmoperator.api.vmcluster import VMClusterSpec, VMSelect
from vmoperator.render.flags import Flags
from vmoperator.render.program import shared_flags
from vmoperator.render.strategies import stateful_strategy
from vmoperator.render.vmcluster_balancer import internal_service
from vmoperator.render.vmcluster_nodes import (
    Client,
    node_flags,
    pod_addresses,
    storage_replicas,
)
from vmoperator.render.vmcluster_retention import deduplication_flags
from vmoperator.render.vmcluster_vmstorage import absolute, select_port, stored
from vmoperator.render.workload import Port, Scope, Workload, port_number

APP = "vmselect"
FIELD = f"spec.{APP}"


def vmselect(cluster: VMClusterSpec, select: VMSelect, scope: Scope, around: Around) -> Workload:
    """The workload of vmselect."""
    pods_service = internal_service(cluster, APP, scope)
    path = absolute(select.cache_mount_path or "/cache")
    native = native_ports(select.cluster_native_listen_port, field=FIELD)
    return Workload(
        scope=scope,
        kind="StatefulSet",
        app=APP,
        field=FIELD,
        spec=select,
        defaults={
            **shared_flags(APP, select, scope),
            **deduplication_flags(cluster),
            **_node_flags(cluster, select, scope, around),
            **native_flags(native),
            "cacheDataPath": path,
            "replicationFactor": _replication(cluster),
            # Without their own Service the pods have no names by which they could find each other.
            "selectNode": None if pods_service else _peers(select, scope),
        },
        appended={"storageNode": _further(select)},
        ports=native,
        version=select.component_version,
        pod_metadata=select.pod_metadata,
        storage=stored(select, volume="vmselect-cachedir", mount_path=path),
        service=select.service_spec,
        scrape=select.service_scrape_spec,
        pods_service=pods_service,
        budget=select.pod_disruption_budget,
        hpa=select.hpa,
        vpa=select.vpa,
        network_policy=select.network_policy,
        update=stateful_strategy(select),
        rolling=select.rolling_update_strategy_behavior,
        looks_up=("vmstorage",),
        is_headless=True,
        publishes_not_ready=not pods_service,
    )


def native_ports(text: str | None, *, field: str) -> tuple[Port, ...]:
    """The port of the cluster's own protocol, if the component offers it to others."""
    if not text:
        return ()
    number = port_number(text, field=f"{field}.clusterNativeListenPort")
    return (Port(name="clusternative", number=number),)


def native_flags(ports: tuple[Port, ...]) -> Flags:
    """-clusternativeListenAddr for that port."""
    return {"clusternativeListenAddr": f":{ports[0].number}" if ports else None}


def _node_flags(cluster: VMClusterSpec, select: VMSelect, scope: Scope, around: Around) -> Flags:
    storage = cluster.vmstorage
    client = Client(
        field=FIELD,
        spec=select,
        port=select_port(storage),
        nodes=storage_replicas(cluster, scope, around),
        discovery=select.discovery,
        in_maintenance=(storage and storage.maintenance_select_node_ids) or (),
        maintenance_field="spec.vmstorage.maintenanceSelectNodeIDs",
        further=_further(select),
    )
    return node_flags(cluster, scope, client)


def _further(select: VMSelect) -> tuple[str, ...]:
    return tuple(node.addr for node in select.extra_storage_nodes or ())


def _replication(cluster: VMClusterSpec) -> str | None:
    factor = cluster.replication_factor or 0
    return str(factor) if factor > 1 else None


def _peers(select: VMSelect, scope: Scope) -> str | None:
    """All vmselect pods, which pass the reset of a cache on to each other (-selectNode).

    None under an autoscaler, which would restart every pod for each one that it adds.
    """
    if select.hpa is not None:
        return None
    port = port_number(select.port or scope.settings.components[APP].port, field=f"{FIELD}.port")
    peers = pod_addresses(scope, APP, replicas=select.replica_count or 0, port=port)
    return ",".join(peers) or None
