"""How far each stage has come, and which pods may be replaced next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vmoperator.observe.facts import Child, EndpointSlice, Pod, Rollout

_NOTHING = Rollout(observed=False, replicas=0, updated=0, ready=0, available=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """One stage: what is wanted of it and what is there."""

    name: str
    desired: int
    """Replicas of the rendered workload."""
    updated: int
    """Pods of the current spec that are available and that every Service sends traffic to."""
    serving: int
    """Pods, of any revision, that are ready."""
    held: bool
    """Its change waits for an earlier stage: none of its pods counts as updated."""
    rolling: bool
    """A change of its pods is under way: later stages wait."""
    complete: bool
    silent: tuple[str, ...]
    """Services that do not send traffic to all of its ready pods yet."""
    troubles: tuple[str, ...]
    """`pod NAME: why`, for the pods that are stuck; first why there are no further ones."""
    outdated: int = 0
    """Pods of an earlier spec that stay until people delete them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What is seen of one stage in one pass."""

    name: str
    desired: int
    workload: Child | None
    held: bool
    pods: tuple[Pod, ...]
    slices: Mapping[str, tuple[EndpointSlice, ...]]
    """EndpointSlices of each Service that must list the stage's pods."""
    governing: str = ""
    """The Service that gives a StatefulSet's pods their names (spec.serviceName)."""
    keeps_old_pods: bool = False
    """Nobody but people replaces its pods: a DaemonSet under OnDelete."""
    failure: str = ""
    """Why pods are missing, if the controller says so."""
    lingering: tuple[str, ...] = ()
    """`pod NAME: why`, for the pods that should be gone and are not."""


def progress(sight: Sight) -> Progress:
    """How far the stage is; it is complete only when its pods are what the spec asks for."""
    status = _status(sight.workload)
    updated = _updated_pods(sight, status)
    silent = tuple(
        service
        for service, slices in sorted(sight.slices.items())
        if not {pod.ref.name for pod in updated} <= _serving(slices)
    )
    listed = [
        pod for pod in updated if all(pod.ref.name in _serving(s) for s in sight.slices.values())
    ]
    replaced = sight.desired - _superfluous(sight, status, updated=len(updated))
    count = 0 if sight.held else min(len(listed), _available(status, len(listed)), replaced)
    complete = (
        not sight.held
        and status.observed
        and count >= sight.desired
        and (sight.keeps_old_pods or _agrees(sight, status))
        and sum(not pod.deleting for pod in sight.pods) == sight.desired
    )
    return Progress(
        name=sight.name,
        desired=sight.desired,
        updated=max(0, min(count, sight.desired)),
        serving=sum(pod.ready and not pod.deleting for pod in sight.pods),
        held=sight.held,
        rolling=_is_rolling(sight, status),
        complete=complete,
        silent=silent,
        troubles=_troubles(sight),
        outdated=max(0, sight.desired - status.updated) if sight.keeps_old_pods else 0,
    )


def has_names(sight: Sight) -> bool:
    """Whether the stage's pods can be looked up by name, so that others may be started.

    A program that asks too early gets a denial, which it and the cluster's DNS remember for
    seconds. A pod that is stuck gets no name and is not waited for.
    """
    slices = sight.slices.get(sight.governing, ())
    named = frozenset().union(*(one.addressed for one in slices))
    settled = [
        pod for pod in sight.pods if not pod.deleting and (pod.trouble or pod.ref.name in named)
    ]
    return len(settled) >= sight.desired


def replaceable(sight: Sight, *, max_unavailable: int) -> tuple[Pod, ...]:
    """Pods of an OnDelete StatefulSet that may be replaced now, the stuck ones first.

    None while a pod of the new revision is not ready: a rollout stops at its first failure. A pod
    that is stuck on an older revision is replaced all the same, for it serves nobody.
    """
    status = _status(sight.workload)
    if sight.held or not status.observed or not status.update_revision:
        return ()
    outdated = sorted(_outdated(sight.pods, status), key=lambda pod: pod.ordinal)
    fresh = [pod for pod in sight.pods if pod.revision == status.update_revision]
    if any(not pod.ready or pod.deleting for pod in fresh) or any(pod.deleting for pod in outdated):
        return ()
    stuck = [pod for pod in outdated if not pod.ready]
    if stuck:
        return tuple(stuck[:max_unavailable])
    # minReadySeconds are not over for the last one. Its readiness is seen before the controller
    # has counted it: what the pods say themselves counts as well.
    if status.available < max(status.ready, sum(pod.ready for pod in sight.pods)):
        return ()
    missing = sight.desired - len(sight.pods)
    return tuple(outdated[: max(0, max_unavailable - max(0, missing))])


def hopeless(sight: Sight) -> tuple[Pod, ...]:
    """Pods that fail on an older revision, of a StatefulSet whose controller replaces its pods.

    It waits for them before it replaces any, although the change may be what mends them
    (https://kubernetes.io/docs/concepts/workloads/controllers/statefulset/#forced-rollback).
    """
    status = _status(sight.workload)
    if sight.held or not status.observed or not status.update_revision:
        return ()
    return tuple(
        pod
        for pod in _outdated(sight.pods, status)
        if pod.trouble and not pod.ready and not pod.deleting
    )


def leaving(sight: Sight, before: Iterable[Pod] = ()) -> tuple[tuple[Pod, str], ...]:
    """Pods that go because their spec has changed, each with the revision that follows.

    `before` are those seen last time: one that ends at once is never seen on its way.
    """
    status = _status(sight.workload)
    newest = status.update_revision or _newest_revision(sight.pods)
    if sight.workload is None or not newest:
        return ()
    is_numbered = sight.workload.ref.kind == "StatefulSet"
    staying = {pod.uid for pod in sight.pods if not pod.deleting}
    return tuple(
        (pod, newest)
        for pod in {pod.uid: pod for pod in (*before, *sight.pods)}.values()
        if pod.uid not in staying
        and pod.revision not in ("", newest)
        and not (is_numbered and pod.ordinal >= sight.desired)
    )


def at_once(share: str, number: int) -> int:
    """How many of so many may roll side by side: a number of at least 1, or a share, which is
    rounded up and at least 2, for one after the other is asked for by the number 1."""
    if not share.endswith("%"):
        return max(1, int(share))
    return max(2, -(-number * int(share.removesuffix("%")) // 100))


def is_rolled_out(sight: Sight) -> bool:
    """Whether the StatefulSet's currentRevision may be moved on to its updateRevision.

    Kubernetes does so itself only under RollingUpdate; with OnDelete it stays behind for ever.
    """
    status = _status(sight.workload)
    return (
        _revision_lags(status)
        and status.observed
        and not sight.held
        and len(sight.pods) == sight.desired
        and not _outdated(sight.pods, status)
        and all(pod.ready and not pod.deleting for pod in sight.pods)
        and status.available >= sight.desired
    )


def _troubles(sight: Sight) -> tuple[str, ...]:
    of_pods = (
        f"pod {pod.ref.name}: {pod.trouble}"
        for pod in sorted(sight.pods, key=lambda pod: (pod.ordinal, pod.ref))
        if pod.trouble and not pod.deleting
    )
    told = (*of_pods, *sight.lingering)
    if sight.workload is None or not sight.failure or len(sight.pods) >= sight.desired:
        return told
    ref = sight.workload.ref
    return (f"{ref.kind} {ref.name}: {sight.failure}", *told)


def _agrees(sight: Sight, status: Rollout) -> bool:
    # The pods may be seen later than the Deployment: its own count must agree.
    return bool(status.update_revision) or status.updated >= sight.desired


def _status(workload: Child | None) -> Rollout:
    return (workload.rollout if workload else None) or _NOTHING


def _available(status: Rollout, listed: int) -> int:
    # The controller's counts lag behind the pods; they matter only under minReadySeconds,
    # where a ready pod is not available yet.
    return listed - max(0, status.ready - status.available)


def _updated_pods(sight: Sight, status: Rollout) -> list[Pod]:
    """Ready pods of the newest revision; none before the controller has seen the spec."""
    if not status.observed:
        return []
    if sight.keeps_old_pods:
        return [pod for pod in sight.pods if pod.ready and not pod.deleting]
    revision = status.update_revision or _newest_revision(sight.pods)
    if not status.update_revision and not status.updated:
        return []
    return [
        pod for pod in sight.pods if pod.revision == revision and pod.ready and not pod.deleting
    ]


def _superfluous(sight: Sight, status: Rollout, *, updated: int) -> int:
    """Pods that must go before the stage is done: a surge keeps old ones beside the new."""
    if sight.keeps_old_pods:
        return 0
    newest = status.update_revision or _newest_revision(sight.pods)
    old = sum(pod.revision != newest and not pod.deleting for pod in sight.pods)
    return max(old, updated - sight.desired)


def _newest_revision(pods: Iterable[Pod]) -> str:
    # A Deployment's status does not name its newest ReplicaSet; its youngest pod does.
    youngest = max(pods, key=lambda pod: pod.created, default=None)
    return youngest.revision if youngest else ""


def _outdated(pods: Iterable[Pod], status: Rollout) -> list[Pod]:
    return [pod for pod in pods if pod.revision != status.update_revision]


def _revision_lags(status: Rollout) -> bool:
    return bool(status.update_revision) and status.current_revision != status.update_revision


def _is_rolling(sight: Sight, status: Rollout) -> bool:
    if sight.held:
        return True
    if sight.workload is None:
        return False
    if not status.observed or _revision_lags(status):
        return True
    # A Deployment or DaemonSet, or a StatefulSet that changes its size.
    is_behind = status.updated < sight.desired and not sight.keeps_old_pods
    return is_behind or status.replicas != sight.desired


def _serving(slices: Iterable[EndpointSlice]) -> frozenset[str]:
    return frozenset().union(*(one.serving for one in slices))
