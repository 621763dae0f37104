"""What the fake API server serves, and how it says so to clients that ask."""

from __future__ import annotations

from typing import Any

from vmoperator.base.resource import (
    ACCESS_REVIEW,
    BY_KIND,
    CONTROLLER_REVISION,
    REPLICA_SET,
    STORAGE_CLASS,
    WEBHOOKS,
    Resource,
)

NAMESPACE = Resource("", "v1", "Namespace", "namespaces", namespaced=False)
EVENT = Resource("", "v1", "Event", "events")
CRD = Resource(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)

_REVISIONS = (CONTROLLER_REVISION, REPLICA_SET)
_OTHERS = (ACCESS_REVIEW, NAMESPACE, EVENT, CRD, STORAGE_CLASS, WEBHOOKS)
RESOURCES = (*BY_KIND.values(), *_REVISIONS, *_OTHERS)


def discovery(path: str, served: list[Resource]) -> dict[str, Any] | None:
    """The discovery document at that path; None if there is none."""
    if path == "/version":
        return {"major": "1", "minor": "37", "gitVersion": "v1.37.2-fake"}
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        groups = {resource.group: resource.version for resource in served if resource.group}
        return {"kind": "APIGroupList", "groups": [_group(*item) for item in groups.items()]}
    found = [resource for resource in served if resource.path().rsplit("/", 1)[0] == path]
    if not found:
        return None
    return {
        "kind": "APIResourceList",
        "groupVersion": found[0].api_version,
        "resources": [entry for resource in found for entry in _entries(resource)],
    }


def _group(name: str, version: str) -> dict[str, Any]:
    both = {"groupVersion": f"{name}/{version}", "version": version}
    return {"name": name, "versions": [both], "preferredVersion": both}


def _entries(resource: Resource) -> list[dict[str, Any]]:
    common = {
        "singularName": resource.kind.lower(),
        "namespaced": resource.namespaced,
        "kind": resource.kind,
    }
    verbs = ["create", "delete", "get", "list", "patch", "update", "watch"]
    return [
        {"name": resource.plural, "verbs": verbs, **common},
        {"name": f"{resource.plural}/status", "verbs": ["get", "patch", "update"], **common},
    ]
