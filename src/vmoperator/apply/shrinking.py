"""Shrinking: vmstorage loses pods only if the spec and an annotation ask for it."""

from __future__ import annotations

from dataclasses import replace

from vmoperator.api.vmcluster import VMCluster, VMStorage
from vmoperator.apply.draining import APP, Shrinker, nodes_of, unmarked, workload_of
from vmoperator.apply.guarded import Guarded, Live, Rendering
from vmoperator.base import labels, names
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import (
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    HORIZONTAL_AUTOSCALER,
    NETWORK_POLICY,
    SERVICE,
    STATEFUL_SET,
    VERTICAL_AUTOSCALER,
)
from vmoperator.observe.database import Database, named_pods
from vmoperator.observe.facts import Child
from vmoperator.observe.guards import Shrinking, may_be_scaled_to
from vmoperator.render.plan import Plan, Stage

_OF_A_COMPONENT = (
    STATEFUL_SET,
    SERVICE,
    DISRUPTION_BUDGET,
    HORIZONTAL_AUTOSCALER,
    VERTICAL_AUTOSCALER,
    NETWORK_POLICY,
)


def sized(made: Guarded, render: Rendering, live: Live) -> Guarded:
    """The cluster with as many pods of vmstorage as it may have just now."""
    parent = made.parent
    if not isinstance(parent, VMCluster):
        return made
    name = names.component(APP, parent.metadata.name, legacy=bool(parent.spec.use_legacy_naming))
    ref = Ref(STATEFUL_SET.kind, parent.metadata.namespace, name)
    child = live.own(parent, ref)
    count = _count(parent, child, live) if child else 0
    if live.child(ref) is None:
        count = live.orphans(parent, APP)
    stage, now = made.stage(APP), (child and child.database) or Database()
    if stage is None:
        return _with_storage(made, ref, count) if count else made
    shrinking = _shrinking(made.plan, parent, stage, count)
    if child and child.is_scaled_by_others and may_be_scaled_to(made.annotations, child.replicas):
        made = replace(made, used=made.used | {labels.ALLOW_SCALE_DOWN})
    if shrinking is not None:
        shrinker = Shrinker(made, parent, shrinking, render, live)
        made = shrinker.kept(made) if stage.is_paused else shrinker.shrunk(now)
    return replace(made, plan=unmarked(made.plan)) if now.draining else made


def _count(parent: VMCluster, child: Child, live: Live) -> int:
    """Pods that may keep samples: of those that somebody else has scaled up nobody knows, and
    those that they have scaled away come back with what their volumes keep."""
    count, storage = child.replicas or 0, parent.spec.vmstorage or VMStorage()
    if storage.hpa is not None or not child.is_scaled_by_others:
        return count
    found = [live.own(parent, ref) for ref in _clients(parent)]
    lists = [one.database.nodes for one in found if one and one.database]
    resting = storage.maintenance_insert_node_ids or ()
    known = {*resting, *(it for nodes in lists for it in named_pods(nodes, child.ref.name))}
    return 1 + max(known) if known else count


def _clients(parent: VMCluster) -> tuple[Ref, ...]:
    namespace, name = parent.metadata.namespace, parent.metadata.name
    legacy = bool(parent.spec.use_legacy_naming)
    return (
        Ref(DEPLOYMENT.kind, namespace, names.component("vminsert", name, legacy=legacy)),
        Ref(STATEFUL_SET.kind, namespace, names.component("vmselect", name, legacy=legacy)),
    )


def _with_storage(made: Guarded, ref: Ref, count: int) -> Guarded:
    """The cluster whose spec names no vmstorage any more, and that has one."""
    shrinking = Shrinking(
        kind=made.parent.kind, workload=ref.name, field="spec.vmstorage", live=count, wanted=0
    )
    refusal = shrinking.removal(made.annotations)
    if refusal is None:
        return replace(made, used=made.used | {labels.ALLOW_SCALE_DOWN})
    objects = (ref.name, names.additional_service(ref.name))
    spared = frozenset(
        Ref(resource.kind, ref.namespace, name) for resource in _OF_A_COMPONENT for name in objects
    )
    return replace(made, findings=(*made.findings, refusal), spared=spared)


def _shrinking(plan: Plan, parent: VMCluster, stage: Stage, count: int) -> Shrinking | None:
    storage = parent.spec.vmstorage or VMStorage()
    field, wanted = "spec.vmstorage.replicaCount", stage.workload["spec"].get("replicas")
    if wanted is None:
        field = "spec.vmstorage.hpa.maxReplicas"
        wanted = (storage.hpa and storage.hpa.max_replicas) or 0
    if wanted >= count:
        return None
    shrinking = Shrinking(
        kind=parent.kind,
        workload=stage.workload["metadata"]["name"],
        field=field,
        live=count,
        wanted=wanted,
        obstacle=_obstacle(parent.spec.replication_factor or 0, storage, wanted),
    )
    return replace(shrinking, undrainable=_undrainable(plan, storage, shrinking))


def _obstacle(factor: int, storage: VMStorage, wanted: int) -> str:
    resting = {it for it in storage.maintenance_insert_node_ids or () if it < wanted}
    left = wanted - len(resting)
    if not resting or left >= factor:
        return ""
    return f"spec.replicationFactor, {factor}, needs as many nodes: {left} would take samples"


def _undrainable(plan: Plan, storage: VMStorage, shrinking: Shrinking) -> str:
    if storage.hpa is not None:
        return "an autoscaler decides how many pods there are; remove spec.vmstorage.hpa"
    if shrinking.wanted == 0:
        return "no pod would be left that takes samples"
    nodes = nodes_of(workload_of(plan, "vminsert"))
    if "srv+" in nodes:
        return "vminsert discovers its nodes, and none of them can be left out"
    if not named_pods(nodes, shrinking.workload).isdisjoint(shrinking.gone):
        return "spec.vminsert.extraArgs.storageNode names it"
    return ""
