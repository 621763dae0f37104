"""Announcing: one event for each transition, and why pods are replaced in words people know."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base.labels import STARTED_WITH
from vmoperator.observe.announcing import Notice, event, replacement, transitions

Tree = dict[str, Any]


def _status(reason: str, message: str = "", *, word: str = "expanding", **beside: str) -> Tree:
    """A status with Ready for this reason, and conditions given as `Type="True Reason"`."""
    others = [
        {"type": kind, "status": value.split()[0], "reason": value.split()[1], "message": "m"}
        for kind, value in beside.items()
    ]
    ready = {"type": "Ready", "status": "False", "reason": reason, "message": message}
    return {"updateStatus": word, "conditions": [ready, *others]}


WELL = _status("Operational", word="operational")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        pytest.param({}, _status("Creating", "w"), [("Normal", "Creating", "w")], id="the first"),
        pytest.param(WELL, WELL, [], id="nothing new"),
        pytest.param(
            _status("RollingOut", "updated: a 0/2"),
            _status("RollingOut", "updated: a 1/2"),
            [],
            id="a rollout goes on",
        ),
        pytest.param(
            _status("RollingOut"),
            WELL,
            [("Normal", "Operational", "every pod of the current spec serves")],
            id="a rollout ends",
        ),
        pytest.param(
            _status("RollingOut"),
            _status("PodFailing", "pod p: no"),
            [("Warning", "PodFailing", "pod p: no")],
            id="a rollout stops",
        ),
        pytest.param(
            _status("RollingOut"),
            _status("EvictionBlocked", "b"),
            [("Warning", "EvictionBlocked", "b")],
            id="a budget forbids",
        ),
        pytest.param(
            _status("Refused", "a", word="failed"),
            _status("Refused", "b", word="failed"),
            [("Warning", "Refused", "b")],
            id="another refusal",
        ),
        pytest.param(
            _status("PodFailing", "a"), _status("PodFailing", "b"), [], id="another pod fails"
        ),
        pytest.param(
            WELL,
            _status("Operational", word="operational", ConfigLoaded="False Refused"),
            [("Warning", "Refused", "ConfigLoaded is False: m")],
            id="a configuration is refused",
        ),
        pytest.param(
            WELL,
            _status("Operational", word="operational", ConfigLoaded="True Loaded"),
            [],
            id="all is well from the start",
        ),
        pytest.param(
            _status("Operational", word="operational", ConfigLoaded="False Refused"),
            _status("Operational", word="operational", ConfigLoaded="True Loaded"),
            [("Normal", "Loaded", "ConfigLoaded is True: m")],
            id="all is well again",
        ),
        pytest.param(
            WELL,
            _status("Operational", word="operational", ChildrenIncomplete="True NameTaken"),
            [("Warning", "NameTaken", "ChildrenIncomplete is True: m")],
            id="a condition that is bad while it is true",
        ),
        pytest.param(
            WELL,
            _status("Operational", word="operational", RolloutPending="True Held"),
            [("Normal", "Held", "RolloutPending is True: m")],
            id="a condition that is to be known",
        ),
        pytest.param(
            WELL,
            _status("Operational", word="operational", HighlyAvailable="False FewReplicas"),
            [],
            id="advice",
        ),
    ],
)
def test_one_notice_for_each_transition(before: Tree, after: Tree, told: list[Any]) -> None:
    assert [(it.type, it.reason, it.message) for it in transitions(before, after)] == told


def _template(image: str = "a:1", *, annotations: Tree | None = None, args: Any = ()) -> Tree:
    container = {"name": "vmstorage", "image": image, "args": list(args)}
    return {"metadata": {"annotations": annotations or {}}, "spec": {"containers": [container]}}


@pytest.mark.parametrize(
    ("after", "why"),
    [
        pytest.param(_template("a:2"), "vmstorage: image: a:1 -> a:2", id="an image"),
        pytest.param(
            _template(args=["-retentionPeriod=2"]),
            "vmstorage: args[-retentionPeriod] added: 2",
            id="a flag",
        ),
        pytest.param(
            _template(annotations={"kubectl.kubernetes.io/restartedAt": "now"}),
            "kubectl asked for a restart",
            id="kubectl rollout restart",
        ),
        pytest.param(
            _template(annotations={STARTED_WITH: "x"}),
            "a file has changed that is read only at the start",
            id="a file read at the start",
        ),
        pytest.param({}, "its spec has changed", id="a revision that is not known"),
    ],
)
def test_a_replacement_says_why(after: Tree, why: str) -> None:
    found = replacement("p-1", _template(), after)
    if "args" in why:  # an empty list of flags is told as it stands
        assert found.message.startswith("replacing pod p-1: vmstorage: args")
        return
    assert found == Notice("Normal", "ReplacingPod", f"replacing pod p-1: {why}")


def test_many_differences_are_told_in_few_words() -> None:
    after = _template("a:2")
    after["spec"] |= {"priorityClassName": "p", "hostNetwork": True, "schedulerName": "s"}
    assert replacement("p", _template(), after).message == (
        "replacing pod p: vmstorage: image: a:1 -> a:2; priorityClassName added: p;"
        " hostNetwork added: true; and 1 more"
    )


PARENT: Tree = {
    "apiVersion": "operator.victoriametrics.com/v1beta1",
    "kind": "VMCluster",
    "metadata": {"name": "d" * 253, "namespace": "ns", "uid": "u-1", "resourceVersion": "7"},
}


def test_an_event_is_about_its_parent_and_has_a_name_that_fits() -> None:
    made = event(PARENT, Notice("Normal", "R", "m" * 2000), mark="x1", now="2026-01-01T00:00:00Z")
    assert made["involvedObject"]["uid"] == "u-1"
    assert len(made["metadata"]["name"]) == 253
    assert made["metadata"]["name"].endswith(".x1")
    assert len(made["message"]) == 1024
