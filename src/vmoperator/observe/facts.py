"""Facts: the small part of a live object that a pass needs, taken from its manifest at once.

Stores keep these instead of whole objects, so that memory grows with what is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.observe.parents import controller, parent_of_labels, parent_of_owner
from vmoperator.observe.pods import Pod, pod

__all__ = ["Child", "EndpointSlice", "Pod", "Rollout", "child", "endpoint_slice", "pod"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What the controller of a StatefulSet or Deployment reports of its pods."""

    observed: bool
    """The controller has seen the current spec: its counts describe it."""
    replicas: int
    updated: int
    ready: int
    available: int
    current_revision: str = ""
    update_revision: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A live object that the operator writes."""

    ref: Ref
    parent: Ref | None
    owner_uid: str
    """uid of the controlling owner, or empty."""
    instance: str
    """Value of the instance label where managed-by is ours, else empty."""
    uid: str
    resource_version: str
    created: str
    """When it was created, RFC 3339."""
    deleting: bool
    digest: str
    """Hash annotation of the manifest that was last applied."""
    fields: bytes
    """fieldsV1 of our own Apply entry, as JSON; empty when we own nothing."""
    foreign: tuple[bytes, ...]
    """fieldsV1 of everybody else's entries that are not about a subresource."""
    rollout: Rollout | None
    claims: tuple[Manifest, ...]
    """volumeClaimTemplates of a StatefulSet, which cannot be changed in place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointSlice:
    """Which pods a Service sends traffic to."""

    ref: Ref
    parent: Ref | None
    resource_version: str
    service: str
    serving: frozenset[str]
    """Names of the pods that are ready in it (also where not-ready ones are published)."""
    addressed: frozenset[str] = frozenset()
    """Names of the pods that have an address in it, ready or not."""


def child(manifest: Mapping[str, Any]) -> Child:
    """The facts of a live child."""
    metadata = manifest["metadata"]
    ours, foreign = _field_owners(metadata)
    own_labels = metadata.get("labels") or {}
    return Child(
        ref=ref_of(manifest),
        parent=parent_of_owner(metadata),
        owner_uid=str(controller(metadata).get("uid", "")),
        instance=own_labels.get(labels.INSTANCE, "")
        if own_labels.get(labels.MANAGED_BY) == labels.MANAGER
        else "",
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        created=metadata.get("creationTimestamp", ""),
        deleting="deletionTimestamp" in metadata,
        digest=(metadata.get("annotations") or {}).get(labels.HASH, ""),
        fields=ours,
        foreign=foreign,
        rollout=_rollout(manifest),
        claims=tuple((manifest.get("spec") or {}).get("volumeClaimTemplates") or ()),
    )


def endpoint_slice(manifest: Mapping[str, Any]) -> EndpointSlice:
    """The facts of an EndpointSlice; its labels are copies of its Service's."""
    metadata = manifest["metadata"]
    own_labels = metadata.get("labels") or {}
    return EndpointSlice(
        ref=ref_of(manifest, "EndpointSlice"),
        parent=parent_of_labels(metadata),
        resource_version=metadata.get("resourceVersion", ""),
        service=own_labels.get("kubernetes.io/service-name", ""),
        serving=frozenset(
            endpoint["targetRef"]["name"]
            for endpoint in manifest.get("endpoints") or ()
            if endpoint.get("targetRef") and _is_serving(endpoint.get("conditions") or {})
        ),
        addressed=frozenset(
            endpoint["targetRef"]["name"]
            for endpoint in manifest.get("endpoints") or ()
            if endpoint.get("targetRef") and endpoint.get("addresses")
        ),
    )


def _is_serving(conditions: Mapping[str, Any]) -> bool:
    # Unknown readiness counts as ready (discovery.k8s.io/v1); `ready` alone is true for every
    # pod of a Service that publishes not-ready addresses, `serving` is not.
    return (
        conditions.get("ready", True) is not False and conditions.get("serving", True) is not False
    )


def _field_owners(metadata: Mapping[str, Any]) -> tuple[bytes, tuple[bytes, ...]]:
    ours, foreign = b"", []
    for entry in metadata.get("managedFields") or ():
        if entry.get("subresource"):
            continue
        fields = orjson.dumps(entry.get("fieldsV1") or {})
        if entry.get("manager") == labels.MANAGER and entry.get("operation") == "Apply":
            ours = fields
        else:
            foreign.append(fields)
    return ours, tuple(foreign)


def _rollout(manifest: Mapping[str, Any]) -> Rollout | None:
    if manifest.get("kind") not in ("StatefulSet", "Deployment"):
        return None
    status = manifest.get("status") or {}
    generation = manifest["metadata"].get("generation", 0)
    return Rollout(
        observed=status.get("observedGeneration", 0) >= generation,
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        current_revision=status.get("currentRevision", ""),
        update_revision=status.get("updateRevision", ""),
    )
