"""Pods: which revision each runs, whether it is ready, and if not, why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.observe.parents import controller, parent_of_labels

# The kubelet alternates between the two while it retries; users need one word.
_SAME_REASON = {"ErrImagePull": "ImagePullBackOff"}
_HARMLESS = {"ContainerCreating", "PodInitializing"}
_MESSAGE_LIMIT = 300


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
    trouble: str
    """Why it is not ready, for people; empty while it merely starts."""

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
        trouble="" if ready else _trouble(status),
    )


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions: Iterable[Mapping[str, Any]] = status.get("conditions") or ()
    return next((item for item in conditions if item.get("type") == kind), {})


def _trouble(status: Mapping[str, Any]) -> str:
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False":
        return _cut(f"{scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', '')}")
    containers = [
        *(status.get("initContainerStatuses") or ()),
        *(status.get("containerStatuses") or ()),
    ]
    return next(filter(None, map(_container_trouble, containers)), "")


def _container_trouble(container: Mapping[str, Any]) -> str:
    if container.get("ready"):
        return ""
    state = container.get("state") or {}
    ended = state.get("terminated") or (container.get("lastState") or {}).get("terminated") or {}
    name = container.get("name", "")
    # A container that ended badly is named by how it ended, which stays the same while the
    # kubelet alternates between running it again and waiting.
    if ended and ended.get("exitCode"):
        said = str(ended.get("message") or "").strip().rpartition("\n")[2]
        how = (
            f"container {name} ends with code {ended['exitCode']} ({ended.get('reason', 'Error')})"
        )
        return _cut(f"{how}: {said}" if said else how)
    waiting = state.get("waiting") or {}
    reason = str(waiting.get("reason", ""))
    if not reason or reason in _HARMLESS:
        return ""
    return _cut(f"container {name}: {_SAME_REASON.get(reason, reason)}")


def _cut(text: str) -> str:
    return text if len(text) <= _MESSAGE_LIMIT else f"{text[: _MESSAGE_LIMIT - 1]}…"
