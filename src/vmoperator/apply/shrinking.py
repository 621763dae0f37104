"""Shrinking: vmstorage loses pods only if that is asked for, and once nobody asks them any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from vmoperator.api.vmcluster import VMCluster, VMStorage
from vmoperator.apply.guarded import Guarded, Live, Rendering
from vmoperator.base import labels, names
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import (
    DEPLOYMENT,
    DISRUPTION_BUDGET,
    HORIZONTAL_AUTOSCALER,
    NETWORK_POLICY,
    SERVICE,
    STATEFUL_SET,
    VERTICAL_AUTOSCALER,
)
from vmoperator.observe.database import CLIENTS, Database, database, named_pods
from vmoperator.observe.draining import Drain, drain_of, emptied_at, seconds_until
from vmoperator.observe.facts import Child
from vmoperator.observe.guards import Shrinking, Way, draining, is_cut, leaving, starting
from vmoperator.render.kept import with_nodes
from vmoperator.render.plan import Plan, Stage

APP = "vmstorage"
_WRITERS = ("vminsert",)
# No timer is set for longer: whatever sleeps for months does not wake.
_LONGEST_SECONDS = 3600.0
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
    if shrinking is not None:
        shrinker = _Shrinker(made, parent, shrinking, render, live)
        made = shrinker.kept(made) if stage.is_paused else shrinker.shrunk(now)
    return replace(made, plan=_unmarked(made.plan)) if now.draining else made


def _count(parent: VMCluster, child: Child, live: Live) -> int:
    """Pods that may keep samples: of those that somebody else has scaled up nobody knows."""
    count, storage = child.replicas or 0, parent.spec.vmstorage or VMStorage()
    if storage.hpa is not None or not child.is_scaled_by_others:
        return count
    found = [live.own(parent, ref) for ref in _clients(parent)]
    lists = [one.database.nodes for one in found if one and one.database]
    resting = storage.maintenance_insert_node_ids or ()
    known = {*resting, *(it for nodes in lists for it in named_pods(nodes, child.ref.name))}
    return min(count, 1 + max(known)) if known else count


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
    nodes = _nodes(_workload(plan, "vminsert"))
    if "srv+" in nodes:
        return "vminsert discovers its nodes, and none of them can be left out"
    if not named_pods(nodes, shrinking.workload).isdisjoint(shrinking.gone):
        return "spec.vminsert.extraArgs.storageNode names it"
    return ""


def _workload(plan: Plan, app: str) -> Manifest | None:
    return next((stage.workload for stage in plan.stages if stage.app == app), None)


def _nodes(workload: Manifest | None) -> str:
    found = database(workload) if workload else None
    return found.nodes if found else ""


@dataclass(frozen=True, slots=True)
class _Shrinker:
    """One cluster whose spec asks for fewer pods of vmstorage than there are."""

    made: Guarded
    parent: VMCluster
    shrinking: Shrinking
    render: Rendering
    live: Live

    def shrunk(self, now: Database) -> Guarded:
        """The cluster with as many pods as the parent's annotations allow at this moment."""
        made, annotations = self.made, self.made.annotations
        way = self.shrinking.way(annotations)
        if way is Way.AT_ONCE:
            return self._at_once()
        if way is Way.EMPTIED:
            return self._drained(now)
        told = replace(made, findings=(*made.findings, self.shrinking.refusal(annotations)))
        going_on = self.shrinking.as_drained(annotations)
        if going_on is None:
            return self.kept(told)
        # A new number that is refused must not undo what months have emptied.
        return replace(self, made=told, shrinking=going_on)._drained(now)

    def kept(self, made: Guarded) -> Guarded:
        """The cluster with all the pods that there are."""
        return self._changed(made, self.shrinking.live)

    def _at_once(self) -> Guarded:
        """First everybody lets go of the pods, so that no request meets one that is gone."""
        allowed = replace(self.made, used=self.made.used | {labels.ALLOW_SCALE_DOWN})
        if self.shrinking.undrainable:
            return allowed
        gone = self.shrinking.gone
        letting = self._changed(allowed, self.shrinking.live, unwritten=gone, unread=gone)
        if self._run_as_planned(letting.plan, CLIENTS):
            return allowed
        remark = leaving(self.shrinking, gone)
        return replace(letting, remarks=(*letting.remarks, remark), unfinished=remark.message)

    def _drained(self, now: Database) -> Guarded:
        """First vminsert lets go; after the retention vmselect; then the pods."""
        gone, drain = self.shrinking.gone, drain_of(now.draining)
        retention = self._retention(now)
        size = self._size(drain, retention)
        emptied = range(size, self.shrinking.live)
        letting = self._changed(self.made, self.shrinking.live, unwritten=gone, unread=emptied)
        if emptied and self._run_as_planned(letting.plan, CLIENTS):
            gone, emptied = range(self.shrinking.wanted, size), range(0)
            if not gone:
                return self.made
            letting = self._changed(self.made, size, unwritten=gone)
        if self._run_as_planned(letting.plan, _WRITERS):
            drain = drain.begun(gone, self.live.now)
        else:
            drain = drain.over(gone)
        told = self._told(letting, drain, emptied, retention)
        return replace(told, plan=_marked(letting.plan, drain.mark)) if drain.mark else told

    def _told(
        self, letting: Guarded, drain: Drain, emptied: Sequence[int], retention: str
    ) -> Guarded:
        is_begun = drain.since.keys() >= set(self.shrinking.gone) - set(emptied)
        if emptied:
            remark = leaving(self.shrinking, emptied)
        elif is_begun:
            remark = draining(self.shrinking, drain, retention)
        else:
            remark = starting(self.shrinking)
        waits = (
            seconds_until(emptied_at(since, retention), self.live.now)
            for since in drain.since.values()
        )
        again = min((float(wait) for wait in waits if wait), default=None)
        return replace(
            letting,
            remarks=(*letting.remarks, remark),
            unfinished="" if is_begun and not emptied else remark.message,
            again_seconds=None if again is None else min(again, _LONGEST_SECONDS),
        )

    def _retention(self, now: Database) -> str:
        """The longer one of what runs and what is to run."""
        workload = _workload(self.made.plan, APP)
        wanted = database(workload) if workload else None
        is_longer = wanted is not None and is_cut(now.retention, wanted.retention)
        return wanted.retention if wanted and is_longer else now.retention

    def _size(self, drain: Drain, retention: str) -> int:
        """Pods that are left when those at the end go that are empty."""
        size = self.shrinking.live
        while size > self.shrinking.wanted:
            since = drain.since.get(size - 1)
            if since is None or seconds_until(emptied_at(since, retention), self.live.now):
                break
            size -= 1
        return size

    def _changed(
        self,
        made: Guarded,
        replicas: int,
        *,
        unwritten: Iterable[int] = (),
        unread: Iterable[int] = (),
    ) -> Guarded:
        nodes = (sorted(unwritten), sorted(unread))
        parent = with_nodes(self.parent, replicas, unwritten=nodes[0], unread=nodes[1])
        left_out = dict(zip(CLIENTS, map(len, nodes), strict=True))
        return replace(made, parent=parent, plan=self.render(parent), left_out=left_out)

    def _run_as_planned(self, plan: Plan, apps: Collection[str]) -> bool:
        """Whether every pod of these programs has the list of nodes that is planned for it."""
        # One that is about to end, maybe on a node that nobody reaches, has an earlier list.
        if self.live.is_ending(self.parent, apps):
            return False
        planned = filter(None, (_workload(plan, app) for app in apps))
        return all(_runs(self.live.own(self.parent, ref_of(it)), _nodes(it)) for it in planned)


def _runs(child: Child | None, nodes: str) -> bool:
    if child is None or child.rollout is None or child.database is None:
        return False
    seen = child.rollout
    counts = {child.replicas, seen.replicas, seen.updated}
    is_whole = len(counts) == 1 and seen.current_revision == seen.update_revision
    return seen.observed and is_whole and child.database.nodes == nodes


def _marked(plan: Plan, mark: str) -> Plan:
    """The plan whose vmstorage says which of its pods are being emptied."""
    stages = tuple(
        replace(stage, workload=_annotated(stage.workload, mark)) if stage.app == APP else stage
        for stage in plan.stages
    )
    return replace(plan, stages=stages)


def _unmarked(plan: Plan) -> Plan:
    """The plan that empties a mark which it does not need: left out, it would stay where others
    have written it too, and an old one would let pods go at once."""
    workload = _workload(plan, APP)
    annotations = (workload and workload["metadata"].get("annotations")) or {}
    return plan if labels.DRAINING in annotations else _marked(plan, "")


def _annotated(workload: Manifest, mark: str) -> Manifest:
    metadata = workload["metadata"]
    annotations = {**(metadata.get("annotations") or {}), labels.DRAINING: mark}
    return {**workload, "metadata": {**metadata, "annotations": annotations}}
