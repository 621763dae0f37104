"""Objects as the Go operator leaves them: names, labels, owners, finalizers, sidecars.

Made up here from what that operator (v0.74.1) was seen to write: nothing below is a copy of it.
"""

from __future__ import annotations

import json
from typing import Any

from tests.cluster.conftest import Namespace
from tests.cluster.stack import API_VERSION
from vmoperator.base.labels import FORMER_FINALIZER

Tree = dict[str, Any]

MANAGER = "app"
"""Field manager: the name of its program."""
IMAGES = {
    **{name: f"victoriametrics/{name}:v1.150.0-cluster" for name in ("vmstorage", "vmselect")},
    "vminsert": "victoriametrics/vminsert:v1.150.0-cluster",
    "vmsingle": "victoriametrics/victoria-metrics:v1.150.0",
    "vmagent": "victoriametrics/vmagent:v1.150.0",
    "vmalert": "victoriametrics/vmalert:v1.150.0",
    "alertmanager": "prom/alertmanager:v0.31.1",
}
SMALL = {"limits": {"cpu": "200m", "memory": "100Mi"}, "requests": {"cpu": "5m", "memory": "20Mi"}}
SIZE = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "100Mi"}}}
DATA = "victoria-metrics-data"


class Former:
    """Writes as that operator does, into one namespace."""

    def __init__(self, namespace: Namespace) -> None:
        self.namespace = namespace

    def create(self, manifest: Tree) -> Tree:
        """The object as it was stored, its fields owned as by a program that creates it."""
        text = self.namespace.kubectl(
            *("create", "-f", "-", "-o", "json", f"--field-manager={MANAGER}"),
            stdin=json.dumps(manifest),
        )
        found: Tree = json.loads(text)
        return found

    def parent(self, kind: str, spec: Tree, name: str = "demo") -> Tree:
        """A parent with the finalizer on it, and what it says in its status."""
        metadata = {"name": name, "finalizers": [FORMER_FINALIZER]}
        made = self.create(
            {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}
        )
        status = {"updateStatus": "failed", "reason": "left behind", "observedGeneration": 1}
        patch = json.dumps({"status": status})
        self.namespace.kubectl(
            *("patch", kind, name, "--subresource=status", "--type=merge"),
            *(f"--field-manager={MANAGER}", "-p", patch),
        )
        return made

    def child(self, parent: Tree, kind: str, app: str, **fields: Any) -> Tree:
        """A child of the parent: labelled, owned, under the name of its program unless given."""
        instance = parent["metadata"]["name"]
        name = fields.pop("name", f"{app}-{instance}")
        metadata = {
            "name": name,
            "labels": {**selector(app, instance), **_part_of(parent)},
            "ownerReferences": [owner(parent)],
            **fields.pop("metadata", {}),
        }
        version = _VERSIONS.get(kind, "v1")
        return self.create({"apiVersion": version, "kind": kind, "metadata": metadata, **fields})


_VERSIONS = {
    **dict.fromkeys(("StatefulSet", "Deployment"), "apps/v1"),
    **dict.fromkeys(
        ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding"), "rbac.authorization.k8s.io/v1"
    ),
    "PodDisruptionBudget": "policy/v1",
}


def owner(parent: Tree) -> Tree:
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        "name": parent["metadata"]["name"],
        "uid": parent["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def selector(app: str, instance: str = "demo") -> dict[str, str]:
    """Labels that tell the pods of a program: without what it is a part of."""
    return {
        "app.kubernetes.io/name": app,
        "app.kubernetes.io/instance": instance,
        "app.kubernetes.io/component": "monitoring",
        "managed-by": "vm-operator",
    }


def _part_of(parent: Tree) -> dict[str, str]:
    is_cluster = parent["kind"] == "VMCluster"
    return {"app.kubernetes.io/part-of": "vmcluster"} if is_cluster else {}


def pod(app: str, container: str, arguments: list[str], *, sidecar: bool, **spec: Any) -> Tree:
    """A pod template, if asked for with a program that hands configuration over."""
    mounts = spec.pop("mounts", [])
    program = {
        "name": container,
        "image": IMAGES[container],
        "args": sorted(arguments),
        "resources": SMALL,
        "imagePullPolicy": "IfNotPresent",
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": mounts,
    }
    beside = {
        "name": "config-reloader",
        "image": IMAGES["vmsingle"],
        "args": ["-httpListenAddr=:8435", "-storageDataPath=/tmp/data"],
        "resources": SMALL,
    }
    before = {**beside, "name": "config-init", "args": ["-version"]}
    return {
        "metadata": {"labels": selector(app, spec.pop("instance", "demo"))},
        "spec": {
            **({"initContainers": [before]} if sidecar else {}),
            "containers": [program, *([beside] if sidecar else [])],
            "terminationGracePeriodSeconds": 2,
            **spec,
        },
    }


def stateful_set(app: str, template: Tree, *, claim: str, **spec: Any) -> Tree:
    claims = [{"metadata": {"name": claim}, "spec": SIZE}]
    return {
        "replicas": 1,
        "serviceName": f"{app}-demo",
        "podManagementPolicy": "Parallel",
        "updateStrategy": {"type": "OnDelete"},
        "selector": {"matchLabels": selector(app)},
        "template": template,
        "volumeClaimTemplates": claims,
        **spec,
    }


def deployment(app: str, template: Tree, **spec: Any) -> Tree:
    return {
        "replicas": 1,
        "selector": {"matchLabels": template["metadata"]["labels"]},
        "strategy": {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
        },
        "template": template,
        **spec,
    }


def service(app: str, *ports: int, headless: bool = False) -> Tree:
    named = [{"name": f"p{it}", "port": it, "targetPort": it} for it in ports[1:]]
    return {
        "type": "ClusterIP",
        **({"clusterIP": "None"} if headless else {}),
        "selector": selector(app),
        "ports": [{"name": "http", "port": ports[0], "targetPort": ports[0]}, *named],
    }
