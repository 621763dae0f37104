"""Pods: whether they serve, and the words for why not."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.observe.pods import Speaker, lingering, pod


def _pod(status: dict[str, Any] | None = None, **metadata: Any) -> dict[str, Any]:
    own = labels.selector("vmstorage", "demo", part_of="vmcluster")
    return {
        "metadata": {
            "name": "vmstorage-demo-12",
            "namespace": "ns",
            "uid": "u",
            "resourceVersion": "5",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": {**own, "controller-revision-hash": "r1"},
            "ownerReferences": [
                {"kind": "StatefulSet", "name": "s", "uid": "s", "controller": True}
            ],
            **metadata,
        },
        "status": status or {},
    }


def _container(**status: Any) -> dict[str, Any]:
    return {"name": "vmstorage", "image": "vm/vmstorage:v9", "ready": False, **status}


def _of(*containers: dict[str, Any], inits: tuple[dict[str, Any], ...] = ()) -> str:
    status = {"containerStatuses": list(containers), "initContainerStatuses": list(inits)}
    return pod(_pod(status)).trouble


def _waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}


def _ended(code: int, said: str = "", reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "message": said}}


def test_a_pod_knows_its_parent_component_revision_and_number() -> None:
    found = pod(_pod())
    assert found.parent == Ref("VMCluster", "ns", "demo")
    assert (found.app, found.revision, found.ordinal, found.owner_uid) == (
        "vmstorage",
        "r1",
        12,
        "s",
    )


def test_a_pod_of_a_deployment_has_its_template_hash_as_revision() -> None:
    manifest = _pod()
    own = manifest["metadata"]["labels"]
    own["pod-template-hash"] = own.pop("controller-revision-hash")
    assert pod(manifest).revision == "r1"


def test_a_pod_without_our_labels_belongs_to_nobody() -> None:
    assert pod(_pod(labels={"app": "x"})).parent is None


@pytest.mark.parametrize(
    ("conditions", "ready"),
    [
        pytest.param([], False, id="a pod without conditions is not ready"),
        pytest.param([{"type": "Ready", "status": "False"}], False, id="an unready pod"),
        pytest.param(
            [{"type": "ContainersReady", "status": "True"}], False, id="a gate is missing"
        ),
        pytest.param([{"type": "Ready", "status": "True"}], True, id="a ready pod"),
    ],
)
def test_readiness_is_the_condition_ready(conditions: list[dict[str, Any]], ready: bool) -> None:
    assert pod(_pod({"conditions": conditions})).ready is ready


def test_a_pod_that_is_deleted_says_so() -> None:
    assert pod(_pod(deletionTimestamp="2026-01-01T00:00:00Z")).deleting


@pytest.mark.parametrize("phase", ["Failed", "Succeeded"])
def test_a_pod_that_never_runs_again_has_ended(phase: str) -> None:
    assert pod(_pod({"phase": phase})).ended
    assert not pod(_pod({"phase": "Running"})).ended


@pytest.mark.parametrize(
    ("container", "told"),
    [
        pytest.param(_container(state=_waiting("ContainerCreating")), "", id="it is being made"),
        pytest.param(_container(state={"running": {}}), "", id="it starts for the first time"),
        pytest.param(
            _container(
                state=_waiting("CrashLoopBackOff"),
                lastState=_ended(
                    255, "first\n2026-11-22T22:44:12.123Z\tfatal\tmain.go:1\tno disk\n"
                ),
            ),
            "container vmstorage ends with code 255 (Error): fatal main.go:1 no disk",
            id="a crash loop tells the last line of the log without its time",
        ),
        pytest.param(
            _container(
                state=_ended(
                    2,
                    "2026-11-22T22:44:12.1Z\tpanic\tfs.go:134\tFATAL: mkdir /x: denied\n"
                    "panic: FATAL: mkdir /x: denied\n\ngoroutine 1 [running]:\n"
                    "lib/fs.mustMkdir({0x7fff79193a39?, 0x7?})\n\tlib/fs/fs.go:134 +0x69\n",
                )
            ),
            "container vmstorage ends with code 2 (Error): panic: FATAL: mkdir /x: denied",
            id="a panic tells its reason and not its place in the code",
        ),
        pytest.param(
            _container(state=_ended(1, '{"ts":"2026","level":"fatal","msg":"no disk"}')),
            "container vmstorage ends with code 1 (Error): no disk",
            id="a log of JSON lines tells its message",
        ),
        pytest.param(
            _container(state={"running": {}}, lastState=_ended(137, reason="OOMKilled")),
            "container vmstorage ends with code 137 (OOMKilled)",
            id="it was out of memory",
        ),
        pytest.param(
            _container(state=_waiting("CrashLoopBackOff"), lastState=_ended(0, reason="Completed")),
            "container vmstorage ends with code 0 (Completed)",
            id="a server that ends is in trouble even when it says it did well",
        ),
        pytest.param(
            _container(state=_waiting("ErrImagePull", "rpc error 17")),
            "container vmstorage: ImagePullBackOff: vm/vmstorage:v9",
            id="an image that cannot be pulled is named",
        ),
        pytest.param(
            _container(state=_waiting("CreateContainerConfigError", 'secret "x" not found')),
            'container vmstorage: CreateContainerConfigError: secret "x" not found',
            id="a missing Secret is named",
        ),
        pytest.param(
            _container(ready=True, lastState=_ended(1)), "", id="it serves again after a crash"
        ),
    ],
)
def test_trouble_of_a_container(container: dict[str, Any], told: str) -> None:
    assert _of(container) == told


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            {"state": _waiting("ErrImagePull", "a")},
            {"state": _waiting("ImagePullBackOff", "b")},
            id="the kubelet pulls again and waits",
        ),
        pytest.param(
            {"state": _ended(1, "2026-11-22T22:44:12.1Z\tfatal\tx")},
            {
                "state": _waiting("CrashLoopBackOff"),
                "lastState": _ended(1, "2026-11-22T22:44:12.1Z\tfatal\tx"),
            },
            id="the kubelet waits before it starts again",
        ),
        pytest.param(
            {"state": {"running": {}}, "lastState": _ended(1, "2026-11-22T22:45:12.1Z\tfatal\tx")},
            {"state": {"running": {}}, "lastState": _ended(1, "2026-11-22T22:44:12.9Z\tfatal\tx")},
            id="it runs again and fails as before, only later",
        ),
        pytest.param(
            {"state": {"running": {}}, "lastState": _ended(0)},
            {"state": _waiting("CrashLoopBackOff"), "lastState": _ended(0)},
            id="it ends well again and again",
        ),
    ],
)
def test_states_that_alternate_are_told_in_the_same_words(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    assert _of(_container(**one)) == _of(_container(**other)) != ""


def test_an_init_container_that_has_done_its_work_is_no_trouble() -> None:
    done = {"name": "setup", "ready": False, "state": _ended(0, reason="Completed")}
    assert _of(_container(state=_waiting("PodInitializing")), inits=(done,)) == ""


def test_an_init_container_that_fails_is_told_before_the_others() -> None:
    failing = {"name": "setup", "ready": False, "state": _ended(3)}
    told = _of(_container(state=_waiting("ErrImagePull")), inits=(failing,))
    assert told == "container setup ends with code 3 (Error)"


def test_a_pod_without_a_node_tells_the_schedulers_words() -> None:
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes are available: 1 Insufficient cpu.",
    }
    found = pod(_pod({"conditions": [condition]})).trouble
    assert found == "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."


def test_words_without_end_are_cut() -> None:
    assert len(_of(_container(state=_ended(1, "x" * 5000)))) == 300


@pytest.mark.parametrize(
    ("container", "speaker"),
    [
        pytest.param(_container(state=_waiting("ContainerCreating")), None, id="nothing runs yet"),
        pytest.param(_container(state={"running": {}}), Speaker("vmstorage", 0), id="it runs"),
        pytest.param(
            _container(state=_ended(1), restartCount=2), Speaker("vmstorage", 2), id="it has ended"
        ),
        pytest.param(
            _container(state=_waiting("CrashLoopBackOff"), lastState=_ended(1), restartCount=3),
            Speaker("vmstorage", 3, has_ended=True),
            id="it ended in silence, as a sidecar of the user's does",
        ),
        pytest.param(
            _container(state=_waiting("CrashLoopBackOff"), lastState=_ended(1, "no disk")),
            None,
            id="the kubelet has told its last words",
        ),
    ],
)
def test_a_container_whose_log_tells_more(
    container: dict[str, Any], speaker: Speaker | None
) -> None:
    assert pod(_pod({"containerStatuses": [container]})).speaker == speaker


@pytest.mark.parametrize(
    ("containers", "since"),
    [
        pytest.param([{"state": {"running": {}}}], "2026", id="it runs and is not ready"),
        pytest.param([{"state": {"running": {}}}, {"state": {"waiting": {}}}], "", id="one waits"),
        pytest.param([], "", id="nothing is known of its containers"),
    ],
)
def test_since_when_a_pod_runs_without_being_ready(
    containers: list[dict[str, Any]], since: str
) -> None:
    unready = {"type": "Ready", "status": "False", "lastTransitionTime": "2026"}
    found = pod(_pod({"conditions": [unready], "containerStatuses": containers}))
    assert found.unready_since == since


@pytest.mark.parametrize(
    ("metadata", "node", "words"),
    [
        pytest.param({}, "", "2026-01-01T00:01:00Z and is still there", id="nobody knows why"),
        pytest.param(
            {"deletionGracePeriodSeconds": 45},
            "node-2",
            "2026-01-01T00:00:15Z and is still there (node node-2)",
            id="its node is lost",
        ),
        pytest.param(
            {"finalizers": ["a/x", "b/y"]},
            "node-2",
            "2026-01-01T00:01:00Z and is still there (node node-2; finalizers a/x, b/y)",
            id="finalizers hold it",
        ),
    ],
)
def test_a_pod_that_does_not_go_tells_since_when_and_who_keeps_it(
    metadata: dict[str, Any], node: str, words: str
) -> None:
    live = {
        **_pod(deletionTimestamp="2026-01-01T00:01:00Z", **metadata),
        "spec": {"nodeName": node} if node else {},
    }
    assert lingering(pod(live)) == f"is being deleted since {words}"
