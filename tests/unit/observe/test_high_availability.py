"""HighlyAvailable: one case for each thing that may lack, and none where nothing does."""

from __future__ import annotations

import pytest
from tests.unit.observe.available import (
    AGENT,
    ALERT,
    CLAIM,
    DEDUP,
    DEDUPLICATING,
    cluster,
    parent,
    pods,
    told,
)

from vmoperator.api.around import Known
from vmoperator.observe.high_availability import highly_available
from vmoperator.observe.verdict import Aspect, Remark

LACKING: dict[str, tuple[Remark, str, str]] = {
    "one vmstorage": (
        told(cluster(vmstorage={"storage": CLAIM}, replicationFactor=None)),
        "TooFewReplicas",
        "vmstorage has 1 replica: set spec.vmstorage.replicaCount to at least 2",
    ),
    "one vmselect": (
        told(cluster(vmselect={"replicaCount": 1})),
        "TooFewReplicas",
        "vmselect has 1 replica: set spec.vmselect.replicaCount to at least 2",
    ),
    "no vminsert": (
        told(cluster(vminsert={"replicaCount": 0})),
        "TooFewReplicas",
        "vminsert has 0 replicas",
    ),
    "an autoscaler that goes down to one": (
        told(cluster(vminsert={"replicaCount": 3, "hpa": {"maxReplicas": 5}})),
        "TooFewReplicas",
        "set spec.vminsert.hpa.minReplicas to at least 2",
    ),
    "one load balancer": (
        told(cluster(requestsLoadBalancer={"enabled": True})),
        "TooFewReplicas",
        "set spec.requestsLoadBalancer.spec.replicaCount to at least 2",
    ),
    "one copy": (
        told(cluster(replicationFactor=None)),
        "NotReplicated",
        "set spec.replicationFactor to 2",
    ),
    "data that goes with the pod": (
        told(cluster(vmstorage={"replicaCount": 2})),
        "NoPersistentStorage",
        "set spec.vmstorage.storage.volumeClaimTemplate",
    ),
    "all vmselect pods on one node": (
        told(cluster(), running=pods(vmstorage="a b", vmselect="a a", vminsert="a b")),
        "PodsOnOneNode",
        "all 2 pods of vmselect are on node a",
    ),
    "both copies on one node": (
        told(cluster(), running=pods(vmstorage="a b b")),
        "PodsOnOneNode",
        "2 of 3 pods of vmstorage are on node b",
    ),
    "a VMSingle": (told(parent("VMSingle")), "SingleNode", "use a VMCluster"),
    "one agent": (
        told(parent("VMAgent", **{**AGENT, "replicaCount": 1})),
        "TooFewReplicas",
        "vmagent has 1 replica",
    ),
    "one agent on each node": (
        told(parent("VMAgent", remoteWrite=AGENT["remoteWrite"], daemonSetMode=True)),
        "TooFewReplicas",
        "daemonSetMode runs one pod on each node",
    ),
    "agents whose cluster keeps what each of them writes": (
        told(parent("VMAgent", "agent", **AGENT), cluster()),
        "NotDeduplicated",
        "set -dedup.minScrapeInterval=30s there"
        " (spec.vmselect.extraArgs, spec.vmstorage.extraArgs)",
    ),
    "agents whose cluster deduplicates in one place only": (
        told(
            parent("VMAgent", "agent", **AGENT),
            cluster(vmselect={"replicaCount": 2, "extraArgs": DEDUP}),
        ),
        "NotDeduplicated",
        "there (spec.vmstorage.extraArgs)",
    ),
    "agents that scrape less often than is deduplicated": (
        told(
            parent("VMAgent", "agent", **AGENT, scrapeInterval="1m"),
            parent("VMCluster", **DEDUPLICATING),
        ),
        "NotDeduplicated",
        "set -dedup.minScrapeInterval=1m there",
    ),
    "agents that write to a VMSingle": (
        told(
            parent(
                "VMAgent",
                "agent",
                replicaCount=2,
                remoteWrite=[{"url": "http://vmsingle-main:8429"}],
            ),
            parent("VMSingle"),
        ),
        "NotDeduplicated",
        "VMSingle default/main keeps the samples of every replica",
    ),
    "agents on one node": (
        told(parent("VMAgent", **AGENT), running=pods(vmagent="a a")),
        "PodsOnOneNode",
        "all 2 pods of vmagent are on node a",
    ),
    "one vmalert": (
        told(parent("VMAlert", **{**ALERT, "replicas": 1})),
        "TooFewReplicas",
        "vmalert has 1 replica: set spec.replicaCount",
    ),
    "a vmalert that forgets": (
        told(parent("VMAlert", **{**ALERT, "remoteRead": None})),
        "StateNotKept",
        "set spec.remoteRead",
    ),
    "a vmalert that reaches one Alertmanager of three": (
        told(
            parent(
                "VMAlert",
                "alert",
                **{
                    **ALERT,
                    "notifier": {
                        "url": "http://vmalertmanager-main-1.vmalertmanager-main.default.svc:9093"
                    },
                },
            ),
            parent("VMAlertmanager", replicaCount=3),
        ),
        "AlertmanagersNotReached",
        "alerts reach 1 of 3 pods of VMAlertmanager default/main",
    ),
    "one Alertmanager": (
        told(parent("VMAlertmanager")),
        "TooFewReplicas",
        "alertmanager has 1 replica",
    ),
    "Alertmanagers on one node": (
        told(parent("VMAlertmanager", replicaCount=3), running=pods(vmalertmanager="a a a")),
        "PodsOnOneNode",
        "all 3 pods of vmalertmanager are on node a: add nodes, or spread the pods over them",
    ),
}


@pytest.mark.parametrize(("remark", "reason", "says"), LACKING.values(), ids=LACKING)
def test_what_lacks_is_named_with_what_to_do(remark: Remark, reason: str, says: str) -> None:
    assert (remark.type, remark.status, remark.reason) == (
        Aspect.HIGHLY_AVAILABLE,
        "False",
        reason,
    )
    assert says in remark.message


NOT_LACKING: dict[str, Remark] = {
    "the document's cluster on two nodes": told(cluster()),
    "a volume of the user's for the data": told(
        cluster(
            vmstorage={"replicaCount": 2, "volumes": [{"name": "vmstorage-db", "hostPath": {}}]}
        )
    ),
    "an autoscaler that keeps two": told(
        cluster(vminsert={"hpa": {"minReplicas": 2, "maxReplicas": 3}})
    ),
    "a load balancer that is switched off": told(cluster(requestsLoadBalancer={"enabled": False})),
    "three storage pods, of which two may be gone, two on one node": told(
        cluster(replicationFactor=3, vmstorage={"replicaCount": 3, "storage": CLAIM}),
        running=pods(vmstorage="a b b"),
    ),
    "agents and a cluster that deduplicates": told(
        parent("VMAgent", "agent", **AGENT), parent("VMCluster", **DEDUPLICATING)
    ),
    "agents that scrape more often than is deduplicated": told(
        parent("VMAgent", "agent", **AGENT, scrapeInterval="15s"),
        parent("VMCluster", **DEDUPLICATING),
    ),
    "a cluster that downsamples to the interval": told(
        parent("VMAgent", "agent", **AGENT),
        cluster(downsampling={"dedupInterval": "1m"}),
    ),
    "agents that write to another Kubernetes cluster": told(
        parent(
            "VMAgent",
            "agent",
            replicaCount=2,
            remoteWrite=[{"url": "http://vminsert-main.example.org"}],
        ),
        cluster(),
    ),
    "agents that write to another namespace's cluster": told(
        parent(
            "VMAgent", "agent", replicaCount=2, remoteWrite=[{"url": "http://vminsert-main.other"}]
        ),
        cluster(),
    ),
    "a vmalert that names the Service of all Alertmanagers": told(
        parent("VMAlert", "alert", **ALERT), parent("VMAlertmanager", replicaCount=3)
    ),
    "a vmalert that names every Alertmanager": told(
        parent(
            "VMAlert",
            "alert",
            **{
                **ALERT,
                "notifier": None,
                "notifiers": [
                    {"url": f"http://vmalertmanager-main-{it}.vmalertmanager-main:9093"}
                    for it in range(2)
                ],
            },
        ),
        parent("VMAlertmanager", replicaCount=2),
    ),
    "two Alertmanagers": told(parent("VMAlertmanager", replicaCount=2)),
}


@pytest.mark.parametrize("remark", NOT_LACKING.values(), ids=NOT_LACKING)
def test_nothing_is_said_to_lack_that_does_not(remark: Remark) -> None:
    assert (remark.status, remark.reason) == ("True", "NothingMissing"), remark.message


def test_everything_that_lacks_is_told_at_once() -> None:
    remark = told(cluster(replicationFactor=None, vmselect={"replicaCount": 1}))
    assert remark.reason == "TooFewReplicas"
    assert "vmselect has 1 replica" in remark.message
    assert "set spec.replicationFactor to 2" in remark.message


def test_before_the_pods_run_nobody_knows_and_then_what_was_told_stays() -> None:
    before = told(cluster(), running=())
    assert (before.status, before.reason) == ("Unknown", "Starting")
    known = told(cluster(), running=pods(vmselect="a a"))
    around = Known(parents=(cluster(),))
    assert highly_available(cluster(), around, (), previous=known) == known
