"""Routes on a real node: VMAlertmanagerConfigs that come, change, are wrong, and go."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.definitions import definition
from tests.cluster.receiver import URL, Received, receiving

pytestmark = pytest.mark.cluster

OURS = "operator.victoriametrics.com/v1beta1"
THEIRS = "monitoring.coreos.com/v1alpha1"
KIND = "vmalertmanagerconfig"
PORT = 9093
PODS = "app.kubernetes.io/name=vmalertmanager"
SMALL = {
    "resources": {
        "limits": {"cpu": "200m", "memory": "100Mi"},
        "requests": {"cpu": "10m", "memory": "20Mi"},
    },
    "terminationGracePeriodSeconds": 2,
}
NAME = "alertmanagerconfigs.monitoring.coreos.com"


def _object(kind: str, name: str, spec: dict[str, Any], version: str = OURS) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _config(name: str, key: str = "url", **route: Any) -> dict[str, Any]:
    """One that tells a path of the receiver about alerts, at once."""
    hook = {"url_secret": {"name": "hooks", "key": key}, "send_resolved": False}
    quick = {"group_by": ["..."], "group_wait": "0s", "group_interval": "1s"}
    spec = {
        "route": {"receiver": "hook", **quick, **route},
        "receivers": [{"name": "hook", "webhook_configs": [hook]}],
    }
    return _object("VMAlertmanagerConfig", name, spec)


@pytest.fixture(scope="module")
def stack(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """Two Alertmanagers that select the objects of the namespaces of one team."""
    name = f"routes-{uuid.uuid4().hex[:8]}"
    one = Namespace(cluster, name)
    cluster.kubectl("create", "namespace", name)
    cluster.kubectl("label", "namespace", name, f"team={name}")
    _hooks(one, url=f"{URL}first")
    spec = {
        "replicaCount": 2,
        "configSelector": {},
        "configNamespaceSelector": {"matchLabels": {"team": name}},
    }
    one.apply(_object("VMAlertmanager", "demo", {**SMALL, **spec}))
    one.until_status("demo", "operational", kind="vmalertmanager")
    yield one
    one.kubectl("delete", "vmalertmanagers,vmalertmanagerconfigs", "--all", "--wait=false")
    one.clear()
    cluster.kubectl("delete", "crd", NAME, "--ignore-not-found")


@pytest.fixture(scope="module")
def received(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Received]:
    """What the receiver has been told."""
    with receiving(cluster, tmp_path_factory.mktemp("receiver") / "lines") as one:
        yield one


def _hooks(stack: Namespace, **urls: str) -> None:
    stack.apply(
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "hooks"}, "stringData": urls}
    )


def _pods(stack: Namespace) -> dict[str, tuple[str, int]]:
    """Name of every Alertmanager -> its uid, and how often its program was started again."""
    return {
        pod["metadata"]["name"]: (
            pod["metadata"]["uid"],
            pod["status"]["containerStatuses"][0]["restartCount"],
        )
        for pod in stack.items("pods", PODS)
    }


def _loaded(stack: Namespace, pod: str) -> str:
    page = json.loads(stack.get_raw(pod, PORT, "/api/v2/status"))
    found: str = page["config"]["original"]
    return found


def _until_loaded(stack: Namespace, text: str, *, is_there: bool = True) -> float:
    """Seconds until both replicas run with a text in their configuration, or without it."""
    start = time.monotonic()
    until(
        lambda: all((text in _loaded(stack, pod)) == is_there for pod in _pods(stack)),
        what=f"{text} {'in' if is_there else 'out of'} every configuration",
    )
    return time.monotonic() - start


def _fire(stack: Namespace, alert: str, **labels: str) -> float:
    """Tells both replicas of an alert; the moment of it."""
    moment = time.time()
    told = {"alertname": alert, "namespace": stack.name, **labels}
    body = json.dumps([{"labels": told}])
    within = f"{drawn_out(5):.0f}"
    command = ["curl", "-sf", "--max-time", within, "-H", "Content-Type: application/json"]
    for pod in stack.items("pods", PODS):
        url = f"http://{pod['status']['podIP']}:{PORT}/api/v2/alerts"
        assert (
            stack.cluster.popen_inside([*command, "-d", body, url]).wait(timeout=drawn_out(10)) == 0
        )
    return moment


def _until_told(received: Received, path: str, since: float) -> None:
    until(
        lambda: any(one.path == path for one in received.since(since)),
        what=f"a notification at {path}",
    )


def test_an_object_routes_the_alerts_of_its_namespace_to_its_receiver(
    stack: Namespace, received: Received
) -> None:
    before = _pods(stack)
    stack.apply(_config("team"))
    seconds = _until_loaded(stack, f"{stack.name}-team-hook")
    _until_told(received, "/first", _fire(stack, "one"))
    elsewhere = _fire(stack, "elsewhere", namespace="other")
    _until_told(received, "/first", _fire(stack, "two"))
    told = [one for one in received.since(elsewhere) if one.path == "/first"]
    assert "elsewhere" not in {alert for one in told for alert in one.alerts}
    assert _pods(stack) == before
    assert seconds < drawn_out(10)
    until(lambda: stack.status("team", KIND).get("updateStatus") == "operational")


def test_a_changed_secret_reaches_the_replicas_without_a_restart(
    stack: Namespace, received: Received
) -> None:
    before = _pods(stack)
    stack.apply(_config("team"))
    _hooks(stack, url=f"{URL}second")
    since = _fire(stack, "changed")

    def is_told() -> bool:
        _fire(stack, f"changed-{uuid.uuid4().hex}")
        return any(one.path == "/second" for one in received.since(since))

    until(is_told, what="a notification at the new URL")
    assert _pods(stack) == before


def test_a_changed_route_and_a_deletion_are_followed_without_a_restart(stack: Namespace) -> None:
    before = _pods(stack)
    stack.apply(_config("changing", matchers=["a=first"]))
    _until_loaded(stack, 'a="first"')
    stack.apply(_config("changing", matchers=["a=second"]))
    _until_loaded(stack, 'a="second"')
    _until_loaded(stack, 'a="first"', is_there=False)
    stack.kubectl("delete", KIND, "changing")
    _until_loaded(stack, f"{stack.name}-changing-hook", is_there=False)
    assert _pods(stack) == before


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        pytest.param(
            {"key": "absent"}, "spec.receivers[0].webhook_configs[0].url_secret", id="secret"
        ),
        pytest.param({"receiver": "absent"}, "spec.route.receiver", id="receiver"),
        pytest.param({"matchers": ["a b"]}, "spec.route.matchers[0]", id="matcher"),
    ],
)
def test_a_wrong_object_is_named_and_all_others_are_loaded(
    stack: Namespace, wrong: dict[str, Any], field: str
) -> None:
    before = _pods(stack)
    name = f"wrong-{uuid.uuid4().hex[:4]}"
    good = f"good-{uuid.uuid4().hex[:4]}"
    stack.apply(_config(name, **wrong))
    stack.apply(_config(good))
    _until_loaded(stack, f"{stack.name}-{good}-hook")
    status = until(lambda: stack.status(name, KIND) or None, what="a status")
    assert status["updateStatus"] == "failed"
    assert field in status["reason"]

    def told() -> str:
        return str(stack.condition("vmalertmanager", "demo", "ObjectsSelected").get("message"))

    until(lambda: f"{stack.name}/{name}" in told(), what="the parent names it")
    stack.apply(_config(name))
    _until_loaded(stack, f"{stack.name}-{name}-hook")
    until(lambda: stack.status(name, KIND).get("updateStatus") == "operational")
    stack.kubectl("delete", KIND, name, good)
    assert _pods(stack) == before


def test_an_object_of_another_namespace_is_used_while_its_labels_match(
    cluster: Cluster, stack: Namespace, received: Received
) -> None:
    before = _pods(stack)
    other = Namespace(cluster, f"{stack.name}-other")
    cluster.kubectl("create", "namespace", other.name)
    _hooks(other, url=f"{URL}other")
    other.apply(_config("team"))
    stack.apply(_config("marker"))
    _until_loaded(stack, f"{stack.name}-marker-hook")
    assert all(f"{other.name}-team-hook" not in _loaded(stack, pod) for pod in before)
    cluster.kubectl("label", "namespace", other.name, f"team={stack.name}")
    _until_loaded(stack, f"{other.name}-team-hook")
    _until_told(received, "/other", _fire(stack, "theirs", namespace=other.name))
    cluster.kubectl("label", "namespace", other.name, "team-")
    _until_loaded(stack, f"{other.name}-team-hook", is_there=False)
    cluster.kubectl("delete", "namespace", other.name, "--wait=false")
    assert _pods(stack) == before


def test_an_alertmanagerconfig_of_monitoring_coreos_com_is_taken_up_as_it_is(
    cluster: Cluster, stack: Namespace, received: Received
) -> None:
    before = _pods(stack)
    cluster.kubectl(
        "apply", "-f", "-", input=json.dumps(definition("AlertmanagerConfig", "v1alpha1"))
    )
    within = f"--timeout={drawn_out(30):.0f}s"
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", within)
    _hooks(stack, url=f"{URL}second", foreign=f"{URL}foreign")
    hook = {"urlSecret": {"name": "hooks", "key": "foreign"}}
    spec = {
        "route": {
            "receiver": "hook",
            "groupBy": ["..."],
            "groupWait": "0s",
            "matchers": [{"name": "kind", "value": "for.*", "regex": True}],
        },
        "receivers": [{"name": "hook", "webhookConfigs": [hook]}],
    }
    until(lambda: _is_taken(stack, _object("AlertmanagerConfig", "theirs", spec, THEIRS)))
    _until_loaded(stack, f"{stack.name}-theirs-hook")
    _until_told(received, "/foreign", _fire(stack, "theirs", kind="foreign"))
    stack.kubectl("delete", "alertmanagerconfig", "theirs")
    _until_loaded(stack, f"{stack.name}-theirs-hook", is_there=False)
    assert _pods(stack) == before


def _is_taken(stack: Namespace, manifest: dict[str, Any]) -> bool:
    try:
        stack.apply(manifest)
    except ClusterError:
        return False
    return True
