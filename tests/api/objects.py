"""Manifests that the tests write."""

from __future__ import annotations

from typing import Any

from vmoperator.base.labels import MANAGED_BY, MANAGER


def service(name: str = "vminsert-demo", *, port: int = 8480, ours: bool = True) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {MANAGED_BY: MANAGER} if ours else {},
        },
        "spec": {"ports": [{"name": "http", "port": port, "protocol": "TCP"}]},
    }


def vmcluster(name: str = "demo", *, namespace: str = "default") -> dict[str, Any]:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"retentionPeriod": "4", "vmstorage": {"replicaCount": 2}},
    }
