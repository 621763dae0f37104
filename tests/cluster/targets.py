"""A program to be scraped, agents that select objects, and what their pods say of targets."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace
from tests.cluster.stack import API_VERSION, pods, small_object
from tests.cluster.test_localcluster import SERVER

PORT = 8428
TEAM = {"team": "web"}
"""Labels of the program, its Service, and the objects that the agents select."""
SELECTS_TEAM = {"matchLabels": TEAM}


def web(*flags: str, name: str = "web", port: str = "http") -> dict[str, Any]:
    """A pod with metrics at a port of that name, and its Service."""
    labels = {**TEAM, "app": name}
    container = {
        "name": "web",
        "image": SERVER,
        "args": ["-retentionPeriod=1d", "-storageDataPath=/tmp/data", *flags],
        "ports": [{"name": port, "containerPort": PORT}],
    }
    pod = {"containers": [container], "terminationGracePeriodSeconds": 0}
    service = {"selector": {"app": name}, "ports": [{"name": port, "port": PORT}]}
    items = [
        {"apiVersion": "v1", "kind": "Pod", "spec": pod},
        {"apiVersion": "v1", "kind": "Service", "spec": service},
    ]
    placed = [{**item, "metadata": {"name": name, "labels": labels}} for item in items]
    return {"apiVersion": "v1", "kind": "List", "items": placed}


def agent(name: str = "demo", **spec: Any) -> dict[str, Any]:
    """A VMAgent of two replicas that select by the label of the team."""
    selectors = {"serviceScrapeSelector": SELECTS_TEAM, "podScrapeSelector": SELECTS_TEAM}
    target = {"url": "http://127.0.0.1:1/"}
    return small_object(
        "VMAgent", name, **{"replicaCount": 2, "remoteWrite": [target], **selectors, **spec}
    )


def scrape(kind: str, name: str, *, app: str = "web", **endpoint: Any) -> dict[str, Any]:
    """A VMServiceScrape, VMPodScrape or ServiceMonitor with one endpoint."""
    field = "podMetricsEndpoints" if kind == "VMPodScrape" else "endpoints"
    of_prometheus = kind == "ServiceMonitor"
    return {
        "apiVersion": "monitoring.coreos.com/v1" if of_prometheus else API_VERSION,
        "kind": kind,
        "metadata": {"name": name, "labels": TEAM},
        "spec": {
            "selector": {"matchLabels": {"app": app}},
            field: [{"port": "http", "interval": "1s", **endpoint}],
        },
    }


def running(namespace: Namespace, name: str = "demo") -> dict[str, str]:
    """Name and uid of every pod of an agent."""
    found = (pod["metadata"] for pod in pods(namespace, "vmagent", name))
    return {one["name"]: one["uid"] for one in found}


def targets(namespace: Namespace, pod: str) -> list[dict[str, Any]] | None:
    """The targets that a pod has; None if it does not answer."""
    try:
        answer = json.loads(namespace.get_raw(pod, 8429, "/api/v1/targets?state=active"))
    except ClusterError:
        return None
    found: list[dict[str, Any]] = answer["data"]["activeTargets"]
    return found


def up(namespace: Namespace, name: str = "demo") -> list[Counter[str]]:
    """For each pod of an agent: its jobs, and how many of their targets are up."""
    seen = (targets(namespace, pod) or () for pod in sorted(running(namespace, name)))
    return [Counter(it["scrapePool"] for it in found if it["health"] == "up") for found in seen]


def are_up(namespace: Namespace, *jobs: str, name: str = "demo") -> bool:
    """Whether both pods have just these jobs, each with one target that is up."""
    return up(namespace, name) == [Counter(jobs)] * 2


def job(kind: str, namespace: Namespace, name: str) -> str:
    """The name of the only job of an object."""
    return f"{kind}/{namespace.name}/{name}/0"
