"""Whether a parent is ours, and how the fields of another operator become ours."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.base.labels import FORMER_FINALIZER, FORMER_OPERATOR, HASH, RENDERED_BY, ROLLOUT
from vmoperator.observe.facts import child
from vmoperator.observe.takeover import (
    MISSING,
    OBSERVING,
    YIELDING,
    Step,
    converted,
    disowned,
    is_kept_for_pods,
    step,
    unfinalized,
    with_fixed,
)

Tree = dict[str, Any]

LABELS: Tree = {"f:managed-by": {}}


def parent(*, finalizer: bool, reason: str = "") -> Tree:
    finalizers = ["others/keep", *([FORMER_FINALIZER] if finalizer else [])]
    told = [{"type": "TakingOver", "reason": reason}] if reason else []
    return {
        "kind": "VMSingle",
        "metadata": {"name": "demo", "resourceVersion": "7", "finalizers": finalizers},
        "status": {"conditions": [{"type": "Ready", "reason": "Observing"}, *told]},
    }


@pytest.mark.parametrize(
    ("finalizer", "reason", "since", "wanted"),
    [
        pytest.param(False, "", 0, Step.GO_ON, id="it was never another operator's"),
        pytest.param(True, "", 0, Step.RELEASE, id="another operator's"),
        pytest.param(False, OBSERVING, 19, Step.WATCH, id="not away for long"),
        pytest.param(False, OBSERVING, 21, Step.GO_ON, id="away for long enough"),
        pytest.param(True, OBSERVING, 1, Step.YIELD, id="put back at once"),
        pytest.param(True, OBSERVING, 900, Step.YIELD, id="put back while nobody looked"),
        pytest.param(True, YIELDING, 299, Step.YIELD, id="the other operator runs"),
        pytest.param(True, YIELDING, 301, Step.RELEASE, id="it may have been stopped"),
        pytest.param(False, YIELDING, 1, Step.WATCH, id="somebody took it off by hand"),
        pytest.param(True, MISSING, 1, Step.RELEASE, id="the right was missing"),
        pytest.param(False, MISSING, 1, Step.WATCH, id="taken off by hand for want of the right"),
    ],
)
def test_a_finalizer_that_comes_back_tells_that_another_operator_runs(
    finalizer: bool, reason: str, since: float, wanted: Step
) -> None:
    assert step(parent(finalizer=finalizer, reason=reason), since_seconds=since) is wanted


def test_one_finalizer_goes_and_those_of_others_stay() -> None:
    patch = unfinalized(parent(finalizer=True))
    assert patch == {"metadata": {"finalizers": ["others/keep"], "resourceVersion": "7"}}


def test_one_owner_goes_and_others_stay() -> None:
    owners = [{"uid": "parent"}, {"uid": "other"}]
    live = {"metadata": {"ownerReferences": owners, "resourceVersion": "7"}}
    assert disowned(live, uid="parent")["metadata"]["ownerReferences"] == [{"uid": "other"}]
    live["metadata"]["ownerReferences"] = owners[:1]
    assert disowned(live, uid="parent")["metadata"]["ownerReferences"] is None


def entry(manager: str, fields: Tree, **more: str) -> Tree:
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, **more}


def live(*entries: Tree, kind: str = "Deployment", **spec: Any) -> Tree:
    return {
        "kind": kind,
        "metadata": {"name": "x", "resourceVersion": "7", "managedFields": list(entries)},
        "spec": spec,
    }


MADE = entry(
    "app",
    {
        "f:metadata": {"f:labels": {".": {}, **LABELS}},
        "f:spec": {
            "f:replicas": {},
            "f:template": {'k:{"name":"a"}': {".": {}, "f:name": {}}, "f:volumes": {".": {}}},
        },
    },
)


def value(patch: list[Tree] | None, path: str) -> Any:
    assert patch is not None
    return next(it["value"] for it in patch if it["path"] == path)


def test_the_fields_of_whoever_made_a_child_become_ours_as_an_apply_records_them() -> None:
    scaled = entry("app", {"f:spec": {"f:paused": {}}})
    others = (
        entry("kubectl-edit", {"f:spec": {"f:x": {}}}),
        entry("app", {"f:status": {}}, subresource="status"),
    )
    entries = value(converted(live(MADE, scaled, *others)), "/metadata/managedFields")
    ours, *rest = entries
    assert (ours["manager"], ours["operation"]) == ("vm-operator", "Apply")
    assert ours["fieldsV1"] == {
        "f:metadata": {"f:labels": LABELS},
        "f:spec": {
            "f:replicas": {},
            "f:paused": {},
            "f:template": {'k:{"name":"a"}': {".": {}, "f:name": {}}, "f:volumes": {}},
        },
    }
    assert tuple(rest) == others


def test_what_we_applied_already_stays_ours() -> None:
    own = {"manager": "vm-operator", "operation": "Apply", "fieldsV1": {"f:data": {"f:a": {}}}}
    made = entry("app", {"f:metadata": {"f:labels": LABELS}, "f:data": {"f:b": {}}})
    entries = value(converted(live(own, made, kind="Secret")), "/metadata/managedFields")
    assert [it["fieldsV1"]["f:data"] for it in entries] == [{"f:a": {}, "f:b": {}}]


def test_a_workload_is_marked_as_rendered_by_another_operator_and_nothing_else_is() -> None:
    marks = value(converted(live(MADE)), "/metadata/annotations")
    assert marks == {HASH: FORMER_OPERATOR, RENDERED_BY: FORMER_OPERATOR}
    asked = value(converted(live(MADE), rollout="of old"), "/metadata/annotations")
    assert asked == {**marks, ROLLOUT: "of old"}
    patch = converted(live(MADE, kind="Service"))
    assert patch is not None
    assert [it["path"] for it in patch] == ["/metadata/managedFields", "/metadata/resourceVersion"]


def test_what_nobody_made_is_not_converted() -> None:
    assert converted(live(entry("kubectl-edit", {"f:spec": {"f:x": {}}}))) is None


@pytest.mark.parametrize(
    ("kind", "digest", "wanted"),
    [
        pytest.param("Secret", "", True, id="a secret of the former operator"),
        pytest.param("Role", "", True, id="a role of the former operator"),
        pytest.param("Secret", "abc", False, id="a secret of ours"),
        pytest.param("Service", "", False, id="nothing that a pod needs to start"),
    ],
)
def test_pods_keep_what_they_need_to_start_again(kind: str, digest: str, wanted: bool) -> None:
    annotations = {HASH: digest} if digest else {}
    found = child({"kind": kind, "metadata": {"name": "x", "annotations": annotations}})
    assert is_kept_for_pods(found) is wanted


def _set(**spec: Any) -> Tree:
    return {"kind": "StatefulSet", "metadata": {"name": "x"}, "spec": spec}


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        pytest.param(
            {"podManagementPolicy": "OrderedReady", "serviceName": "x"},
            {"podManagementPolicy": "OrderedReady", "serviceName": "x", "replicas": 1},
            id="another policy",
        ),
        pytest.param(
            {"podManagementPolicy": "Parallel"},
            {"podManagementPolicy": "Parallel", "replicas": 1},
            id="no service name",
        ),
    ],
)
def test_what_of_a_stateful_set_cannot_change_stays(there: Tree, wanted: Tree) -> None:
    rendered = _set(podManagementPolicy="Parallel", serviceName="x", replicas=1)
    assert with_fixed(rendered, child(_set(**there)))["spec"] == wanted
    assert with_fixed(rendered, None) is rendered
