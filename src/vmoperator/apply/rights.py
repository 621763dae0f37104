"""What the operator does with which resource, and why: the source of its ClusterRole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmoperator.base.resource import (
    GROUP,
    PARENTS,
    PROMETHEUS,
    PROMETHEUS_GROUP,
    SELECTED,
    SELF_SCRAPES,
)
from vmoperator.render.rbac import IN_CLUSTER


@dataclass(frozen=True, slots=True)
class Right:
    """Verbs on resources of one API group ("" for core), and what they are needed for."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str
    urls: tuple[str, ...] = ()
    """Paths of the API server instead of resources."""

    @property
    def rule(self) -> dict[str, Any]:
        """The rule of a ClusterRole that grants it."""
        verbs = list(self.verbs)
        if self.urls:
            return {"nonResourceURLs": list(self.urls), "verbs": verbs}
        return {"apiGroups": [self.group], "resources": list(self.resources), "verbs": verbs}


READ = ("get", "list", "watch")
KEEP = (*READ, "create", "patch", "update", "delete")
_PLURALS = tuple(resource.plural for resource in PARENTS)
_SELECTED = tuple(resource.plural for resource in SELECTED)
_RBAC = "rbac.authorization.k8s.io"


def _granted(rules: Sequence[Mapping[str, Any]]) -> Iterator[Right]:
    """The operator's own hold of what it grants, so that it needs neither escalate nor bind."""
    for rule in rules:
        yield Right(
            group=next(iter(rule.get("apiGroups", ())), ""),
            resources=tuple(rule.get("resources", ())),
            verbs=tuple(rule["verbs"]),
            why="be able to grant it to programs that discover targets",
            urls=tuple(rule.get("nonResourceURLs", ())),
        )


RIGHTS = (
    Right(
        GROUP,
        _PLURALS,
        (*READ, "patch"),
        "see what users ask for; take the Go operator's finalizer off, and write nothing else",
    ),
    Right(
        GROUP,
        tuple(f"{plural}/status" for plural in _PLURALS),
        ("get", "patch"),
        "report how far it is",
    ),
    Right(GROUP, _SELECTED, READ, "read the objects that parents select"),
    Right(
        GROUP,
        tuple(resource.plural for resource in SELF_SCRAPES),
        ("create", "patch", "update", "delete"),
        "have agents scrape the components",
    ),
    Right(
        GROUP,
        tuple(f"{plural}/status" for plural in _SELECTED),
        ("get", "patch"),
        "say whether and by whom they are used",
    ),
    Right(
        PROMETHEUS_GROUP,
        tuple(resource.plural for resource in PROMETHEUS),
        READ,
        "read those of the Prometheus operator that parents select; they are never written",
    ),
    # Needed for owner references that block deletion, where OwnerReferencesPermissionEnforcement
    # is switched on (OpenShift).
    Right(
        GROUP,
        tuple(f"{plural}/finalizers" for plural in _PLURALS),
        ("update",),
        "be the owner of what it makes",
    ),
    Right("apps", ("statefulsets", "deployments", "daemonsets"), KEEP, "run the components"),
    Right("apps", ("statefulsets/status",), ("patch",), "record that a rollout has ended"),
    Right("", ("services", "serviceaccounts"), KEEP, "give components addresses and identities"),
    Right(
        "",
        ("secrets",),
        KEEP,
        "write configuration; read what specs name: of all others it sees the metadata alone",
    ),
    Right(
        "",
        ("configmaps",),
        (*READ, "patch", "delete"),
        "read what specs name; take over, and away, those in which the Go operator kept rules",
    ),
    Right(
        "",
        ("persistentvolumeclaims",),
        (*READ, "create", "patch", "update"),
        "keep data; it never deletes a claim",
    ),
    Right("storage.k8s.io", ("storageclasses",), ("get",), "see whether a claim can grow"),
    Right("policy", ("poddisruptionbudgets",), KEEP, "bound what evictions may take away"),
    Right("networking.k8s.io", ("networkpolicies",), KEEP, "bound who talks to the pods"),
    Right("autoscaling", ("horizontalpodautoscalers",), KEEP, "scale by the number of pods"),
    Right("autoscaling.k8s.io", ("verticalpodautoscalers",), KEEP, "scale by the size of pods"),
    Right(
        _RBAC,
        ("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
        KEEP,
        "let programs discover their targets",
    ),
    *_granted(IN_CLUSTER),
    Right(
        "authorization.k8s.io",
        ("subjectaccessreviews",),
        ("create",),
        "tell what a service account of the user's may not discover",
    ),
    Right(
        "",
        ("pods",),
        (*READ, "patch", "delete"),
        "see pods, tell them of new configuration, replace those that cannot become ready",
    ),
    Right("", ("pods/eviction",), ("create",), "replace pods in a rollout under their budgets"),
    Right("", ("pods/log",), ("get",), "tell what a program that fails said last"),
    Right(
        "apps",
        ("controllerrevisions", "replicasets"),
        ("get",),
        "tell what differs between a pod that is replaced and the next one",
    ),
    Right(
        "",
        ("events",),
        ("get", "list", "create", "patch"),
        "tell why a pod hangs, read late and seldom; say what is done and why",
    ),
    Right("discovery.k8s.io", ("endpointslices",), READ, "see whether Services list ready pods"),
    Right(
        "apiextensions.k8s.io",
        ("customresourcedefinitions",),
        READ,
        "see whether the kinds are installed",
    ),
    Right("", ("namespaces",), READ, "select objects by the labels of their namespaces"),
)
