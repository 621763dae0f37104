"""Sights: what the stores show of one stage of a plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.world import World
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import ENDPOINT_SLICE, POD
from vmoperator.observe.facts import Child, Pod
from vmoperator.observe.pods import lingering
from vmoperator.observe.rollout import Sight
from vmoperator.observe.sending import is_autoscaled
from vmoperator.observe.words import without_values
from vmoperator.render.plan import Delivery, Stage

# A program may take so long to get ready, and nothing is wrong: it opens its data, say.
_SLOW_SECONDS = 60.0
# The kubelet may tell so much later than it was asked to that a pod has ended.
_LINGERS_SECONDS = 30.0
# Their status does not tell why they can make no pod.
_SILENT = ("StatefulSet", "DaemonSet")


def sight(world: World, parent: Ref, stage: Stage, *, held: bool) -> Sight:
    """The stage's workload, pods and endpoints as the informers show them now."""
    workload = world.children.get(ref_of(stage.workload))
    slices = world.slices.by_index(parent).values()
    # What is remembered of pods that nobody watches must not decide which of them is replaced.
    is_blind = world.is_blind(POD.kind, parent.namespace)
    known = () if is_blind else world.pods.by_index(parent).values()
    pods = tuple(
        pod
        for pod in known
        if (pod.app, pod.shard) == (stage.app, stage.shard) and _belongs(pod, workload)
    )
    is_deaf = world.is_blind(ENDPOINT_SLICE.kind, parent.namespace)
    return Sight(
        name=stage.name,
        desired=_desired(stage, workload),
        workload=workload,
        held=held,
        pods=tuple(_explained(world, pod, stage.config) for pod in pods if not pod.ended),
        slices={
            service: tuple(one for one in slices if one.service == service)
            for service in (() if is_deaf else stage.services)
        },
        governing=stage.workload["spec"].get("serviceName", ""),
        keeps_old_pods=_keeps_old_pods(stage),
        failure=_failure(world, workload),
        lingering=_lingering(pods),
    )


async def inquire(client: Client, world: World, seen: Sight, *, since: str) -> bool:
    """Ask why pods hang, or why a controller that never says so makes none; whether it was asked.

    `since` (RFC 3339) is when the parent was last complete.
    """
    ask = world.inquiries.ask
    hanging = [pod for pod in seen.pods if pod.held_since and not pod.deleting]
    asked = [await ask(client, pod.ref, pod.uid, since=pod.held_since) for pod in hanging]
    asked += [await _listen(client, world, pod) for pod in seen.pods if not pod.deleting]
    live = seen.workload
    if live and live.ref.kind in _SILENT and not seen.held and len(seen.pods) < seen.desired:
        asked.append(await ask(client, live.ref, live.uid, since=since))
    return any(asked)


async def _listen(client: Client, world: World, pod: Pod) -> bool:
    """Have read what a program says that fails, or that runs for long and does not get ready."""
    if not pod.trouble and seconds_since(pod.unready_since) < _SLOW_SECONDS:
        return False
    if pod.trouble:
        return await world.last_words.ask(client, pod)
    found = await world.inquiries.ask(client, pod.ref, pod.uid, since=pod.unready_since)
    return await world.last_words.ask(client, pod) or found


def _explained(world: World, pod: Pod, config: Delivery | None) -> Pod:
    if pod.ready:
        return pod
    is_asked_about = pod.held_since or pod.unready_since
    trouble = pod.trouble or (world.inquiries.words(pod.uid) if is_asked_about else "")
    line = world.last_words.line(pod.uid) if trouble and pod.speaker else ""
    said = f"{trouble}: {line}" if line else trouble
    subject, colon, words = world.last_words.steady(pod.uid, said).partition(": ")
    if config and pod.speaker or pod.trouble and config:
        words = without_values(words, config.files)
    return replace(pod, trouble=f"{subject}{colon}{words}")


def _lingering(pods: Iterable[Pod]) -> tuple[str, ...]:
    # One that has ended lingers as well: a finalizer holds it, and its name.
    late = [pod for pod in pods if seconds_since(pod.deadline) > _LINGERS_SECONDS]
    late.sort(key=lambda pod: (pod.ordinal, pod.ref))
    return tuple(f"pod {pod.ref.name}: {lingering(pod)}" for pod in late)


def _failure(world: World, workload: Child | None) -> str:
    if workload is None:
        return ""
    told = workload.rollout.failure if workload.rollout else ""
    return told or world.inquiries.words(workload.uid)


def _desired(stage: Stage, workload: Child | None) -> int:
    """Pods that there should be: as rendered, or as an autoscaler or the nodes have it."""
    if stage.workload["kind"] == "DaemonSet":
        return (workload and workload.rollout and workload.rollout.desired) or 0
    if is_autoscaled(stage.workload):
        live = workload.replicas if workload else None
        return (stage.first_replicas or 0) if live is None else live
    return int(stage.workload["spec"].get("replicas", 1))


def _keeps_old_pods(stage: Stage) -> bool:
    # A DaemonSet's status does not name its newest revision: only people can replace its pods.
    strategy = stage.workload["spec"].get("updateStrategy") or {}
    return stage.workload["kind"] == "DaemonSet" and strategy.get("type") == "OnDelete"


def _belongs(pod: Pod, workload: Child | None) -> bool:
    # A Deployment's pods are owned by ReplicaSets, which nobody watches.
    if workload is None or workload.ref.kind == "Deployment":
        return True
    return pod.owner_uid == workload.uid
