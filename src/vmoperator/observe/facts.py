"""Facts: the small part of a live object that a pass needs, taken from its manifest at once.

Stores keep these instead of whole objects, so that memory grows with what is used.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref, digest, pruned, ref_of
from vmoperator.observe.database import Database, database
from vmoperator.observe.origins import Origin, origin
from vmoperator.observe.parents import (
    controller,
    parent_of_labels,
    parent_of_mark,
    parent_of_owner,
    sharers,
)
from vmoperator.observe.pods import Pod, pod

__all__ = ["Child", "EndpointSlice", "Pod", "Rollout", "child", "endpoint_slice", "pod"]

_UNCOUNTED = (
    *("revisionHistoryLimit", "progressDeadlineSeconds", "strategy", "updateStrategy"),
    "persistentVolumeClaimRetentionPolicy",
)
"""Fields of a workload's spec on which neither its pods nor what is counted of them depends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollout:
    """What the controller of a StatefulSet, Deployment or DaemonSet reports of its pods."""

    observed: bool
    """The controller has seen the current spec: its counts describe it."""
    described: int = 0
    """The generation that its counts describe."""
    spec: str = ""
    """Hash of what of the current spec its counts depend on."""
    replicas: int
    updated: int
    ready: int
    available: int
    current_revision: str = ""
    update_revision: str = ""
    desired: int | None = None
    """Pods of a DaemonSet that there should be: one for each node that it may run on."""
    failure: str = ""
    """Why a Deployment can make no further pods, in the API server's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """A live object that the operator writes."""

    ref: Ref
    parent: Ref | None
    """Whose child it is: its controlling owner, else by its mark, else by its labels."""
    owner_uid: str
    """uid of the controlling owner, or of the parent in its mark, or empty."""
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
    """volumeClaimTemplates of a StatefulSet, or a PersistentVolumeClaim itself, with what has
    become of it: what cannot be changed in place."""
    address: str = ""
    """spec.clusterIP of a Service, `None` for a headless one."""
    role: str = ""
    """roleRef.name of a binding."""
    is_marked: bool = False
    """It names its parent in an annotation, and no garbage collector takes it with that parent."""
    is_managed: bool = False
    """Its label managed-by is ours."""
    sharers: tuple[Ref, ...] = ()
    """Parents that own it without controlling it."""
    replicas: int | None = None
    """spec.replicas."""
    scaler: str = ""
    """The field manager that has set spec.replicas, if it was somebody else."""
    is_scaled_by_others: bool = False
    """Somebody else owns spec.replicas: an autoscaler, `kubectl scale`."""
    deleted_at: str = ""
    """When its deletion was asked for, RFC 3339."""
    finalizers: tuple[str, ...] = ()
    """What its deletion waits for."""
    fixed: tuple[tuple[str, str], ...] = ()
    """What of a StatefulSet beside claims and selector cannot be changed in place."""
    origin: Origin = Origin()
    """What a workload's pod template was rendered from."""
    database: Database | None = None
    """What it says about data; None unless it runs a program that keeps, takes or reads samples."""

    @property
    def parents(self) -> frozenset[Ref]:
        """Whom its changes wake."""
        return frozenset((*((self.parent,) if self.parent else ()), *self.sharers))


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
    metadata, spec = manifest["metadata"], manifest.get("spec") or {}
    ours, foreign = _field_owners(metadata)
    own_labels = metadata.get("labels") or {}
    is_managed = own_labels.get(labels.MANAGED_BY) == labels.MANAGER
    marked = parent_of_mark(metadata)
    parent, owner_uid = marked or (_parent(metadata), str(controller(metadata).get("uid", "")))
    scalers = list(_scalers(metadata))
    return Child(
        ref=ref_of(manifest),
        parent=parent,
        owner_uid=owner_uid,
        instance=own_labels.get(labels.INSTANCE, "") if is_managed else "",
        uid=metadata.get("uid", ""),
        resource_version=metadata.get("resourceVersion", ""),
        created=metadata.get("creationTimestamp", ""),
        deleting="deletionTimestamp" in metadata,
        digest=(metadata.get("annotations") or {}).get(labels.HASH, ""),
        fields=ours,
        foreign=foreign,
        rollout=_rollout(manifest),
        claims=_claims(manifest),
        address=spec.get("clusterIP", ""),
        role=(manifest.get("roleRef") or {}).get("name", ""),
        is_marked=marked is not None,
        is_managed=is_managed,
        sharers=sharers(metadata),
        replicas=spec.get("replicas"),
        scaler=next(iter(scalers), ""),
        is_scaled_by_others=bool(scalers),
        deleted_at=metadata.get("deletionTimestamp", ""),
        finalizers=tuple(metadata.get("finalizers") or ()),
        fixed=_fixed(manifest),
        origin=origin(metadata),
        database=database(manifest),
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


def _parent(metadata: Mapping[str, Any]) -> Ref | None:
    if controller(metadata):
        return parent_of_owner(metadata)
    is_managed = (metadata.get("labels") or {}).get(labels.MANAGED_BY) == labels.MANAGER
    return parent_of_labels(metadata) if is_managed else None


def _claims(manifest: Mapping[str, Any]) -> tuple[Manifest, ...]:
    if manifest.get("kind") == "PersistentVolumeClaim":
        return (_claim(manifest),)
    return tuple((manifest.get("spec") or {}).get("volumeClaimTemplates") or ())


def _claim(manifest: Mapping[str, Any]) -> Manifest:
    kept = {key: manifest["metadata"].get(key) for key in ("name", "labels", "annotations")}
    status = manifest.get("status") or {}
    told = {key: status.get(key) for key in ("phase", "capacity", "conditions")}
    return {"metadata": pruned(kept), "spec": manifest["spec"], "status": pruned(told)}


def _fixed(manifest: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    if manifest.get("kind") != "StatefulSet":
        return ()
    spec = manifest.get("spec") or {}
    return tuple((key, str(spec.get(key) or "")) for key in ("serviceName", "podManagementPolicy"))


def _scalers(metadata: Mapping[str, Any]) -> Iterator[str]:
    """An autoscaler writes the subresource `scale`, which sets spec.replicas as well.

    What we undo is written by an update of our own.
    """
    for entry in metadata.get("managedFields") or ():
        spec = (entry.get("fieldsV1") or {}).get("f:spec") or {}
        if "f:replicas" in spec and entry.get("manager") != labels.MANAGER:
            yield str(entry.get("manager", ""))


def _is_our_apply(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == labels.MANAGER and entry.get("operation") == "Apply"


def _field_owners(metadata: Mapping[str, Any]) -> tuple[bytes, tuple[bytes, ...]]:
    ours, foreign = b"", []
    for entry in metadata.get("managedFields") or ():
        if entry.get("subresource"):
            continue
        fields = orjson.dumps(entry.get("fieldsV1") or {})
        if _is_our_apply(entry):
            ours = fields
        else:
            foreign.append(fields)
    return ours, tuple(foreign)


def _rollout(manifest: Mapping[str, Any]) -> Rollout | None:
    kind, status = manifest.get("kind"), manifest.get("status") or {}
    if kind not in ("StatefulSet", "Deployment", "DaemonSet"):
        return None
    described = status.get("observedGeneration", 0)
    observed = described >= manifest["metadata"].get("generation", 0)
    spec = _counted(manifest.get("spec") or {})
    if kind == "DaemonSet":
        return Rollout(
            observed=observed,
            described=described,
            spec=spec,
            replicas=status.get("currentNumberScheduled", 0),
            updated=status.get("updatedNumberScheduled", 0),
            ready=status.get("numberReady", 0),
            available=status.get("numberAvailable", 0),
            desired=status.get("desiredNumberScheduled", 0),
        )
    return Rollout(
        observed=observed,
        described=described,
        spec=spec,
        replicas=status.get("replicas", 0),
        updated=status.get("updatedReplicas", 0),
        ready=status.get("readyReplicas", 0),
        available=status.get("availableReplicas", 0),
        current_revision=status.get("currentRevision", ""),
        update_revision=status.get("updateRevision", ""),
        failure=_failure(status),
    )


def _counted(spec: Mapping[str, Any]) -> str:
    return digest({key: value for key, value in spec.items() if key not in _UNCOUNTED})


def _failure(status: Mapping[str, Any]) -> str:
    words = (
        str(it.get("message", ""))
        for it in status.get("conditions") or ()
        if it.get("type") == "ReplicaFailure" and it.get("status") == "True"
    )
    return next(words, "")
