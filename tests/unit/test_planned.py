"""What `vmoperator plan` says, and its exit code."""

from __future__ import annotations

import orjson
import pytest

from vmoperator.base.manifest import Ref
from vmoperator.observe.difference import HIDDEN, Difference
from vmoperator.observe.outlook import Action, Fate, Outlook, Refusal, Restart
from vmoperator.planned import Planned, document, text

PARENT = Ref("VMCluster", "default", "demo")
SET = Ref("StatefulSet", "default", "vmstorage-demo")
IMAGE = Difference("spec.template.spec.containers[vmstorage].image", "a:1", "a:2")
NOTHING = Outlook(parent=Fate(ref=PARENT, action=Action.NONE))
REFUSED = Outlook(
    parent=Fate(ref=PARENT, action=Action.NONE),
    refusals=(Refusal(reason="Guarded", message="spec.vmstorage.replicaCount stays 2"),),
)
ROLLING = Outlook(
    parent=Fate(ref=PARENT, action=Action.CHANGE, differences=(Difference("spec.x", 1, 2),)),
    children=(
        Fate(ref=SET, action=Action.CHANGE, differences=(IMAGE,)),
        Fate(ref=Ref("Service", "default", "old"), action=Action.DELETE),
    ),
    restarts=(
        Restart(workload=SET, pods=("vmstorage-demo-0", "vmstorage-demo-1"), at_once=1, why="new"),
    ),
    removed=("vmstorage-demo-2",),
    notes=("spec.y does not act yet",),
)


def test_a_change_is_told_field_by_field_and_pod_by_pod() -> None:
    assert "\n".join(text(Planned(outlooks=(NOTHING, ROLLING)))) == (
        "~ VMCluster default/demo\n"
        "    spec.x: 1 -> 2\n"
        "  ~ StatefulSet vmstorage-demo\n"
        "      spec.template.spec.containers[vmstorage].image: a:1 -> a:2\n"
        "  - Service old\n"
        "  restarts vmstorage-demo-0, vmstorage-demo-1 (one at a time)\n"
        "    because new\n"
        "  pods to be removed, in this order: vmstorage-demo-2\n"
        "  note: spec.y does not act yet\n"
        "\n"
        "Plan: 2 to change, 1 to delete, 2 pods to restart, 1 pod to remove."
    )


def test_a_refusal_is_told_with_its_reason() -> None:
    told = list(text(Planned(outlooks=(REFUSED,))))
    assert told[1:] == [
        "  ! refused (Guarded): spec.vmstorage.replicaCount stays 2",
        "",
        "Plan: 1 refusal.",
    ]


def test_many_differences_are_cut_in_text_and_whole_in_json() -> None:
    many = tuple(Difference(f"spec.f{number}", 1, 2) for number in range(50))
    planned = Planned(objects=(Fate(ref=SET, action=Action.CHANGE, differences=many),))
    assert "    and 10 more differences (-o json)" in list(text(planned))
    assert len(document(planned)["objects"][0]["differences"]) == 50


@pytest.mark.parametrize(
    ("planned", "code"),
    [
        (Planned(), 0),
        (Planned(outlooks=(NOTHING,)), 0),
        (Planned(outlooks=(NOTHING, ROLLING)), 1),
        (Planned(objects=(Fate(ref=SET, action=Action.CREATE),)), 1),
        (Planned(outlooks=(ROLLING, REFUSED)), 2),
        (Planned(outlooks=(ROLLING,), errors=("a.yaml: no YAML",)), 2),
    ],
    ids=["no objects", "in line", "changes", "an object that is selected", "refused", "bad file"],
)
def test_the_exit_code_tells_nothing_changes_and_errors_apart(planned: Planned, code: int) -> None:
    assert planned.exit_code == document(planned)["exitCode"] == code
    assert ("nothing would change" in "\n".join(text(planned))) is (code == 0)


def test_the_shape_of_the_json_is_the_documented_one() -> None:
    found = orjson.loads(orjson.dumps(document(Planned(outlooks=(ROLLING,)))))
    assert set(found) == {
        *("version", "exitCode", "changes", "summary", "objects", "parents", "errors", "rights")
    }
    parent = found["parents"][0]
    assert set(parent) == {
        *("kind", "namespace", "name", "action", "message", "differences", "changes", "children"),
        *("restarts", "removedPods", "refusals", "notes"),
    }
    assert parent["children"][0]["differences"] == [
        {"path": IMAGE.path, "before": "a:1", "after": "a:2"}
    ]
    assert parent["restarts"] == [
        {
            "workload": {"kind": "StatefulSet", "namespace": "default", "name": "vmstorage-demo"},
            "pods": ["vmstorage-demo-0", "vmstorage-demo-1"],
            "atOnce": 1,
            "why": "new",
        }
    ]


def test_a_hidden_value_says_so() -> None:
    secret = Fate(
        ref=Ref("Secret", "default", "s"),
        action=Action.CHANGE,
        differences=(Difference("data.key", HIDDEN, HIDDEN),),
    )
    found = document(Planned(objects=(secret,)))["objects"][0]["differences"]
    assert found == [{"path": "data.key", "before": HIDDEN, "after": HIDDEN, "hidden": True}]
