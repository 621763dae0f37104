"""Claims grow, and StatefulSets are made anew around their pods, whatever comes in between."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault

from vmoperator.apply.client import Client
from vmoperator.base.errors import ApiError, NotYet
from vmoperator.base.labels import ALLOW_SCALE_DOWN, GROW
from vmoperator.base.manifest import Ref, ref_of

Tree = dict[str, Any]

SET = "statefulsets/vmstorage-demo"
CLAIMS = [f"persistentvolumeclaims/vmstorage-db-vmstorage-demo-{number}" for number in (0, 1)]
OWN = Ref("PersistentVolumeClaim", "default", "vmsingle-demo")


def claims(size: str, *, annotations: Tree | None = None, **spec: Any) -> Tree:
    """spec.vmstorage with claims of that size."""
    wanted = {
        "storageClassName": "grows",
        **spec,
        "resources": {"requests": {"storage": size}},
    }
    metadata = {"metadata": {"annotations": annotations}} if annotations else {}
    return {"storage": {"volumeClaimTemplate": {"spec": wanted, **metadata}}}


def cluster(**vmstorage: Any) -> Tree:
    manifest = vmcluster()
    part = {"vmstorage": {"replicaCount": 2, **vmstorage}}
    return {**manifest, "spec": {**manifest["spec"], **part}}


def single(size: str, **spec: Any) -> Tree:
    storage = {"storageClassName": "grows", "resources": {"requests": {"storage": size}}}
    return {
        **vmcluster(),
        "kind": "VMSingle",
        "spec": {"retentionPeriod": "1", "storage": storage, **spec},
    }


def _asking(name: str) -> Tree:
    return {"name": name, "namespace": "default", "annotations": {"example.com/try": "again"}}


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # Here nobody lets go of pods, or takes them over, while a pass looks on.
    monkeypatch.setattr("vmoperator.apply.renewal._LOOK_SECONDS", 0.0)


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    for name, grows in (("grows", True), ("fixed", False)):
        await api.put(
            {
                "apiVersion": "storage.k8s.io/v1",
                "kind": "StorageClass",
                "metadata": {"name": name},
                "allowVolumeExpansion": grows,
            }
        )
    return Lab(api, client, Kubernetes(api))


@pytest.fixture
async def running(lab: Lab) -> Lab:
    return await _running(lab, cluster(**claims("10Gi")))


async def _running(lab: Lab, manifest: Tree) -> Lab:
    lab.parent = ref_of(manifest)
    await lab.apply(manifest)
    await lab.settle()
    assert lab.message == "operational"
    return lab


def sizes(lab: Lab) -> list[str]:
    found = sorted(lab.kubernetes.all("PersistentVolumeClaim"), key=lambda it: ref_of(it).name)
    return [it["spec"]["resources"]["requests"]["storage"] for it in found]


def template(lab: Lab) -> Tree:
    (found,) = lab.child("StatefulSet", "vmstorage-demo")["spec"]["volumeClaimTemplates"]
    return dict(found)


def template_size(lab: Lab) -> str:
    return str(template(lab)["spec"]["resources"]["requests"]["storage"])


def pods(lab: Lab) -> dict[str, str]:
    return {ref_of(it).name: it["metadata"]["uid"] for it in lab.kubernetes.pods("vmstorage")}


def ready(lab: Lab) -> tuple[str, str, str]:
    """The condition StorageReady: status, reason, message."""
    found = {it["type"]: it for it in lab.status["conditions"]}.get("StorageReady", {})
    status, reason, message = (str(found.get(key, "")) for key in ("status", "reason", "message"))
    return status, reason, message


async def test_claims_are_asked_first_then_the_set_is_made_anew_around_its_pods(
    running: Lab,
) -> None:
    before, uid = pods(running), running.child("StatefulSet", "vmstorage-demo")["metadata"]["uid"]
    await running.apply(cluster(**claims("20Gi")))
    writes = await running.writes()
    steps = [*(f"PATCH {one}" for one in CLAIMS), f"DELETE {SET}", f"PATCH {SET}"]
    assert [one for one in writes if one in steps] == steps
    (deletion,) = running.api.requests("DELETE", SET)
    assert deletion.body["propagationPolicy"] == "Orphan"
    assert deletion.body["preconditions"] == {"uid": uid}
    await running.settle()
    assert running.message == "operational"
    assert pods(running) == before
    assert (sizes(running), template_size(running)) == (["20Gi", "20Gi"], "20Gi")
    assert await running.writes() == []


def _set_uid(lab: Lab) -> str:
    return str(lab.child("StatefulSet", "vmstorage-demo")["metadata"]["uid"])


@pytest.mark.parametrize(
    ("code", "times", "said"),
    [
        pytest.param(422, 99, "failed StatefulSet vmstorage-demo: spec.x: Required", id="wrong"),
        pytest.param(403, 99, "failed spec.x: Required", id="a policy"),
        pytest.param(403, 1, "failed spec.x: Required", id="a policy for what is new"),
    ],
)
async def test_where_the_next_set_would_be_refused_the_one_there_stays_and_it_is_told(
    running: Lab, code: int, times: int, said: str
) -> None:
    before, uid = pods(running), _set_uid(running)
    await running.apply(cluster(**claims("20Gi"), terminationGracePeriodSeconds=7))
    words = "spec.x: Required"
    fault = Fault(code, times=times, method="PATCH", path="statefulsets/", message=words)
    running.api.faults.append(fault)
    await running.run()
    (asked, *_) = running.api.requests("PATCH", "statefulsets/vmst")[-2:]
    assert asked.query["dryRun"] == "All"
    assert running.message == said
    assert not running.api.requests("DELETE")
    assert (_set_uid(running), template_size(running)) == (uid, "10Gi")
    owners = [it["metadata"]["ownerReferences"][0] for it in running.kubernetes.pods("vmstorage")]
    assert [owner["uid"] for owner in owners] == [uid, uid]
    running.api.faults.clear()
    await running.run()
    assert (pods(running), template_size(running)) == (before, "20Gi")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param(
            403,
            "exceeded quota: few, requested: count/statefulsets.apps=1,"
            " used: count/statefulsets.apps=3, limited: count/statefulsets.apps=3",
            id="a quota that counts the former one",
        ),
        pytest.param(
            400, 'admission webhook "x.y" does not support dry run', id="a webhook with effects"
        ),
    ],
)
async def test_what_speaks_against_the_trial_alone_is_no_refusal(
    running: Lab, code: int, words: str
) -> None:
    before = pods(running)
    await running.apply(cluster(**claims("20Gi")))
    fault = Fault(code, times=1, method="PATCH", path="statefulsets/", message=words)
    running.api.faults.append(fault)
    await running.settle()
    assert (fault.times, running.message) == (0, "operational")
    assert (pods(running), template_size(running)) == (before, "20Gi")


async def test_a_set_that_is_refused_after_all_is_told_and_tried_again(running: Lab) -> None:
    before = pods(running)
    await running.apply(cluster(**claims("20Gi")))
    running.api.faults.append(Fault(403, times=1, method="PATCH", path=SET, message="not now"))
    assert await running.run() == 5.0
    assert running.message == "failed not now"
    assert running.api.find(Ref("StatefulSet", "default", "vmstorage-demo")) is None
    await running.settle()
    assert (running.message, pods(running)) == ("operational", before)


async def test_pods_that_a_set_has_left_go_with_their_parent_and_no_others_do(
    running: Lab,
) -> None:
    await running.apply(cluster(**claims("20Gi")))
    running.api.faults.append(Fault(422, times=99, method="PATCH", path=SET))
    await running.run()
    left = running.kubernetes.pods("vmstorage")
    assert [it["metadata"]["ownerReferences"] for it in left] == [[], []]
    # One that somebody has started, or another operator has left, looks the same but for a mark.
    others = {**left[0]["metadata"], "name": "vmstorage-demo-7", "annotations": {}}
    await running.api.put({**left[0], "metadata": {**others, "uid": ""}})
    await running.run()
    assert len(running.kubernetes.pods("vmstorage")) == 3
    await running.api.remove(running.parent)
    await running.run()
    assert list(pods(running)) == ["vmstorage-demo-7"]
    assert await running.writes() == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        pytest.param("PATCH", CLAIMS[0], id="before the first claim"),
        pytest.param("PATCH", CLAIMS[1], id="before the second claim"),
        pytest.param("PATCH", "statefulsets/vmst", id="before the next set is tried"),
        pytest.param("PATCH", "pods/vmstorage-demo-1", id="before a pod is marked"),
        pytest.param("DELETE", SET, id="before the set goes"),
        pytest.param("GET", SET, id="while the set goes"),
        pytest.param("PATCH", SET, id="before the set is made anew"),
        pytest.param("PATCH", "vmclusters/demo/status", id="before it is told"),
    ],
)
async def test_an_end_between_any_two_steps_is_made_up_for_by_the_next_process(
    running: Lab, method: str, path: str
) -> None:
    before = pods(running)
    await running.apply(cluster(**claims("20Gi")))
    running.api.faults.append(Fault(500, times=1, method=method, path=path))
    with suppress(ApiError):
        await running.run()
    assert running.api.faults[0].times == 0
    after = Lab(running.api, running.client, running.kubernetes)
    await after.settle()
    assert after.message == "operational"
    assert pods(after) == before
    assert (sizes(after), template_size(after)) == (["20Gi", "20Gi"], "20Gi")
    assert await after.writes() == []


async def test_pods_that_are_taken_over_meanwhile_are_no_rollout(
    running: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def controllers(seconds: float) -> None:
        await running.kubernetes.settle()
        running.kubernetes.look(running.world)

    monkeypatch.setattr("vmoperator.apply.renewal.asyncio.sleep", controllers)
    await running.apply(cluster(**claims("20Gi")))
    assert "PATCH vmclusters/demo/status" in await running.writes()
    assert running.message == "operational"
    assert ready(running)[:2] == ("True", "Ready")


async def test_progress_is_told_until_every_volume_has_grown(running: Lab) -> None:
    running.kubernetes.grows = False
    await running.apply(cluster(**claims("20Gi")))
    await running.settle()
    assert running.message == "operational"
    told = ("False", "Growing", "vmstorage: 0 of 2 claims have grown to 20Gi")
    assert ready(running) == told
    claim = running.live(Ref("PersistentVolumeClaim", "default", CLAIMS[0].split("/")[1]))
    capacity = {"phase": "Bound", "capacity": {"storage": "20Gi"}}
    await running.api.put({**claim, "status": capacity})
    await running.run()
    assert ready(running)[2] == "vmstorage: 1 of 2 claims have grown to 20Gi"
    assert await running.writes() == []
    running.kubernetes.grows = True
    await running.settle()
    assert ready(running)[:2] == ("True", "Ready")


async def test_a_class_that_cannot_grow_is_named_and_the_rest_applies(lab: Lab) -> None:
    await _running(lab, cluster(**claims("10Gi", storageClassName="fixed")))
    before = pods(lab)
    await lab.apply(cluster(**claims("20Gi", storageClassName="fixed"), minReadySeconds=1))
    await lab.settle()
    assert lab.message.startswith("failed vmstorage: PersistentVolumeClaims vmstorage-db-vms")
    assert "cannot grow from 10Gi to 20Gi, for StorageClass fixed does not allow it" in lab.message
    assert not lab.api.requests("PATCH", "persistentvolumeclaims")
    assert lab.child("StatefulSet", "vmstorage-demo")["spec"]["minReadySeconds"] == 1
    assert (sizes(lab), template_size(lab), pods(lab)) == (["10Gi", "10Gi"], "20Gi", before)
    assert await lab.writes() == []
    # What no claim has reached can be taken back.
    await lab.apply(cluster(**claims("10Gi", storageClassName="fixed")))
    await lab.settle()
    assert lab.message == "operational"
    assert template_size(lab) == "10Gi"


async def test_without_the_right_to_read_classes_it_is_tried(running: Lab) -> None:
    running.api.faults.append(Fault(403, times=99, method="GET", path="storageclasses"))
    await running.apply(cluster(**claims("20Gi")))
    await running.settle()
    assert (running.message, sizes(running)) == ("operational", ["20Gi", "20Gi"])


async def test_what_the_api_server_says_of_a_growth_is_told(running: Lab) -> None:
    words = 'persistentvolumeclaims "x" is forbidden: exceeded quota: storage'
    running.api.faults.append(Fault(403, times=99, path=CLAIMS[0], message=words))
    await running.apply(cluster(**claims("20Gi"), terminationGracePeriodSeconds=7))
    await running.run()
    assert running.message == f"failed {words}"
    assert template_size(running) == "10Gi"
    spec = running.child("StatefulSet", "vmstorage-demo")["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 7
    # Nothing has changed: what was said stands, and nobody is asked again for now.
    asked = len(running.api.requests("PATCH", CLAIMS[0]))
    for _ in range(3):
        assert await running.writes() == []
    assert (len(running.api.requests("PATCH", CLAIMS[0])), asked) == (1, 1)
    assert running.message == f"failed {words}"
    running.api.faults.clear()
    await running.apply({**cluster(**claims("20Gi")), "metadata": _asking("demo")})
    await running.settle()
    assert (running.message, template_size(running)) == ("operational", "20Gi")


async def test_what_is_refused_to_a_claim_of_its_own_is_asked_again_when_something_differs(
    lab: Lab,
) -> None:
    await _running(lab, single("10Gi"))
    words = 'persistentvolumeclaims "x" is forbidden: exceeded quota: storage'
    path = "persistentvolumeclaims/vmsingle-demo"
    made = len(lab.api.requests("PATCH", path))
    lab.api.faults.append(Fault(403, times=99, method="PATCH", path=path, message=words))
    await lab.apply(single("20Gi", terminationGracePeriodSeconds=7))
    await lab.settle()
    assert lab.message == f"failed {words}"
    spec = lab.child("Deployment", "vmsingle-demo")["spec"]["template"]["spec"]
    assert spec["terminationGracePeriodSeconds"] == 7
    for _ in range(3):
        assert await lab.writes() == []
    assert len(lab.api.requests("PATCH", path)) == made + 1
    # Another size is another question, and so is another class of that name.
    await lab.apply(single("30Gi", terminationGracePeriodSeconds=7))
    await lab.settle()
    assert len(lab.api.requests("PATCH", path)) == made + 2
    lab.api.faults.clear()
    storage_class = lab.live(Ref("StorageClass", "", "grows"))
    await lab.api.put({**storage_class, "parameters": {"kind": "other"}})
    await lab.settle()
    assert (lab.message, sizes(lab)) == ("operational", ["30Gi"])


async def test_shrinking_is_refused_by_name_and_the_rest_applies(running: Lab) -> None:
    await running.apply(cluster(**claims("5Gi"), replicaCount=3))
    await running.settle()
    assert "no volume can shrink to 5Gi: set storage to 10Gi or more" in running.message
    assert (sizes(running), template_size(running)) == (["10Gi"] * 3, "10Gi")
    assert not running.api.requests("DELETE", SET)


async def test_autoresizers_are_not_fought(running: Lab) -> None:
    for one in CLAIMS:
        claim = running.live(Ref("PersistentVolumeClaim", "default", one.split("/")[1]))
        spec = {**claim["spec"], "resources": {"requests": {"storage": "30Gi"}}}
        await running.api.put({**claim, "spec": spec}, manager="pvc-autoresizer")
        await running.kubernetes.settle()
        assert await running.writes() == []
    await running.apply(cluster(**claims("20Gi")))
    await running.settle()
    assert running.message == "operational"
    assert (sizes(running), template_size(running)) == (["30Gi", "30Gi"], "20Gi")


async def test_a_claim_of_its_own_that_others_enlarge_is_not_fought(lab: Lab) -> None:
    await _running(lab, single("10Gi"))
    claim = lab.live(OWN)
    spec = {**claim["spec"], "resources": {"requests": {"storage": "30Gi"}}}
    await lab.api.put({**claim, "spec": spec}, manager="pvc-autoresizer")
    await lab.kubernetes.settle()
    assert await lab.writes() == []
    await lab.apply(single("20Gi", managedMetadata={"labels": {"a": "b"}}))
    await lab.settle()
    assert lab.message == "operational"
    assert lab.live(OWN)["metadata"]["labels"]["a"] == "b"
    assert sizes(lab) == ["30Gi"]
    await lab.apply(single("40Gi"))
    await lab.settle()
    assert (lab.message, sizes(lab)) == ("operational", ["40Gi"])
    await lab.apply(single("20Gi"))
    await lab.settle()
    assert "storage stays 40Gi" in lab.message


async def test_a_claim_of_its_own_whose_class_cannot_grow_is_named(lab: Lab) -> None:
    await _running(lab, single("10Gi"))
    lab.live(Ref("StorageClass", "", "grows"))["allowVolumeExpansion"] = False
    await lab.apply(single("20Gi", managedMetadata={"labels": {"a": "b"}}))
    await lab.settle()
    assert "PersistentVolumeClaim vmsingle-demo cannot grow from 10Gi to 20Gi" in lab.message
    assert lab.live(OWN)["metadata"]["labels"]["a"] == "b"
    await lab.apply(single("10Gi"))
    await lab.settle()
    assert lab.message == "operational"


async def test_an_annotation_leaves_the_growing_to_others(running: Lab) -> None:
    await running.apply(cluster(**claims("20Gi", annotations={GROW: "false"})))
    await running.settle()
    assert (running.message, sizes(running)) == ("operational", ["10Gi", "10Gi"])
    assert template_size(running) == "20Gi"


async def test_a_further_claim_is_added_and_its_pods_are_rolled(running: Lab) -> None:
    before = pods(running)
    wal = {
        "metadata": {"name": "wal"},
        "spec": {"resources": {"requests": {"storage": "1Gi"}}},
    }
    mounts = [{"name": "wal", "mountPath": "/wal"}]
    await running.apply(cluster(**claims("10Gi"), claimTemplates=[wal], volumeMounts=mounts))
    await running.settle()
    assert running.message == "operational"
    assert len(running.kubernetes.all("PersistentVolumeClaim")) == 4
    assert not before.items() & pods(running).items()


async def test_what_a_template_gains_reaches_the_claims_there_are(running: Lab) -> None:
    before = pods(running)
    await running.apply(cluster(**claims("10Gi", annotations={"backup": "yes"})))
    await running.settle()
    found = running.kubernetes.all("PersistentVolumeClaim")
    assert [it["metadata"]["annotations"] for it in found] == [{"backup": "yes"}] * 2
    assert pods(running) == before


async def test_a_set_that_others_made_is_left_alone(lab: Lab) -> None:
    await _running(lab, cluster(**claims("10Gi")))
    live = lab.child("StatefulSet", "vmstorage-demo")
    owner = [{**live["metadata"]["ownerReferences"][0], "uid": "other", "name": "other"}]
    await lab.api.put({**live, "metadata": {**live["metadata"], "ownerReferences": owner}})
    await lab.apply(cluster(**claims("20Gi")))
    await lab.run()
    assert not lab.api.requests("DELETE", SET)
    assert sizes(lab) == ["10Gi", "10Gi"]


async def test_an_autoscaled_set_keeps_its_size_while_it_is_made_anew(lab: Lab) -> None:
    def scaled(size: str) -> Tree:
        manifest = cluster()
        hpa = {"hpa": {"minReplicas": 1, "maxReplicas": 5}}
        spec = {**manifest["spec"], "vmselect": {**claims(size), **hpa}}
        return {**manifest, "spec": spec}

    await _running(lab, scaled("10Gi"))
    ref = Ref("StatefulSet", "default", "vmselect-demo")
    await lab.kubernetes.scale(ref, 3)
    await lab.settle()
    await lab.apply(scaled("20Gi"))
    place = "statefulsets/vmselect-demo"
    lab.api.faults.append(Fault(500, times=1, method="PATCH", path=place))
    with pytest.raises(ApiError):
        await lab.run()
    assert lab.api.find(ref) is None
    await lab.run()
    assert lab.live(ref)["spec"]["replicas"] == 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(
            {"status": {"phase": "Lost"}},
            "has lost its PersistentVolume",
            id="its volume is gone",
        ),
        pytest.param(
            {"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}},
            "was deleted: it goes with its pod",
            id="it was deleted",
        ),
        pytest.param(
            {"status": {"phase": "Pending"}},
            "vmstorage-db-vmstorage-demo-0 has no volume of StorageClass grows yet",
            id="it has no volume",
        ),
        pytest.param(
            {"status": {"phase": "Pending"}, "spec": {"storageClassName": None}},
            "it names no StorageClass",
            id="it has no class",
        ),
    ],
)
async def test_what_is_wrong_with_a_claim_is_told_by_name(
    running: Lab, change: Tree, said: str
) -> None:
    claim = running.live(Ref("PersistentVolumeClaim", "default", CLAIMS[0].split("/")[1]))
    for part, values in change.items():
        claim[part] = {**claim.get(part, {}), **values}
    claim["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    await running.run()
    assert said in f"{running.message} {ready(running)[2]}"
    assert await running.writes() == []


async def test_a_claim_that_is_gone_from_under_its_pod_is_told(running: Lab) -> None:
    for number in (0, 1):
        running.age("Pod", f"vmstorage-demo-{number}")
    await running.api.remove(Ref("PersistentVolumeClaim", "default", CLAIMS[1].split("/")[1]))
    await running.run()
    assert ready(running)[1:] == (
        "ClaimMissing",
        "PersistentVolumeClaim vmstorage-db-vmstorage-demo-1 of pod vmstorage-demo-1 is gone",
    )


def _unread(lab: Lab) -> str:
    found = {it["type"]: it for it in lab.status["conditions"]}.get("DataUnread", {})
    return str(found.get("message", ""))


async def test_an_object_made_anew_with_fewer_pods_tells_which_claims_nobody_reads(
    lab: Lab,
) -> None:
    await _running(lab, cluster(**claims("10Gi"), replicaCount=3))
    assert _unread(lab) == ""
    for claim in lab.kubernetes.all("PersistentVolumeClaim"):
        claim["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    await lab.api.remove(lab.parent)
    await _running(lab, cluster(**claims("10Gi"), replicaCount=2))
    assert _unread(lab).startswith("vmstorage-db-vmstorage-demo-2: an earlier object of this name")
    assert "set spec.vmstorage.replicaCount to 3" in _unread(lab)
    assert await lab.writes() == []
    await lab.apply(cluster(**claims("10Gi"), replicaCount=3))
    await lab.settle()
    assert (lab.message, _unread(lab)) == ("operational", "")


async def test_claims_that_a_change_of_the_object_has_left_were_meant(lab: Lab) -> None:
    await _running(lab, cluster(**claims("10Gi"), replicaCount=3))
    smaller = cluster(**claims("10Gi"), replicaCount=2)
    smaller["metadata"]["annotations"] = {ALLOW_SCALE_DOWN: "2"}
    await lab.apply(smaller)
    await lab.settle()
    assert lab.message == "operational"
    assert len(lab.kubernetes.all("PersistentVolumeClaim")) == 3
    assert _unread(lab) == ""


async def test_a_set_that_is_slow_to_let_go_of_its_pods_is_waited_for(running: Lab) -> None:
    await running.apply(cluster(**claims("20Gi")))
    # A finalizer holds it: it was deleted, and is still there.
    running.api.faults.append(Fault(404, times=1, method="DELETE", path=SET))
    with pytest.raises(NotYet, match="lets go of its pods"):
        await running.run()
    await running.settle()
    assert (running.message, template_size(running)) == ("operational", "20Gi")
