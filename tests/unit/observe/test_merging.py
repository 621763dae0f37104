"""What `kubectl apply` would make of an object from a file."""

from __future__ import annotations

import json
from typing import Any

from vmoperator.observe.merging import applied, last_applied, manager_for, merge_patch

COPY = "kubectl.kubernetes.io/last-applied-configuration"


def _live(*, copy: Any = None, entries: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    annotations = {} if copy is None else {COPY: json.dumps(copy)}
    return {"metadata": {"name": "a", "annotations": annotations, "managedFields": list(entries)}}


def test_what_only_the_api_server_writes_is_not_applied() -> None:
    manifest = {
        "kind": "VMCluster",
        "metadata": {"name": "a", "uid": "1", "resourceVersion": "2", "annotations": {COPY: "{}"}},
        "spec": {"x": 1},
        "status": {"updateStatus": "operational"},
    }
    assert applied(manifest) == {
        "kind": "VMCluster",
        "metadata": {"name": "a", "annotations": {}},
        "spec": {"x": 1},
    }


def test_a_field_that_left_the_file_is_taken_away_and_one_of_others_stays() -> None:
    last = {"metadata": {"name": "a", "annotations": {}}, "spec": {"x": {"a": 1, "b": 2}, "y": [1]}}
    wanted = {"metadata": {"name": "a", "annotations": {}}, "spec": {"x": {"a": 3}}}
    assert merge_patch(last, wanted) == {
        "metadata": {"name": "a", "annotations": {}},
        "spec": {"x": {"a": 3, "b": None}, "y": None},
    }


def test_the_last_applied_configuration_is_what_kubectl_kept() -> None:
    kept = {"metadata": {"name": "a", "annotations": {}}, "spec": {"x": 1}}
    assert last_applied(_live(copy=kept)) == kept
    assert last_applied(_live()) is None
    assert last_applied(_live(copy=[])) is None


def test_who_applies_on_the_servers_side_goes_before_the_copy() -> None:
    argo = {"manager": "argocd-controller", "operation": "Apply"}
    status = {"manager": "x", "operation": "Apply", "subresource": "status"}
    own = {"manager": "vm-operator-status", "operation": "Apply"}
    update = {"manager": "kubectl-edit", "operation": "Update"}
    assert manager_for(_live(entries=(status, own, update, argo))) == "argocd-controller"
    assert last_applied(_live(copy={"metadata": {}}, entries=(argo,))) is None
    assert manager_for(_live(entries=(status, own, update))) == "kubectl"
    assert manager_for(None) == "kubectl"
