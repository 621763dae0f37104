"""Objects that parents select: the part of them that is kept, and what their status says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from vmoperator.base.labels import MANAGED_BY, MANAGER
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BY_KIND, PROMETHEUS_GROUP

_KEPT = ("name", "namespace", "uid", "generation", "labels", "annotations", "ownerReferences")
_KUBECTL_COPY = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the status of an object says of its use; words are empty before the first one."""

    word: str = ""
    reason: str = ""
    parents: tuple[str, ...] = ()
    """Parents that use it, as KIND/NAMESPACE/NAME."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectable:
    """A live object that parents may select.

    Its specification stays JSON until it is made into configuration: thousands of objects as
    parsed maps would take ten times the memory.
    """

    ref: Ref
    uid: str
    labels: Mapping[str, str]
    is_leaving: bool
    """Its deletion was asked for."""
    created: str
    """When it was created, RFC 3339."""
    source: Ref | None
    """The object of monitoring.coreos.com that another operator made it from."""
    body: bytes = field(repr=False)
    """The manifest as JSON, without status and without what nobody reads."""
    told: Told = Told()

    def is_like(self, other: Selectable | None) -> bool:
        """Whether both say the same, whatever is said of them in their status."""
        return (
            other is not None
            and self.body == other.body
            and self.is_leaving == other.is_leaving
            and self.ref == other.ref
        )

    @property
    def is_ours(self) -> bool:
        """Whether the operator made it, for one of its own programs."""
        return self.labels.get(MANAGED_BY) == MANAGER

    @property
    def manifest(self) -> Manifest:
        """The manifest, parsed anew."""
        found: Manifest = orjson.loads(self.body)
        return found


@dataclass(frozen=True, slots=True)
class Namespace:
    """What is kept of a namespace."""

    labels: Mapping[str, str]


def namespace(manifest: Mapping[str, Any]) -> Namespace:
    """The facts of a namespace."""
    return Namespace(manifest["metadata"].get("labels") or {})


def selectable(manifest: Mapping[str, Any]) -> Selectable:
    """The facts of an object that parents may select."""
    metadata = manifest["metadata"]
    ref = ref_of(manifest)
    kept = {key: metadata[key] for key in _KEPT if metadata.get(key)}
    if "annotations" in kept:
        notes = kept["annotations"].items()
        kept["annotations"] = {key: text for key, text in notes if key != _KUBECTL_COPY}
    body = {
        "apiVersion": manifest["apiVersion"],
        "kind": ref.kind,
        "metadata": kept,
        "spec": manifest.get("spec"),
    }
    return Selectable(
        ref=ref,
        uid=metadata.get("uid", ""),
        labels=metadata.get("labels") or {},
        is_leaving="deletionTimestamp" in metadata,
        created=metadata.get("creationTimestamp", ""),
        source=_source(metadata),
        body=orjson.dumps(body),
        told=_told(manifest.get("status") or {}),
    )


def report(one: Selectable, told: Told) -> Manifest:
    """The object with nothing but a status that says it, without observedGeneration."""
    status = {
        "updateStatus": str(told.word),
        "reason": told.reason,
        "parents": list(told.parents),
    }
    return {
        "apiVersion": BY_KIND[one.ref.kind].api_version,
        "kind": one.ref.kind,
        # The uid keeps the status of a deleted object from going to its successor.
        "metadata": {"name": one.ref.name, "namespace": one.ref.namespace, "uid": one.uid},
        "status": {key: value for key, value in status.items() if value},
    }


def _source(metadata: Mapping[str, Any]) -> Ref | None:
    for owner in metadata.get("ownerReferences") or ():
        if str(owner.get("apiVersion", "")).startswith(f"{PROMETHEUS_GROUP}/"):
            return Ref(owner["kind"], metadata.get("namespace", ""), owner["name"])
    return None


def _told(status: Mapping[str, Any]) -> Told:
    return Told(
        word=str(status.get("updateStatus") or ""),
        reason=str(status.get("reason") or ""),
        parents=tuple(map(str, status.get("parents") or ())),
    )
