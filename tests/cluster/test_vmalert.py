"""VMAlert on a real node: what the API server refuses, and alerts that reach every Alertmanager."""

from __future__ import annotations

import json
import subprocess
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, until
from tests.cluster.installed import Installed

pytestmark = pytest.mark.cluster

API_VERSION = "operator.victoriametrics.com/v1beta1"
NOTIFIER = {"url": "http://a"}
KEY = {"name": "s", "key": "k"}
SMALL = {
    "resources": {
        "limits": {"cpu": "200m", "memory": "100Mi"},
        "requests": {"cpu": "10m", "memory": "20Mi"},
    },
    "terminationGracePeriodSeconds": 2,
}
RULES = """
groups:
  - name: always
    interval: 1s
    rules: [{alert: Always, expr: vector(1)}]
"""


def _object(kind: str, name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": kind,
        "metadata": {"name": name},
        "spec": {**SMALL, **spec},
    }


def _alert(name: str = "demo", **spec: Any) -> dict[str, Any]:
    return _object("VMAlert", name, **{"datasource": {"url": "http://db"}, **spec})


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "two names that contradict": (
        {"replicas": 1, "replicaCount": 2},
        "spec.replicas",
        "is another name of replicaCount",
    ),
    "notifiers into a blackhole": (
        {"extraArgs": {"notifier.blackhole": "true"}, "notifier": NOTIFIER},
        "spec.extraArgs",
        "drops all alerts",
    ),
    "notifiers in two places": (
        {"notifierConfigRef": KEY, "notifiers": [NOTIFIER]},
        "spec.notifierConfigRef",
        "excludes notifier and notifiers",
    ),
    "a notifier that is nowhere": ({"notifier": {}}, "spec.notifier", "set url, or selector"),
    "two kinds of credentials": (
        {"notifier": {**NOTIFIER, "basicAuth": {"username": KEY}, "bearerTokenFile": "/t"}},
        "spec.notifier",
        "exclude each other",
    ),
    "an authority in two places": (
        {"remoteRead": {"url": "a", "tlsConfig": {"ca": {"secret": KEY}, "caFile": "/c"}}},
        "spec.remoteRead.tlsConfig",
        "ca and caFile exclude each other",
    ),
    "an interval in days": ({"evaluationInterval": "1d"}, "spec.evaluationInterval", "1m30s"),
    "no datasource": ({"datasource": None}, "spec.datasource", "Required"),
}


@pytest.mark.parametrize(("spec", "field", "says"), BAD.values(), ids=BAD)
def test_kubectl_refuses_what_cannot_work_and_names_the_field(
    cluster: Cluster, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(ClusterError) as refused:
        text = json.dumps(_alert("never-created", **spec))
        cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=text)
    assert field in str(refused.value)
    assert says in str(refused.value)


def test_what_go_clients_write_for_unset_credentials_is_taken(cluster: Cluster) -> None:
    empty = {
        "basicAuth": {"username": {"key": ""}, "password": {"key": ""}, "password_file": "/p"},
        "tlsConfig": {"ca": {}, "cert": {}, "caFile": "/ca"},
    }
    text = json.dumps(_alert("never-created", notifier={**NOTIFIER, **empty}))
    cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=text)


@pytest.mark.parametrize("name", ["replicas", "replicaCount"])
def test_kubectl_get_shows_the_replicas_whichever_name_they_have(
    namespace: Namespace, name: str
) -> None:
    namespace.apply(_alert("shown", paused=True, **{name: 7}))
    assert "7" in namespace.kubectl("get", "vmalert", "shown", "--no-headers").split()


@pytest.fixture(scope="module")
def stack(cluster: Cluster, installed: Installed) -> Iterator[Namespace]:
    """Two vmalerts that notify two Alertmanagers by the Service of their namespace."""
    name = f"alert-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    one = Namespace(cluster, name)
    one.kubectl("create", "secret", "generic", "login", "--from-literal=user=hunter2")
    one.kubectl("create", "configmap", "rules", f"--from-literal=rules.yaml={RULES}")
    one.apply(_object("VMSingle", "db"))
    one.apply(_object("VMAlertmanager", "main", replicaCount=2))
    one.apply(_real_alert(name))
    for kind, name in (("vmsingle", "db"), ("vmalertmanager", "main"), ("vmalert", "demo")):
        one.until_status(name, "operational", kind=kind)
    yield one
    one.kubectl("delete", "vmalerts,vmalertmanagers,vmsingles", "--all", "--wait=false")
    one.clear()


def _real_alert(namespace: str) -> dict[str, Any]:
    login = {"username": {"name": "login", "key": "user"}}
    return _alert(
        replicas=2,
        datasource={"url": "http://vmsingle-db:8429", "basicAuth": login},
        notifier={"url": f"http://alertmanager-operated.{namespace}.svc:9093"},
        configMaps=["rules"],
        rulePath=["/etc/vm/configs/rules/*.yaml"],
        extraArgs={"group.maxStartDelay": "10ms"},
    )


def _holds_the_alert(stack: Namespace, ordinal: int) -> bool:
    host = f"vmalertmanager-main-{ordinal}.vmalertmanager-main.{stack.name}.svc"
    url = f"http://{host}:9093/api/v2/alerts"
    command = ["curl", "-s", "--max-time", "2", url]
    with stack.cluster.popen_inside(command, stdout=subprocess.PIPE, text=True) as process:
        found, _ = process.communicate(timeout=drawn_out(10))
    return "Always" in found


def _pods(stack: Namespace) -> list[tuple[str, int]]:
    """Every pod of vmalert, and how often its program was started again."""
    pods = stack.items("pods", "app.kubernetes.io/name=vmalert")
    return sorted(
        (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in pods
    )


def _update_status(stack: Namespace) -> tuple[str, str]:
    status = stack.get("vmalert", "demo")["status"]
    return status["updateStatus"], status.get("reason", "")


def test_every_alertmanager_gets_an_alert_also_after_scaling_and_nothing_restarts(
    stack: Namespace,
) -> None:
    until(lambda: all(_holds_the_alert(stack, it) for it in (0, 1)), what="both hold the alert")
    pods = _pods(stack)
    assert len(pods) == 2
    scaled = json.dumps({"spec": {"replicaCount": 3}})
    stack.kubectl("patch", "vmalertmanager", "main", "--type=merge", "-p", scaled)
    until(lambda: _holds_the_alert(stack, 2), what="the new one holds the alert")
    assert _pods(stack) == pods


def test_a_secret_that_goes_and_returns_is_named_and_stops_no_pod(stack: Namespace) -> None:
    pods = _pods(stack)
    stack.kubectl("delete", "secret", "login")
    until(lambda: _update_status(stack)[0] == "failed", what="failed")
    assert _update_status(stack)[1].startswith(
        "spec.datasource.basicAuth.username: Secret login does not exist"
    )
    stack.kubectl("create", "secret", "generic", "login", "--from-literal=user=hunter2")
    until(lambda: _update_status(stack)[0] == "operational", what="operational")
    assert _pods(stack) == pods
