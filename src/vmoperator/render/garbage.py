"""Garbage: how often a Go program collects it, between the CPU that takes and its memory limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from vmoperator.base.quantity import quantity
from vmoperator.render.resources import resources
from vmoperator.render.workload import Workload

# VictoriaMetrics' programs collect at 30 % of growth, for least memory whatever there is of it.
_GROWTH_PERCENT: Final = "300"
_SHARE_OF_LIMIT_PERCENT: Final = 80
_MIB: Final = 2**20
_NAMES: Final = {"GOGC", "GOMEMLIMIT"}


def collected_rarely(workload: Workload) -> Workload:
    """The workload with `GOGC` and `GOMEMLIMIT` (https://pkg.go.dev/runtime): rarely while there
    is room, and as often as it takes near the memory limit.

    As it was where the limit is not known or an autoscaler changes it in the pods, and where the
    user decides about variables or the container.
    """
    mebibytes = _share_mebibytes(resources(workload).get("limits", {}))
    if not mebibytes or workload.vpa or _user_decides(workload):
        return workload
    limits = [
        {"name": "GOGC", "value": _GROWTH_PERCENT},
        {"name": "GOMEMLIMIT", "value": f"{mebibytes}MiB"},
    ]
    return replace(workload, env=(*workload.env, *limits))


def _user_decides(workload: Workload) -> bool:
    spec = workload.spec
    names = {variable.get("name") for variable in spec.extra_envs or ()}
    changed = {container.get("name") for container in spec.containers or ()}
    return bool(names & _NAMES or spec.extra_envs_from or workload.container_name in changed)


def _share_mebibytes(limits: Mapping[str, Any]) -> int:
    if "memory" not in limits:
        return 0
    return int(quantity(limits["memory"]) * _SHARE_OF_LIMIT_PERCENT / 100 / _MIB)
