"""Bad input: the message names the field, at `kubectl apply` or in the status; pods run on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, small, standing_demo, until
from tests.cluster.stack import small_object

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def demo(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    with standing_demo(cluster, "bad-input") as one:
        yield one


def _without_storage(keep: str) -> dict[str, Any]:
    manifest = small()
    for app in {"vmstorage", "vmselect", "vminsert"} - {keep}:
        del manifest["spec"][app]
    del manifest["spec"]["replicationFactor"]
    return manifest


@pytest.mark.parametrize(
    ("manifest", "named"),
    [
        pytest.param(small(replicationFactor=3), "replicationFactor", id="more copies than nodes"),
        pytest.param(small(retentionPeriod="4x"), "retentionPeriod", id="a retention of 4x"),
        pytest.param(
            small(vmselect={"resources": {"limits": {"memory": "100Mx"}}}),
            "memory",
            id="a bad quantity",
        ),
        pytest.param(
            small(vmstorage={"replicaCout": 2}), "spec.vmstorage.replicaCout", id="a misspelt field"
        ),
        pytest.param(_without_storage("vminsert"), "vmstorage", id="vminsert without vmstorage"),
        pytest.param(_without_storage("vmselect"), "vmstorage", id="vmselect without vmstorage"),
        pytest.param(small(vmstorage={"replicaCount": "2"}), "replicaCount", id="a number as text"),
    ],
)
def test_kubectl_apply_refuses_it_and_names_the_field(
    demo: Namespace, manifest: dict[str, Any], named: str
) -> None:
    before = demo.get("vmcluster", "demo")["metadata"]["generation"]
    with pytest.raises(ClusterError) as refused:
        demo.apply(manifest)
    print(refused.value)
    assert named in str(refused.value)
    assert demo.get("vmcluster", "demo")["metadata"]["generation"] == before


def test_what_only_the_operator_can_tell_stands_in_the_status_within_a_second(
    demo: Namespace,
) -> None:
    pods = {pod["metadata"]["uid"] for pod in demo.items("pods")}
    demo.apply(small(replicationFactor=1, vmstorage={"replicaCount": 0}))
    began = time.monotonic()
    status = demo.until_status("demo", "failed", seconds=10)
    print(f"failed after {time.monotonic() - began:.2f} s: {status['reason']}")
    assert "spec.vmstorage.replicaCount" in status["reason"]
    conditions = {item["type"]: item for item in status["conditions"]}
    assert conditions["Stalled"]["status"] == "True"
    assert conditions["Ready"]["status"] == "False"
    assert {pod["metadata"]["uid"] for pod in demo.items("pods")} == pods
    demo.apply(small())
    demo.until_status("demo", "operational")
    assert {pod["metadata"]["uid"] for pod in demo.items("pods")} == pods


def test_a_wrong_shape_where_the_schema_is_open_is_named_too(demo: Namespace) -> None:
    ports = {"useAsDefault": True, "spec": {"ports": [8482]}}
    demo.apply(small(vmstorage={"serviceSpec": ports}))
    status = demo.until_status("demo", "failed", seconds=10)
    assert "spec.vmstorage.serviceSpec.spec.ports[0]" in status["reason"]
    demo.apply(small())
    demo.until_status("demo", "operational")


def test_what_the_api_server_refuses_in_a_child_stands_in_the_status(demo: Namespace) -> None:
    demo.apply(small(vminsert={"nodeSelector": {"not a label!": "x"}}))
    status = demo.until_status("demo", "failed", seconds=20)
    assert "vminsert" in status["reason"]
    assert "nodeSelector" in status["reason"]
    demo.apply(small())
    demo.until_status("demo", "operational")


def test_a_field_that_does_not_act_yet_is_named(demo: Namespace) -> None:
    agent = small_object("VMAgent", "demo", remoteWrite=[{"url": "http://nowhere:1"}])
    demo.apply({**agent, "spec": {**agent["spec"], "configReloaderImage": "reloader:v1"}})
    told = until(lambda: demo.condition("vmagent", "demo", "UnsupportedFields"), seconds=20)
    assert "spec.configReloaderImage" in told["message"]
    demo.apply(agent)
    until(lambda: not demo.condition("vmagent", "demo", "UnsupportedFields"), seconds=20)
    demo.kubectl("delete", "vmagent", "demo")


def test_a_bad_object_never_delays_another(demo: Namespace) -> None:
    bad = small("bad", vminsert={"nodeSelector": {"not a label!": "x"}, "replicaCount": 0})
    for app in ("vmstorage", "vmselect"):
        bad["spec"][app] = {**bad["spec"][app], "replicaCount": 1, "storage": None}
    bad["spec"]["replicationFactor"] = 1
    demo.apply(bad)
    demo.until_status("bad", "failed", seconds=20)
    demo.apply(small(vminsert={"podMetadata": {"annotations": {"round": "2"}}}))
    demo.until_status("demo", "operational")
    demo.kubectl("delete", "vmcluster", "bad")
