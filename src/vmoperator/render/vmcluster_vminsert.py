"""vminsert of a VMCluster: takes samples in and spreads them over the storage nodes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.api.embedded import InsertPorts, RollingUpdate
from vmoperator.api.vmcluster import VMClusterSpec, VMInsert
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.flags import Flags
from vmoperator.render.program import shared_flags
from vmoperator.render.vmcluster_nodes import Client, node_flags
from vmoperator.render.vmcluster_vmselect import native_flags, native_ports
from vmoperator.render.vmcluster_vmstorage import insert_port
from vmoperator.render.workload import Port, Scope, Workload, port_number

APP = "vminsert"
FIELD = f"spec.{APP}"


def vminsert(cluster: VMClusterSpec, insert: VMInsert, scope: Scope) -> Workload:
    """The workload of vminsert."""
    native = native_ports(insert.cluster_native_listen_port, field=FIELD)
    protocols, listeners = _protocols(insert.insert_ports or InsertPorts())
    factor = cluster.replication_factor
    return Workload(
        scope=scope,
        kind="Deployment",
        app=APP,
        field=FIELD,
        spec=insert,
        defaults={
            **shared_flags(APP, insert, scope),
            **_node_flags(cluster, insert, scope),
            **native_flags(native),
            **listeners,
            "replicationFactor": None if factor is None else str(factor),
        },
        ports=(*native, *protocols),
        version=insert.component_version,
        pod_metadata=insert.pod_metadata,
        service=insert.service_spec,
        budget=insert.pod_disruption_budget,
        looks_up=("vmstorage",),
        update=_update(insert),
    )


def _node_flags(cluster: VMClusterSpec, insert: VMInsert, scope: Scope) -> Flags:
    storage = cluster.vmstorage
    client = Client(
        field=FIELD,
        spec=insert,
        port=insert_port(storage),
        discovery=insert.discovery,
        in_maintenance=(storage and storage.maintenance_insert_node_ids) or (),
        maintenance_field="spec.vmstorage.maintenanceInsertNodeIDs",
    )
    return node_flags(cluster, scope, client)


def _protocols(wanted: InsertPorts) -> tuple[tuple[Port, ...], Flags]:
    """Ports of further protocols, most of them over TCP and UDP, and the flags that open them."""
    ports: list[Port] = []
    flags: dict[str, str] = {}
    for name, text, field in (
        ("graphite", wanted.graphite_port, "graphitePort"),
        ("influx", wanted.influx_port, "influxPort"),
        ("opentsdb", wanted.open_tsdb_port, "openTSDBPort"),
    ):
        if text:
            number = port_number(text, field=f"{FIELD}.insertPorts.{field}")
            flags[f"{name}ListenAddr"] = f":{number}"
            ports.append(Port(name=f"{name}-tcp", number=number))
            ports.append(Port(name=f"{name}-udp", number=number, protocol="UDP"))
    if wanted.open_tsdb_http_port:
        field = f"{FIELD}.insertPorts.openTSDBHTTPPort"
        number = port_number(wanted.open_tsdb_http_port, field=field)
        flags["opentsdbHTTPListenAddr"] = f":{number}"
        ports.append(Port(name="opentsdb-http", number=number))
    return tuple(ports), flags


def _update(insert: VMInsert) -> Mapping[str, Any]:
    """Strategy of the Deployment: a new pod first, one at a time, unless the user says."""
    given = insert.rolling_update
    if insert.update_strategy == "Recreate":
        if given is not None:
            message = "only updateStrategy RollingUpdate rolls, Recreate does not"
            raise SpecInvalid(f"{FIELD}.rollingUpdate", message)
        return {"type": "Recreate"}
    steps = given or RollingUpdate()
    surge = 1 if steps.max_surge is None else steps.max_surge
    # Both of them 0 would never roll (the API server refuses it).
    fallback = 1 if surge in (0, "0%") else 0
    missing = fallback if steps.max_unavailable is None else steps.max_unavailable
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {
            "maxSurge": surge,
            "maxUnavailable": missing,
        },
    }
