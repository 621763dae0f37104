"""Volumes: live claims, how large each is, and what keeps it from serving."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vmoperator.base.manifest import Ref
from vmoperator.base.quantity import quantity
from vmoperator.observe.facts import Child

# Conditions of a claim that need a word; `Resizing` alone is what growing looks like.
# https://kubernetes.io/docs/concepts/storage/persistent-volumes/#expanding-persistent-volumes-claims
_HINDRANCES = ("ControllerResizeError", "NodeResizeError", "FileSystemResizePending")


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """One live claim."""

    ref: Ref
    uid: str
    resource_version: str
    created: str
    """RFC 3339."""
    requested: str
    """Size that it asks for, as a quantity; empty for none."""
    capacity: str
    """Size that it has, as a quantity; empty until it is bound."""
    storage_class: str
    phase: str
    """Pending, Bound or Lost; empty where nobody has said yet."""
    volume: str
    """Name of its PersistentVolume; empty until there is one."""
    deleting: bool
    hindrance: str
    """What keeps it from growing, in the words of whoever should make it grow."""
    manifest: Mapping[str, Any]
    """Its metadata and spec."""


def volume(child: Child) -> Volume:
    """The facts of a live PersistentVolumeClaim."""
    claim = child.claims[0]
    spec, status = claim["spec"], claim.get("status") or {}
    requests = (spec.get("resources") or {}).get("requests") or {}
    return Volume(
        ref=child.ref,
        uid=child.uid,
        resource_version=child.resource_version,
        created=child.created,
        requested=str(requests.get("storage", "")),
        capacity=str((status.get("capacity") or {}).get("storage", "")),
        storage_class=spec.get("storageClassName") or "",
        phase=status.get("phase", ""),
        volume=spec.get("volumeName") or "",
        deleting=child.deleting,
        hindrance=next(_hindrances(status), ""),
        manifest=claim,
    )


def bytes_of(size: str) -> Decimal:
    """The number of bytes that a quantity stands for; 0 for one that is empty or means nothing."""
    try:
        return quantity(size)
    except ValueError:
        return Decimal(0)


def lost(volumes: Iterable[Volume]) -> tuple[str, ...]:
    """What to say of claims whose PersistentVolume is gone."""
    return tuple(
        f"PersistentVolumeClaim {it.ref.name} has lost its PersistentVolume {it.volume}: bring it"
        " back, or delete the claim and its pod, which get a new and empty one"
        for it in volumes
        if it.phase == "Lost"
    )


def leaving(volumes: Iterable[Volume]) -> tuple[str, ...]:
    """What to say of claims that were deleted, but are still used."""
    return tuple(
        f"PersistentVolumeClaim {it.ref.name} was deleted: it goes with its pod, and then its data"
        for it in volumes
        if it.deleting
    )


def _hindrances(status: Mapping[str, Any]) -> Iterator[str]:
    conditions = {
        str(it.get("type")): it
        for it in status.get("conditions") or ()
        if it.get("status") == "True"
    }
    for kind in _HINDRANCES:
        if kind in conditions:
            message = str(conditions[kind].get("message") or "").strip()
            yield f"{kind}: {message}" if message else kind
