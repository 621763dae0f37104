"""Guards in passes: what would lose data waits, the rest goes out, and drains take their time."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.apply.reconcile import Reconciler
from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings

Tree = dict[str, Any]

START = "2026-11-23T05:00:00Z"
LATER = "2026-12-22T05:00:00Z"
EMPTY = "2026-12-24T05:00:00Z"
"""31 days and some after the start: the retention has passed."""
DRAIN = {labels.DRAIN: "2"}
ALLOW = {labels.ALLOW_SCALE_DOWN: "2"}


@dataclass
class GuardedLab(Lab):
    """A laboratory with a clock of its own."""

    clock: list[str] = field(default_factory=lambda: [START])
    build: str = "one"
    """Name of the operator that is running."""

    async def reconcile(self) -> float | None:
        reconciler = Reconciler(
            self.client,
            self.world,
            Settings(),
            self.aides,
            clock=lambda: self.clock[-1],
            build=self.build,
        )
        return await reconciler.reconcile(self.parent)

    def restart(self) -> None:
        """Forget everything that is not in the API server."""
        self.world = type(self.world)()

    @property
    def storage(self) -> Tree:
        return self.child("StatefulSet", "vmstorage-demo")

    @property
    def replicas(self) -> int:
        found: int = self.storage["spec"]["replicas"]
        return found

    @property
    def mark(self) -> str:
        found: str = self.storage["metadata"]["annotations"].get(labels.DRAINING, "")
        return found

    def nodes(self, kind: str, app: str) -> list[int]:
        """Numbers of the pods of vmstorage that a program knows."""
        template = self.child(kind, f"{app}-demo")["spec"]["template"]
        args = template["spec"]["containers"][0]["args"]
        flag = next(one for one in args if one.startswith("-storageNode="))
        hosts = (node.partition(".")[0] for node in flag.partition("=")[2].split(","))
        return [int(host.rpartition("-")[2]) for host in hosts]

    @property
    def written(self) -> list[int]:
        return self.nodes("Deployment", "vminsert")

    @property
    def read(self) -> list[int]:
        return self.nodes("StatefulSet", "vmselect")

    def condition(self, kind: str) -> Tree:
        conditions = self.status.get("conditions") or ()
        return next((one for one in conditions if one["type"] == kind), {})


def cluster(nodes: int | None = 3, annotations: Tree | None = None, **spec: Any) -> Tree:
    manifest = vmcluster()
    storage = None if nodes is None else {"replicaCount": nodes, **spec.pop("vmstorage", {})}
    parts = {"vmselect": {"replicaCount": 1}, "vminsert": {"replicaCount": 1}, **spec}
    parts = {"retentionPeriod": "1", **parts, "vmstorage": storage}
    own = {key: value for key, value in parts.items() if value is not None}
    metadata = {**manifest["metadata"], "annotations": annotations or {}}
    return {**manifest, "metadata": metadata, "spec": own}


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> GuardedLab:
    found = GuardedLab(api, client, Kubernetes(api))
    await found.apply(cluster())
    await found.settle()
    assert found.message == "operational"
    return found


async def test_a_scale_down_is_refused_and_the_rest_of_the_spec_applies(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, vminsert={"replicaCount": 2}))
    await lab.settle()
    assert lab.replicas == 3
    assert lab.written == lab.read == [0, 1, 2]
    assert lab.child("Deployment", "vminsert-demo")["spec"]["replicas"] == 2
    stalled = lab.condition("Stalled")
    assert stalled["reason"] == "Guarded"
    assert "spec.vmstorage.replicaCount stays 3: 2 would take vmstorage-demo-2" in lab.message
    assert f'{labels.DRAIN}: "2"' in lab.message
    assert f'{labels.ALLOW_SCALE_DOWN}: "2"' in lab.message
    assert await lab.writes() == []


async def test_a_scale_down_that_is_taken_back_leaves_nothing(lab: GuardedLab) -> None:
    await lab.apply(cluster(2))
    await lab.settle()
    await lab.apply(cluster(3))
    await lab.settle()
    assert lab.message == "operational"
    assert not lab.condition("Stalled")


@pytest.mark.parametrize(
    "annotations",
    [
        {labels.ALLOW_SCALE_DOWN: "1"},
        {labels.DRAIN: "1"},
        {labels.DRAIN: "true"},
        {**ALLOW, labels.DRAIN: "true"},
    ],
    ids=["another number", "another drain", "drain without a number", "a drain counts first"],
)
async def test_an_annotation_that_does_not_name_the_target_allows_nothing(
    lab: GuardedLab, annotations: Tree
) -> None:
    await lab.apply(cluster(2, annotations))
    await lab.settle()
    assert lab.replicas == 3
    assert lab.condition("Stalled")["reason"] == "Guarded"
    wrong = next(key for key in (labels.DRAIN, *annotations) if annotations.get(key, "2") != "2")
    assert f"{wrong} is {annotations[wrong]!r}" in lab.message


async def test_an_allowed_scale_down_happens_once_nobody_asks_the_pod(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, ALLOW))
    replicas = []
    for _ in range(12):
        await lab.run()
        replicas.append((lab.replicas, lab.written, lab.read))
        await lab.kubernetes.settle()
    first = replicas.index((2, [0, 1], [0, 1]))
    assert all(count == 3 for count, _, _ in replicas[:first])
    assert (3, [0, 1], [0, 1]) in replicas[:first]
    await lab.settle()
    assert lab.message == "operational"
    assert not lab.condition("Draining")
    assert lab.condition("GuardLifted")["message"].startswith(f'{labels.ALLOW_SCALE_DOWN}: "2"')


async def test_it_is_not_operational_before_the_pod_is_gone(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, ALLOW))
    for _ in range(12):
        await lab.run()
        generation = lab.live(lab.parent)["metadata"]["generation"]
        is_told = lab.status["observedGeneration"] == generation
        assert not (is_told and lab.message == "operational" and lab.replicas == 3)
        await lab.kubernetes.settle()


async def test_a_drain_takes_the_pod_out_of_vminsert_alone(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    assert (lab.replicas, lab.written, lab.read) == (3, [0, 1], [0, 1, 2])
    assert lab.mark == f"2={START}"
    told = lab.condition("Draining")
    assert told["reason"] == "Draining"
    assert f"vmstorage-demo-2: no samples since {START}" in told["message"]
    assert "until 2026-12-24T05:00:00Z" in told["message"]
    assert lab.message == "operational"


async def test_a_drain_begins_when_no_pod_of_vminsert_writes_any_more(lab: GuardedLab) -> None:
    lab.kubernetes.ready = False
    await lab.apply(cluster(2, DRAIN))
    for _ in range(6):
        await lab.run()
    assert lab.mark == ""
    assert lab.condition("Draining")["reason"] == "Starting"
    assert lab.message.startswith("expanding")


async def test_a_drain_waits_for_a_vminsert_that_has_not_ended_yet(lab: GuardedLab) -> None:
    (old,) = lab.kubernetes.pods("vminsert")
    ending = {**old["metadata"], "deletionTimestamp": START, "name": "vminsert-demo-old"}
    ending["ownerReferences"] = [{"uid": "gone", "name": "x", "controller": True}]
    await lab.api.put({**old, "metadata": ending})
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    assert (lab.mark, lab.written) == ("", [0, 1])
    await lab.api.remove(Ref("Pod", "default", "vminsert-demo-old"))
    await lab.settle()
    assert lab.mark == f"2={START}"


async def test_a_drain_says_the_same_and_writes_nothing_while_time_goes_by(
    lab: GuardedLab,
) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    lab.clock.append(LATER)
    lab.restart()
    assert await lab.writes() == []
    assert (lab.replicas, lab.mark) == (3, f"2={START}")
    assert 0 < (await lab.run() or 0) <= 3600


async def test_a_drained_pod_goes_after_the_retention_and_vmselect_lets_go_first(
    lab: GuardedLab,
) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    lab.clock.append(EMPTY)
    lab.restart()
    seen = []
    for _ in range(10):
        await lab.run()
        seen.append((lab.replicas, lab.read))
        await lab.kubernetes.settle()
    assert (3, [0, 1]) in seen
    assert (2, [0, 1, 2]) not in seen
    await lab.settle()
    assert (lab.replicas, lab.mark) == (2, "")
    assert (lab.written, lab.read) == ([0, 1], [0, 1])
    assert lab.message == "operational"
    assert not lab.condition("Draining")


async def test_a_drain_goes_on_under_another_build_of_the_operator(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    lab.clock.append(EMPTY)
    lab.build = "two"
    lab.restart()
    await lab.settle()
    assert (lab.replicas, lab.read, lab.mark) == (2, [0, 1], "")
    annotations = lab.child("StatefulSet", "vmselect-demo")["metadata"]["annotations"]
    assert annotations[labels.RENDERED_BY] == "two"
    assert not lab.condition("RolloutPending")


async def test_scaling_up_again_cancels_a_drain(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    await lab.apply(cluster(3, DRAIN))
    await lab.settle()
    assert (lab.replicas, lab.mark) == (3, "")
    assert lab.written == lab.read == [0, 1, 2]
    assert not lab.condition("Draining")
    lab.clock.append(EMPTY)
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    assert lab.mark == f"2={EMPTY}"


async def test_a_mark_that_others_wrote_as_well_does_not_outlive_its_drain(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    metadata = lab.storage["metadata"]
    old = {**metadata["annotations"], labels.DRAINING: "2=2020-01-01T00:00:00Z"}
    touched = {**lab.storage, "metadata": {**metadata, "annotations": old}}
    await lab.api.put(touched, manager="kubectl-annotate")
    await lab.settle()
    assert (lab.replicas, lab.mark) == (2, "")


async def test_a_second_pod_is_drained_from_its_own_beginning(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    lab.clock.append(LATER)
    await lab.apply(cluster(1, {labels.DRAIN: "1"}))
    await lab.settle()
    assert lab.mark == f"1={LATER},2={START}"
    lab.clock.append(EMPTY)
    await lab.settle()
    assert (lab.replicas, lab.mark) == (2, f"1={LATER}")
    assert (lab.written, lab.read) == ([0], [0, 1])


async def test_a_refused_further_step_does_not_undo_a_drain(lab: GuardedLab) -> None:
    await lab.apply(cluster(2, DRAIN))
    await lab.settle()
    await lab.apply(cluster(1, DRAIN))
    await lab.settle()
    assert lab.condition("Stalled")["reason"] == "Guarded"
    assert (lab.mark, lab.written) == (f"2={START}", [0, 1])


async def test_removed_vmstorage_stays_until_that_is_allowed(lab: GuardedLab) -> None:
    own = {"extraArgs": {"storageNode": "elsewhere:8400"}}
    await lab.apply(cluster(None, vminsert=own, vmselect=None))
    await lab.settle()
    assert lab.replicas == 3
    assert lab.child("Service", "vmstorage-demo")
    assert lab.api.find(Ref("StatefulSet", "default", "vmselect-demo")) is None
    assert "spec.vmstorage is gone, but vmstorage-demo stays with its 3 pods" in lab.message
    allowed = {labels.ALLOW_SCALE_DOWN: "0"}
    await lab.apply(cluster(None, allowed, vminsert=own, vmselect=None))
    await lab.settle()
    assert lab.api.find(Ref("StatefulSet", "default", "vmstorage-demo")) is None
    assert lab.message == "operational"


def _retention(lab: GuardedLab) -> list[str]:
    args: list[str] = lab.storage["spec"]["template"]["spec"]["containers"][0]["args"]
    return [one for one in args if "retentionPeriod" in one]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"retentionPeriod": "7d"}, "spec.retentionPeriod stays 1: 7d would delete"),
        (
            {"vmstorage": {"extraArgs": {"retentionPeriod": "7d"}}},
            "spec.vmstorage.extraArgs.retentionPeriod stays 1: 7d",
        ),
    ],
    ids=["field", "flag"],
)
async def test_a_cut_retention_is_refused_until_it_is_allowed(
    lab: GuardedLab, spec: Tree, words: str
) -> None:
    await lab.apply(cluster(3, **spec, vmselect={"replicaCount": 2}))
    await lab.settle()
    assert _retention(lab) == ["-retentionPeriod=1"]
    assert words in lab.message
    assert lab.child("StatefulSet", "vmselect-demo")["spec"]["replicas"] == 2
    await lab.apply(cluster(3, {labels.ALLOW_RETENTION_CUT: "7d"}, **spec))
    await lab.settle()
    assert _retention(lab) == ["-retentionPeriod=7d"]
    assert lab.message == "operational"
    assert lab.condition("GuardLifted")
    assert await lab.writes() == []


async def test_a_longer_retention_needs_nobody(lab: GuardedLab) -> None:
    await lab.apply(cluster(3, retentionPeriod="90d"))
    await lab.settle()
    assert _retention(lab) == ["-retentionPeriod=90d"]
    assert lab.message == "operational"
