"""Definitions of foreign kinds: the least that the API server takes, and any object after that."""

from __future__ import annotations

from typing import Any

MONITORING = "monitoring.coreos.com"


def definition(kind: str, version: str = "v1", group: str = MONITORING) -> dict[str, Any]:
    """A CustomResourceDefinition of a namespaced kind whose plural ends in s."""
    singular = kind.lower()
    names = {"kind": kind, "listKind": f"{kind}List", "plural": f"{singular}s"}
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    schema = {"openAPIV3Schema": anything}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": f"{singular}s.{group}",
            "annotations": {"api-approved.kubernetes.io": "unapproved, a stand-in of a test"},
        },
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {**names, "singular": singular},
            "versions": [{"name": version, "served": True, "storage": True, "schema": schema}],
        },
    }
