"""Guards without a pass: what a spec loses, what is kept of the live one, and what is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from vmoperator.api import parsed
from vmoperator.api.parent import Parent
from vmoperator.apply.guarded import Guarded, Live
from vmoperator.apply.guards import guarded
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.settings import Settings
from vmoperator.observe.facts import Child, child, pod
from vmoperator.render import Plan, plan

NOW = "2026-11-23T05:00:00Z"
GI = {"resources": {"requests": {"storage": "1Gi"}}}
CLAIM = {"volumeClaimTemplate": {"spec": GI}}


def manifest(kind: str, annotations: Mapping[str, str] | None = None, **spec: Any) -> Manifest:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": kind,
        "metadata": {
            "name": "demo",
            "namespace": "ns",
            "uid": "u-1",
            "annotations": dict(annotations or {}),
        },
        "spec": spec,
    }


def single(annotations: Mapping[str, str] | None = None, /, **spec: Any) -> Manifest:
    return manifest("VMSingle", annotations, **spec)


def cluster(nodes: int, annotations: Mapping[str, str] | None = None, /, **spec: Any) -> Manifest:
    storage = {"replicaCount": nodes, **spec.pop("vmstorage", {})}
    return manifest("VMCluster", annotations, vmstorage=storage, **spec)


def rendered(parent: Parent) -> Plan:
    return plan(parent, Settings())


def settled(made: Manifest) -> Manifest:
    """The child as it is live, with all pods of the newest spec."""
    replicas = (made.get("spec") or {}).get("replicas", 0)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = {"observedGeneration": 1, **dict.fromkeys(counts, replicas)}
    metadata = {**made["metadata"], "uid": "c-1", "generation": 1}
    return {**made, "metadata": metadata, "status": status}


def running(*before: Manifest) -> Live:
    """The world in which these parents have been carried out."""
    children: dict[Ref, Child] = {}
    for one in before:
        for made in rendered(parsed(one)).manifests:
            children[ref_of(made)] = child(settled(made))
    return Live(child=children.get, pods=lambda ref: (), now=NOW)


def judged(before: Manifest, after: Manifest) -> Guarded:
    return guarded(parsed(after), rendered, running(before))


def workload(made: Guarded) -> Manifest:
    return made.plan.stages[0].workload


def messages(made: Guarded) -> str:
    return "; ".join(finding.message for finding in made.findings)


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (single(retentionPeriod="4"), single(retentionPeriod="1y"), ""),
        (single(retentionPeriod="4"), single(retentionPeriod="124d"), ""),
        (single(retentionPeriod="4"), single(retentionPeriod="17w"), "spec.retentionPeriod stays"),
        (single(retentionPeriod="4"), single(), "unset, which is 1, would delete"),
        (single(), single(retentionPeriod="30d"), "spec.retentionPeriod stays 1: 30d"),
        (
            single(retentionPeriod="4"),
            single(retentionPeriod="4", extraArgs={"--retentionPeriod": "2"}),
            "spec.extraArgs.--retentionPeriod stays 4: 2",
        ),
        (
            single(extraArgs={"retentionPeriod": "100y"}),
            single(retentionPeriod="10y"),
            "stays 100y: 10y",
        ),
    ],
    ids=["longer", "same", "shorter", "removed", "below the default", "flag", "flag removed"],
)
def test_a_shorter_retention_is_kept_and_told(
    before: Manifest, after: Manifest, words: str
) -> None:
    made = judged(before, after)
    assert (words in messages(made)) if words else not made.findings
    args = workload(made)["spec"]["template"]["spec"]["containers"][0]["args"]
    old = workload(judged(before, before))["spec"]["template"]["spec"]["containers"][0]["args"]
    kept = [one for one in old if "retentionPeriod" in one]
    if words:
        assert [one for one in args if "retentionPeriod" in one] == kept


def test_the_rest_of_a_spec_with_a_kept_retention_is_rendered() -> None:
    made = judged(
        single(retentionPeriod="4"), single(retentionPeriod="1", port="9000", logLevel="ERROR")
    )
    args = workload(made)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert {"-httpListenAddr=:9000", "-loggerLevel=ERROR", "-retentionPeriod=4"} <= set(args)


CLAIMED = "persistentVolumeClaim/vmsingle-demo"
OWN: dict[str, Any] = {
    "volumes": [{"name": "mine", "persistentVolumeClaim": {"claimName": "mine"}}],
    "volumeMounts": [{"name": "mine", "mountPath": "/victoria-metrics-data"}],
}


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (single(storage=GI), single(), "spec.storage stays as it is: the data lies in " + CLAIMED),
        (single(storage=GI), single(**OWN), "an empty database in persistentVolumeClaim/mine"),
        (single(**OWN), single(storage=GI), "the data lies in persistentVolumeClaim/mine"),
        (
            single(storage=GI),
            single(storage=GI, extraArgs={"storageDataPath": "/tmp/x"}),
            "spec.extraArgs.storageDataPath stays as it is",
        ),
        (single(storage=GI), single(storage=GI, storageDataPath="/elsewhere"), ""),
        (single(), single(storage=GI), ""),
        (single(**OWN), single(**OWN, port="9000"), ""),
        (cluster(1, vmstorage={"storage": CLAIM}), cluster(1), "spec.vmstorage.storage stays"),
        (
            cluster(1, vmstorage={"storage": CLAIM}),
            cluster(1, vmstorage={"storage": CLAIM, "storageDataPath": "/elsewhere"}),
            "",
        ),
        (
            cluster(1, vmstorage={"storage": CLAIM}),
            cluster(
                1,
                vmstorage={
                    "storage": {"volumeClaimTemplate": {"metadata": {"name": "db"}, "spec": GI}}
                },
            ),
            "in volumeClaimTemplate/db",
        ),
    ],
    ids=[
        "storage removed",
        "own volume instead",
        "claim instead of an own volume",
        "a folder on no volume",
        "the same claim at another folder",
        "emptyDir before",
        "own volume stays",
        "template removed",
        "template at another folder",
        "template of another name",
    ],
)
def test_data_is_not_left_behind(before: Manifest, after: Manifest, words: str) -> None:
    made = judged(before, after)
    assert (words in messages(made)) if words else not made.findings


def test_removed_storage_is_rendered_as_before_with_the_rest_of_the_spec() -> None:
    made = judged(single(storage=GI), single(port="9000"))
    volumes = workload(made)["spec"]["template"]["spec"]["volumes"]
    assert {"name": "data", "persistentVolumeClaim": {"claimName": "vmsingle-demo"}} in volumes
    args = workload(made)["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "-httpListenAddr=:9000" in args
    assert not made.plan.stages[0].is_paused


def test_a_workload_whose_own_volume_goes_is_left_alone() -> None:
    made = judged(single(**OWN), single(storage=GI))
    assert made.plan.stages[0].is_paused


def test_data_may_be_left_behind_where_an_annotation_names_its_place() -> None:
    allowed = {labels.ALLOW_STORAGE_CHANGE: CLAIMED}
    made = judged(single(storage=GI), single(allowed))
    assert not made.findings
    assert not made.remarks
    assert {"name": "data", "emptyDir": {}} in workload(made)["spec"]["template"]["spec"]["volumes"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (
            {"vmstorage": {"hpa": {"minReplicas": 1, "maxReplicas": 2}}},
            "spec.vmstorage.hpa.maxReplicas stays 3: 2 would take vmstorage-demo-2 away, and it"
            " cannot be drained: an autoscaler decides",
        ),
        (
            {"vminsert": {"extraArgs": {"storageNode": "vmstorage-demo-2.vmstorage-demo.ns:8400"}}},
            "spec.vminsert.extraArgs.storageNode names it",
        ),
        (
            {"vmstorage": {"maintenanceInsertNodeIDs": [0]}, "replicationFactor": 2},
            "spec.replicationFactor, 2, needs as many nodes: 1 would take samples",
        ),
    ],
    ids=["autoscaler", "nodes of the user's", "too few nodes for the copies"],
)
def test_what_cannot_be_drained_says_why(spec: dict[str, Any], words: str) -> None:
    made = judged(cluster(3), cluster(2, {labels.DRAIN: "2"}, **spec))
    assert words in messages(made)


def test_an_autoscaler_keeps_its_upper_bound_above_what_there_is() -> None:
    scaling: dict[str, Any] = {"vmstorage": {"hpa": {"minReplicas": 1, "maxReplicas": 2}}}
    made = judged(cluster(3), cluster(1, **scaling))
    (scaler,) = (it for it in made.plan.shared if it["kind"] == "HorizontalPodAutoscaler")
    assert scaler["spec"]["maxReplicas"] == 3
    allowed = judged(cluster(3), cluster(1, {labels.ALLOW_SCALE_DOWN: "2"}, **scaling))
    (scaler,) = (it for it in allowed.plan.shared if it["kind"] == "HorizontalPodAutoscaler")
    assert scaler["spec"]["maxReplicas"] == 2
    assert not allowed.findings


def test_pods_that_a_statefulset_was_to_be_made_anew_around_count() -> None:
    orphan = pod(
        {
            "metadata": {
                "name": "vmstorage-demo-2",
                "namespace": "ns",
                "labels": labels.selector("vmstorage", "demo", part_of="vmcluster"),
            }
        }
    )
    live = replace(running(), pods=lambda ref: (orphan,))
    made = guarded(parsed(cluster(2)), rendered, live)
    assert "stays 3: 2 would take vmstorage-demo-2 away" in messages(made)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [(3, ""), (2, "stays 3: 2 would take vmstorage-demo-2 away")],
    ids=["they go again", "those that were there before are guarded"],
)
def test_pods_that_somebody_scaled_up_by_hand_keep_nothing(nodes: int, words: str) -> None:
    before = cluster(3, vminsert={}, vmselect={})
    first, ref = running(before), Ref("StatefulSet", "ns", "vmstorage-demo")
    storage = first.child(ref)
    assert storage is not None
    scaled = replace(storage, replicas=5, is_scaled_by_others=True)
    live = replace(first, child=lambda it: scaled if it == ref else first.child(it))
    made = guarded(parsed(cluster(nodes, vminsert={}, vmselect={})), rendered, live)
    assert (words in messages(made)) if words else not made.findings


def test_children_of_a_former_parent_guard_nothing() -> None:
    before = cluster(3)
    before["metadata"]["uid"] = "u-0"
    assert not judged(before, cluster(2)).findings


def test_a_paused_vmstorage_and_its_clients_agree_on_the_pods_that_there_are() -> None:
    spec: dict[str, Any] = {"vminsert": {}, "vmstorage": {"paused": True}}
    made = judged(cluster(3, **spec), cluster(2, **spec))
    assert not made.findings
    insert = made.plan.stages[-1].workload["spec"]["template"]["spec"]["containers"][0]["args"]
    assert any("vmstorage-demo-2" in one for one in insert)


def test_a_retention_without_an_end_says_how_to_go_on() -> None:
    before = cluster(2, retentionPeriod="9999999y")
    mark = {labels.DRAINING: f"1={NOW}"}
    first = running(before)
    ref = Ref("StatefulSet", "ns", "vmstorage-demo")
    made = settled(rendered(parsed(before)).stages[0].workload)
    made["metadata"]["annotations"] = mark
    found = child(made)
    live = replace(first, child=lambda it: found if it == ref else first.child(it))
    after = cluster(1, {labels.DRAIN: "1"}, retentionPeriod="9999999y")
    (remark,) = guarded(parsed(after), rendered, live).remarks
    assert "never removed, for the retention (9999999y) has no end" in remark.message
    assert f'{labels.ALLOW_SCALE_DOWN}: "1"' in remark.message


def test_guards_of_other_kinds_have_nothing_to_say() -> None:
    remote = [{"url": "http://x/api/v1/write"}]
    agent = manifest("VMAgent", replicaCount=1, remoteWrite=remote)
    more = manifest("VMAgent", replicaCount=3, remoteWrite=remote)
    made = judged(more, agent)
    assert (made.findings, made.remarks) == ((), ())
