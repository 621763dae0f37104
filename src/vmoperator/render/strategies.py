"""Strategies: how workloads replace their pods."""

from __future__ import annotations

from typing import Any

from vmoperator.api.component import Stateful, Stateless
from vmoperator.api.embedded import RollingUpdate
from vmoperator.base.errors import SpecInvalid


def stateful_strategy(component: Stateful) -> dict[str, Any]:
    """updateStrategy: OnDelete, so that the operator evicts pod by pod, unless the user says."""
    return {"type": component.rolling_update_strategy or "OnDelete"}


def deployment_strategy(component: Stateless, *, field: str) -> dict[str, Any]:
    """strategy: a new pod first, one at a time, unless the user says.

    Raises SpecInvalid, which names the place below `field`, for steps of a Recreate.
    """
    given = component.rolling_update
    if component.update_strategy == "Recreate":
        if given is not None:
            message = "only updateStrategy RollingUpdate rolls, Recreate does not"
            raise SpecInvalid(f"{field}.rollingUpdate", message)
        return {"type": "Recreate"}
    steps = given or RollingUpdate()
    surge = 1 if steps.max_surge is None else steps.max_surge
    # Both of them 0 would never roll (the API server refuses it).
    fallback = 1 if surge in (0, "0%") else 0
    missing = fallback if steps.max_unavailable is None else steps.max_unavailable
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": surge, "maxUnavailable": missing},
    }
