"""`vmoperator plan` against a fake API server: what it asks, what it says, and that it writes
nothing."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.kubernetes import Kubernetes
from tests.api.lab import Lab
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault

from vmoperator.__main__ import main
from vmoperator.apply.client import Client
from vmoperator.apply.collection import collections
from vmoperator.apply.world import World
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.watch.wiring import Wiring

SERVICE = Ref("Service", "default", "vminsert-demo")
VMAGENT = {
    "apiVersion": "operator.victoriametrics.com/v1beta1",
    "kind": "VMAgent",
    "metadata": {"name": "agent", "namespace": "default"},
    "spec": {
        "selectAllByDefault": True,
        "remoteWrite": [
            {
                "url": "http://a:8428/api/v1/write",
                "basicAuth": {"password": {"name": "login", "key": "password"}},
            }
        ],
    },
}
LOGIN = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "login", "namespace": "default"},
    "data": {"password": "aHVudGVyMg=="},
}


def cluster(**spec: Any) -> Manifest:
    manifest = vmcluster()
    parts = {app: {"replicaCount": 2} for app in ("vmstorage", "vmselect", "vminsert")}
    return {**manifest, "spec": {**manifest["spec"], **parts, **spec}}


def _stored(size: str) -> dict[str, Any]:
    claim = {"spec": {"resources": {"requests": {"storage": size}}}}
    return {"replicaCount": 2, "storage": {"volumeClaimTemplate": claim}}


@dataclass
class Desk:
    """Runs the command as a user does, and keeps what it said."""

    api: FakeApi
    lab: Lab
    folder: Path
    capsys: pytest.CaptureFixture[str]
    out: str = ""
    err: str = ""

    async def plan(self, *arguments: str, files: tuple[Manifest, ...] = ()) -> int:
        """The exit code; whatever was asked of the server to write was a dry run."""
        before = len(self.api.seen)
        paths = [self._file(f"{place}.yaml", one) for place, one in enumerate(files)]
        config = self._file("kubeconfig", self._kubeconfig())
        command = ["plan", f"--kubeconfig={config}", *arguments, *paths]
        code = await asyncio.to_thread(main, command)
        self.out, self.err = self.capsys.readouterr()
        asked = [one for one in self.api.seen[before:] if one.is_write]
        assert all(one.query.get("dryRun") == "All" for one in asked)
        assert all(one.body["dryRun"] == ["All"] for one in asked if one.method == "DELETE")
        return code

    async def json(self, *files: Manifest) -> dict[str, Any]:
        await self.plan("-o", "json", files=files)
        found: dict[str, Any] = json.loads(self.out)
        return found

    def _kubeconfig(self) -> dict[str, Any]:
        return {
            "current-context": "here",
            "clusters": [{"name": "c", "cluster": {"server": self.api.url}}],
            "contexts": [{"name": "here", "context": {"cluster": "c"}}],
        }

    def _file(self, name: str, content: Any) -> str:
        path = self.folder / name
        path.write_text(yaml.safe_dump(content))
        return str(path)


@pytest.fixture
async def desk(
    api: FakeApi, client: Client, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Desk:
    """A VMCluster that is operational, and no operator."""
    lab = Lab(api, client, Kubernetes(api))
    await lab.apply(cluster())
    await lab.settle()
    assert lab.message == "operational"
    return Desk(api, lab, tmp_path, capsys)


async def test_a_cluster_that_is_in_line_has_nothing_to_change(desk: Desk) -> None:
    assert await desk.plan() == 0
    assert desk.out == "Plan: nothing would change.\n"


async def test_what_is_read_is_what_the_operator_reads(client: Client) -> None:
    for namespaces in ((), ("a", "b")):
        informers = Wiring(client, World(), lambda ref: None).informers(namespaces)
        watched = {(it.resource.kind, it.namespace, it.selector) for it in informers}
        listed = collections(World(), namespaces)
        assert {(it.resource.kind, it.namespace, it.selector) for it in listed} == watched


async def test_a_changed_image_names_the_field_and_the_pods_in_order(desk: Desk) -> None:
    wanted = cluster(vmstorage={"replicaCount": 2, "image": {"tag": "v9-cluster"}})
    found = await desk.json(wanted)
    assert found["exitCode"] == 1
    parent = found["parents"][0]
    changed = [it for it in parent["children"] if it["action"] != "note"]
    assert [it["name"] for it in changed] == ["vmstorage-demo"]
    paths = [it["path"] for it in changed[0]["differences"]]
    assert paths == ["spec.template.spec.containers[vmstorage].image"]
    assert [it["pods"] for it in parent["restarts"]] == [["vmstorage-demo-0", "vmstorage-demo-1"]]


async def test_stages_that_would_wait_for_each_other_are_all_told(desk: Desk) -> None:
    found = await desk.json(cluster(logLevel="WARN", clusterVersion="v9-cluster"))
    workloads = [it["workload"]["name"] for it in found["parents"][0]["restarts"]]
    assert workloads == ["vmstorage-demo", "vmselect-demo", "vminsert-demo"]


async def test_an_object_that_does_not_exist_yet_is_created_with_its_children(desk: Desk) -> None:
    found = await desk.json({**cluster(), "metadata": {"name": "new", "namespace": "default"}})
    parent = found["parents"][0]
    assert (parent["name"], parent["action"]) == ("new", "create")
    assert {it["action"] for it in parent["children"]} == {"create"}
    assert {"vmstorage-new", "vmselect-new", "vminsert-new"} <= {
        it["name"] for it in parent["children"]
    }
    assert desk.api.find(Ref("VMCluster", "default", "new")) is None


async def test_a_guarded_field_is_refused_and_the_rest_is_planned(desk: Desk) -> None:
    wanted = cluster(vmstorage={"replicaCount": 1}, vmselect={"replicaCount": 3})
    found = await desk.json(wanted)
    parent = found["parents"][0]
    assert found["exitCode"] == 2
    assert [it["reason"] for it in parent["refusals"]] == ["Guarded"]
    assert "spec.vmstorage.replicaCount stays 2" in parent["refusals"][0]["message"]
    changed = [it["name"] for it in parent["children"] if it["action"] == "change"]
    assert changed == ["vmselect-demo"]
    allowed = {"operator.victoriametrics.com/allow-scale-down": "1"}
    wanted["metadata"]["annotations"] = allowed
    allowed_now = (await desk.json(wanted))["parents"][0]
    assert allowed_now["refusals"] == []
    assert any("vmstorage-demo-1: removed once" in note for note in allowed_now["notes"])


async def test_claims_that_grow_are_named_and_restart_nothing(desk: Desk) -> None:
    await desk.lab.apply(cluster(vmstorage=_stored("1Gi")))
    await desk.lab.settle()
    await desk.plan(files=(cluster(vmstorage=_stored("2Gi")),))
    grown = "  ~ PersistentVolumeClaim vmstorage-db-vmstorage-demo-{}"
    assert [grown.format(number) in desk.out for number in range(2)] == [True, True]
    assert "    spec.resources.requests.storage: 1Gi -> 2Gi" in desk.out
    assert "± StatefulSet vmstorage-demo (made anew around its pods" in desk.out
    assert "2 claims to grow." in desk.out
    assert "restarts" not in desk.out
    assert " Pod " not in desk.out


async def test_what_only_the_operator_renders_differently_is_held_back(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VM_VMCLUSTERDEFAULT_VMSTORAGEDEFAULT_VERSION", "v9-cluster")
    assert await desk.plan() == 0
    assert "= StatefulSet vmstorage-demo (held back: " in desk.out
    assert "spec.template.spec.containers[vmstorage].image: " in desk.out
    assert "restarts" not in desk.out
    assert "nothing would change, 1 held back" in desk.out
    assert await desk.plan(files=(cluster(retentionPeriod="8"),)) == 1
    assert "restarts vmstorage-demo-0, vmstorage-demo-1" in desk.out
    assert "held back" not in desk.out


async def test_a_child_that_is_no_longer_wanted_is_deleted(desk: Desk) -> None:
    spec = cluster()
    spec["spec"]["vmselect"] = None
    found = await desk.json(spec)
    deleted = {
        (it["kind"], it["name"])
        for it in found["parents"][0]["children"]
        if it["action"] == "delete"
    }
    assert ("StatefulSet", "vmselect-demo") in deleted
    assert desk.api.find(Ref("StatefulSet", "default", "vmselect-demo")) is not None


async def test_a_foreign_change_that_would_be_undone_is_told(desk: Desk) -> None:
    live = desk.lab.live(SERVICE)
    ports = [{**live["spec"]["ports"][0], "port": 9999}]
    await desk.api.put({**live, "spec": {**live["spec"], "ports": ports}}, manager="kubectl-edit")
    assert await desk.plan() == 1
    assert "~ Service vminsert-demo" in desk.out
    assert "9999" in desk.out


async def test_values_of_secrets_are_never_printed(desk: Desk) -> None:
    await desk.plan("-o", "json", files=(LOGIN, VMAGENT))
    assert "hunter2" not in desk.out + desk.err
    assert "aHVudGVyMg" not in desk.out + desk.err
    found = json.loads(desk.out)
    assert [(it["kind"], it["action"]) for it in found["objects"]] == [("Secret", "create")]
    assert ("Secret", "create") in [
        (it["kind"], it["action"]) for it in found["parents"][0]["children"]
    ]


async def test_a_secret_of_a_file_is_what_the_objects_of_the_file_find(desk: Desk) -> None:
    assert (await desk.json(VMAGENT))["exitCode"] == 2
    assert "login" in json.loads(desk.out)["parents"][0]["refusals"][0]["message"]
    assert (await desk.json(LOGIN, VMAGENT))["exitCode"] == 1


async def test_a_parent_that_notices_an_object_of_the_file_is_planned_as_well(desk: Desk) -> None:
    desk.lab.parent = Ref("VMAgent", "default", "agent")
    await desk.api.put(LOGIN)
    await desk.lab.apply(VMAGENT)
    await desk.lab.settle()
    scrape = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMStaticScrape",
        "metadata": {"name": "s", "namespace": "default"},
        "spec": {"targetEndpoints": [{"targets": ["a:1"]}]},
    }
    found = await desk.json(scrape)
    assert [(it["kind"], it["name"]) for it in found["parents"]] == [("VMAgent", "agent")]
    changed = [it for it in found["parents"][0]["children"] if it["action"] != "note"]
    # The jobs of what the operator runs itself, which its own passes here do not see, are others.
    assert {it["kind"] for it in changed} == {"Secret"}
    assert found["parents"][0]["restarts"] == []


async def test_a_missing_right_to_write_is_named(desk: Desk) -> None:
    words = 'User "me" cannot patch resource "statefulsets" in API group "apps"'
    desk.api.faults.append(
        Fault(status=403, times=9, method="PATCH", path="statefulsets", message=words)
    )
    changed = cluster(vmstorage={"replicaCount": 2, "image": {"tag": "v9-cluster"}})
    assert await desk.plan(files=(changed,)) == 2
    assert words in desk.out


def _operator(name: str = "vmoperator", namespace: str = "ops") -> Manifest:
    """The Deployment of an operator that was installed by the chart."""
    labels = {"app.kubernetes.io/name": "vmoperator", "app.kubernetes.io/instance": name}
    pod = {"metadata": {"labels": labels}, "spec": {"serviceAccountName": name, "containers": []}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod},
    }


async def test_rights_are_those_of_the_operator_that_is_installed(desk: Desk) -> None:
    await desk.api.put(_operator())
    desk.api.objects.denied |= {("patch", "deployments"), ("list", "secrets")}
    assert await desk.plan() == 2
    assert "rights are those of service account ops/vmoperator (Deployment ops/v" in desk.err
    lines = desk.out.splitlines()
    own = "! service account ops/vmoperator may not"
    assert lines[0] == f"{own} patch deployments of apps (run the components)"
    assert lines[1].startswith(f"{own} list secrets (")
    assert lines[2:] == ["", "Plan: 2 missing rights."]
    rights = (await desk.json())["rights"]
    assert rights["serviceAccount"] == {"namespace": "ops", "name": "vmoperator"}
    assert [it["resources"] for it in rights["missing"]] == [["deployments"], ["secrets"]]


async def test_an_account_may_be_named_and_is_asked_for_its_namespaces(desk: Desk) -> None:
    desk.api.objects.denied.add(("create", "services"))
    named = ("--service-account", "a/b", "--watch-namespace", "default")
    assert await desk.plan(*named) == 2
    assert "! service account a/b may not create services in namespace default" in desk.out
    reviews = [it.body["spec"] for it in desk.api.requests("POST", "subjectaccessreviews")]
    assert {it["user"] for it in reviews} == {"system:serviceaccount:a:b"}
    assert {it["resourceAttributes"]["namespace"] for it in reviews} == {"default"}
    assert "clusterroles" not in {it["resourceAttributes"]["resource"] for it in reviews}


async def test_where_the_operators_account_is_not_known_that_is_said(desk: Desk) -> None:
    desk.api.objects.denied.add(("patch", "statefulsets"))
    assert await desk.plan() == 0
    assert "name the account (--service-account)" in desk.err
    assert "missing rights that are told are those of whoever runs this" in desk.err
    assert (await desk.json())["rights"]["serviceAccount"] is None
    await desk.api.put(_operator("one"))
    await desk.api.put(_operator("two"))
    assert await desk.plan() == 0
    assert "several operators are installed" in desk.err
    assert "(ops/one, ops/two)" in desk.err


async def test_who_may_not_ask_for_rights_plans_all_the_same(desk: Desk) -> None:
    await desk.api.put(_operator())
    desk.api.faults.append(Fault(403, times=9999, path="/subjectaccessreviews", message="not you"))
    assert await desk.plan() == 0
    assert "rights of service account ops/vmoperator cannot be asked: not you" in desk.err


async def test_every_missing_right_to_read_is_named(desk: Desk) -> None:
    for plural in ("pods", "statefulsets"):
        desk.api.faults.append(
            Fault(status=403, times=9, path=plural, message=f'cannot list resource "{plural}"')
        )
    assert await desk.plan() == 2
    assert 'cannot list resource "pods"' in desk.err
    assert 'cannot list resource "statefulsets"' in desk.err
    assert desk.out == ""


async def test_a_server_that_does_not_answer_is_an_error(desk: Desk) -> None:
    desk.api.faults.append(Fault(status=503, times=999, message="try later"))
    assert await desk.plan() == 2
    assert "error: try later" in desk.err


async def test_a_refused_object_does_not_hide_the_others(desk: Desk) -> None:
    path = "/vmclusters/bad"
    desk.api.faults.append(Fault(status=422, method="PATCH", path=path, message="spec.x: no"))
    bad = {**cluster(), "metadata": {"name": "bad", "namespace": "default"}}
    new = {**cluster(), "metadata": {"name": "new", "namespace": "default"}}
    assert await desk.plan(files=(bad, new)) == 2
    assert "! refused (Invalid): spec.x: no" in desk.out
    assert "+ VMCluster default/new" in desk.out


async def test_a_namespace_limits_what_is_planned(desk: Desk) -> None:
    await desk.api.put(vmcluster("other", namespace="elsewhere"))
    assert await desk.plan("-n", "default") == 0
    assert await desk.plan("-n", "elsewhere") == 1
    assert "VMCluster elsewhere/other" in desk.out


async def test_progress_is_told_where_there_are_many_objects(desk: Desk) -> None:
    for number in range(25):
        await desk.api.put({**vmcluster(f"c{number}"), "spec": {"paused": True}})
    assert await desk.plan() == 0
    assert "planned 20 of 26 objects" in desk.err
    assert "planned 26 of 26 objects" in desk.err
    assert "spec.paused is true" in desk.out


BAD_FILES: dict[str, tuple[str, str]] = {
    "no YAML": ("a: [", "no YAML"),
    "no object": ("[1, 2]", "a document is no object with kind and metadata.name"),
    "no name": ("kind: VMCluster", "a document is no object with kind and metadata.name"),
}


@pytest.mark.parametrize(("content", "words"), BAD_FILES.values(), ids=BAD_FILES)
async def test_a_bad_file_is_an_error_that_names_it(
    desk: Desk, tmp_path: Path, content: str, words: str
) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(content)
    assert await desk.plan(str(path)) == 2
    assert f"error: {path}: {words}" in desk.err
    assert await desk.plan(str(tmp_path / "missing.yaml")) == 2
    assert "No such file" in desk.err


async def test_objects_of_other_kinds_are_skipped_and_told(desk: Desk) -> None:
    other = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}}
    assert await desk.plan(files=(other, cluster())) == 0
    assert "skipped Service" in desk.err
