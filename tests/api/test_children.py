"""Children of all kinds: shared, marked, kept, scaled by others, of kinds that come and go."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client
from vmoperator.base.labels import MANAGED_BY, MANAGER, OWNER
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import BY_KIND

Tree = dict[str, Any]

ROLE = Ref("ClusterRole", "", "monitoring:default:vmagent-demo")
BINDING = replace(ROLE, kind="ClusterRoleBinding")
OPERATED = Ref("Service", "default", "alertmanager-operated")
CLAIM = Ref("PersistentVolumeClaim", "default", "vmsingle-demo")
BASE: Tree = {
    "VMAgent": {"remoteWrite": [{"url": "http://storage:8428/api/v1/write"}]},
    "VMSingle": {},
    "VMAlertmanager": {},
    "VMCluster": {"retentionPeriod": "1", "vmstorage": {"replicaCount": 1}},
}


def parent(kind: str, name: str = "demo", **spec: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "default"},
        "spec": {**BASE[kind], **spec},
    }


class Bench:
    """One operator and its laboratories, one for each parent."""

    def __init__(self, api: FakeApi, client: Client) -> None:
        self.api = api
        self.first = Lab(api, client, Kubernetes(api))

    def of(self, kind: str, name: str = "demo") -> Lab:
        return replace(self.first, parent=Ref(kind, "default", name))

    async def running(self, manifest: Tree) -> Lab:
        lab = self.of(manifest["kind"], manifest["metadata"]["name"])
        await lab.apply(manifest)
        await lab.settle()
        assert lab.message == "operational"
        return lab


@pytest.fixture
def bench(api: FakeApi, client: Client) -> Bench:
    return Bench(api, client)


def _remarks(lab: Lab) -> dict[str, str]:
    return {it["type"]: it["message"] for it in lab.status["conditions"]}


# Cluster-wide children


async def test_cluster_wide_roles_come_with_an_agent_and_cost_nothing_at_rest(
    bench: Bench,
) -> None:
    lab = await bench.running(parent("VMAgent"))
    uid = lab.live(lab.parent)["metadata"]["uid"]
    for ref in (ROLE, BINDING):
        assert lab.live(ref)["metadata"]["annotations"][OWNER] == f"VMAgent/default/demo/{uid}"
    before = len(bench.api.seen)
    await lab.run()
    assert len(bench.api.seen) == before


async def test_a_role_is_there_before_what_binds_it(bench: Bench) -> None:
    lab = bench.of("VMAgent")
    await lab.apply(parent("VMAgent"))
    writes = await lab.writes()
    paths = [one.split("/")[-2] for one in writes if "monitoring" in one]
    assert paths == ["clusterroles", "clusterrolebindings"]


async def test_cluster_wide_roles_go_when_nothing_is_discovered_any_more(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    await lab.apply(parent("VMAgent", ingestOnlyMode=True))
    await lab.settle()
    assert bench.api.find(ROLE) is None
    assert bench.api.find(BINDING) is None


async def test_cluster_wide_roles_are_swept_after_their_parent(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    await bench.api.remove(lab.parent)
    await lab.run()
    assert bench.api.find(ROLE) is None
    assert bench.api.find(BINDING) is None
    before = len(bench.api.seen)
    assert await lab.run() is None
    assert len(bench.api.seen) == before


async def test_nothing_is_swept_while_the_parent_is_there_after_all(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    lab.kubernetes.look(lab.world)
    lab.world.parents.remove(lab.parent)
    before = len(bench.api.writes)
    await lab.reconcile()
    assert len(bench.api.writes) == before
    assert bench.api.find(ROLE)


async def test_an_agent_made_again_takes_the_roles_of_the_first_over(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    await bench.api.remove(lab.parent)
    await lab.apply(parent("VMAgent"))
    await lab.settle()
    uid = lab.live(lab.parent)["metadata"]["uid"]
    assert lab.live(ROLE)["metadata"]["annotations"][OWNER].endswith(uid)
    assert lab.message == "operational"


async def test_an_agent_made_again_without_need_for_roles_takes_them_away(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    await bench.api.remove(lab.parent)
    await lab.apply(parent("VMAgent", ingestOnlyMode=True))
    await lab.settle()
    assert bench.api.find(ROLE) is None


async def test_a_cluster_role_of_somebody_else_is_left_alone(bench: Bench) -> None:
    theirs = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": ROLE.name, "labels": {"app": "x"}},
        "rules": [],
    }
    await bench.api.put(theirs)
    lab = bench.of("VMAgent")
    await lab.apply(parent("VMAgent"))
    await lab.run()
    assert "ClusterRole monitoring:default:vmagent-demo exists and is not this" in lab.message
    assert lab.live(ROLE)["rules"] == []


async def test_nobody_is_asked_whether_a_new_child_is_there(bench: Bench) -> None:
    lab = bench.of("VMAgent")
    await lab.apply(parent("VMAgent"))
    before = len(bench.api.seen)
    await lab.run()
    assert [one.path for one in bench.api.seen[before:] if one.method == "GET"] == []


async def test_a_name_that_is_taken_is_looked_at_before_the_next_write(bench: Bench) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "vmsingle-demo", "namespace": "default", "labels": {"app": "x"}},
        "spec": {"selector": {"x": "y"}, "ports": [{"port": 1}]},
    }
    await bench.api.put(theirs)
    lab = bench.of("VMSingle")
    await lab.apply(parent("VMSingle"))
    await lab.settle()
    assert "Service vmsingle-demo exists and is not this object's" in lab.message
    assert lab.child("Service", "vmsingle-demo")["spec"] == theirs["spec"]
    await bench.api.remove(Ref("Service", "default", "vmsingle-demo"))
    await lab.settle()
    assert lab.message == "operational"


async def test_a_changed_cluster_role_is_set_back(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    rules = lab.live(ROLE)["rules"]
    await bench.api.put({**lab.live(ROLE), "rules": []})
    await lab.settle()
    assert lab.live(ROLE)["rules"] == rules


async def test_a_binding_to_another_role_is_made_anew_for_it_cannot_change(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent"))
    before = lab.live(BINDING)
    await bench.api.put({**before, "roleRef": {**before["roleRef"], "name": "view"}})
    await lab.settle()
    after = lab.live(BINDING)
    assert after["roleRef"] == before["roleRef"]
    assert after["metadata"]["uid"] != before["metadata"]["uid"]
    assert lab.message == "operational"


# The Service that all Alertmanagers of a namespace share


async def test_alertmanagers_share_a_service_and_do_not_fight_over_it(bench: Bench) -> None:
    labs = [await bench.running(parent("VMAlertmanager", name)) for name in ("a", "b", "c")]
    for lab in (*labs, *labs):
        await lab.settle()
    owners = labs[0].live(OPERATED)["metadata"]["ownerReferences"]
    assert [owner["name"] for owner in owners] == ["a", "b", "c"]
    assert not any(owner.get("controller") for owner in owners)
    before = len(bench.api.writes)
    for lab in labs:
        await lab.run()
    assert len(bench.api.writes) == before


async def test_the_shared_service_loses_an_owner_and_goes_with_the_last(bench: Bench) -> None:
    labs = [await bench.running(parent("VMAlertmanager", name)) for name in ("a", "b")]
    await labs[0].settle()
    await bench.api.remove(labs[0].parent)
    writes = await labs[1].writes() + await labs[1].writes()
    assert writes == ["PATCH services/alertmanager-operated"]
    owners = labs[1].live(OPERATED)["metadata"]["ownerReferences"]
    assert [owner["name"] for owner in owners] == ["b"]
    await bench.api.remove(labs[1].parent)
    assert bench.api.find(OPERATED) is None


async def test_a_shared_service_of_somebody_else_is_left_alone_and_told_softly(
    bench: Bench,
) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": OPERATED.name,
            "namespace": "default",
            "labels": {MANAGED_BY: "prometheus-operator"},
        },
        "spec": {"selector": {"x": "y"}, "ports": [{"port": 9093}]},
    }
    await bench.api.put(theirs)
    lab = await bench.running(parent("VMAlertmanager"))
    assert lab.live(OPERATED)["spec"] == theirs["spec"]
    told = _remarks(lab)["ChildrenIncomplete"]
    assert told == "Service alertmanager-operated exists and is not the operator's: left alone"
    assert await lab.run() == 60.0
    await bench.api.remove(OPERATED)
    await lab.settle()
    assert lab.live(OPERATED)["metadata"]["labels"] == {MANAGED_BY: MANAGER}
    assert "ChildrenIncomplete" not in _remarks(lab)


# The claim of a VMSingle


def _single(size: str = "10Gi", **spec: Any) -> Tree:
    storage = {"resources": {"requests": {"storage": size}}, **spec.pop("storage", {})}
    return parent("VMSingle", storage=storage, **spec)


async def test_a_claim_outlives_its_single_and_is_taken_up_again(bench: Bench) -> None:
    lab = await bench.running(_single())
    uid = lab.live(CLAIM)["metadata"]["uid"]
    assert "ownerReferences" not in lab.live(CLAIM)["metadata"]
    await bench.api.remove(lab.parent)
    await lab.run()
    assert lab.live(CLAIM)["metadata"]["uid"] == uid
    again = await bench.running(_single("20Gi"))
    assert again.live(CLAIM)["metadata"]["uid"] == uid
    assert again.live(CLAIM)["spec"]["resources"]["requests"]["storage"] == "20Gi"


async def test_a_claim_that_is_no_longer_wanted_stays(bench: Bench) -> None:
    lab = await bench.running(_single(removePvcAfterDelete=True))
    await lab.apply(parent("VMSingle", removePvcAfterDelete=True))
    await lab.settle()
    assert lab.live(CLAIM)


async def test_a_claim_that_is_to_stay_after_all_loses_its_owner(bench: Bench) -> None:
    lab = await bench.running(_single(removePvcAfterDelete=True))
    assert lab.live(CLAIM)["metadata"]["ownerReferences"]
    await lab.apply(_single())
    await lab.settle()
    assert not lab.live(CLAIM)["metadata"].get("ownerReferences")
    await bench.api.remove(lab.parent)
    assert lab.live(CLAIM)


async def test_an_owner_that_another_operator_set_is_taken_off_a_claim(bench: Bench) -> None:
    lab = await bench.running(_single())
    owner = lab.child("Service", "vmsingle-demo")["metadata"]["ownerReferences"]
    live = lab.live(CLAIM)
    await bench.api.put({**live, "metadata": {**live["metadata"], "ownerReferences": owner}})
    await lab.settle()
    assert not lab.live(CLAIM)["metadata"].get("ownerReferences")


async def test_a_claim_cannot_shrink_and_the_rest_goes_on(bench: Bench) -> None:
    lab = await bench.running(_single())
    await lab.apply(_single("5Gi", componentVersion="v1.150.1"))
    await lab.settle()
    assert lab.message == (
        "failed PersistentVolumeClaim vmsingle-demo: spec.resources.requests.storage stays 10Gi,"
        " for that of an existing claim cannot change to 5Gi"
    )
    assert lab.live(CLAIM)["spec"]["resources"]["requests"]["storage"] == "10Gi"
    assert "v1.150.1" in str(lab.child("Deployment", "vmsingle-demo")["spec"])


async def test_a_volume_that_cannot_grow_is_no_missing_right_and_the_rest_goes_on(
    bench: Bench,
) -> None:
    lab = await bench.running(_single())
    words = 'claims "x" is forbidden: the storageclass of the pvc must support resize'
    place = f"persistentvolumeclaims/{CLAIM.name}"
    bench.api.faults.append(Fault(403, times=99, method="PATCH", path=place, message=words))
    await lab.apply(_single("20Gi", componentVersion="v1.150.1"))
    await lab.run()
    assert lab.message == f"failed {words} (allowVolumeExpansion)"
    assert {it["reason"] for it in lab.status["conditions"]} >= {"Immutable"}
    assert "v1.150.1" in str(lab.child("Deployment", "vmsingle-demo")["spec"])


# Kinds that a cluster may lack

VPA: Tree = {
    "vpa": {
        "updatePolicy": {"updateMode": "Off"},
        "resourcePolicy": {"containerPolicies": [{"containerName": "*"}]},
    }
}


async def test_an_autoscaler_that_is_not_installed_fails_nothing_and_heals(bench: Bench) -> None:
    plural = BY_KIND["VerticalPodAutoscaler"].plural
    bench.api.hidden.add(plural)
    lab = await bench.running(parent("VMSingle", **VPA))
    assert "VerticalPodAutoscaler" in _remarks(lab)["ChildrenIncomplete"]
    assert "not installed" in _remarks(lab)["ChildrenIncomplete"]
    assert await lab.run() == 60.0
    bench.api.hidden.clear()
    await lab.settle()
    assert lab.kubernetes.all("VerticalPodAutoscaler")
    assert "ChildrenIncomplete" not in _remarks(lab)


# Workloads that an autoscaler scales

HPA: Tree = {"hpa": {"minReplicas": 2, "maxReplicas": 5}}
SELECT = Ref("StatefulSet", "default", "vmselect-demo")


def _scaled(**more: Any) -> Tree:
    return parent("VMCluster", vmselect={**HPA, **more})


async def test_a_workload_starts_with_the_smallest_size_of_its_autoscaler(bench: Bench) -> None:
    lab = await bench.running(_scaled())
    assert lab.live(SELECT)["spec"]["replicas"] == 2


async def test_an_autoscaler_decides_and_nobody_fights_it(bench: Bench) -> None:
    lab = await bench.running(_scaled())
    for replicas in (4, 3, 5):
        await lab.kubernetes.scale(SELECT, replicas)
        await lab.kubernetes.settle()
        assert [one for one in await lab.writes() if "statefulsets" in one] == []
        await lab.settle()
        assert lab.live(SELECT)["spec"]["replicas"] == replicas
        assert lab.message == "operational"


async def test_a_change_leaves_the_size_to_the_autoscaler(bench: Bench) -> None:
    lab = await bench.running(_scaled())
    await lab.kubernetes.scale(SELECT, 4)
    await lab.settle()
    await lab.apply(_scaled(extraArgs={"search.maxQueueDuration": "5s"}))
    await lab.settle()
    assert "maxQueueDuration" in str(lab.live(SELECT)["spec"])
    assert lab.live(SELECT)["spec"]["replicas"] == 4
    assert lab.message == "operational"


async def test_an_autoscaler_that_is_added_starts_from_the_live_size(bench: Bench) -> None:
    lab = await bench.running(parent("VMCluster", vmselect={"replicaCount": 3}))
    await lab.apply(_scaled())
    await lab.settle()
    assert lab.live(SELECT)["spec"]["replicas"] == 3
    await lab.apply(_scaled(extraArgs={"search.maxQueueDuration": "5s"}))
    await lab.settle()
    assert lab.live(SELECT)["spec"]["replicas"] == 3


async def test_without_the_autoscaler_the_size_is_as_asked_for_again(bench: Bench) -> None:
    lab = await bench.running(_scaled())
    await lab.kubernetes.scale(SELECT, 5)
    await lab.settle()
    await lab.apply(parent("VMCluster", vmselect={"replicaCount": 1}))
    await lab.settle()
    assert lab.live(SELECT)["spec"]["replicas"] == 1


async def test_a_foreign_change_is_undone_without_a_change_of_size(bench: Bench) -> None:
    lab = await bench.running(_scaled())
    await lab.kubernetes.scale(SELECT, 4)
    await lab.settle()
    live = lab.live(SELECT)
    await bench.api.put({**live, "spec": {**live["spec"], "minReadySeconds": 7}})
    await lab.settle()
    assert "minReadySeconds" not in lab.live(SELECT)["spec"]
    assert lab.live(SELECT)["spec"]["replicas"] == 4


async def test_a_size_set_by_hand_under_an_autoscaler_is_the_autoscalers_to_mend(
    bench: Bench,
) -> None:
    lab = await bench.running(_scaled())
    live = lab.live(SELECT)
    await bench.api.put({**live, "spec": {**live["spec"], "replicas": 7}})
    assert [one for one in await lab.writes() if "statefulsets" in one] == []


# DaemonSets and shards


async def test_a_daemon_set_is_complete_when_each_node_has_its_pod(bench: Bench) -> None:
    bench.first.kubernetes.nodes = 3
    lab = await bench.running(parent("VMAgent", daemonSetMode=True))
    assert len(lab.kubernetes.pods("vmagent")) == 3
    await lab.apply(parent("VMAgent", daemonSetMode=True, componentVersion="v1.150.1"))
    await lab.run()
    assert lab.message == "expanding updated: vmagent 0/3"
    await lab.settle()
    assert lab.message == "operational"


async def test_pods_that_stay_until_they_are_deleted_are_told(bench: Bench) -> None:
    mode: Tree = {"daemonSetMode": True, "daemonSetUpdateStrategy": "OnDelete"}
    lab = await bench.running(parent("VMAgent", **mode))
    await lab.apply(parent("VMAgent", **mode, componentVersion="v1.150.1"))
    await lab.settle()
    assert lab.message == "operational"
    assert _remarks(lab)["RolloutPending"] == (
        "1 of 1 pods of vmagent keep their former spec until they are deleted (OnDelete)"
    )
    await bench.api.remove(Ref("Pod", "default", "vmagent-demo-0"))
    await lab.settle()
    assert "RolloutPending" not in _remarks(lab)


STATEFUL: Tree = {"statefulMode": True, "shardCount": 2, "replicaCount": 2}


async def test_shards_roll_side_by_side(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent", **STATEFUL))
    assert lab.status["shards"] == 2
    await lab.apply(parent("VMAgent", **STATEFUL, componentVersion="v1.150.1"))
    writes = await lab.writes()
    applied = [one for one in writes if "statefulsets" in one]
    assert applied == [f"PATCH statefulsets/vmagent-demo-{number}" for number in range(2)]
    await lab.kubernetes.settle()
    evicted = [one.split("/")[1] for one in await lab.writes() if "eviction" in one]
    assert evicted == ["vmagent-demo-0-0", "vmagent-demo-1-0"]
    await lab.settle()
    assert lab.message == "operational"


async def test_a_sick_shard_holds_no_other_up(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent", **STATEFUL))
    await lab.kubernetes.fail("vmagent-demo-0-0")
    await lab.kubernetes.fail("vmagent-demo-0-1")
    await lab.run()
    await lab.apply(parent("VMAgent", **STATEFUL, componentVersion="v1.150.1"))
    await lab.settle()
    assert lab.message == "operational"
    for number in range(2):
        assert "v1.150.1" in str(lab.child("StatefulSet", f"vmagent-demo-{number}")["spec"])


async def test_a_shard_whose_new_pods_fail_holds_no_other_up(bench: Bench) -> None:
    lab = await bench.running(parent("VMAgent", **STATEFUL))
    await lab.apply(parent("VMAgent", **STATEFUL, componentVersion="v1.150.1"))
    await lab.run()
    await lab.kubernetes.settle()
    await lab.run()
    await lab.kubernetes.settle()
    await lab.kubernetes.fail("vmagent-demo-0-0")
    await lab.settle()
    assert "pod vmagent-demo-0-0: container main: ImagePullBackOff" in lab.message
    status = lab.child("StatefulSet", "vmagent-demo-1")["status"]
    assert status["currentRevision"] == status["updateRevision"]


async def test_a_shard_that_is_no_longer_wanted_goes_with_its_budget(bench: Bench) -> None:
    budget: Tree = {"podDisruptionBudget": {"maxUnavailable": 1}}
    lab = await bench.running(parent("VMAgent", shardCount=3, **budget))
    assert len(lab.kubernetes.all("PodDisruptionBudget")) == 3
    await lab.apply(parent("VMAgent", shardCount=1, **budget))
    await lab.settle()
    for kind in ("Deployment", "PodDisruptionBudget"):
        assert [it["metadata"]["name"] for it in lab.kubernetes.all(kind)] == ["vmagent-demo-0"]
    assert lab.status["shards"] == 1
