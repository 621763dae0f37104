"""Origins: what a workload's pod template was rendered from, as its annotations tell it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a pod template comes from; empty words where nothing is noted down."""

    inputs: str = ""
    """Hash of what the users asked for."""
    build: str = ""
    """The operator that rendered it."""
    template: str = ""
    """Hash of the template as it was rendered."""
    rollout: str = ""
    """Value of the annotation with which users last sent out what was held back."""
    held: str = ""
    """What is held back, see `holding.mark`."""

    @property
    def annotations(self) -> dict[str, str]:
        """The annotations that tell it."""
        told = {key: getattr(self, name) for name, key in _KEYS.items()}
        return {key: text for key, text in told.items() if text}


_KEYS = {
    "inputs": labels.INPUTS_HASH,
    "build": labels.RENDERED_BY,
    "template": labels.TEMPLATE_HASH,
    "rollout": labels.ROLLOUT,
    "held": labels.HELD_BACK,
}


def origin(metadata: Mapping[str, Any]) -> Origin:
    """What the annotations of a live workload tell."""
    found = metadata.get("annotations") or {}
    return Origin(**{name: str(found.get(key, "")) for name, key in _KEYS.items()})


def inputs(parent: Mapping[str, Any], replicas: Mapping[str, int], kept: Sequence[str] = ()) -> str:
    """Hash of what the users ask for: the spec as it is written.

    `replicas` are those of the workloads whose pods the template names, which an autoscaler may
    set. Configuration that pods read only when they start is none of it: another build may write
    the same thing differently. `kept` are fields that guards keep from them.
    """
    more = {"kept": list(kept)} if kept else {}
    return digest({"spec": parent.get("spec"), "replicas": dict(replicas), **more})


def rollout(parent: Mapping[str, Any], before: Origin) -> str:
    """The value with which users ask for a rollout; as before where they have taken it away."""
    given = (parent["metadata"].get("annotations") or {}).get(labels.ROLLOUT)
    return str(given or before.rollout)


def with_origin(workload: Manifest, told: Origin) -> Manifest:
    """The workload with the annotations that tell its origin."""
    metadata = workload["metadata"]
    annotations = {**(metadata.get("annotations") or {}), **told.annotations}
    return {**workload, "metadata": {**metadata, "annotations": annotations}}
