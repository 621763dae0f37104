"""VMAlertmanager on a real node: replicas that find each other, whatever happens to them."""

from __future__ import annotations

import json
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

KIND = "vmalertmanager"
PODS = "app.kubernetes.io/name=vmalertmanager,app.kubernetes.io/instance=demo"
SMALL = {
    "resources": {
        "limits": {"cpu": "200m", "memory": "100Mi"},
        "requests": {"cpu": "10m", "memory": "20Mi"},
    },
    "terminationGracePeriodSeconds": 10,
}
HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
CERTIFICATE = {"cert_file": "/c"}
_NO_NAME, _NO_CONNECTION = 6, 7
"""How curl ends where it has not reached anybody."""


def _object(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAlertmanager",
        "metadata": {"name": "demo"},
        "spec": {**SMALL, **spec},
    }


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "a server without a key": (
        {"webConfig": {"tls_server_config": CERTIFICATE}},
        "spec.webConfig.tls_server_config",
        "needs the key",
    ),
    "HTTP/2 without TLS": (
        {"webConfig": {"http_server_config": {"http2": True}}},
        "spec.webConfig.http_server_config",
        "needs TLS",
    ),
    "half a certificate": (
        {"tracingConfig": {"endpoint": "t:1", "tls_config": CERTIFICATE}},
        "spec.tracingConfig.tls_config",
        "go together",
    ),
    "gossip over half of TLS": (
        {"gossipConfig": {"tls_client_config": {}}},
        "spec.gossipConfig.tls_server_config",
        "without it",
    ),
    "two ways to match namespaces": (
        {"disableNamespaceMatcher": True, "enforcedNamespaceLabel": "ns"},
        "spec.enforcedNamespaceLabel",
        "exclude each other",
    ),
    "a retention in days": ({"retention": "5d"}, "spec.retention", "1m30s"),
}


@pytest.mark.parametrize(("spec", "field", "says"), BAD.values(), ids=BAD)
def test_kubectl_refuses_what_cannot_work_and_names_the_field(
    cluster: Cluster, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(ClusterError) as refused:
        cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=json.dumps(_object(**spec)))
    assert field in str(refused.value)
    assert says in str(refused.value)


@pytest.fixture(scope="module")
def mesh(cluster: Cluster, installed: Installed) -> Iterator[Namespace]:
    """A namespace with one Alertmanager, which knows of one silence."""
    name = f"mesh-{uuid.uuid4().hex[:8]}"
    cluster.kubectl("create", "namespace", name)
    one = Namespace(cluster, name)
    one.apply(_object(replicaCount=1))
    one.until_status("demo", "operational", kind=KIND)
    until(lambda: _is_silenced(one), what="the silence is made")
    yield one
    one.clear()


def _change(mesh: Namespace, **spec: Any) -> None:
    mesh.kubectl("patch", KIND, "demo", "--type=merge", "-p", json.dumps({"spec": spec}))
    mesh.until_status("demo", "operational", kind=KIND)


def _live(mesh: Namespace) -> dict[str, dict[str, Any]]:
    return {
        pod["metadata"]["name"]: pod
        for pod in mesh.items("pods", PODS)
        if "deletionTimestamp" not in pod["metadata"]
    }


def _identities(mesh: Namespace) -> dict[str, tuple[str, int]]:
    return {
        name: (pod["metadata"]["uid"], sum(it["restartCount"] for it in _containers(pod)))
        for name, pod in _live(mesh).items()
    }


def _containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pod["status"].get("containerStatuses") or []
    return found


def _asked(mesh: Namespace, pod: str, path: str) -> Any:
    return json.loads(mesh.get_raw(pod, 9093, path))


def _is_silenced(mesh: Namespace) -> bool:
    """Makes the silence; DNS and kube-proxy may hear of the pod later than the operator."""
    host = f"vmalertmanager-demo.{mesh.name}.svc"
    silence = {
        "matchers": [{"name": "a", "value": "b", "isRegex": False}],
        "startsAt": "2026-01-01T00:00:00Z",
        "endsAt": "2099-01-01T00:00:00Z",
        "createdBy": "test",
        "comment": "kept",
    }
    command = ["curl", "-sf", "--max-time", "5", "-H", "Content-Type: application/json"]
    url = f"http://{host}:9093/api/v2/silences"
    process = mesh.cluster.popen_inside([*command, "-d", json.dumps(silence), url])
    code = process.wait(timeout=drawn_out(10))
    # Whoever was not reached has not made it: two of them would be one too many.
    assert code in (0, _NO_NAME, _NO_CONNECTION)
    return bool(code == 0)


def _is_complete(mesh: Namespace, replicas: int) -> bool:
    """Every replica lists every replica as its peer, and knows the silence."""
    pods = _live(mesh)
    wanted = sorted(f"{pod['status'].get('podIP')}:9094" for pod in pods.values())
    try:
        status = [_asked(mesh, pod, "/api/v2/status") for pod in pods]
        known = [_asked(mesh, pod, "/api/v2/silences") for pod in pods]
    except (ClusterError, ValueError):
        return False
    listed = [sorted(it["address"] for it in one["cluster"]["peers"]) for one in status]
    has_all = listed == [wanted] * replicas
    return has_all and all([it["comment"] for it in one] == ["kept"] for one in known)


def test_scaling_up_restarts_nobody_and_loses_no_silence(mesh: Namespace) -> None:
    first = _identities(mesh)
    _change(mesh, replicaCount=3)
    until(lambda: _is_complete(mesh, 3), what="three peers at each of three")
    assert first.items() <= _identities(mesh).items()


@pytest.mark.parametrize(
    "how",
    [
        pytest.param((), id="with a farewell"),
        pytest.param(("--force", "--grace-period=0"), id="without one"),
    ],
)
def test_a_replica_that_is_replaced_finds_the_others_again(
    mesh: Namespace, how: tuple[str, ...]
) -> None:
    _change(mesh, replicaCount=3)
    mesh.kubectl("delete", "pod", "vmalertmanager-demo-1", *how)
    until(lambda: len(_live(mesh)) == 3 and _is_complete(mesh, 3), what="three of three again")


def test_a_change_replaces_one_replica_at_a_time_and_keeps_the_silences(mesh: Namespace) -> None:
    _change(mesh, replicaCount=3)
    before, fewest = _identities(mesh), 3
    mesh.kubectl("patch", KIND, "demo", "--type=merge", "-p", '{"spec":{"logFormat":"json"}}')

    def rolled() -> bool:
        nonlocal fewest
        ready = [
            pod["metadata"]["uid"]
            for pod in _live(mesh).values()
            if any(it["ready"] for it in _containers(pod))
        ]
        fewest = min(fewest, len(ready))
        return len(ready) == 3 and not set(ready) & {uid for uid, _ in before.values()}

    until(rolled, seconds=180, what="three new replicas")
    assert fewest == 2
    until(lambda: _is_complete(mesh, 3), what="three peers at each of three")


def test_scaling_down_leaves_the_others_alone(mesh: Namespace) -> None:
    _change(mesh, replicaCount=3)
    before = _identities(mesh)
    _change(mesh, replicaCount=2)
    until(lambda: len(_live(mesh)) == 2 and _is_complete(mesh, 2), what="two peers at each of two")
    assert _identities(mesh).items() <= before.items()


def _receivers(mesh: Namespace) -> list[list[str]]:
    """Names of the receivers that each replica runs with."""
    found = (_asked(mesh, pod, "/api/v2/receivers") for pod in sorted(_live(mesh)))
    return [[it["name"] for it in one] for one in found]


def _routed(receiver: str) -> str:
    return f"route: {{receiver: {receiver}}}\nreceivers: [{{name: {receiver}}}]\n"


def test_a_configuration_is_loaded_and_a_broken_one_leaves_the_last_good(mesh: Namespace) -> None:
    before = _identities(mesh)
    _change(mesh, configSecret=None, configRawYaml=_routed("first"))
    until(lambda: {*map(tuple, _receivers(mesh))} == {("first",)}, what="the first is loaded")
    broken = {"spec": {"configRawYaml": "route: {receiver: nobody}"}}
    mesh.kubectl("patch", KIND, "demo", "--type=merge", "-p", json.dumps(broken))
    status = mesh.until_status("demo", "failed", kind=KIND)
    assert "route.receiver: 'nobody' does not exist" in status["reason"]
    _change(mesh, configRawYaml=f"{_routed('unknown')}only_alertmanager_knows: 1\n")
    until(
        lambda: mesh.condition(KIND, "demo", "ConfigLoaded").get("reason") == "Refused",
        what="Alertmanager refuses it",
    )
    assert {*map(tuple, _receivers(mesh))} == {("first",)}
    _change(mesh, configRawYaml=_routed("second"))
    until(lambda: {*map(tuple, _receivers(mesh))} == {("second",)}, what="the second is loaded")
    assert _identities(mesh) == before


def test_a_secret_and_a_template_are_followed(mesh: Namespace) -> None:
    mesh.kubectl("patch", KIND, "demo", "--type=merge", "-p", '{"spec":{"configSecret":"alerts"}}')
    status = mesh.until_status("demo", "failed", kind=KIND)
    assert status["reason"].startswith("spec.configSecret: Secret alerts does not exist")
    content = f"--from-literal=alertmanager.yaml={_routed('secret')}"
    mesh.kubectl("create", "secret", "generic", "alerts", content)
    until(lambda: {*map(tuple, _receivers(mesh))} == {("secret",)}, what="the Secret is loaded")
    mesh.kubectl("create", "configmap", "texts", '--from-literal=a.tmpl={{ define "a" }}{{ end }}')
    _change(mesh, templates=[{"name": "texts", "key": "a.tmpl"}])
    before, loaded = _identities(mesh), _loads(mesh)
    text = {"data": {"a.tmpl": '{{ define "a" }}changed{{ end }}'}}
    mesh.kubectl("patch", "configmap", "texts", "--type=merge", "-p", json.dumps(text))
    until(lambda: all(new != old for new, old in zip(_loads(mesh), loaded, strict=True)))
    assert _identities(mesh) == before


def _loads(mesh: Namespace) -> list[str]:
    """The hash of the configuration that each replica runs with."""
    pages = (mesh.get_raw(pod, 9093, "/metrics") for pod in sorted(_live(mesh)))
    name = "alertmanager_config_hash "
    return [line for page in pages for line in page.splitlines() if line.startswith(name)]


def test_one_that_lets_nobody_in_is_operational_and_takes_a_change_by_replacement(
    installed: Installed, namespace: Namespace
) -> None:
    users = {"basic_auth_users": {"admin": HASH}}
    namespace.apply(_object(webConfig=users, configRawYaml=_routed("first")))
    namespace.until_status("demo", "operational", kind=KIND)
    before = _identities(namespace)
    _change(namespace, configRawYaml=_routed("second"))
    until(lambda: not before.items() & _identities(namespace).items(), what="a new pod")
