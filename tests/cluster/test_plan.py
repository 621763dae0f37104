"""`vmoperator plan` beside a running operator: what it says comes true, and it writes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, standing_demo, until
from tests.cluster.planner import Planner, identity, planning, uids

pytestmark = pytest.mark.cluster

NAME = "plan"
VERSION = "VM_VMCLUSTERDEFAULT_VMSTORAGEDEFAULT_VERSION"
PASSWORD = "correct-horse-battery"
CHANGED: dict[str, Any] = {"vmstorage": {"extraArgs": {"dedup.minScrapeInterval": "30s"}}}
FIELD = "spec.template.spec.containers[vmstorage].args[-dedup.minScrapeInterval]"


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    with standing_demo(cluster, NAME) as one:
        yield one


@pytest.fixture(scope="module")
def planner(stand: Namespace, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planner]:
    with planning(stand, tmp_path_factory.mktemp("plan")) as one:
        yield one


def test_a_cluster_that_is_in_line_has_nothing_to_change(planner: Planner) -> None:
    done = planner.plan("-n", NAME)
    assert (done.returncode, done.stdout) == (0, "Plan: nothing would change.\n"), done.stderr
    done = planner.plan("-n", NAME, "-", stdin=[small()])
    assert (done.returncode, done.stdout) == (0, "Plan: nothing would change.\n"), done.stderr


def test_a_new_object_is_made_with_all_its_children(planner: Planner) -> None:
    done = planner.plan("-n", NAME, "-", stdin=[small("second")])
    assert done.returncode == 1, done.stderr
    assert f"+ VMCluster {NAME}/second" in done.stdout
    for child in ("StatefulSet vmstorage", "StatefulSet vmselect", "Deployment vminsert"):
        assert f"  + {child}-second (2 pods)" in done.stdout


def test_a_new_image_is_the_one_field_and_names_the_pods_in_order(planner: Planner) -> None:
    image: dict[str, Any] = {"vmstorage": {"image": {"tag": "v1.151.0-cluster"}}}
    done = planner.plan("-n", NAME, "-", stdin=[small(**image)])
    assert done.returncode == 1, done.stderr
    lines = [line.strip() for line in done.stdout.splitlines()]
    assert lines[0:4] == [
        f"~ VMCluster {NAME}/demo",
        'spec.vmstorage.image added: {"tag":"v1.151.0-cluster"}',
        "~ StatefulSet vmstorage-demo",
        "spec.template.spec.containers[vmstorage].image:"
        " victoriametrics/vmstorage:v1.150.0-cluster -> victoriametrics/vmstorage:v1.151.0-cluster",
    ]
    assert lines[4] == "restarts vmstorage-demo-0, vmstorage-demo-1 (one at a time)"
    assert lines[-1] == "Plan: 2 to change, 2 pods to restart."


def test_a_refused_spec_names_the_field(planner: Planner) -> None:
    for wanted, words in (
        (small(retentionPeriod="4x"), "spec.retentionPeriod"),
        (small(retentionPeriodd="4"), 'unknown field "spec.retentionPeriodd"'),
    ):
        done = planner.plan("-n", NAME, "-", stdin=[wanted])
        assert done.returncode == 2
        assert "! refused (Invalid): " in done.stdout
        assert words in done.stdout
        assert len(done.stdout) < 1000


def test_guards_growth_and_what_is_held_back_are_told(planner: Planner) -> None:
    one = small(replicationFactor=1, vmstorage={"replicaCount": 1})
    fewer = planner.plan("-n", NAME, "-", stdin=[one])
    assert fewer.returncode == 2
    assert "! refused (Guarded): spec.vmstorage.replicaCount stays 2" in fewer.stdout
    claim = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "150Mi"}}}}}
    larger = planner.plan("-n", NAME, "-", stdin=[small(vmstorage={"storage": claim})])
    assert larger.returncode == 1
    assert "  ~ PersistentVolumeClaim vmstorage-db-vmstorage-demo-1" in larger.stdout
    assert "2 claims to grow." in larger.stdout
    assert "restarts" not in larger.stdout
    newer = planner.plan("-n", NAME, env={VERSION: "v1.151.0-cluster"})
    assert newer.returncode == 0
    assert "= StatefulSet vmstorage-demo (held back: " in newer.stdout
    assert "vmstorage:v1.150.0-cluster -> victoriametrics/vmstorage:v1.151.0" in newer.stdout


def test_values_of_secrets_are_never_shown(planner: Planner) -> None:
    login = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "login"},
        "stringData": {"password": PASSWORD},
    }
    agent = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMAgent",
        "metadata": {"name": "agent"},
        "spec": {
            "inlineScrapeConfig": f"- job_name: a\n  bearer_token: {PASSWORD}\n",
            "remoteWrite": [
                {
                    "url": "http://a/api/v1/write",
                    "basicAuth": {"password": {"name": "login", "key": "password"}},
                }
            ],
        },
    }
    planner.namespace.apply(login)
    changed = {**login, "stringData": {"password": f"new-{PASSWORD}"}}
    found = planner.json(changed, agent)
    assert [(it["action"], it["differences"][0]["path"]) for it in found["objects"]] == [
        ("change", "data.password")
    ]
    told = [child for parent in found["parents"] for child in parent["children"]]
    assert [it["kind"] for it in told].count("Secret") == 1
    done = planner.plan("-n", NAME, "-", stdin=[changed])
    assert PASSWORD not in json.dumps([found["objects"], told]) + done.stdout + done.stderr


def test_a_user_without_rights_is_told_which_ones_are_missing(
    planner: Planner, tmp_path: Path
) -> None:
    poor = identity(planner.namespace, "poor", tmp_path)
    done = planner.plan(f"--kubeconfig={poor}")
    assert (done.returncode, done.stdout) == (2, "")
    for plural in ("vmclusters", "statefulsets", "pods"):
        assert f'cannot list resource "{plural}"' in done.stderr


def test_what_is_planned_comes_true(planner: Planner) -> None:
    wanted = small(**CHANGED)
    found = planner.json(wanted)
    parent = found["parents"][0]
    acting = [it for it in parent["children"] if it["action"] != "note"]
    assert [(it["name"], it["action"]) for it in acting] == [("vmstorage-demo", "change")]
    assert [it["path"] for it in acting[0]["differences"]] == [FIELD]
    assert [it["pods"] for it in parent["restarts"]] == [["vmstorage-demo-0", "vmstorage-demo-1"]]
    before = uids(planner.namespace)
    planner.namespace.apply(wanted)
    planner.namespace.until_status("demo", "operational")
    until(lambda: planner.plan("-n", NAME).returncode == 0, what="nothing is left to change")
    after = uids(planner.namespace)
    assert {name for name in before if before[name] != after.get(name)} == {
        "vmstorage-demo-0",
        "vmstorage-demo-1",
    }


def test_a_child_that_would_go_is_still_there_and_nothing_was_ever_written(
    planner: Planner,
) -> None:
    spec = small(**CHANGED)
    spec["spec"]["vmselect"] = None
    found = planner.json(spec)
    gone = {it["name"] for it in found["parents"][0]["children"] if it["action"] == "delete"}
    assert "vmselect-demo" in gone
    assert planner.namespace.get("statefulset", "vmselect-demo")
    calls = list(planner.namespace.cluster.audit.events(planner.began, user=planner.user))
    assert any(it.is_dry and it.call.verb == "delete" for it in calls)
    assert any(it.is_dry and it.call.verb == "patch" for it in calls)
    assert [it for it in calls if it.writes] == []
