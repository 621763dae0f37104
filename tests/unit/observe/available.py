"""Objects and pods around them, and the condition HighlyAvailable that comes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.api.parent import Parent
from vmoperator.base.manifest import Ref
from vmoperator.observe.high_availability import highly_available
from vmoperator.observe.pods import Pod
from vmoperator.observe.verdict import Remark

CLAIM = {
    "volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
}
DEDUP = {"dedup.minScrapeInterval": "30s"}
CLUSTER: dict[str, Any] = {
    "replicationFactor": 2,
    "vmstorage": {"replicaCount": 2, "storage": CLAIM},
    "vmselect": {"replicaCount": 2},
    "vminsert": {"replicaCount": 2},
}
DEDUPLICATING: dict[str, Any] = {
    **CLUSTER,
    "vmstorage": {**CLUSTER["vmstorage"], "extraArgs": DEDUP},
    "vmselect": {**CLUSTER["vmselect"], "extraArgs": DEDUP},
}
WRITES = "http://vminsert-main.default.svc.cluster.local:8480/insert/0/prometheus/api/v1/write"
AGENT: dict[str, Any] = {"replicaCount": 2, "remoteWrite": [{"url": WRITES}]}
STATE = {"remoteWrite": {"url": "http://a"}, "remoteRead": {"url": "http://a"}}
OPERATED = "http://alertmanager-operated.default.svc:9093"
ALERT: dict[str, Any] = {
    "replicas": 2,
    "datasource": {"url": "http://a"},
    "notifier": {"url": OPERATED},
    **STATE,
}


def parent(kind: str, name: str = "main", /, **spec: Any) -> Parent:
    """An object of a kind in the namespace default."""
    return parsed(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": kind,
            "metadata": {"name": name, "namespace": "default", "uid": "u"},
            "spec": spec,
        }
    )


def pods(**nodes: str) -> tuple[Pod, ...]:
    """Running pods: app -> the node of each, separated by spaces."""
    plain = Pod(
        ref=Ref("Pod", "default", "x"),
        parent=None,
        owner_uid="",
        app="",
        uid="",
        resource_version="",
        revision="",
        created="",
        ready=True,
        deleting=False,
        ended=False,
        trouble="",
    )
    return tuple(
        replace(plain, app=app, node=node)
        for app, listed in nodes.items()
        for node in listed.split()
    )


APART = pods(
    vmstorage="a b",
    vmselect="a b",
    vminsert="a b",
    vmagent="a b",
    vmalert="a b",
    vmalertmanager="a b",
)


def told(one: Parent, *others: Parent, running: tuple[Pod, ...] = APART) -> Remark:
    """The condition of an object among others."""
    return highly_available(one, Known(parents=(one, *others)), running, previous=None)


def cluster(**changes: Any) -> Parent:
    """A cluster that is highly available but for the changes."""
    return parent("VMCluster", **{**CLUSTER, **changes})
