"""What does not get on: second looks, the reasons of pods that hang, deletions that do not end."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client
from vmoperator.base.errors import NotYet
from vmoperator.base.manifest import Ref

Tree = dict[str, Any]

AGENT = Ref("VMAgent", "default", "demo")
POD = Ref("Pod", "default", "vmagent-demo-0")
SECRET = 'secret "jobs" not found'


def ago(seconds: float) -> str:
    moment = datetime.datetime.now(datetime.UTC) - datetime.timedelta(seconds=seconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    made = Lab(api, client, Kubernetes(api), AGENT)
    await made.apply(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAgent",
            "metadata": {"name": "demo", "namespace": "default"},
            "spec": {"remoteWrite": [{"url": "http://x:8428/api/v1/write"}], "statefulMode": True},
        }
    )
    await made.run()
    return made


async def _hang(lab: Lab, *, seconds: float) -> str:
    """Let the pod hang in the making of its container for so long; its uid comes back."""
    lab.kubernetes.ready = False
    await lab.kubernetes.settle()
    waiting = {"waiting": {"reason": "ContainerCreating"}}
    scheduled = {"type": "PodScheduled", "status": "True", "lastTransitionTime": ago(seconds)}
    status = {
        "phase": "Pending",
        "conditions": [scheduled],
        "containerStatuses": [{"name": "vmagent", "ready": False, "state": waiting}],
    }
    await lab.api.put({**lab.live(POD), "status": status})
    return str(lab.live(POD)["metadata"]["uid"])


async def _tell(lab: Lab, uid: str, reason: str, message: str) -> None:
    await lab.api.put(
        {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"name": f"e-{uid}", "namespace": "default"},
            "involvedObject": {"uid": uid},
            "type": "Warning",
            "reason": reason,
            "message": message,
            "lastTimestamp": ago(1),
        }
    )


async def test_a_pod_that_hangs_is_told_with_what_it_waits_for(lab: Lab) -> None:
    uid = await _hang(lab, seconds=25)
    await _tell(lab, uid, "FailedMount", SECRET)
    await _tell(lab, "another", "FailedMount", "something else")
    await lab.run()
    assert lab.message == f"expanding pod vmagent-demo-0: FailedMount: {SECRET}"
    for _ in range(3):
        await lab.run()
    assert len(lab.api.requests("GET", "events")) == 1
    assert lab.message == f"expanding pod vmagent-demo-0: FailedMount: {SECRET}"


async def test_a_pod_that_merely_starts_is_not_asked_about(lab: Lab) -> None:
    await _hang(lab, seconds=5)
    await lab.run()
    assert lab.message == "expanding waiting for the pods of vmagent"
    assert lab.api.requests("GET", "events") == []


async def test_the_reason_is_gone_when_the_pod_runs(lab: Lab) -> None:
    uid = await _hang(lab, seconds=25)
    await _tell(lab, uid, "FailedMount", SECRET)
    await lab.run()
    await lab.api.put(
        {**lab.live(POD), "status": {"conditions": [{"type": "Ready", "status": "True"}]}}
    )
    await lab.settle()
    assert lab.message == "operational"


async def test_without_the_right_to_read_events_all_else_goes_on(
    lab: Lab, caplog: pytest.LogCaptureFixture
) -> None:
    await _hang(lab, seconds=25)
    lab.api.faults.append(Fault(status=403, path="events", message="cannot list events"))
    await lab.run()
    assert lab.message == "expanding waiting for the pods of vmagent"
    assert "cannot list events" in caplog.text


async def test_a_stateful_set_that_can_make_no_pod_is_told_with_the_reason(lab: Lab) -> None:
    workload = lab.child("StatefulSet", "vmagent-demo")
    words = "create Pod vmagent-demo-0 failed: serviceaccount not found"
    await _tell(lab, workload["metadata"]["uid"], "FailedCreate", words)
    for condition in lab.status["conditions"]:
        condition["lastTransitionTime"] = ago(30)
    await lab.run()
    assert lab.message == f"expanding StatefulSet vmagent-demo: FailedCreate: {words}"


async def test_what_is_not_complete_is_looked_at_again_from_memory_less_and_less_often(
    lab: Lab,
) -> None:
    lab.kubernetes.ready = False
    await lab.kubernetes.settle()
    await lab.run()
    before = len(lab.api.seen)
    assert await lab.run() == 5.0
    for seconds, again in ((10, 5), (40, 10), (100, 25), (4000, 60)):
        for condition in lab.status["conditions"]:
            condition["lastTransitionTime"] = ago(seconds)
        assert await lab.run() == pytest.approx(again, abs=1)
    assert len(lab.api.seen) == before
    lab.kubernetes.ready = True
    await lab.api.remove(POD)
    await lab.settle()
    assert await lab.run() is None


def _deleting(live: Tree, seconds: float) -> Tree:
    metadata = {**live["metadata"], "deletionTimestamp": ago(seconds), "finalizers": ["x/keep"]}
    return {**live, "metadata": metadata}


async def test_a_deletion_that_does_not_end_is_told_and_the_rest_goes_on(lab: Lab) -> None:
    await lab.settle()
    service = lab.child("Service", "vmagent-demo")
    await lab.api.put(_deleting(service, 45))
    before = len(lab.api.writes)
    await lab.run()
    told = {it["type"]: it["message"] for it in lab.status["conditions"]}["ChildrenIncomplete"]
    assert told.startswith("Service vmagent-demo was deleted at ")
    assert told.endswith(" and is still there; it waits for x/keep")
    assert lab.message == "operational"
    assert len(lab.api.writes) == before + 1
    await lab.run()
    assert len(lab.api.writes) == before + 1


async def test_a_deletion_is_waited_for_at_first(lab: Lab) -> None:
    await lab.settle()
    await lab.api.put(_deleting(lab.child("Service", "vmagent-demo"), 2))
    with pytest.raises(NotYet, match="still being deleted"):
        await lab.run()


async def _linger(lab: Lab, seconds: float, *, grace: int, **status: Any) -> None:
    """Have the pod deleted with this grace period, which has been over for so long."""
    gone = _deleting(lab.live(POD), seconds)
    gone["metadata"]["deletionGracePeriodSeconds"] = grace
    gone["spec"] = {**gone.get("spec", {}), "nodeName": "node-2"}
    gone["status"] = {**gone["status"], **status}
    await lab.api.put(gone)
    lab.kubernetes.ready = False  # the controller waits for the name of the pod


@pytest.mark.parametrize("phase", ["Running", "Failed"])
async def test_a_pod_that_does_not_go_is_told_by_name_until_it_goes(lab: Lab, phase: str) -> None:
    await lab.settle()
    assert lab.message == "operational"
    await _linger(lab, 45, grace=600, phase=phase)
    since = lab.live(POD)["metadata"]["deletionTimestamp"]
    asked = datetime.datetime.fromisoformat(since) - datetime.timedelta(seconds=600)
    await lab.run()
    assert lab.message == (
        "expanding pod vmagent-demo-0: is being deleted since"
        f" {asked:%Y-%m-%dT%H:%M:%SZ} and is still there (node node-2; finalizers x/keep)"
    )
    before = len(lab.api.writes)
    await lab.run()
    assert len(lab.api.writes) == before
    lab.kubernetes.ready = True
    await lab.api.remove(POD)
    await lab.settle()
    assert lab.message == "operational"


@pytest.mark.parametrize(
    "seconds",
    [pytest.param(-600, id="its grace period"), pytest.param(1, id="half a minute after it")],
)
async def test_a_pod_that_goes_has_time_for_it(lab: Lab, seconds: float) -> None:
    await lab.settle()
    await _linger(lab, seconds, grace=660)
    await lab.run()
    assert lab.message == "expanding vmagent: 0 of 1 pods ready"
