"""Passes against a fake API server: what is read, written, left alone, and said."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab, short
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client, WatchEvent
from vmoperator.apply.reconcile import Reconciler
from vmoperator.base.errors import Conflict, NotYet, Unavailable
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings
from vmoperator.watch.informer import Informer
from vmoperator.watch.wiring import Wiring

Tree = dict[str, Any]

DEMO = Ref("VMCluster", "default", "demo")
APPS = ("vmstorage", "vmselect", "vminsert")
NEW_TAG = "v1.150.1-cluster"


def cluster(**spec: Any) -> Tree:
    """A VMCluster of two pods for each component."""
    manifest = vmcluster()
    parts: Tree = {app: {"replicaCount": 2, **spec.pop(app, {})} for app in APPS}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    return Lab(api, client, Kubernetes(api))


@pytest.fixture
async def running(lab: Lab) -> Lab:
    await lab.apply(cluster())
    await lab.settle()
    assert lab.message == "operational"
    return lab


WORKLOADS = {
    "PATCH statefulsets/vmstorage-demo",
    "PATCH statefulsets/vmselect-demo",
    "PATCH deployments/vminsert-demo",
}
SHARED = {
    "PATCH serviceaccounts/vmcluster-demo",
    *(f"PATCH services/{app}-demo" for app in APPS),
}
SCRAPES = {f"PATCH vmservicescrapes/{app}-demo" for app in APPS}
STATUS = "PATCH vmclusters/demo/status"


async def test_a_creation_says_expanding_then_makes_services_then_workloads(lab: Lab) -> None:
    await lab.apply(cluster())
    writes = await lab.writes()
    assert writes[0] == STATUS
    assert set(writes[1:5]) == SHARED
    assert writes[5] == "PATCH statefulsets/vmstorage-demo"
    assert set(writes[6:]) == SCRAPES
    assert lab.message == "expanding waiting for the pods of vmstorage, vmselect, vminsert"


async def test_who_looks_vmstorage_up_is_started_once_its_pods_have_names(lab: Lab) -> None:
    await lab.apply(cluster())
    await lab.run()
    assert await lab.writes() == []
    lab.kubernetes.ready = False
    await lab.kubernetes.settle()
    assert set(await lab.writes()) == WORKLOADS - {"PATCH statefulsets/vmstorage-demo"}
    assert lab.message == "expanding waiting for the pods of vmstorage, vmselect, vminsert"


async def test_names_are_not_waited_for_without_an_end(lab: Lab) -> None:
    await lab.apply(cluster())
    again = await lab.run()
    assert again is not None
    assert 0 < again <= 30
    lab.age("StatefulSet", "vmstorage-demo")
    assert "PATCH deployments/vminsert-demo" in await lab.writes()


async def test_a_running_cluster_does_not_wait_for_names(running: Lab) -> None:
    for name in ("vmstorage-demo-0", "vmstorage-demo-1"):
        await running.api.remove(Ref("Pod", "default", name))
    running.age("StatefulSet", "vmstorage-demo")
    await running.api.remove(Ref("Deployment", "default", "vminsert-demo"))
    assert "PATCH deployments/vminsert-demo" in await running.writes()


async def test_a_pod_that_is_stuck_without_a_name_is_not_waited_for(lab: Lab) -> None:
    await lab.apply(cluster())
    await lab.run()
    await lab.kubernetes.settle()
    await lab.kubernetes.fail("vmstorage-demo-0")
    await lab.kubernetes.fail("vmstorage-demo-1")
    assert "PATCH deployments/vminsert-demo" in await lab.writes()


async def test_a_creation_takes_ten_applies_and_two_status_writes(lab: Lab) -> None:
    await lab.apply(cluster())
    before = len(lab.api.writes)
    said = await lab.settle()
    writes = [short(one.method, one.path) for one in lab.api.writes[before:]]
    ours = [one for one in writes if one.startswith("PATCH")]
    assert sorted(ours) == sorted([*SHARED, *WORKLOADS, *SCRAPES, STATUS, STATUS])
    assert said == [
        "expanding waiting for the pods of vmstorage, vmselect, vminsert",
        "operational",
    ]


async def test_it_is_operational_only_once_the_services_send_traffic(lab: Lab) -> None:
    await lab.apply(cluster())
    await lab.run()
    await lab.kubernetes.settle()
    await lab.run()
    for workload in (*lab.kubernetes.all("StatefulSet"), *lab.kubernetes.all("Deployment")):
        await lab.kubernetes._run(workload)
    await lab.run()
    assert lab.status["updateStatus"] == "expanding"
    await lab.kubernetes.settle()
    await lab.run()
    assert lab.status["updateStatus"] == "operational"


async def test_an_unchanged_world_costs_no_write_and_no_apply(running: Lab) -> None:
    assert await running.writes() == []


async def test_a_restarted_operator_writes_nothing(running: Lab) -> None:
    fresh = Lab(running.api, running.client, running.kubernetes)
    assert await fresh.writes() == []


async def test_a_deleted_child_is_made_again(running: Lab) -> None:
    await running.api.remove(Ref("Service", "default", "vminsert-demo"))
    assert "PATCH services/vminsert-demo" in await running.writes()
    await running.settle()
    assert running.message == "operational"


async def test_a_changed_field_is_set_back(running: Lab) -> None:
    live = running.child("StatefulSet", "vmselect-demo")
    await running.api.put({**live, "spec": {**live["spec"], "replicas": 7}})
    await running.run()
    assert running.child("StatefulSet", "vmselect-demo")["spec"]["replicas"] == 2


async def test_a_child_whose_label_was_taken_gets_it_back(running: Lab) -> None:
    live = running.child("Service", "vminsert-demo")
    await running.api.put({**live, "metadata": {**live["metadata"], "labels": {}}})
    # The first one is refused: what no informer shows is taken for new.
    assert await running.writes() == ["PATCH services/vminsert-demo"] * 2
    assert running.child("Service", "vminsert-demo")["metadata"]["labels"]["managed-by"]
    assert await running.writes() == []


async def test_an_object_of_somebody_else_is_left_alone_and_named(lab: Lab) -> None:
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "vminsert-demo", "namespace": "default", "labels": {"app": "x"}},
        "spec": {"selector": {"app": "x"}, "ports": [{"port": 1}]},
    }
    await lab.api.put(theirs)
    await lab.apply(cluster())
    again = await lab.run()
    assert lab.message == (
        "failed Service vminsert-demo exists and is not this object's: left alone"
    )
    assert lab.child("Service", "vminsert-demo")["spec"] == theirs["spec"]
    assert lab.child("StatefulSet", "vmstorage-demo")
    assert again is not None
    assert await lab.writes() == []


async def test_an_orphan_with_our_labels_is_adopted(running: Lab) -> None:
    live = running.child("StatefulSet", "vmstorage-demo")
    await running.api.put({**live, "metadata": {**live["metadata"], "ownerReferences": []}})
    await running.settle()
    owners = running.child("StatefulSet", "vmstorage-demo")["metadata"]["ownerReferences"]
    assert [owner["name"] for owner in owners] == ["demo"]
    assert running.message == "operational"


def _refusing(lab: Lab, status: int, path: str, message: str) -> Fault:
    fault = Fault(status=status, times=99, method="PATCH", path=path, message=message)
    lab.api.faults.append(fault)
    return fault


async def test_a_refused_child_is_told_and_the_others_are_applied(lab: Lab) -> None:
    fault = _refusing(lab, 422, "services/vmselect-demo", "spec.ports[0].name: Invalid value")
    await lab.apply(cluster())
    writes = await lab.writes()
    await lab.kubernetes.settle()
    writes += await lab.writes()
    assert {one for one in writes if one != STATUS} == SHARED | WORKLOADS | SCRAPES
    assert lab.message == "failed Service vmselect-demo: spec.ports[0].name: Invalid value"
    for _ in range(3):
        await lab.kubernetes.settle()
        assert STATUS not in await lab.writes()
    fault.times = 0
    await lab.settle()
    assert lab.message == "operational"


async def test_the_same_refusals_are_told_alike_in_every_pass(lab: Lab) -> None:
    for place in ("services/vmselect-demo", "services/vminsert-demo", "services/vmstorage-demo"):
        _refusing(lab, 422, place, "no")
        lab.api.faults[-1].delay_seconds = 0.02 * len(lab.api.faults)
    await lab.apply(cluster())
    await lab.run()
    lab.api.faults[0].delay_seconds, lab.api.faults[2].delay_seconds = 0.06, 0.0
    assert STATUS not in await lab.writes()


async def test_a_field_that_cannot_change_tells_how_to_have_it_made_anew(running: Lab) -> None:
    words = "spec: Forbidden: updates to statefulset spec for fields other than 'replicas' are"
    _refusing(running, 422, "statefulsets/vmstorage-demo", words)
    await running.apply(cluster(clusterVersion=NEW_TAG))
    await running.run()
    assert words in running.message
    assert (
        "kubectl -n default delete statefulset vmstorage-demo --cascade=orphan" in running.message
    )
    assert "its pods stay" in running.message


async def test_a_missing_right_is_told_in_the_api_servers_words(lab: Lab) -> None:
    words = 'deployments.apps "vminsert-demo" is forbidden: User "x" cannot patch resource'
    _refusing(lab, 403, "deployments/vminsert-demo", words)
    await lab.apply(cluster())
    await lab.run()
    await lab.kubernetes.settle()
    assert await lab.run() == 60.0
    assert lab.message == f"failed {words}"
    assert lab.child("StatefulSet", "vmselect-demo")


@pytest.mark.parametrize("place", ["services/vminsert-demo", "eviction"])
async def test_in_a_namespace_that_is_being_deleted_nothing_is_made_any_more(
    running: Lab, place: str
) -> None:
    fault = _refusing(running, 403, place, "unable to create new content in namespace default")
    fault.causes, fault.method = ("NamespaceTerminating",), ""
    await running.apply(cluster(clusterVersion=NEW_TAG))
    await running.api.remove(Ref("Service", "default", "vminsert-demo"))
    for _ in range(4):
        await running.run()
        await running.kubernetes.settle()
    before = len(running.api.seen)
    await running.run()
    assert len(running.api.seen) == before
    assert running.status["updateStatus"] == "expanding"


async def test_a_missing_right_to_the_status_does_not_keep_children_from_being_made(
    lab: Lab,
) -> None:
    _refusing(lab, 403, "vmclusters/demo/status", "cannot patch vmclusters/status")
    await lab.apply(cluster())
    await lab.run()
    await lab.kubernetes.settle()
    await lab.run()
    assert lab.child("Deployment", "vminsert-demo")
    assert lab.status == {}


@pytest.mark.parametrize(
    ("status", "error"),
    [
        pytest.param(409, Conflict, id="somebody wrote in between"),
        pytest.param(429, Unavailable, id="the API server has too much to do"),
        pytest.param(500, Unavailable, id="the API server is broken"),
    ],
)
async def test_what_time_mends_is_left_to_the_queue_and_the_status_stays(
    running: Lab, status: int, error: type[Exception]
) -> None:
    before = running.status
    await running.api.remove(Ref("ServiceAccount", "default", "vmcluster-demo"))
    await running.api.remove(Ref("Service", "default", "vminsert-demo"))
    _refusing(running, status, "serviceaccounts", "not now")
    with pytest.raises(error):
        await running.run()
    assert running.status == before
    assert running.child("Service", "vminsert-demo"), "the others do not wait"


async def test_a_deleted_parent_is_let_go(lab: Lab) -> None:
    assert await lab.run() is None
    manifest = cluster()
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    await lab.apply(manifest)
    assert await lab.writes() == []


async def test_a_parent_made_again_waits_for_the_children_of_the_first(running: Lab) -> None:
    live = running.child("Service", "vminsert-demo")
    owner = {**live["metadata"]["ownerReferences"][0], "uid": "of-the-first"}
    await running.api.put({**live, "metadata": {**live["metadata"], "ownerReferences": [owner]}})
    with pytest.raises(NotYet, match="former Service default/vminsert-demo is still being deleted"):
        await running.run()
    await running.api.remove(Ref("Service", "default", "vminsert-demo"))
    await running.settle()
    assert running.message == "operational"


async def test_a_parent_made_again_is_told_as_a_creation(running: Lab) -> None:
    for live in (*running.kubernetes.all("StatefulSet"), *running.kubernetes.all("Deployment")):
        owner = {**live["metadata"]["ownerReferences"][0], "uid": "of-the-first"}
        metadata = {**live["metadata"], "ownerReferences": [owner]}
        await running.api.put({**live, "metadata": metadata})
    await running.api.remove(DEMO)
    await running.apply(cluster())
    with pytest.raises(NotYet):
        await running.run()
    assert running.message == "expanding waiting for the pods of vmstorage, vmselect, vminsert"


async def test_paused_changes_nothing_and_says_so(running: Lab) -> None:
    await running.apply(cluster(paused=True, clusterVersion=NEW_TAG))
    assert await running.writes() == [STATUS]
    assert running.message == "paused spec.paused is true: nothing is changed"
    assert await running.writes() == []


async def test_a_paused_component_is_left_as_it_is_and_the_others_go_on(running: Lab) -> None:
    await running.apply(cluster(clusterVersion=NEW_TAG, vmstorage={"paused": True}))
    await running.settle()
    assert NEW_TAG not in str(running.child("StatefulSet", "vmstorage-demo")["spec"])
    assert NEW_TAG in str(running.child("StatefulSet", "vmselect-demo")["spec"])
    assert running.message == "operational"


async def test_a_spec_that_cannot_be_is_told_and_touches_no_pod(running: Lab) -> None:
    await running.apply(cluster(replicationFactor=3))
    assert await running.writes() == [STATUS]
    assert running.message.startswith("failed spec.replicationFactor: ")
    assert await running.writes() == []
    await running.apply(cluster())
    await running.settle()
    assert running.message == "operational"


async def test_a_component_that_is_no_longer_wanted_is_taken_away(running: Lab) -> None:
    manifest = cluster()
    del manifest["spec"]["vminsert"]
    await running.apply(manifest)
    writes = await running.writes()
    assert {one for one in writes if one.startswith("DELETE")} == {
        "DELETE deployments/vminsert-demo",
        "DELETE services/vminsert-demo",
        "DELETE vmservicescrapes/vminsert-demo",
    }
    await running.settle()
    assert running.message == "operational"


async def test_scrapes_are_changed_set_back_and_taken_away_without_a_touch_of_pods(
    running: Lab,
) -> None:
    mine = "vmservicescrapes/vmselect-demo"
    before = running.child("StatefulSet", "vmselect-demo")["spec"]
    await running.apply(_scraped(interval="5s"))
    assert f"PATCH {mine}" in await running.writes()
    live = running.child("VMServiceScrape", "vmselect-demo")
    assert live["spec"]["endpoints"][0]["interval"] == "5s"
    await running.api.put({**live, "spec": {**live["spec"], "endpoints": []}})
    await running.run()
    assert running.child("VMServiceScrape", "vmselect-demo")["spec"] == live["spec"]
    off = _scraped(interval="5s")
    off["spec"]["vmselect"]["disableSelfServiceScrape"] = True
    await running.apply(off)
    assert f"DELETE {mine}" in await running.writes()
    assert running.child("StatefulSet", "vmselect-demo")["spec"] == before
    assert await running.writes() == []


def _scraped(**endpoint: Any) -> Tree:
    manifest = cluster()
    given = {"endpoints": [{"port": "http", **endpoint}]}
    manifest["spec"]["vmselect"]["serviceScrapeSpec"] = given
    return manifest


async def test_a_scrape_of_somebody_else_is_left_alone_and_no_reason_to_fail(lab: Lab) -> None:
    theirs = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMServiceScrape",
        "metadata": {"name": "vmselect-demo", "namespace": "default"},
        "spec": {"endpoints": []},
    }
    await lab.api.put(theirs)
    await lab.apply(cluster())
    await lab.settle()
    assert lab.message == "operational"
    assert lab.child("VMServiceScrape", "vmselect-demo")["spec"] == theirs["spec"]
    told = {it["type"]: it for it in lab.status["conditions"]}["ChildrenIncomplete"]
    assert "VMServiceScrape vmselect-demo exists and is not this object's" in told["message"]


async def test_a_change_goes_through_storage_then_select_then_insert(running: Lab) -> None:
    await running.apply(cluster(clusterVersion=NEW_TAG))
    assert await running.settle() == [
        "expanding updated: vmstorage 0/2, vmselect 0/2, vminsert 0/2",
        "expanding updated: vmstorage 1/2, vmselect 0/2, vminsert 0/2",
        "expanding updated: vmstorage 2/2, vmselect 0/2, vminsert 0/2",
        "expanding updated: vmstorage 2/2, vmselect 1/2, vminsert 0/2",
        "expanding updated: vmstorage 2/2, vmselect 2/2, vminsert 0/2",
        "operational",
    ]
    evicted = [one.path.split("/")[-2] for one in running.api.requests("POST", "eviction")]
    assert evicted == ["vmstorage-demo-0", "vmstorage-demo-1", "vmselect-demo-0", "vmselect-demo-1"]


@pytest.mark.parametrize("most", [2, "50%"], ids=["number", "share"])
async def test_as_many_pods_as_the_spec_allows_are_replaced_side_by_side(
    lab: Lab, most: int | str
) -> None:
    four = {"replicaCount": 4, "rollingUpdateStrategyBehavior": {"maxUnavailable": most}}
    await lab.apply(cluster(vmstorage=four))
    await lab.settle()
    await lab.apply(cluster(vmstorage=four, clusterVersion=NEW_TAG))
    told = [words for words in await lab.settle() if "vmselect 0/2" in words]
    assert told == [
        "expanding updated: vmstorage 0/4, vmselect 0/2, vminsert 0/2",
        "expanding updated: vmstorage 2/4, vmselect 0/2, vminsert 0/2",
        "expanding updated: vmstorage 4/4, vmselect 0/2, vminsert 0/2",
    ]


async def test_an_annotation_of_a_deployment_is_no_rollout(running: Lab) -> None:
    live = running.child("Deployment", "vminsert-demo")
    metadata = live["metadata"]
    generation = metadata["generation"] + 1
    notes = {**metadata["annotations"], "argocd.argoproj.io/tracking-id": "x"}
    touched = {**metadata, "annotations": notes, "generation": generation}
    await running.api.put({**live, "metadata": touched}, manager="argocd")
    assert running.child("Deployment", "vminsert-demo")["metadata"]["generation"] == generation
    assert await running.writes() == []


async def test_a_pod_that_another_workload_left_is_neither_counted_nor_evicted(
    running: Lab,
) -> None:
    ours = running.kubernetes.pods("vmstorage")[0]
    metadata = {
        **ours["metadata"],
        "name": "vmstorage-before",
        "uid": "u-before",
        "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "before", "uid": "u-rs"}
            | {"controller": True}
        ],
    }
    await running.api.put({**ours, "metadata": metadata})
    await running.apply(cluster(clusterVersion=NEW_TAG))
    told = await running.settle()
    assert told[-1] == "operational"
    assert not [words for words in told if "vmstorage 3/" in words]
    evicted = [one.path.split("/")[-2] for one in running.api.requests("POST", "eviction")]
    assert evicted == ["vmstorage-demo-0", "vmstorage-demo-1", "vmselect-demo-0", "vmselect-demo-1"]


async def test_a_finished_rollout_is_recorded_in_the_stateful_set(running: Lab) -> None:
    await running.apply(cluster(clusterVersion=NEW_TAG))
    await running.settle()
    for name in ("vmstorage-demo", "vmselect-demo"):
        status = running.child("StatefulSet", name)["status"]
        assert status["currentRevision"] == status["updateRevision"]


async def test_a_rollout_stops_at_the_first_pod_that_fails(running: Lab) -> None:
    await running.apply(cluster(clusterVersion="no-such-tag"))
    await running.run()
    await running.kubernetes.settle()
    await running.run()
    await running.kubernetes.settle()
    await running.kubernetes.fail("vmstorage-demo-0")
    for _ in range(3):
        await running.run()
    assert len(running.api.requests("POST", "eviction")) == 1
    assert "pod vmstorage-demo-0: container main: ImagePullBackOff: i" in running.message
    assert "no-such-tag" not in str(running.child("StatefulSet", "vmselect-demo")["spec"])


async def test_a_pod_stuck_on_a_broken_revision_is_replaced_by_the_next_change(
    running: Lab,
) -> None:
    await running.apply(cluster(clusterVersion="no-such-tag"))
    await running.run()
    await running.kubernetes.settle()
    await running.run()
    await running.kubernetes.settle()
    await running.kubernetes.fail("vmstorage-demo-0")
    await running.apply(cluster())
    await running.settle()
    assert running.message == "operational"
    assert len(running.api.requests("POST", "eviction")) == 2


BUDGET = "Cannot evict pod as it would violate the pod's disruption budget."


async def _refused_eviction(running: Lab) -> Fault:
    await running.apply(cluster(clusterVersion=NEW_TAG))
    await running.run()
    await running.kubernetes.settle()
    fault = Fault(status=429, times=99, method="POST", path="eviction", message=BUDGET)
    running.api.faults.append(fault)
    return fault


async def test_a_disruption_budget_is_heeded_told_and_asked_again(running: Lab) -> None:
    fault = await _refused_eviction(running)
    assert await running.run() == 5.0
    assert running.message.endswith(f"pod vmstorage-demo-0 may not be evicted: {BUDGET}")
    assert await running.writes() == ["POST pods/vmstorage-demo-0/eviction"]
    fault.times = 0
    await running.settle()
    assert running.message == "operational"


async def test_a_budget_does_not_protect_a_pod_that_serves_nobody(running: Lab) -> None:
    await _refused_eviction(running)
    await running.kubernetes.fail("vmstorage-demo-1")
    writes = await running.writes()
    assert "DELETE pods/vmstorage-demo-1" in writes
    assert "POST pods/vmstorage-demo-0/eviction" not in writes


async def test_a_pod_that_has_come_to_serve_since_it_was_seen_is_not_deleted(
    running: Lab,
) -> None:
    await _refused_eviction(running)
    await running.kubernetes.fail("vmstorage-demo-1")
    running.kubernetes.look(running.world)
    live = running.child("Pod", "vmstorage-demo-1")
    await running.api.put({**live, "status": {"conditions": [{"type": "Ready", "status": "True"}]}})
    await Reconciler(running.client, running.world, Settings()).reconcile(DEMO)
    uid = live["metadata"]["uid"]
    assert running.child("Pod", "vmstorage-demo-1")["metadata"]["uid"] == uid


async def test_a_missing_right_to_evict_is_told(running: Lab) -> None:
    await running.apply(cluster(clusterVersion=NEW_TAG))
    await running.run()
    await running.kubernetes.settle()
    running.api.faults.append(
        Fault(status=403, times=99, method="POST", path="eviction", message="cannot create evict")
    )
    await running.run()
    assert running.message == "failed cannot create evict"


async def test_what_an_eviction_by_the_kubelet_leaves_is_not_counted(running: Lab) -> None:
    left = running.kubernetes.pods("vminsert")[0]
    left = {
        **left,
        "metadata": {**left["metadata"], "name": "vminsert-demo-old", "uid": ""},
        "status": {"phase": "Failed", "conditions": []},
    }
    await running.api.put(left)
    assert await running.writes() == []


async def test_a_late_event_does_not_undo_what_a_pass_knows_but_wakes_it(
    client: Client, lab: Lab
) -> None:
    """A change that came in between is part of what the pass was answered, yet not worked with."""
    await lab.apply(cluster())
    await lab.run()
    woken: list[Ref] = []
    informer: Informer[Any] = next(
        one
        for one in Wiring(client, lab.world, woken.append).informers()
        if one.resource.kind == "VMCluster"
    )
    newer = lab.world.parents.get(DEMO)
    older = {**cluster(), "metadata": {**cluster()["metadata"], "resourceVersion": "1"}}
    informer._handle(WatchEvent("MODIFIED", older))
    informer._handle(WatchEvent("DELETED", older))
    assert lab.world.parents.get(DEMO) == newer
    assert woken == [DEMO, DEMO]
