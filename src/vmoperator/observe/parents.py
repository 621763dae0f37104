"""Parents: whose child a live object is, and what is kept of the parents themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import GROUP, PARENTS, VM_CLUSTER

_MARK = ("kind", "namespace", "name", "uid")
_KUBECTL_COPY = "kubectl.kubernetes.io/last-applied-configuration"

_KINDS = {resource.kind for resource in PARENTS}
_KIND_OF_PART = {
    **{kind.lower(): kind for kind in _KINDS},
    **dict.fromkeys(labels.CLUSTER_PROGRAMS, VM_CLUSTER.kind),
}


def parent_of_labels(metadata: Mapping[str, Any]) -> Ref | None:
    """The parent that pods and EndpointSlices belong to, from the selector labels they carry.

    The name of the program tells the kind (`vmagent`, `vmstorage`); where it does not, what it is
    a part of does, which is the users' own elsewhere.
    """
    own = metadata.get("labels") or {}
    words = (own.get(labels.NAME, ""), own.get(labels.PART_OF, ""))
    kind = next((_KIND_OF_PART[word] for word in words if word in _KIND_OF_PART), None)
    instance = own.get(labels.INSTANCE, "")
    return Ref(kind, metadata.get("namespace", ""), instance) if kind and instance else None


def controller(metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    """The controlling owner reference; an empty map when there is none."""
    owners = metadata.get("ownerReferences") or ()
    return next((owner for owner in owners if owner.get("controller")), {})


def parent_of_owner(metadata: Mapping[str, Any]) -> Ref | None:
    """The parent that controls a child, from its owner reference."""
    return _parent(controller(metadata), metadata)


def sharers(metadata: Mapping[str, Any]) -> tuple[Ref, ...]:
    """The parents that own a child without controlling it, as several of them may."""
    owners = [it for it in metadata.get("ownerReferences") or () if not it.get("controller")]
    return tuple(filter(None, (_parent(owner, metadata) for owner in owners)))


def parent_of_mark(metadata: Mapping[str, Any]) -> tuple[Ref, str] | None:
    """The parent, and its uid, of a child that is marked because it can have no owner reference:
    it lives in no namespace, or in another one.

    The mark is the annotation KIND/NAMESPACE/NAME/UID, see `labels.owner_mark`.
    """
    if controller(metadata):
        return None
    words = str((metadata.get("annotations") or {}).get(labels.OWNER, "")).split("/")
    if len(words) != len(_MARK) or words[0] not in _KINDS or not all(words):
        return None
    kind, namespace, name, uid = words
    return None if namespace == metadata.get("namespace") else (Ref(kind, namespace, name), uid)


def _parent(owner: Mapping[str, Any], metadata: Mapping[str, Any]) -> Ref | None:
    group = str(owner.get("apiVersion", "")).partition("/")[0]
    if group != GROUP or owner.get("kind") not in _KINDS:
        return None
    return Ref(owner["kind"], metadata.get("namespace", ""), owner["name"])


def trimmed(manifest: Mapping[str, Any]) -> Manifest:
    """A parent without what no pass reads: most of managedFields, and the copy kubectl keeps.

    The entries about the status stay: they tell who else has written it.
    """
    metadata = manifest["metadata"]
    owners = metadata.get("managedFields") or ()
    annotations = metadata.get("annotations") or {}
    kept = {
        **metadata,
        "managedFields": [entry for entry in owners if entry.get("subresource") == "status"],
        "annotations": {key: text for key, text in annotations.items() if key != _KUBECTL_COPY},
    }
    return {**manifest, "metadata": kept}
