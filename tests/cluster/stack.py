"""Small objects of each kind for the tests, and what the running programs say."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace

API_VERSION = "operator.victoriametrics.com/v1beta1"
QUICK = {
    "resources": {
        "limits": {"cpu": "300m", "memory": "128Mi"},
        "requests": {"cpu": "10m", "memory": "20Mi"},
    },
    "terminationGracePeriodSeconds": 2,
}


def small_object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    """An object of a kind with one component, that a small node has room for."""
    pause = {} if kind == "VMAlertmanager" else {"preStopSleepSeconds": 0}
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {**QUICK, **pause, **spec},
    }


def pods(namespace: Namespace, app: str, name: str) -> list[dict[str, Any]]:
    """The pods of an object that are not ending."""
    selector = f"app.kubernetes.io/name={app},app.kubernetes.io/instance={name}"
    found = namespace.items("pods", selector)
    return [pod for pod in found if not pod["metadata"].get("deletionTimestamp")]


def names(found: list[dict[str, Any]]) -> list[str]:
    return sorted(pod["metadata"]["name"] for pod in found)


def query(namespace: Namespace, pod: str, expression: str, *, at: float) -> list[Any]:
    """The result of an instant query to the victoria-metrics in a pod."""
    words = {"query": expression, "time": f"{at:.3f}", "nocache": "1", "latency_offset": "1ms"}
    answer = json.loads(namespace.get_raw(pod, 8429, f"/api/v1/query?{urlencode(words)}"))
    found: list[Any] = answer["data"]["result"]
    return found


def alerts_held(namespace: Namespace, alertmanager: str) -> list[str]:
    """The names of the alerts that one Alertmanager pod holds; none while it does not answer."""
    try:
        answer = json.loads(namespace.get_raw(alertmanager, 9093, "/api/v2/alerts"))
    except ClusterError:
        return []
    return [one["labels"]["alertname"] for one in answer]


def peers(namespace: Namespace, alertmanager: str) -> set[str]:
    """The addresses of the replicas that one Alertmanager pod knows, if it is ready."""
    try:
        status = json.loads(namespace.get_raw(alertmanager, 9093, "/api/v2/status"))["cluster"]
    except ClusterError:
        return set()
    if status["status"] != "ready":
        return set()
    return {peer["address"].rpartition(":")[0] for peer in status["peers"]}
