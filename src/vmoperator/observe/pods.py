"""Pods: which revision each runs, whether it is ready, and if not, why."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.observe.parents import controller, parent_of_labels
from vmoperator.observe.words import last_words

# The kubelet alternates between the two while it retries; users need one word.
_SAME_REASON = {"ErrImagePull": "ImagePullBackOff"}
_HARMLESS = {"ContainerCreating", "PodInitializing"}
_BAD_CONFIG = {"CreateContainerConfigError", "CreateContainerError", "InvalidImageName"}
_MESSAGE_LIMIT = 300
_TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True, slots=True)
class Speaker:
    """A container whose log tells why its pod is not ready."""

    name: str
    restarts: int
    """How often it has been started again."""
    has_ended: bool = False
    """The log to read is the one of its run before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A live pod of a component."""

    ref: Ref
    parent: Ref | None
    owner_uid: str
    """uid of its StatefulSet or ReplicaSet."""
    app: str
    """Component that it belongs to: its app.kubernetes.io/name."""
    uid: str
    resource_version: str
    revision: str
    """controller-revision-hash of a StatefulSet's pod, pod-template-hash of a Deployment's."""
    created: str
    ready: bool
    deleting: bool
    ended: bool
    """It never runs again (phase Failed or Succeeded), as after an eviction by the kubelet."""
    trouble: str
    """Why it is not ready, for people; empty while it merely starts."""
    node: str = ""
    """Name of its node, empty until it has one."""
    shard: str = ""
    """Its label shard-num."""
    held_since: str = ""
    """Since when the kubelet has been making its containers, RFC 3339; empty when it is not."""
    speaker: Speaker | None = None
    """The container that keeps it from being ready, if its log tells more than its status."""
    unready_since: str = ""
    """Since when it is not ready although its containers run, RFC 3339."""
    address: str = ""
    """Its IP address, empty until it has one."""
    config: str = ""
    """Hash of the configuration that it was told to load, see labels.CONFIG_HASH."""
    deadline: str = ""
    """When it should be gone: when its deletion was asked for and its grace period, RFC 3339."""
    grace_seconds: int = 0
    """How long it may take to end, once it is being deleted."""
    finalizers: tuple[str, ...] = ()
    """What its deletion waits for."""

    @property
    def ordinal(self) -> int:
        """Number at the end of a StatefulSet's pod name; 0 where there is none."""
        tail = self.ref.name.rpartition("-")[2]
        return int(tail) if tail.isdigit() else 0


def pod(manifest: Mapping[str, Any]) -> Pod:
    """The facts of a live pod."""
    metadata, status = manifest["metadata"], manifest.get("status") or {}
    own_labels = metadata.get("labels") or {}
    ready = _condition(status, "Ready").get("status") == "True"
    return Pod(
        ref=ref_of(manifest, "Pod"),
        parent=parent_of_labels(metadata),
        owner_uid=str(controller(metadata).get("uid", "")),
        app=own_labels.get(labels.NAME, ""),
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        revision=own_labels.get("controller-revision-hash")
        or own_labels.get("pod-template-hash", ""),
        created=metadata.get("creationTimestamp", ""),
        ready=ready,
        deleting="deletionTimestamp" in metadata,
        ended=status.get("phase") in ("Failed", "Succeeded"),
        trouble="" if ready else _trouble(status),
        node=(manifest.get("spec") or {}).get("nodeName", ""),
        shard=own_labels.get(labels.SHARD, ""),
        held_since=_held_since(status),
        speaker=None if ready else _speaker(status),
        unready_since="" if ready else _unready_since(status),
        address=status.get("podIP", ""),
        config=(metadata.get("annotations") or {}).get(labels.CONFIG_HASH, ""),
        deadline=metadata.get("deletionTimestamp", ""),
        grace_seconds=metadata.get("deletionGracePeriodSeconds") or 0,
        finalizers=tuple(metadata.get("finalizers") or ()),
    )


def lingering(pod: Pod) -> str:
    """Why a pod is a trouble that should be gone and is not, for people.

    Its deletion ends when its kubelet says that its containers have ended, and when nobody holds
    it: a node that is lost, or a finalizer, keeps it for ever.
    """
    # The API server adds the grace period to the time at which it was asked (ObjectMeta).
    asked = datetime.datetime.strptime(pod.deadline, _TIME)
    asked -= datetime.timedelta(seconds=pod.grace_seconds)
    finalizers = f"finalizers {', '.join(pod.finalizers)}" if pod.finalizers else ""
    why = "; ".join(filter(None, (f"node {pod.node}" if pod.node else "", finalizers)))
    where = f" ({why})" if why else ""
    return f"is being deleted since {asked.strftime(_TIME)} and is still there{where}"


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions: Iterable[Mapping[str, Any]] = status.get("conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), {})


def _held_since(status: Mapping[str, Any]) -> str:
    """While a volume or an image is missing the kubelet says no more than ContainerCreating."""
    found = _containers(status)
    reasons = {((it.get("state") or {}).get("waiting") or {}).get("reason") for it in found}
    if "ContainerCreating" not in reasons and status.get("podIP"):
        return ""
    scheduled = _condition(status, "PodScheduled")
    is_bound = scheduled.get("status") == "True" and status.get("phase") == "Pending"
    return str(scheduled.get("lastTransitionTime", "")) if is_bound else ""


def _speaker(status: Mapping[str, Any]) -> Speaker | None:
    """The kubelet tells the last words of a container that was asked to have them told, after it
    has ended with an error: those of another one, or of one that runs, are in its log alone."""
    for container in _containers(status):
        if container.get("ready") or _has_done_its_work(container):
            continue
        ended, state = _ended(container), container.get("state") or {}
        if ended.get("message") or not (ended or "running" in state):
            return None
        is_before = bool(ended) and "terminated" not in state
        return Speaker(container.get("name", ""), container.get("restartCount", 0), is_before)
    return None


def _unready_since(status: Mapping[str, Any]) -> str:
    found = _containers(status)
    runs = [it for it in found if "running" in (it.get("state") or {})]
    waits = any(it not in runs and not _has_done_its_work(it) for it in found)
    since = str(_condition(status, "Ready").get("lastTransitionTime", ""))
    return since if runs and not waits else ""


def _containers(status: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    kinds = ("initContainerStatuses", "containerStatuses")
    return [container for kind in kinds for container in status.get(kind) or ()]


def _has_done_its_work(container: Mapping[str, Any]) -> bool:
    ended = (container.get("state") or {}).get("terminated")
    return ended is not None and ended.get("exitCode") == 0


def _ended(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """How it ended: now, or the last time."""
    state, last = container.get("state") or {}, container.get("lastState") or {}
    found: Mapping[str, Any] = state.get("terminated") or last.get("terminated") or {}
    return found


def _trouble(status: Mapping[str, Any]) -> str:
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        return _cut(f"{scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', '')}")
    inits, mains = (status.get(f"{kind}Statuses") or () for kind in ("initContainer", "container"))
    troubles = (
        *(_container_trouble(container, may_end=True) for container in inits),
        *(_container_trouble(container, may_end=False) for container in mains),
    )
    return next(filter(None, troubles), "")


def _container_trouble(container: Mapping[str, Any], *, may_end: bool) -> str:
    if container.get("ready"):
        return ""
    state, ended = container.get("state") or {}, _ended(container)
    name = container.get("name", "")
    # A container that ended is named by how it ended, which stays the same while the kubelet
    # alternates between running it again and waiting.
    if ended and (ended.get("exitCode") or not may_end):
        how = (
            f"container {name} ends with code {ended.get('exitCode', 0)}"
            f" ({ended.get('reason') or 'Error'})"
        )
        said = last_words(str(ended.get("message") or ""))
        return _cut(f"{how}: {said}" if said else how)
    return _cut(_waiting_trouble(name, container, state.get("waiting") or {}))


def _waiting_trouble(name: str, container: Mapping[str, Any], waiting: Mapping[str, Any]) -> str:
    reason = str(waiting.get("reason", ""))
    if not reason or reason in _HARMLESS:
        return ""
    if reason in _BAD_CONFIG:
        return f"container {name}: {reason}: {waiting.get('message', '')}"
    image = container.get("image", "")
    said = _SAME_REASON.get(reason, reason)
    return f"container {name}: {said}: {image}" if "Image" in said else f"container {name}: {said}"


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - 1]}…"
