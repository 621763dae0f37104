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
    "held": labels.HELD_BACK,
}


def origin(metadata: Mapping[str, Any]) -> Origin:
    """What the annotations of a live workload tell."""
    found = metadata.get("annotations") or {}
    return Origin(**{name: str(found.get(key, "")) for name, key in _KEYS.items()})


def inputs(
    parent: Mapping[str, Any], replicas: Mapping[str, int], guards: Sequence[str] = ()
) -> str:
    """Hash of what the users ask for: the spec as it is written, and the annotation `rollout`.

    `replicas` are those of the workloads whose pods the template names, which an autoscaler may
    set. Configuration that pods read only when they start is none of it: another build may write
    the same thing differently. `guards` are what they ask for and do not get yet, see `guards`.
    """
    annotations = parent["metadata"].get("annotations") or {}
    asked = {"spec": parent.get("spec"), "rollout": annotations.get(labels.ROLLOUT)}
    kept = {"guards": list(guards)} if guards else {}
    return digest({**asked, "replicas": dict(replicas), **kept})


def rendered_origin(workload: Mapping[str, Any], *, inputs: str, build: str) -> Origin:
    """The origin of a workload that has just been rendered."""
    return Origin(inputs=inputs, build=build, template=digest(workload["spec"]["template"]))


def with_origin(workload: Manifest, told: Origin) -> Manifest:
    """The workload with the annotations that tell its origin."""
    metadata = workload["metadata"]
    annotations = {**(metadata.get("annotations") or {}), **told.annotations}
    return {**workload, "metadata": {**metadata, "annotations": annotations}}
