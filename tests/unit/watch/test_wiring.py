"""Which collections are watched, and whom a change wakes."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.apply.client import Client
from vmoperator.apply.collection import OURS
from vmoperator.apply.connection import Connection
from vmoperator.apply.world import World
from vmoperator.base.labels import OWNER
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import (
    CHILDREN,
    CONFIG_MAP,
    NAMESPACE,
    PARENTS,
    PROMETHEUS,
    SECRET,
    SELECTED,
    WITNESSES,
)
from vmoperator.observe.parents import trimmed
from vmoperator.watch.informer import Informer
from vmoperator.watch.wiring import Wiring

DEMO = Ref("VMCluster", "default", "demo")
OTHER = Ref("VMCluster", "default", "other")
WATCHED = (*PARENTS, *CHILDREN, *WITNESSES, *SELECTED, *PROMETHEUS, NAMESPACE)


def _wired(*namespaces: str) -> tuple[list[Informer[Any]], World, list[Ref]]:
    woken: list[Ref] = []
    world = World()
    client = Client(Connection(server="http://nowhere"))
    return Wiring(client, world, woken.append).informers(namespaces), world, woken


def _child(owner: str) -> Manifest:
    reference = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMCluster",
        "name": owner,
        "uid": owner,
        "controller": True,
    }
    metadata = {"name": "vmstorage", "namespace": "default", "ownerReferences": [reference]}
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": metadata}


def test_every_resource_is_watched_once_and_children_by_label_but_for_what_specs_may_name() -> None:
    informers, _, _ = _wired()
    assert sorted(one.resource.kind for one in informers) == sorted(one.kind for one in WATCHED)
    unselected = {one.resource for one in informers if one.selector != OURS}
    assert unselected == {*PARENTS, SECRET, CONFIG_MAP, NAMESPACE, *SELECTED, *PROMETHEUS}


def test_every_named_namespace_has_informers_of_its_own() -> None:
    informers, _, _ = _wired("a", "b")
    namespaced = [resource for resource in WATCHED if resource.namespaced]
    assert len(informers) == 2 * len(namespaced)
    assert {one.namespace for one in informers} == {"a", "b"}
    assert all(one.resource.namespaced for one in informers)


def test_a_shared_child_wakes_all_its_owners() -> None:
    informers, _, told = _wired()
    shared = _child("a")
    (first,) = shared["metadata"]["ownerReferences"]
    owners = [{**first, "name": name, "controller": False} for name in ("demo", "other")]
    shared["metadata"]["ownerReferences"] = owners
    informer = next(one for one in informers if one.resource.kind == "StatefulSet")
    informer.on_change(Ref("Service", "default", "x"), None, informer.transform(shared))
    assert sorted(told) == [DEMO, OTHER]


def test_a_cluster_wide_child_wakes_the_parent_in_its_mark() -> None:
    informers, _, told = _wired()
    mark = {OWNER: "VMCluster/default/demo/u-1"}
    role = {"kind": "ClusterRole", "metadata": {"name": "x", "annotations": mark}}
    informer = next(one for one in informers if one.resource.kind == "ClusterRole")
    informer.on_change(Ref("ClusterRole", "", "x"), None, informer.transform(role))
    assert told == [DEMO]


@pytest.mark.parametrize(
    ("old", "new", "woken"),
    [
        pytest.param(None, "demo", {DEMO}, id="a new child wakes its parent"),
        pytest.param("demo", None, {DEMO}, id="a deleted child wakes its parent"),
        pytest.param("demo", "other", {DEMO, OTHER}, id="a child that moves wakes both"),
    ],
)
def test_a_child_wakes_its_parents(old: str | None, new: str | None, woken: set[Ref]) -> None:
    informers, _, told = _wired()
    informer = next(one for one in informers if one.resource.kind == "StatefulSet")
    facts = [owner and informer.transform(_child(owner)) for owner in (old, new)]
    informer.on_change(Ref("StatefulSet", "default", "vmstorage"), *facts)
    assert set(told) == woken
    assert len(told) == len(woken)


def test_a_parent_keeps_only_what_passes_read() -> None:
    status = {"manager": "vm-operator-status", "subresource": "status"}
    manifest: Manifest = {
        "kind": "VMCluster",
        "metadata": {
            "name": "demo",
            "managedFields": [{"manager": "kubectl"}, status],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}", "a": "b"},
        },
        "spec": {"retentionPeriod": "4"},
    }
    kept = trimmed(manifest)
    assert kept["metadata"] == {
        "name": "demo",
        "managedFields": [status],
        "annotations": {"a": "b"},
    }
    assert kept["spec"] == manifest["spec"]
    assert len(manifest["metadata"]["managedFields"]) == 2
