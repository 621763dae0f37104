"""Sights: what the stores show of one stage of a plan."""

from __future__ import annotations

from vmoperator.apply.world import World
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.observe.facts import Child, Pod
from vmoperator.observe.rollout import Sight
from vmoperator.render.plan import Stage


def sight(world: World, parent: Ref, stage: Stage, *, held: bool) -> Sight:
    """The stage's workload, pods and endpoints as the informers show them now."""
    workload = world.children.get(ref_of(stage.workload))
    slices = world.slices.by_index(parent).values()
    return Sight(
        name=stage.name,
        desired=stage.workload["spec"].get("replicas", 1),
        workload=workload,
        held=held,
        pods=tuple(
            pod
            for pod in world.pods.by_index(parent).values()
            if pod.app == stage.name and not pod.ended and _belongs(pod, workload)
        ),
        slices={
            service: tuple(one for one in slices if one.service == service)
            for service in stage.services
        },
        governing=stage.workload["spec"].get("serviceName", ""),
    )


def _belongs(pod: Pod, workload: Child | None) -> bool:
    # A Deployment's pods are owned by ReplicaSets, which nobody watches.
    if workload is None or workload.ref.kind != "StatefulSet":
        return True
    return pod.owner_uid == workload.uid
