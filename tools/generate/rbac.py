"""deploy/rbac.yaml: the operator's ClusterRole, from the table of what it does."""

from __future__ import annotations

from textwrap import indent

from generate.rules import rule_text
from generate.yaml_text import HEADER, yaml_text
from vmoperator.apply.rights import RIGHTS

NAME = "vmoperator"
_RBAC = "rbac.authorization.k8s.io"


def rbac() -> str:
    """ClusterRole with the reason beside each rule, and its binding."""
    role = {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": {"name": NAME}}
    rules = "".join(indent(rule_text(right), "  ") for right in RIGHTS)
    return f"{HEADER}{yaml_text(role)}rules:\n{rules}---\n{yaml_text(_binding())}"


def _binding() -> dict[str, object]:
    return {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": NAME},
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": NAME},
        # The user is the operator outside of the cluster, the service account the one inside.
        "subjects": [
            {"apiGroup": _RBAC, "kind": "User", "name": NAME},
            {"kind": "ServiceAccount", "name": NAME, "namespace": NAME},
        ],
    }
