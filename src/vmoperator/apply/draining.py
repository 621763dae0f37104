"""Draining: vmstorage loses pods step by step, each once nobody asks it any more."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from vmoperator.api.vmcluster import VMCluster
from vmoperator.apply.guarded import Guarded, Live, Rendering
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.observe.database import CLIENTS, Database, database
from vmoperator.observe.draining import Drain, drain_of, emptied_at, seconds_until
from vmoperator.observe.facts import Child
from vmoperator.observe.guards import Shrinking, Way, draining, is_cut, leaving, starting
from vmoperator.render.kept import with_nodes
from vmoperator.render.plan import Plan

APP = "vmstorage"
_WRITERS = ("vminsert",)
# No timer is set for longer: whatever sleeps for months does not wake.
_LONGEST_SECONDS = 3600.0


def workload_of(plan: Plan, app: str) -> Manifest | None:
    """The workload of one component; None if the plan has none."""
    return next((stage.workload for stage in plan.stages if stage.app == app), None)


def nodes_of(workload: Manifest | None) -> str:
    """The nodes of vmstorage that its flags name, as they stand there."""
    found = database(workload) if workload else None
    return found.nodes if found else ""


@dataclass(frozen=True, slots=True)
class Shrinker:
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
        workload = workload_of(self.made.plan, APP)
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
        planned = filter(None, (workload_of(plan, app) for app in apps))
        return all(_runs(self.live.own(self.parent, ref_of(it)), nodes_of(it)) for it in planned)


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


def unmarked(plan: Plan) -> Plan:
    """The plan that empties a mark which it does not need: left out, it would stay where others
    have written it too, and an old one would let pods go at once."""
    workload = workload_of(plan, APP)
    annotations = (workload and workload["metadata"].get("annotations")) or {}
    return plan if labels.DRAINING in annotations else _marked(plan, "")


def _annotated(workload: Manifest, mark: str) -> Manifest:
    metadata = workload["metadata"]
    annotations = {**(metadata.get("annotations") or {}), labels.DRAINING: mark}
    return {**workload, "metadata": {**metadata, "annotations": annotations}}
