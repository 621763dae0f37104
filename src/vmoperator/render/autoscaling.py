"""Autoscalers of a workload: by the number of pods, by their size."""

from __future__ import annotations

from collections.abc import Mapping

from vmoperator.api.embedded import HorizontalScaling, VerticalScaling
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.shapes import mapping, objects
from vmoperator.render.workload import Workload

_NEVER = {"selectPolicy": "Disabled"}


def horizontal_autoscaler(workload: Workload, scaling: HorizontalScaling) -> Manifest:
    """The HorizontalPodAutoscaler (autoscaling/v2), named like what it scales.

    Raises SpecInvalid without an upper bound, or with one below the lower.
    """
    field, target = f"{workload.field}.hpa", _target(workload)
    most, least = scaling.max_replicas, scaling.min_replicas
    if not most:
        raise SpecInvalid(f"{field}.maxReplicas", "is required: the largest number of pods")
    if least is not None and least > most:
        raise SpecInvalid(f"{field}.minReplicas", f"{least} is above maxReplicas, {most}")
    return engine.manifest(
        "horizontalpodautoscaler",
        metadata=workload.scope.metadata(workload.app, target["name"]),
        target=target,
        scaling=scaling,
    )


def vertical_autoscaler(workload: Workload, scaling: VerticalScaling) -> Manifest:
    """The VerticalPodAutoscaler (autoscaling.k8s.io/v1), named like what it scales.

    Raises SpecInvalid where it does not say how, or for which containers.
    """
    field, target = f"{workload.field}.vpa", _target(workload)
    policy = mapping(scaling.update_policy, field=f"{field}.updatePolicy")
    if not policy.get("updateMode"):
        message = 'is required: "Off", "Initial", "Recreate" or "InPlaceOrRecreate"'
        raise SpecInvalid(f"{field}.updatePolicy.updateMode", message)
    bounds = mapping(scaling.resource_policy, field=f"{field}.resourcePolicy")
    place = f"{field}.resourcePolicy.containerPolicies"
    if not objects(bounds.get("containerPolicies"), field=place):
        message = f'is required: for instance containerName {workload.container_name}, or "*"'
        raise SpecInvalid(place, message)
    return engine.manifest(
        "verticalpodautoscaler",
        metadata=workload.scope.metadata(workload.app, target["name"]),
        target=target,
        scaling=scaling,
    )


def upwards(scaling: HorizontalScaling | None, *, field: str) -> HorizontalScaling | None:
    """The scaling of pods that keep data: never down, for what those hold would be gone.

    Raises SpecInvalid where the user says how to scale down.
    """
    if scaling is None:
        return None
    behavior = mapping(scaling.behaviour, field=f"{field}.behaviour")
    if behavior.get("scaleDown", _NEVER) != _NEVER:
        message = "an autoscaler must not take pods away that hold data; lower maxReplicas instead"
        raise SpecInvalid(f"{field}.behaviour.scaleDown", message)
    return scaling.model_copy(update={"behaviour": {**behavior, "scaleDown": _NEVER}})


def _target(workload: Workload) -> Mapping[str, str]:
    own = {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name}
    return workload.scale_target or own
