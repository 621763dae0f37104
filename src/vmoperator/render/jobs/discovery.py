"""Discovery in Kubernetes: the entry of kubernetes_sd_configs that finds the targets of a job."""

from __future__ import annotations

from typing import Any

from vmoperator.api.scrape import AttachMetadata
from vmoperator.api.selected.targets import LabelSelector, NamespaceSelector
from vmoperator.base.manifest import pruned
from vmoperator.render.jobs.matching import api_selector
from vmoperator.render.jobs.terms import Terms

_OF_NODES = frozenset({"pod", "endpoints", "endpointslice"})
"""Roles whose targets may get the labels of their node."""
_OF_NAMESPACES = _OF_NODES | {"service", "ingress"}
_OF_SERVICES = frozenset({"endpoints", "endpointslice"})
"""Roles for which the API server is asked for Services and pods as well."""
NODE = "%{KUBE_NODE_NAME}"
"""The name of the agent's node, from its environment."""


def kubernetes(
    role: str, namespaces: list[str] | None, *, terms: Terms, attach: AttachMetadata | None = None
) -> dict[str, Any]:
    """One entry; it looks into all namespaces where none are listed."""
    found: dict[str, Any] = pruned(
        {
            "role": role,
            "attach_metadata": _attached(role, attach),
            "namespaces": {"names": namespaces} if namespaces else None,
            **terms.api_server,
        }
    )
    return found


def with_selectors(
    entry: dict[str, Any], selector: LabelSelector | None, *, terms: Terms
) -> dict[str, Any]:
    """The entry with what the API server rather than the agent picks."""
    if terms.place.is_on_every_node:
        return {**entry, "selectors": [{"role": "pod", "field": f"spec.nodeName={NODE}"}]}
    label = api_selector(selector) if terms.uses_api_selectors else ""
    if not label:
        return entry
    role = entry["role"]
    roles = (role, "pod", "service") if role in _OF_SERVICES else (role,)
    return {**entry, "selectors": [{"role": it, "label": label} for it in roles]}


def agent_picks(terms: Terms) -> bool:
    """True if the agent compares labels itself, by rules in the job."""
    return terms.place.is_on_every_node or not terms.uses_api_selectors


def namespaces(selector: NamespaceSelector | None, own: str, *, terms: Terms) -> list[str] | None:
    """Namespaces to look into, that of the object where none is named; None for all of them."""
    if terms.is_own_namespace:
        return [own]
    if selector is not None and selector.any:
        return list(terms.place.namespaces) or None
    return list((selector.match_names if selector else None) or [own])


def _attached(role: str, given: AttachMetadata | None) -> dict[str, Any] | None:
    if given is None:
        return None
    found = {
        "node": True if given.node and role in _OF_NODES else None,
        "namespace": True if given.namespace and role in _OF_NAMESPACES else None,
    }
    return pruned(found) or None
