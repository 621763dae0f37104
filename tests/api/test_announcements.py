"""Events about parents: what a pass does is told once, and never in its way."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.announcements import Announcements
from vmoperator.apply.client import Client
from vmoperator.observe.announcing import Notice

Tree = dict[str, Any]
PARENT: Tree = {
    "apiVersion": "operator.victoriametrics.com/v1beta1",
    "kind": "VMCluster",
    "metadata": {"name": "demo", "namespace": "default", "uid": "u-1"},
}
HELLO = Notice("Normal", "Hello", "hello")


def _events(api: FakeApi) -> list[Tree]:
    return [one for one in api.objects.live.values() if one["kind"] == "Event"]


def _told(api: FakeApi) -> list[tuple[str, str]]:
    return [(one["reason"], one["message"]) for one in _events(api)]


@pytest.fixture
async def announced(api: FakeApi, client: Client) -> Lab:
    """A running cluster; from now on events are written."""
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(_cluster())
    await lab.settle()
    lab.announcements = Announcements(client)
    return lab


def _cluster(**spec: Any) -> Tree:
    manifest = vmcluster()
    parts: Tree = {app: {"replicaCount": 2} for app in ("vmstorage", "vmselect", "vminsert")}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


async def _settle(lab: Lab) -> None:
    """Controllers and passes in turns, each pod's end seen while it lasts."""
    assert lab.announcements
    await lab.settle()
    await lab.announcements.write()


async def test_a_rollout_is_announced_when_it_begins_and_when_it_ends(announced: Lab) -> None:
    await announced.apply(_cluster(clusterVersion="v1.150.1-cluster"))
    await _settle(announced)
    assert [it for it in _told(announced.api) if it[0] != "ReplacingPod"] == [
        ("RollingOut", "updated: vmstorage 0/2, vmselect 0/2, vminsert 0/2"),
        ("Operational", "every pod of the current spec serves"),
    ]


async def test_each_pod_that_is_replaced_is_told_of_also_when_nobody_saw_it_go(
    announced: Lab,
) -> None:
    await announced.run()  # the pods as they are before
    await announced.apply(_cluster(clusterVersion="v1.150.1-cluster"))
    await _settle(announced)
    told = sorted(words for reason, words in _told(announced.api) if reason == "ReplacingPod")
    apps = ("vminsert", "vmselect", "vmstorage")
    names = [f"{app}-demo-{number}" for app in apps for number in (0, 1)]
    assert told == [f"replacing pod {name}: its spec has changed" for name in names]


async def test_a_pod_that_makes_way_is_explained_once_by_its_revision(announced: Lab) -> None:
    old, new = await _revisions(announced)
    live = announced.kubernetes.pods("vmstorage")[1]
    name = live["metadata"]["name"]
    labels = {**live["metadata"]["labels"], "controller-revision-hash": old}
    leaving = {**live["metadata"], "labels": labels, "deletionTimestamp": "2026-01-01T00:00:00Z"}
    await announced.api.put({**live, "metadata": leaving})
    assert new
    assert announced.announcements
    for _ in range(3):
        await announced.run()
        await announced.announcements.write()
    why = f"replacing pod {name}: kubectl asked for a restart; vmstorage: image: old:1 -> new:1"
    assert [it for it in _told(announced.api) if it[0] == "ReplacingPod"] == [("ReplacingPod", why)]


async def _revisions(lab: Lab) -> tuple[str, str]:
    """An older revision of vmstorage beside the newest, which the controller keeps."""
    new = lab.child("StatefulSet", "vmstorage-demo")["status"]["updateRevision"]
    for name, image in (("older", "old:1"), (new, "new:1")):
        containers = [{"name": "vmstorage", "image": image}]
        restarted = {"annotations": {"kubectl.kubernetes.io/restartedAt": "2026"}}
        metadata = {"labels": {"a": "b"}, **(restarted if name == new else {})}
        template = {"metadata": metadata, "spec": {"containers": containers}}
        await lab.api.put(
            {
                "apiVersion": "apps/v1",
                "kind": "ControllerRevision",
                "metadata": {"name": name, "namespace": "default"},
                "data": {"spec": {"template": {**template, "$patch": "replace"}}},
            }
        )
    return "older", new


async def test_a_foreign_change_is_told_of_when_it_is_set_back(announced: Lab) -> None:
    live = announced.child("Service", "vminsert-demo")
    ports = [{**port, "port": 9999} for port in live["spec"]["ports"]]
    await announced.api.put({**live, "spec": {**live["spec"], "ports": ports}})
    await _settle(announced)
    [(reason, words)] = _told(announced.api)
    assert reason == "ForeignChangeUndone"
    assert words.startswith("Service vminsert-demo: what somebody has changed is set back: spec.")


async def test_nothing_is_announced_at_rest_or_after_a_restart(announced: Lab) -> None:
    for _ in range(2):
        announced.announcements = Announcements(announced.client)
        await announced.run()
        await announced.announcements.write()
    assert _events(announced.api) == []


async def test_the_same_words_are_counted(api: FakeApi, client: Client) -> None:
    announcements = Announcements(client)
    for _ in range(3):
        announcements.tell(PARENT, HELLO)
    await announcements.write()
    assert [(one["message"], one["count"]) for one in _events(api)] == [("hello", 3)]


async def test_words_whose_event_is_gone_are_told_anew(api: FakeApi, client: Client) -> None:
    announcements = Announcements(client)
    announcements.tell(PARENT, HELLO)
    await announcements.write()
    api.objects.live.clear()
    announcements.tell(PARENT, HELLO)
    await announcements.write()
    assert [one["count"] for one in _events(api)] == [1]


async def test_there_is_no_storm_of_events(api: FakeApi, client: Client) -> None:
    announcements = Announcements(client)
    for number in range(200):
        announcements.tell(PARENT, Notice("Normal", "Hello", f"hello {number}"))
    await announcements.write()
    assert 30 <= len(_events(api)) <= 35
    other = {**PARENT, "metadata": {**PARENT["metadata"], "uid": "u-2"}}
    announcements.tell(other, HELLO)
    await announcements.write()
    assert ("Hello", "hello") in _told(api)


async def test_a_missing_right_is_logged_once_and_stops_nothing(
    announced: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(status=403, times=99, method="POST", path="/events", message="no events for you")
    announced.api.faults.append(fault)
    await announced.apply(_cluster(clusterVersion="v1.150.1-cluster"))
    with caplog.at_level("WARNING"):
        await _settle(announced)
    assert announced.message == "operational"
    assert caplog.text.count("no events for you") == 1
