"""Whether a rendered pod template goes out, from what is known of the live one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson
import pytest

from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import Child, child
from vmoperator.observe.holding import (
    Standing,
    held,
    is_template_apart,
    mark,
    pending_words,
    standing,
)
from vmoperator.observe.origins import Origin, inputs, rollout, with_origin

OLD = Origin(inputs="i", build="1.0.0-a", template="t1")
NEW = Origin(inputs="i", build="2.0.0-b", template="t2")
WORKLOAD: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "vmagent-demo", "namespace": "default"},
    "spec": {"replicas": 1, "template": {"spec": {"serviceAccountName": "x"}}},
}
OURS: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:serviceAccountName": {}}}}}
LESS: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:volumes": {}}}}}
THEIRS: dict[str, Any] = {"f:spec": {"f:template": {"f:spec": {"f:hostNetwork": {}}}}}
RESTARTED: dict[str, Any] = {
    "f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:x": {}}}}}
}


def live(origin: Origin = OLD, *, digest: str = "d", foreign: Any = None) -> Child:
    manifest = with_origin(WORKLOAD, origin)
    marks = {**manifest["metadata"]["annotations"], labels.HASH: digest}
    entries = [{"manager": labels.MANAGER, "operation": "Apply", "fieldsV1": OURS}]
    if foreign:
        entries.append({"manager": "kubectl-edit", "operation": "Update", "fieldsV1": foreign})
    metadata = {**manifest["metadata"], "annotations": marks, "managedFields": entries}
    return child({**manifest, "metadata": metadata})


HELD = replace(OLD, held=mark(live(), NEW))
CASES = {
    "nothing is there": (None, NEW, Standing.GOES_OUT),
    "no version of ours rendered it": (live(digest=""), NEW, Standing.GOES_OUT),
    "the template is the same": (live(), replace(NEW, template="t1"), Standing.GOES_OUT),
    "the operator is the same": (live(), replace(NEW, build=OLD.build), Standing.GOES_OUT),
    "the spec has changed": (live(), replace(NEW, inputs="j"), Standing.GOES_OUT),
    "a rollout is asked for": (live(), replace(NEW, rollout="now"), Standing.GOES_OUT),
    "somebody edits the template": (live(foreign=THEIRS), NEW, Standing.GOES_OUT),
    "somebody restarts the pods": (live(foreign=RESTARTED), NEW, Standing.UNCLEAR),
    "the operator alone is new": (live(), NEW, Standing.UNCLEAR),
    "nobody noted down where it comes from": (live(Origin()), NEW, Standing.UNCLEAR),
    "it is held back": (live(HELD), NEW, Standing.HELD),
    "it is held back and the spec changes": (
        live(HELD),
        replace(NEW, inputs="j"),
        Standing.GOES_OUT,
    ),
    "another template comes while one is held back": (
        live(HELD),
        replace(NEW, template="t3"),
        Standing.GOES_OUT,
    ),
    "a third operator comes while one is held back": (
        live(HELD),
        replace(NEW, build="3.0.0-c"),
        Standing.UNCLEAR,
    ),
    "the former operator comes back while one is held back": (live(HELD), OLD, Standing.GOES_OUT),
    "something is taken out of the template while one is held back": (
        replace(live(HELD), fields=b'{"f:spec":{"f:template":{}}}'),
        NEW,
        Standing.GOES_OUT,
    ),
}


@pytest.mark.parametrize(("found", "wanted", "expected"), CASES.values(), ids=CASES.keys())
def test_a_template_goes_out_or_is_held_back(
    found: Child | None, wanted: Origin, expected: Standing
) -> None:
    assert standing(found, wanted) is expected


def test_what_is_held_back_has_no_template_and_tells_where_the_live_one_comes_from() -> None:
    result = held(WORKLOAD, live(), NEW)
    assert result["spec"] == {"replicas": 1}
    assert result["metadata"]["annotations"] == {
        labels.INPUTS_HASH: "i",
        labels.RENDERED_BY: "1.0.0-a",
        labels.TEMPLATE_HASH: "t1",
        labels.HELD_BACK: mark(live(), NEW),
    }


def test_where_an_unmarked_template_comes_from_is_unknown_and_its_spec_is_that_of_today() -> None:
    found = held(WORKLOAD, live(Origin()), NEW)["metadata"]["annotations"]
    assert found[labels.INPUTS_HASH] == "i"
    assert found[labels.RENDERED_BY] == found[labels.TEMPLATE_HASH] == "unknown"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (live(), False),
        (live(foreign=THEIRS), True),
        (replace(live(), fields=orjson.dumps(LESS)), True),
    ],
    ids=["as sent", "something added", "something taken"],
)
def test_a_template_that_others_touched_is_apart(found: Child, expected: bool) -> None:
    assert is_template_apart(WORKLOAD, found) is expected


PARENT: dict[str, Any] = {"metadata": {"name": "demo"}, "spec": {"retentionPeriod": "4"}}


def test_inputs_are_the_spec_and_the_pods_that_the_template_names() -> None:
    before = inputs(PARENT, {"vmstorage": 2})
    labelled = {**PARENT, "metadata": {"name": "demo", "labels": {"a": "b"}}, "status": {"x": 1}}
    assert inputs(labelled, {"vmstorage": 2}) == before
    assert inputs(PARENT, {"vmstorage": 3}) != before
    assert inputs({**PARENT, "spec": {}}, {"vmstorage": 2}) != before


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [({}, "old"), ({labels.ROLLOUT: ""}, "old"), ({labels.ROLLOUT: "new"}, "new")],
    ids=["none", "an empty one", "another one"],
)
def test_a_rollout_is_asked_for_by_another_value(
    annotations: dict[str, str], expected: str
) -> None:
    parent = {**PARENT, "metadata": {"annotations": annotations}}
    assert rollout(parent, Origin(rollout="old")) == expected


def test_workloads_that_differ_alike_are_told_together() -> None:
    told = {"vmagent-demo-0": "a: 1 -> 2", "vmagent-demo-1": "a: 1 -> 2", "other": "b removed"}
    words = pending_words(told, parent=Ref("VMAgent", "ns", "demo"), build="2.0.0-b")
    assert "vmagent-demo-0, vmagent-demo-1 (a: 1 -> 2); other (b removed)" in words
    assert "`kubectl -n ns annotate vmagent demo --overwrite" in words
    assert words.endswith("/rollout=2.0.0-b` sends it out")
