"""Where a component keeps its data: claims, or folders that live as long as the pod."""

from __future__ import annotations

from typing import Literal

from vmoperator.api.model import OpenModel, SpecModel
from vmoperator.api.scalars import Open, Quantities


class EmbeddedObjectMetadata(SpecModel):
    """Name, labels and annotations of an object that the operator makes."""

    name: str | None = None
    """Name of the object; by default the operator's own."""
    labels: dict[str, str] | None = None
    """Labels to add; the operator's own labels win."""
    annotations: dict[str, str] | None = None
    """Annotations to add."""


class ClaimResources(OpenModel):
    # No docstring: it would become a description inside a core type.
    requests: Quantities | None = None
    limits: Quantities | None = None


class ClaimSpec(OpenModel):
    # A core type (PersistentVolumeClaimSpec); only what the operator itself reads is spelled out.
    access_modes: list[str] | None = None
    storage_class_name: str | None = None
    resources: ClaimResources | None = None


class ClaimTemplate(SpecModel):
    """Template of the claim that each pod gets."""

    api_version: str | None = None
    """Taken for the sake of older manifests; has no effect."""
    kind: str | None = None
    """Taken for the sake of older manifests; has no effect."""
    metadata: EmbeddedObjectMetadata | None = None
    """Name of the volume (by default the component's own), and labels and annotations of the
    claims."""
    spec: ClaimSpec | None = None
    """Specification of the claims; accessModes is ReadWriteOnce when unset."""
    status: Open | None = None
    """Taken for the sake of older manifests; has no effect."""


class StorageSpec(SpecModel):
    """Storage of a component; without it the pods keep data as long as they live themselves."""

    empty_dir: Open | None = None
    """An emptyDir volume, which goes with the pod."""
    volume_claim_template: ClaimTemplate | None = None
    """One PersistentVolumeClaim for each pod, which outlives pods and the parent itself."""


class ClaimRetentionPolicy(SpecModel):
    """Whether Kubernetes deletes the claims of a StatefulSet; by default it keeps them."""

    when_deleted: Literal["Retain", "Delete"] | None = None
    """What happens to the claims when the StatefulSet is deleted."""
    when_scaled: Literal["Retain", "Delete"] | None = None
    """What happens to the claims of pods that scaling down takes away."""
