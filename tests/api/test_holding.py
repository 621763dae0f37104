"""A new version of the operator against a fake API server: what waits, what goes out, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings

Tree = dict[str, Any]

APPS = ("vmstorage", "vmselect", "vminsert")
KINDS = dict(zip(APPS, ("StatefulSet", "StatefulSet", "Deployment"), strict=True))
NEXT = "2.0.0-def"
NEW_TAG = "v9.9.9-cluster"


def cluster(**spec: Any) -> Tree:
    manifest = vmcluster()
    parts: Tree = {app: {"replicaCount": 2, **spec.pop(app, {})} for app in APPS}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


def other_defaults(*apps: str) -> Settings:
    """The settings of a version that takes other images for these programs."""
    given = Settings()
    new = {app: replace(given.components[app], version=NEW_TAG) for app in apps}
    components: Mapping[str, Any] = MappingProxyType({**given.components, **new})
    return replace(given, components=components)


@pytest.fixture
async def lab(api: FakeApi, client: Client) -> Lab:
    one = Lab(api, client, Kubernetes(api))
    await one.apply(cluster())
    await one.settle()
    return one


def upgraded(lab: Lab, *apps: str, build: str = NEXT) -> Lab:
    """The next version of the operator, which has just been started."""
    return Lab(
        lab.api, lab.client, lab.kubernetes, settings=other_defaults(*apps or APPS), build=build
    )


@pytest.fixture
async def held(lab: Lab) -> Lab:
    new = upgraded(lab)
    await new.settle()
    return new


def workload(lab: Lab, app: str) -> Tree:
    return lab.child(KINDS[app], f"{app}-demo")


def templates(lab: Lab) -> Tree:
    return {app: workload(lab, app)["spec"]["template"] for app in APPS}


def images(lab: Lab) -> list[str]:
    found = (it["spec"]["containers"][0]["image"] for it in templates(lab).values())
    return [image.rpartition(":")[2] for image in found]


def condition(lab: Lab) -> Tree:
    conditions = lab.status["conditions"]
    return next((it for it in conditions if it["type"] == "RolloutPending"), {})


def uids(lab: Lab) -> set[str]:
    return {pod["metadata"]["uid"] for app in APPS for pod in lab.kubernetes.pods(app)}


async def test_a_new_version_leaves_pod_templates_and_pods_as_they_are(lab: Lab) -> None:
    before, pods = templates(lab), uids(lab)
    new = upgraded(lab)
    said = await new.settle()
    assert templates(new) == before
    assert uids(new) == pods
    assert said == ["operational"]


async def test_what_is_held_back_is_told_with_the_way_to_send_it_out(held: Lab) -> None:
    told = condition(held)
    assert (told["status"], told["reason"]) == ("True", "HeldBack")
    for app in APPS:
        assert f"{app}-demo (spec.template.spec.containers[{app}].image: " in told["message"]
    assert f"victoriametrics/vmstorage:{NEW_TAG}" in told["message"]
    assert f"annotate vmcluster demo --overwrite {labels.ROLLOUT}={NEXT}`" in told["message"]


async def test_what_is_held_back_costs_no_request_once_it_is_known(held: Lab) -> None:
    before = len(held.api.seen)
    await held.run()
    assert held.api.seen[before:] == []


async def test_a_restart_of_the_new_version_writes_nothing(held: Lab) -> None:
    before = len(held.api.writes)
    await upgraded(held).run()
    assert [it for it in held.api.writes[before:] if not it.query.get("dryRun")] == []


async def test_a_version_that_renders_the_same_marks_its_workloads_and_holds_nothing(
    lab: Lab,
) -> None:
    new = Lab(lab.api, lab.client, lab.kubernetes, build=NEXT)
    assert sorted(await new.writes()) == [
        "PATCH deployments/vminsert-demo",
        "PATCH statefulsets/vmselect-demo",
        "PATCH statefulsets/vmstorage-demo",
    ]
    assert condition(new) == {}
    assert await new.writes() == []


async def test_one_workload_is_held_back_and_the_others_are_not(lab: Lab) -> None:
    new = upgraded(lab, "vmselect")
    await new.settle()
    assert "vmselect-demo (" in condition(new)["message"]
    assert "vmstorage-demo" not in condition(new)["message"]


CHANGES: Mapping[str, Tree] = {
    "of the spec": cluster(retentionPeriod="5"),
    "of a number of pods": cluster(vmselect={"replicaCount": 3}),
    "by annotation": {
        **cluster(),
        "metadata": {**cluster()["metadata"], "annotations": {labels.ROLLOUT: "now"}},
    },
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_a_wish_sends_all_of_it_out_in_one_ordered_rollout(held: Lab, change: Tree) -> None:
    await held.apply(change)
    await held.run()
    assert images(held) == [NEW_TAG, "v1.150.0-cluster", "v1.150.0-cluster"]
    await held.settle()
    assert images(held) == [NEW_TAG] * 3
    assert condition(held) == {}
    assert held.message == "operational"
    assert await held.writes() == []


async def test_the_same_annotation_sends_nothing_out_at_the_next_upgrade(held: Lab) -> None:
    await held.apply(CHANGES["by annotation"])
    await held.settle()
    before = templates(held)
    newer = upgraded(held, build="3.0.0-0ff")
    newer.settings = replace(newer.settings, pre_stop_sleep_seconds=1)
    await newer.settle()
    assert templates(newer) == before
    assert condition(newer)["status"] == "True"


async def test_taking_the_annotation_away_is_no_wish(held: Lab) -> None:
    await held.apply(CHANGES["by annotation"])
    await held.settle()
    before = templates(held)
    newer = upgraded(held, build="3.0.0-0ff")
    newer.settings = replace(newer.settings, pre_stop_sleep_seconds=1)
    await newer.settle()
    live = newer.live(newer.parent)
    del live["metadata"]["annotations"][labels.ROLLOUT]
    await newer.settle()
    assert templates(newer) == before
    await newer.apply(CHANGES["by annotation"])
    await newer.settle()
    assert templates(newer) == before
    await newer.apply(
        {**cluster(), "metadata": {"name": "demo", "annotations": {labels.ROLLOUT: "again"}}}
    )
    await newer.settle()
    assert templates(newer) != before


async def test_a_downgrade_has_nothing_to_hold_back(held: Lab, lab: Lab) -> None:
    before = templates(held)
    old = Lab(lab.api, lab.client, lab.kubernetes)
    await old.settle()
    assert templates(old) == before
    assert condition(old) == {}


async def test_what_an_autoscaler_brings_about_goes_out_while_something_is_held_back(
    api: FakeApi, client: Client
) -> None:
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(cluster(vmstorage={"hpa": {"minReplicas": 2, "maxReplicas": 4}}))
    await lab.settle()
    new = upgraded(lab)
    await new.settle()
    await lab.kubernetes.scale(Ref("StatefulSet", "default", "vmstorage-demo"), 3)
    await new.settle()
    arguments = workload(new, "vminsert")["spec"]["template"]["spec"]["containers"][0]["args"]
    assert "vmstorage-demo-2" in " ".join(arguments)
    assert images(new) == ["v1.150.0-cluster", NEW_TAG, NEW_TAG]


async def test_replicas_and_strategy_are_kept_in_line_while_a_template_is_held_back(
    held: Lab,
) -> None:
    live = workload(held, "vminsert")
    await held.api.put({**live, "spec": {**live["spec"], "replicas": 5}}, manager="kubectl-edit")
    before = templates(held)
    assert "PATCH deployments/vminsert-demo" in await held.writes()
    assert workload(held, "vminsert")["spec"]["replicas"] == 2
    assert templates(held) == before


async def test_a_template_that_somebody_edits_is_replaced_by_the_new_one(held: Lab) -> None:
    live = workload(held, "vminsert")
    spec = live["spec"]["template"]["spec"]
    container = {**spec["containers"][0], "image": "mine"}
    template = {**live["spec"]["template"], "spec": {**spec, "containers": [container]}}
    await held.api.put(
        {**live, "spec": {**live["spec"], "template": template}}, manager="kubectl-edit"
    )
    await held.settle()
    assert images(held) == ["v1.150.0-cluster", "v1.150.0-cluster", NEW_TAG]
    assert "vminsert-demo" not in condition(held)["message"]


async def test_something_taken_out_of_a_template_by_hand_is_noticed(held: Lab) -> None:
    live = workload(held, "vminsert")
    spec = {k: v for k, v in live["spec"]["template"]["spec"].items() if k != "serviceAccountName"}
    template = {**live["spec"]["template"], "spec": spec}
    await held.api.put(
        {**live, "spec": {**live["spec"], "template": template}}, manager="kubectl-edit"
    )
    await held.settle()
    restored = workload(held, "vminsert")["spec"]["template"]["spec"]
    assert restored["serviceAccountName"] == "vmcluster-demo"


async def test_a_restart_by_kubectl_sends_nothing_out(held: Lab) -> None:
    live = workload(held, "vminsert")
    metadata = live["spec"]["template"]["metadata"]
    mark = {**metadata.get("annotations", {}), "kubectl.kubernetes.io/restartedAt": "now"}
    template = {**live["spec"]["template"], "metadata": {**metadata, "annotations": mark}}
    await held.api.put(
        {**live, "spec": {**live["spec"], "template": template}}, manager="kubectl-rollout"
    )
    await held.settle()
    assert images(held) == ["v1.150.0-cluster"] * 3
    assert await held.writes() == []


async def test_a_workload_without_marks_gets_them_and_keeps_its_template(lab: Lab) -> None:
    for app in APPS:
        live = workload(lab, app)
        found = live["metadata"]["annotations"]
        for key in (labels.INPUTS_HASH, labels.RENDERED_BY, labels.TEMPLATE_HASH):
            del found[key]
        entry = next(it for it in live["metadata"]["managedFields"] if it["operation"] == "Apply")
        for key in (labels.INPUTS_HASH, labels.RENDERED_BY, labels.TEMPLATE_HASH):
            del entry["fieldsV1"]["f:metadata"]["f:annotations"][f"f:{key}"]
    before = templates(lab)
    new = upgraded(lab, "vmselect")
    await new.settle()
    assert templates(new) == before
    assert workload(new, "vmstorage")["metadata"]["annotations"][labels.RENDERED_BY] == NEXT
    assert workload(new, "vmselect")["metadata"]["annotations"][labels.HELD_BACK].startswith(NEXT)
    assert await new.writes() == []
    await new.apply(cluster(retentionPeriod="5"))
    await new.settle()
    assert images(new)[1] == NEW_TAG


async def test_an_account_that_only_former_pods_use_stays_while_they_run(held: Lab) -> None:
    account = held.child("ServiceAccount", "vmcluster-demo")
    former = {**account, "metadata": {**account["metadata"], "name": "former", "uid": "f"}}
    await held.api.put(former)
    assert "DELETE serviceaccounts/former" not in await held.writes()
    await held.apply(cluster(retentionPeriod="5"))
    await held.settle()
    assert held.api.find(Ref("ServiceAccount", "default", "former")) is None
