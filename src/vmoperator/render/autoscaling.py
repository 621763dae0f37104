"""Autoscalers of a workload: by the number of pods, by their size."""

from __future__ import annotations

from collections.abc import Mapping

from vmoperator.api.embedded import HorizontalScaling, VerticalScaling
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.workload import Workload


def horizontal_autoscaler(workload: Workload, scaling: HorizontalScaling) -> Manifest:
    """The HorizontalPodAutoscaler (autoscaling/v2), named like what it scales."""
    target = _target(workload)
    metadata = workload.scope.metadata(workload.app, target["name"])
    return engine.manifest(
        "horizontalpodautoscaler", metadata=metadata, target=target, scaling=scaling
    )


def vertical_autoscaler(workload: Workload, scaling: VerticalScaling) -> Manifest:
    """The VerticalPodAutoscaler (autoscaling.k8s.io/v1), named like what it scales."""
    target = _target(workload)
    metadata = workload.scope.metadata(workload.app, target["name"])
    return engine.manifest(
        "verticalpodautoscaler", metadata=metadata, target=target, scaling=scaling
    )


def _target(workload: Workload) -> Mapping[str, str]:
    own = {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name}
    return workload.scale_target or own
