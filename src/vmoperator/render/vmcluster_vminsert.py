"""vminsert of a VMCluster: takes samples in and spreads them over the storage nodes."""

from __future__ import annotations

from vmoperator.api.around import Around
from vmoperator.api.vmcluster import VMClusterSpec, VMInsert
from vmoperator.render.flags import Flags
from vmoperator.render.insert_ports import insert_ports
from vmoperator.render.program import shared_flags
from vmoperator.render.strategies import deployment_strategy
from vmoperator.render.vmcluster_balancer import internal_service
from vmoperator.render.vmcluster_nodes import Client, node_flags, storage_replicas
from vmoperator.render.vmcluster_vmselect import native_flags, native_ports
from vmoperator.render.vmcluster_vmstorage import insert_port
from vmoperator.render.workload import Scope, Workload

APP = "vminsert"
FIELD = f"spec.{APP}"


def vminsert(cluster: VMClusterSpec, insert: VMInsert, scope: Scope, around: Around) -> Workload:
    """The workload of vminsert."""
    native = native_ports(insert.cluster_native_listen_port, field=FIELD)
    protocols, listeners = insert_ports(insert.insert_ports, field=f"{FIELD}.insertPorts")
    factor = cluster.replication_factor
    return Workload(
        scope=scope,
        kind="Deployment",
        app=APP,
        field=FIELD,
        spec=insert,
        defaults={
            **shared_flags(APP, insert, scope),
            **_node_flags(cluster, insert, scope, around),
            **native_flags(native),
            **listeners,
            "replicationFactor": None if factor is None else str(factor),
        },
        ports=(*native, *protocols),
        version=insert.component_version,
        pod_metadata=insert.pod_metadata,
        service=insert.service_spec,
        scrape=insert.service_scrape_spec,
        pods_service=internal_service(cluster, APP, scope),
        budget=insert.pod_disruption_budget,
        hpa=insert.hpa,
        vpa=insert.vpa,
        network_policy=insert.network_policy,
        looks_up=("vmstorage",),
        update=deployment_strategy(insert, field=FIELD),
    )


def _node_flags(cluster: VMClusterSpec, insert: VMInsert, scope: Scope, around: Around) -> Flags:
    storage = cluster.vmstorage
    client = Client(
        field=FIELD,
        spec=insert,
        port=insert_port(storage),
        nodes=storage_replicas(cluster, scope, around),
        discovery=insert.discovery,
        in_maintenance=(storage and storage.maintenance_insert_node_ids) or (),
        maintenance_field="spec.vmstorage.maintenanceInsertNodeIDs",
    )
    return node_flags(cluster, scope, client)
