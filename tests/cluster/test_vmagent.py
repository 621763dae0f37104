"""VMAgent on a real node: what is refused, discovery, changes without a restart, shards, modes."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import ROOT, Namespace, until
from tests.cluster.installed import Installed

pytestmark = pytest.mark.cluster

CLAIM = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}}
KEY = {"name": "s", "key": "k"}
PODS = """
- job_name: pods
  scrape_interval: 1s
  kubernetes_sd_configs: [{role: pod, namespaces: {own_namespace: true}}]
  relabel_configs:
    - {action: keep, source_labels: [__meta_kubernetes_pod_container_name], regex: vmagent}
    - {target_label: pod, source_labels: [__meta_kubernetes_pod_name]}
"""


def _agent(name: str = "demo", **spec: Any) -> dict[str, Any]:
    quick = {
        "resources": {
            "limits": {"cpu": "200m", "memory": "100Mi"},
            "requests": {"cpu": "10m", "memory": "20Mi"},
        },
        "terminationGracePeriodSeconds": 2,
        "preStopSleepSeconds": 0,
        "remoteWrite": [{"url": "http://127.0.0.1:1/api/v1/write"}],
    }
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": name},
        "spec": {**quick, **spec},
    }


ON_NODES = {"daemonSetMode": True}
BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "no target": ({"remoteWrite": []}, "spec.remoteWrite", "at least 1"),
    "two modes": ({**ON_NODES, "statefulMode": True}, "spec.statefulMode", "exclude each other"),
    "nodes and an autoscaler": (
        {**ON_NODES, "hpa": {"minReplicas": 1, "maxReplicas": 2}},
        "spec.hpa",
        "one pod on each node",
    ),
    "nodes and a budget": (
        {**ON_NODES, "podDisruptionBudget": {"minAvailable": 1}},
        "spec.podDisruptionBudget",
        "DaemonSet",
    ),
    "two kinds of credentials": (
        {"remoteWrite": [{"url": "http://a", "bearerTokenSecret": KEY, "basicAuth": {}}]},
        "spec.remoteWrite[0]",
        "exclude each other",
    ),
    "a timeout in days": (
        {"remoteWrite": [{"url": "http://a", "sendTimeout": "1d"}]},
        "spec.remoteWrite[0].sendTimeout",
        "1m30s",
    ),
}


@pytest.mark.parametrize(("spec", "field", "says"), BAD.values(), ids=BAD)
def test_kubectl_refuses_what_cannot_work_and_names_the_field(
    cluster: Cluster, spec: dict[str, Any], field: str, says: str
) -> None:
    with pytest.raises(ClusterError) as refused:
        text = json.dumps(_agent("never-created", **spec))
        cluster.kubectl("apply", "--dry-run=server", "-f", "-", input=text)
    assert field in str(refused.value)
    assert says in str(refused.value)


@pytest.mark.parametrize("path", ["vmagent.yaml", "high-availability/vmagent.yaml"])
def test_the_examples_are_taken_as_they_are(cluster: Cluster, path: str) -> None:
    cluster.kubectl("apply", "--dry-run=server", "-f", str(ROOT / "examples" / path))


@pytest.fixture(scope="module")
def stand(cluster: Cluster, installed: Installed) -> Iterator[Namespace]:
    """A namespace with an agent that discovers its own pods with the rights that it was given."""
    one = Namespace(cluster, f"agent-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(_agent(inlineScrapeConfig=PODS))
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


def _patch(stand: Namespace, **spec: Any) -> None:
    text = json.dumps({"spec": spec})
    stand.kubectl("patch", "vmagent", "demo", "--type=merge", "-p", text)


def _pods(stand: Namespace) -> dict[str, str]:
    """Name and uid of every pod of the agent that is not on its way out."""
    pods = stand.items("pods", "app.kubernetes.io/name=vmagent")
    live = (it["metadata"] for it in pods if "deletionTimestamp" not in it["metadata"])
    return {it["name"]: it["uid"] for it in live}


def _targets(stand: Namespace, pod: str) -> list[dict[str, str]]:
    """Labels of the targets that a pod scrapes with success."""
    try:
        text = stand.get_raw(pod, 8429, "/api/v1/targets")
    except ClusterError:
        return []
    return [
        it["labels"] for it in json.loads(text)["data"]["activeTargets"] if it["health"] == "up"
    ]


def _scraped(stand: Namespace) -> list[str]:
    """Pods that the agents scrape, each as often as one of them does."""
    return sorted(it["pod"] for pod in _pods(stand) for it in _targets(stand, pod))


def _rights(stand: Namespace) -> list[str]:
    text = stand.cluster.kubectl("get", "clusterroles,clusterrolebindings", "-o", "name")
    return [line for line in text.split() if f"monitoring:{stand.name}:" in line]


def test_an_agent_without_an_account_may_discover(stand: Namespace) -> None:
    until(lambda: _scraped(stand) == [*_pods(stand)], what="the agent scrapes itself")
    assert len(_rights(stand)) == 2


def test_a_change_of_what_is_scraped_restarts_nothing(stand: Namespace) -> None:
    pods = _pods(stand)
    _patch(stand, inlineScrapeConfig=f"{PODS}    - {{target_label: changed, replacement: x}}\n")
    (name,) = pods
    until(lambda: [it.get("changed") for it in _targets(stand, name)] == ["x"], what="changed")
    assert _pods(stand) == pods


def test_a_missing_secret_is_named_and_heals_when_it_comes(stand: Namespace) -> None:
    login = {"username": {"name": "late", "key": "user"}}
    target = {"url": "http://127.0.0.1:1/api/v1/write", "basicAuth": login}
    pods = _pods(stand)
    _patch(stand, remoteWrite=[target])
    reason = stand.until_status("demo", "failed", kind="vmagent")["reason"]
    assert reason.startswith("spec.remoteWrite[0].basicAuth.username: Secret late does not exist")
    assert _pods(stand) == pods
    stand.kubectl("create", "secret", "generic", "late", "--from-literal=user=hunter2")
    stand.until_status("demo", "operational", kind="vmagent")
    assert _pods(stand) != pods
    assert "hunter2" not in stand.kubectl("get", "vmagent,deployment,pods", "-o", "yaml")


def test_kubectl_scale_makes_shards_that_share_the_targets(stand: Namespace) -> None:
    stand.kubectl("scale", "vmagent", "demo", "--replicas=2")
    status = stand.until_status("demo", "operational", kind="vmagent")
    assert (status["shards"], status["replicas"]) == (2, 1)
    names = [it["metadata"]["name"] for it in stand.items("deployments")]
    assert names == ["vmagent-demo-0", "vmagent-demo-1"]
    until(lambda: _scraped(stand) == sorted(_pods(stand)), what="each pod is scraped once")


def test_another_mode_takes_the_place_of_the_one_before(stand: Namespace) -> None:
    _patch(stand, shardCount=None, statefulMode=True, statefulStorage=CLAIM)
    stand.until_status("demo", "operational", kind="vmagent")
    (claim,) = stand.items("persistentvolumeclaims")
    assert claim["status"]["phase"] == "Bound"
    _patch(stand, statefulMode=None, daemonSetMode=True)
    stand.until_status("demo", "operational", kind="vmagent")
    assert not stand.items("deployments") + stand.items("statefulsets")
    assert [it["metadata"]["name"] for it in stand.items("daemonsets")] == ["vmagent-demo"]
    # Nothing that holds data goes by itself.
    assert [it["metadata"]["name"] for it in stand.items("persistentvolumeclaims")] == [
        claim["metadata"]["name"]
    ]


def test_rights_go_with_their_agent(stand: Namespace) -> None:
    stand.kubectl("delete", "vmagent", "demo")
    until(lambda: not _rights(stand), what="the rights are gone")
