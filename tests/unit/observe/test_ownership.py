"""Ownership: what others changed, took or added, told from managedFields alone."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmoperator.observe.ownership import healed, intrusions, place, uncovered

Tree = dict[str, Any]

IDENTITY = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "x", "namespace": "ns"}}
HTTP = 'k:{"port":8480,"protocol":"TCP"}'
MAIN = 'k:{"name":"main"}'


def _service(**spec: Any) -> Tree:
    return {**IDENTITY, "spec": spec}


def _owned(**spec: Any) -> bytes:
    return orjson.dumps({"f:spec": spec})


def _pod(**container: Any) -> Tree:
    return {
        **IDENTITY,
        "kind": "StatefulSet",
        "spec": {"template": {"metadata": {}, "spec": {"containers": [container]}}},
    }


def _pod_fields(**more: Any) -> Tree:
    return {"f:spec": {"f:template": {"f:spec": more}}}


@pytest.mark.parametrize(
    ("spec", "fields", "missing"),
    [
        pytest.param({"type": "ClusterIP"}, {"f:type": {}}, (), id="a scalar that is ours"),
        pytest.param({"type": "ClusterIP"}, {}, ("spec",), id="nothing below spec is ours"),
        pytest.param(
            {"type": "ClusterIP", "clusterIP": "None"},
            {"f:clusterIP": {}},
            ("spec.type",),
            id="somebody changed a scalar",
        ),
        pytest.param({"args": ["-a", "-b"]}, {"f:args": {}}, (), id="an atomic list is one value"),
        pytest.param(
            {"selector": {"a": "b"}}, {"f:selector": {}}, (), id="an atomic map is one value"
        ),
        pytest.param({"emptyDir": {}}, {"f:emptyDir": {}}, (), id="an empty map is a value"),
        pytest.param(
            {"emptyDir": {}, "x": 1}, {"f:x": {}}, ("spec.emptyDir",), id="an empty map was changed"
        ),
        pytest.param(
            {"finalizers": ["a", "b"]},
            {"f:finalizers": {'v:"a"': {}}},
            ("spec.finalizers.1",),
            id="an item of a set is gone",
        ),
        pytest.param(
            {"ports": [{"port": 8480, "name": "http"}]},
            {"f:ports": {HTTP: {".": {}, "f:port": {}, "f:name": {}}}},
            (),
            id="a merge key may have been filled in by the server",
        ),
        pytest.param(
            {"ports": [{"port": 8480, "name": "http"}]},
            {"f:ports": {HTTP: {".": {}, "f:port": {}}}},
            ("spec.ports.0.name",),
            id="a field of a list item was changed",
        ),
        pytest.param(
            {"ports": [{"port": 8480, "protocol": "TCP"}]},
            {"f:ports": {'k:{"port":8480,"protocol":"UDP"}': {".": {}}}},
            ("spec.ports.0",),
            id="a merge key was changed",
        ),
    ],
)
def test_what_the_manifest_sets_and_no_longer_owns(
    spec: Tree, fields: Tree, missing: tuple[str, ...]
) -> None:
    assert uncovered(_service(**spec), _owned(**fields) if fields else b"{}") == missing


def test_an_object_that_nobody_applied_is_uncovered() -> None:
    assert uncovered(_service(type="ClusterIP"), b"") == ("spec",)


def test_the_identity_of_an_object_is_owned_by_nobody() -> None:
    assert uncovered(IDENTITY, b"") == ()


# What the API server's schema says of the lists below, for fields of the property test.
KEYED, SET = "keyed", "set"
NAMES = st.sampled_from(["a", "b", "c", "replicas", "x.y/z"])
SCALARS = st.one_of(st.integers(0, 9), st.text("ab:-{}", max_size=4), st.booleans())


def _lists(below: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    items = st.dictionaries(NAMES, below, max_size=3)
    keyed = st.dictionaries(st.text("xyz", min_size=1, max_size=3), items, min_size=1, max_size=3)
    return keyed.map(lambda found: [{**item, "name": name} for name, item in found.items()])


VALUES = st.recursive(
    st.one_of(SCALARS, st.lists(st.integers(0, 9), max_size=3)),
    lambda below: st.one_of(st.dictionaries(NAMES, below, max_size=3), _lists(below)),
    max_leaves=12,
)
SPECS = st.dictionaries(NAMES, VALUES, min_size=1, max_size=4)


def _fields(value: Any) -> Tree:
    """fieldsV1 as the API server writes it: lists of objects by name, other lists as one value."""
    if isinstance(value, dict):
        return {f"f:{key}": _fields(item) for key, item in value.items()}
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return {
            "k:" + json.dumps({"name": item["name"]}): {".": {}, **_fields(item)} for item in value
        }
    return {}


def _leaves(tree: Tree, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, below in tree.items():
        if key == ".":
            continue
        if below:
            yield from _leaves(below, (*path, key))
        else:
            yield (*path, key)


def _without(tree: Tree, path: tuple[str, ...]) -> Tree:
    """The set without one leaf, and without what is empty without it."""
    head, rest = path[0], path[1:]
    left = _without(tree[head], rest) if rest else {}
    others = {key: below for key, below in tree.items() if key != head}
    return {**others, head: left} if left else others


@given(SPECS)
def test_whatever_was_applied_is_covered(spec: Tree) -> None:
    assert uncovered(_service(**spec), orjson.dumps({"f:spec": _fields(spec)})) == ()


@given(st.data())
def test_whatever_leaf_was_taken_is_found(data: st.DataObject) -> None:
    spec = data.draw(SPECS)
    fields = {"f:spec": _fields(spec)}
    taken = data.draw(st.sampled_from(list(_leaves(fields))))
    assert len(uncovered(_service(**spec), orjson.dumps(_without(fields, taken)))) == 1


@given(SPECS)
def test_what_others_own_beside_us_is_no_intrusion(spec: Tree) -> None:
    fields = orjson.dumps({"f:spec": _fields(spec)})
    assert intrusions("Service", fields, (fields, fields)) == ()


@given(st.data())
def test_whatever_leaf_others_own_alone_is_an_intrusion(data: st.DataObject) -> None:
    fields = {"f:spec": _fields(data.draw(SPECS))}
    theirs = data.draw(st.sampled_from(list(_leaves(fields))))
    ours = _without(fields, theirs)
    # A map that we set empty would be ours as one value, the leaf below it included.
    found = intrusions("Service", orjson.dumps(ours), (orjson.dumps(fields),))
    assert len(found) == 1
    assert theirs[: len(found[0])] == found[0]


OURS = _pod_fields(**{"f:containers": {MAIN: {".": {}, "f:name": {}, "f:image": {}}}})
ADDED: Tree = {".": {}, "f:name": {}, "f:image": {}}


@pytest.mark.parametrize(
    ("fields", "places"),
    [
        pytest.param(
            _pod_fields(**{"f:containers": {'k:{"name":"x"}': ADDED}}),
            ['spec.template.spec.containers[{"name":"x"}]'],
            id="a container added by hand",
        ),
        pytest.param(
            _pod_fields(**{"f:containers": {MAIN: {"f:env": {".": {}, 'k:{"name":"A"}': ADDED}}}}),
            ['spec.template.spec.containers[{"name":"main"}].env[{"name":"A"}]'],
            id="a variable added by hand",
        ),
        pytest.param(
            _pod_fields(**{"f:nodeSelector": {"f:disk": {}}}),
            ["spec.template.spec.nodeSelector.disk"],
            id="a node selector added by hand",
        ),
        pytest.param({"f:spec": {"f:paused": {}}}, ["spec.paused"], id="a rollout paused by hand"),
        pytest.param(
            {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:restartedAt": {}}}}}},
            [],
            id="kubectl rollout restart",
        ),
        pytest.param(
            {"f:metadata": {"f:labels": {"f:team": {}}}}, [], id="a label of the object itself"
        ),
        pytest.param(
            _pod_fields(**{"f:containers": {MAIN: {"f:image": {}}}}), [], id="a field that is ours"
        ),
    ],
)
def test_what_others_may_and_may_not_add(fields: Tree, places: list[str]) -> None:
    found = intrusions("StatefulSet", orjson.dumps(OURS), (orjson.dumps(fields),))
    assert [place(path) for path in found] == places


def test_below_a_value_that_is_ours_as_a_whole_nobody_intrudes() -> None:
    theirs = _owned(**{"f:selector": {"f:app": {}}})
    assert intrusions("Service", _owned(**{"f:selector": {}}), (theirs,)) == ()


def test_kinds_without_a_spec_of_ours_are_open() -> None:
    assert intrusions("ServiceAccount", b"{}", (b'{"f:secrets":{}}',)) == ()


def _live(spec: Tree, **entries: Tree) -> Tree:
    """A live object with one managedFields entry for each manager: operation/subresource last."""
    managed = []
    for name, fields in entries.items():
        manager, _, operation = name.rpartition("_")
        managed.append(
            {"manager": manager.replace("_", "-"), "operation": operation, "fieldsV1": fields}
        )
    metadata = {"name": "x", "namespace": "ns", "resourceVersion": "7", "managedFields": managed}
    return {**IDENTITY, "metadata": metadata, "spec": spec, "status": {"x": 1}}


def test_a_healed_object_has_the_spec_as_rendered_and_its_own_version() -> None:
    desired = _service(ports=[{"port": 8480, "name": "http"}])
    live = _live({"ports": [{"port": 9, "name": "http"}], "sessionAffinity": "ClientIP"})
    before = copy.deepcopy(live)
    result = healed(live, desired, (("f:spec", "f:sessionAffinity"),))
    assert result["spec"] == desired["spec"]
    assert result["metadata"]["resourceVersion"] == "7"
    assert live == before


def test_a_healed_field_is_owned_by_no_intruder_any_more() -> None:
    """Otherwise one that has a default (sessionAffinity) would be found in every pass."""
    ours: Tree = {"f:spec": {"f:type": {}}}
    theirs: Tree = {
        "f:metadata": {"f:labels": {"f:team": {}}},
        "f:spec": {"f:sessionAffinity": {}, "f:type": {}},
    }
    live = _live({}, vm_operator_Apply=ours, kubectl_edit_Update=theirs)
    result = healed(live, _service(type="ClusterIP"), (("f:spec", "f:sessionAffinity"),))
    assert [entry["fieldsV1"] for entry in result["metadata"]["managedFields"]] == [
        ours,
        {"f:metadata": {"f:labels": {"f:team": {}}}, "f:spec": {"f:type": {}}},
    ]


def test_an_intruder_that_owned_nothing_else_is_forgotten() -> None:
    path = ("f:spec", "f:ports", HTTP)
    theirs: Tree = {"f:spec": {"f:ports": {".": {}, HTTP: {".": {}, "f:name": {}}}}}
    live = _live({}, kubectl_edit_Update=theirs)
    result = healed(live, _service(ports=[]), (path,))
    assert result["metadata"]["managedFields"] == []


def test_entries_about_a_subresource_stay() -> None:
    live = _live({}, kube_controller_manager_Update={"f:spec": {"f:replicas": {}}})
    live["metadata"]["managedFields"][0]["subresource"] = "scale"
    result = healed(live, _service(replicas=2), (("f:spec", "f:replicas"),))
    assert result["metadata"]["managedFields"] == live["metadata"]["managedFields"]


def test_healing_keeps_the_restart_that_somebody_asked_for() -> None:
    live = _live(
        {
            "template": {
                "metadata": {"annotations": {"restartedAt": "t"}, "labels": {"a": "changed"}},
                "spec": {"containers": [{"name": "main"}, {"name": "x"}]},
            }
        }
    )
    desired = _pod(name="main")
    desired["spec"]["template"]["metadata"] = {"labels": {"a": "b"}}
    result = healed(live, desired, (("f:spec", "f:template"),))
    assert result["spec"]["template"] == {
        "metadata": {"annotations": {"restartedAt": "t"}, "labels": {"a": "b"}},
        "spec": {"containers": [{"name": "main"}]},
    }
