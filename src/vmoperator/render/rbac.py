"""Rights of programs that discover targets: roles for their service account, and the bindings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.workload import Scope

_READ = ("get", "list", "watch")
_RBAC = "rbac.authorization.k8s.io"


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str] = _READ) -> dict[str, Any]:
    return {"apiGroups": [group], "resources": list(resources), "verbs": list(verbs)}


IN_NAMESPACE: tuple[Manifest, ...] = (
    _rule("discovery.k8s.io", ("endpointslices",)),
    _rule("", ("services", "endpoints", "pods")),
    _rule("networking.k8s.io", ("ingresses",)),
)
"""What discovery of targets reads in a namespace (VictoriaMetrics: kubernetes_sd_configs)."""

IN_CLUSTER: tuple[Manifest, ...] = (
    *IN_NAMESPACE,
    _rule("", ("nodes", "nodes/metrics", "namespaces")),
    {
        "nonResourceURLs": ["/metrics", "/metrics/resources", "/metrics/slis"],
        "verbs": ["get"],
    },
    _rule("route.openshift.io", ("routers/metrics",), ("get",)),
    _rule("image.openshift.io", ("registry/metrics",), ("get",)),
)
"""What discovery of targets and scrapes of Kubernetes' own programs read in the whole cluster.

The operator itself must hold all of this: nobody may grant more than he has.
"""


def discovery(scope: Scope, app: str) -> list[Manifest]:
    """Roles and bindings by which the pods of a program discover targets.

    One ClusterRole where the operator looks after the whole cluster, else a Role in each of its
    namespaces. No right to read Secrets: those that a program needs are mounted into its pods.
    """
    namespaces = scope.settings.namespaces
    if not namespaces:
        return _cluster_wide(scope, app)
    return [child for namespace in namespaces for child in _within(scope, app, namespace)]


def _cluster_wide(scope: Scope, app: str) -> list[Manifest]:
    metadata = scope.cluster_metadata(app, _name(scope, app))
    return [
        engine.manifest("clusterrole", metadata=metadata, rules=list(IN_CLUSTER)),
        engine.manifest(
            "clusterrolebinding",
            metadata=metadata,
            role=_reference("ClusterRole", metadata["name"]),
            subjects=_subjects(scope),
        ),
    ]


def _within(scope: Scope, app: str, namespace: str) -> list[Manifest]:
    name = _name(scope, app)
    metadata = scope.metadata(app, name)
    if namespace != scope.namespace:
        # An owner reference does not reach into another namespace.
        metadata = {**scope.cluster_metadata(app, name), "namespace": namespace}
    return [
        engine.manifest("role", metadata=metadata, rules=list(IN_NAMESPACE)),
        engine.manifest(
            "rolebinding",
            metadata=metadata,
            role=_reference("Role", metadata["name"]),
            subjects=_subjects(scope),
        ),
    ]


def _name(scope: Scope, app: str) -> str:
    # Names of roles may hold colons; a Service bounds the program's name to 63 characters, so
    # this one stays below Kubernetes' 253.
    return f"monitoring:{scope.namespace}:{scope.named(app)}"


def _reference(kind: str, name: str) -> dict[str, str]:
    return {"apiGroup": _RBAC, "kind": kind, "name": name}


def _subjects(scope: Scope) -> list[dict[str, str]]:
    account = {"name": scope.service_account, "namespace": scope.namespace}
    return [{"kind": "ServiceAccount", **account}]
