"""Security contexts: the user's one block, split into the pod's and the container's part."""

from __future__ import annotations

from typing import Any

from vmoperator.render.workload import Workload

_OF_CONTAINERS = frozenset(
    {
        "privileged",
        "capabilities",
        "readOnlyRootFilesystem",
        "allowPrivilegeEscalation",
        "procMount",
    }
)
_NOBODY = 65534


def _strict_pod() -> dict[str, Any]:
    return {
        "runAsNonRoot": True,
        "runAsUser": _NOBODY,
        "runAsGroup": _NOBODY,
        "fsGroup": _NOBODY,
        "fsGroupChangePolicy": "OnRootMismatch",
        "seccompProfile": {"type": "RuntimeDefault"},
    }


def _strict_container() -> dict[str, Any]:
    return {
        "privileged": False,
        "readOnlyRootFilesystem": True,
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
    }


def pod_context(workload: Workload) -> dict[str, Any] | None:
    """securityContext of the pod, None when there is nothing to say."""
    strict = _strict_pod() if is_strict(workload) else {}
    group = {} if workload.fs_group is None else {"fsGroup": workload.fs_group}
    given = workload.spec.security_context or {}
    merged = {**group, **strict, **{k: v for k, v in given.items() if k not in _OF_CONTAINERS}}
    return merged or None


def container_context(workload: Workload) -> dict[str, Any] | None:
    """securityContext of the program's container, None when there is nothing to say."""
    strict = _strict_container() if is_strict(workload) else {}
    given = workload.spec.security_context or {}
    merged = {**strict, **{k: v for k, v in given.items() if k in _OF_CONTAINERS}}
    return merged or None


def is_strict(workload: Workload) -> bool:
    """useStrictSecurity of the component, else of the parent, else of the operator."""
    own = workload.spec.use_strict_security
    return workload.scope.use_strict_security if own is None else own
