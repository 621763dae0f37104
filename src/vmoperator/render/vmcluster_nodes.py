"""Storage nodes of a VMCluster: what vminsert writes to and vmselect reads from (-storageNode)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vmoperator.api.around import Around
from vmoperator.api.embedded import Discovery
from vmoperator.api.pod import PodFields
from vmoperator.api.vmcluster import VMClusterSpec
from vmoperator.base import names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.render import flags
from vmoperator.render.workload import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """vminsert or vmselect, as one that needs storage nodes."""

    field: str
    spec: PodFields
    port: int
    """Port of vmstorage for this client."""
    discovery: Discovery | None
    nodes: int
    """Pods of vmstorage."""
    in_maintenance: Sequence[int]
    maintenance_field: str
    further: tuple[str, ...] = ()
    """extraStorageNodes"""


def pod_addresses(scope: Scope, app: str, *, replicas: int, port: int) -> tuple[str, ...]:
    """`host:port` of every pod of a StatefulSet, by ordinal."""
    service = scope.named(app)
    pods = (f"{service}-{ordinal}" for ordinal in range(replicas))
    return tuple(
        names.pod_address(pod, service=service, namespace=scope.namespace, domain=scope.domain)
        + f":{port}"
        for pod in pods
    )


def node_flags(cluster: VMClusterSpec, scope: Scope, client: Client) -> flags.Flags:
    """-storageNode and, under discovery, how often and what is looked up.

    Raises SpecInvalid for a client that would have no node or one twice.
    """
    discovery = client.discovery or cluster.discovery
    named = flags.given(client.spec.extra_args, field=f"{client.field}.extraArgs")
    if "storageNode" in named:
        _refuse_twice(client, tuple(named["storageNode"].split(",")))
        return {}
    if discovery is not None and discovery.enabled:
        return _discovered(cluster, scope, client, discovery)
    nodes = _pods(scope, client)
    _refuse_twice(client, nodes)
    if not (nodes or client.further) and client.spec.replica_count != 0:
        raise _nothing(cluster, client)
    return {"storageNode": ",".join(nodes) or None}


def _pods(scope: Scope, client: Client) -> tuple[str, ...]:
    every = pod_addresses(scope, "vmstorage", replicas=client.nodes, port=client.port)
    absent = frozenset(client.in_maintenance)
    return tuple(node for ordinal, node in enumerate(every) if ordinal not in absent)


def least_replicas(cluster: VMClusterSpec) -> int:
    """Pods of vmstorage that the spec asks for, 0 without that component."""
    storage = cluster.vmstorage
    if storage is None:
        return 0
    count = 1 if storage.replica_count is None else storage.replica_count
    return max(count, (storage.hpa and storage.hpa.min_replicas) or 0)


def storage_replicas(cluster: VMClusterSpec, scope: Scope, around: Around) -> int:
    """Pods of vmstorage: under an autoscaler as many as the live StatefulSet asks for."""
    wanted, storage = least_replicas(cluster), cluster.vmstorage
    if storage is None or storage.hpa is None:
        return wanted
    live = around.replicas(Ref("StatefulSet", scope.namespace, scope.named("vmstorage")))
    return wanted if live is None else live


def _nothing(cluster: VMClusterSpec, client: Client) -> SpecInvalid:
    component = client.field.rpartition(".")[2]
    if cluster.vmstorage is None:
        way = f"add it, or name nodes in {client.field}.extraArgs.storageNode"
        return SpecInvalid("spec.vmstorage", f"{component} has no storage node without it: {way}")
    if client.nodes == 0:
        message = f"{component} has no storage node left; scale {component} to 0 first"
        return SpecInvalid("spec.vmstorage.replicaCount", message)
    message = f"{component} has no storage node left: every pod is in maintenance"
    return SpecInvalid(client.maintenance_field, message)


def _discovered(
    cluster: VMClusterSpec, scope: Scope, client: Client, discovery: Discovery
) -> flags.Flags:
    field = f"{client.field if client.discovery else 'spec'}.discovery"
    if scope.licence is None:
        raise SpecInvalid(f"{field}.enabled", "discovery needs the enterprise version: set license")
    if cluster.vmstorage is None:
        raise SpecInvalid("spec.vmstorage", "discovery finds the pods of vmstorage: add it")
    if client.in_maintenance:
        message = "pods that are discovered cannot be left out; use discovery.filter"
        raise SpecInvalid(client.maintenance_field, message)
    interval = discovery.interval
    if interval is not None and not re.search("[1-9]", interval):
        raise SpecInvalid(f"{field}.interval", f"{interval!r} must be above zero")
    service = scope.named("vmstorage")
    host = names.service_address(service, namespace=scope.namespace, domain=scope.domain)
    return {
        "storageNode": f"srv+{host}:{client.port}",
        "storageNode.discoveryInterval": interval,
        "storageNode.filter": discovery.filter,
    }


def _refuse_twice(client: Client, nodes: tuple[str, ...]) -> None:
    field = f"{client.field}.extraStorageNodes"
    seen = set(nodes)
    if len(seen) < len(nodes):
        raise SpecInvalid(f"{client.field}.extraArgs", "storageNode names a node twice")
    for place, node in enumerate(client.further):
        if node in seen:
            raise SpecInvalid(f"{field}[{place}].addr", f"{node} is a storage node already")
        seen.add(node)
