"""Label and annotation keys, selectors, and owner references: the only place that spells them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base.resource import GROUP

MANAGER = "vm-operator"
"""Field manager of server-side apply and value of the label managed-by."""
STATUS_MANAGER = "vm-operator-status"
"""Field manager of everything below /status of the parents."""

MANAGED_BY = "managed-by"
NAME = "app.kubernetes.io/name"
INSTANCE = "app.kubernetes.io/instance"
COMPONENT = "app.kubernetes.io/component"
PART_OF = "app.kubernetes.io/part-of"

HASH = f"{GROUP}/rendered-hash"
"""Annotation of every child: hash of the manifest as it was sent."""


def selector(app: str, instance: str, *, part_of: str = "") -> dict[str, str]:
    """Selector labels of a component, as the Go operator sets them (they are immutable)."""
    labels = {NAME: app, INSTANCE: instance, COMPONENT: "monitoring", MANAGED_BY: MANAGER}
    return {**labels, PART_OF: part_of} if part_of else labels


def owner_reference(parent: Mapping[str, Any]) -> dict[str, Any]:
    """The controlling owner reference to a live parent, given as its manifest with a uid."""
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        "name": parent["metadata"]["name"],
        "uid": parent["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
