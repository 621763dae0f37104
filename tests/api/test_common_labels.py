"""Common labels against a fake API server: they reach every child, and no pod restarts for them."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.base.settings import Settings

WORKLOADS = (
    ("StatefulSet", "vmstorage"),
    ("StatefulSet", "vmselect"),
    ("Deployment", "vminsert"),
)


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    one = Lab(api, client, Kubernetes(api))
    manifest = vmcluster()
    parts = {app: {"replicaCount": 2} for _, app in WORKLOADS}
    await one.apply({**manifest, "spec": {**manifest["spec"], **parts}})
    await one.settle()
    return one


def labelled(lab: Lab, **labels: str) -> Lab:
    """The operator, started again with these labels for all that it makes."""
    settings = replace(Settings(), common_labels=MappingProxyType(labels))
    return Lab(lab.api, lab.client, lab.kubernetes, settings=settings, build="1.0.0-labels")


def workloads(lab: Lab) -> list[dict[str, Any]]:
    return [lab.child(kind, f"{app}-demo") for kind, app in WORKLOADS]


def pods(lab: Lab) -> set[str]:
    return {pod["metadata"]["uid"] for _, app in WORKLOADS for pod in lab.kubernetes.pods(app)}


async def test_new_common_labels_reach_the_children_and_restart_no_pod(lab: Lab) -> None:
    specs, before = [it["spec"] for it in workloads(lab)], pods(lab)
    new = labelled(lab, team="a")
    await new.settle()
    assert [it["metadata"]["labels"]["team"] for it in workloads(new)] == ["a"] * len(WORKLOADS)
    assert new.child("Service", "vmselect-demo")["metadata"]["labels"]["team"] == "a"
    assert [it["spec"] for it in workloads(new)] == specs
    assert pods(new) == before
    types = {it["type"] for it in new.status["conditions"]}
    assert "RolloutPending" not in types
    assert await new.writes() == []


async def test_labels_that_are_no_longer_common_are_taken_away(lab: Lab) -> None:
    await labelled(lab, team="a").settle()
    new = labelled(lab, cost="b")
    await new.settle()
    for one in (*workloads(new), new.child("Service", "vmselect-demo")):
        assert one["metadata"]["labels"]["cost"] == "b"
        assert "team" not in one["metadata"]["labels"]
