"""Resources of a container: the user's, and defaults for each resource that they do not name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base.errors import SpecInvalid
from vmoperator.base.quantity import quantity
from vmoperator.render.workload import Workload


def resources(workload: Workload) -> dict[str, Any]:
    """Requests and limits; a default counts only where the user sets neither for that resource.

    Raises SpecInvalid for a request above its limit.
    """
    given = workload.spec.resources.manifest() if workload.spec.resources else {}
    limits, requests = given.get("limits", {}), given.get("requests", {})
    _refuse_more_than_limits(requests, limits, field=f"{workload.field}.resources")
    named = {*limits, *requests}
    use_defaults = workload.spec.use_default_resources
    if use_defaults is None:
        use_defaults = workload.scope.settings.use_default_resources
    builtin = workload.builtin
    parts = {
        "limits": {**_others(builtin.limits, named, use_defaults), **limits},
        "requests": {**_others(builtin.requests, named, use_defaults), **requests},
    }
    return {**given, **{key: part for key, part in parts.items() if part}}


def _others(defaults: Mapping[str, str], named: set[str], use_defaults: bool) -> dict[str, str]:
    if not use_defaults:
        return {}
    return {name: amount for name, amount in defaults.items() if name not in named}


def _refuse_more_than_limits(
    requests: Mapping[str, str | int], limits: Mapping[str, str | int], *, field: str
) -> None:
    for name, amount in requests.items():
        if name in limits and quantity(amount) > quantity(limits[name]):
            message = f"{amount} is above the limit, {limits[name]}"
            raise SpecInvalid(f"{field}.requests.{name}", message)
