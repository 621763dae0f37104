"""What the operator does with which resource, and why: the source of its ClusterRole."""

from __future__ import annotations

from dataclasses import dataclass

from vmoperator.base.resource import GROUP


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on resources of one API group ("" for core), and what they are needed for."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str


READ = ("get", "list", "watch")
KEEP = (*READ, "create", "patch", "update", "delete")

RIGHTS = (
    Right(GROUP, ("vmclusters",), READ, "see what users ask for; their objects are never written"),
    Right(GROUP, ("vmclusters/status",), ("get", "patch"), "report how far it is"),
    # Needed for owner references that block deletion, where OwnerReferencesPermissionEnforcement
    # is switched on (OpenShift).
    Right(GROUP, ("vmclusters/finalizers",), ("update",), "be the owner of what it makes"),
    Right("apps", ("statefulsets", "deployments"), KEEP, "run the components"),
    Right("apps", ("statefulsets/status",), ("patch",), "record that a rollout has ended"),
    Right("", ("services", "serviceaccounts"), KEEP, "give components addresses and identities"),
    Right("policy", ("poddisruptionbudgets",), KEEP, "bound what evictions may take away"),
    Right("", ("pods",), (*READ, "delete"), "see pods, replace those that cannot become ready"),
    Right("", ("pods/eviction",), ("create",), "replace pods in a rollout under their budgets"),
    Right("discovery.k8s.io", ("endpointslices",), READ, "see whether Services list ready pods"),
    Right(
        "apiextensions.k8s.io",
        ("customresourcedefinitions",),
        READ,
        "see whether the kinds are installed",
    ),
    Right("", ("namespaces",), READ, "see which namespaces there are to watch"),
)
