"""Two versions of the operator on a real node, one after the other: which pods restart, and when.

The next version is a copy of the package with another version number, another default image and
resources, another field in every pod, and another name of vmagent's configuration file.
"""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import ROOT, Namespace, Operator, small, until
from tests.cluster.process import instead
from tests.cluster.quiet import until_quiet
from tests.cluster.stack import API_VERSION, pods, small_object
from vmoperator.base import labels

pytestmark = pytest.mark.cluster

Tree = dict[str, Any]

EDITS = (
    ("__init__.py", '__version__ = "', '__version__ = "9.'),
    ("base/settings.py", '"v1.150.0-cluster"', '"v1.150.1-cluster"'),
    ("base/settings.py", '("50m", "200Mi")', '("40m", "190Mi")'),
    (
        "render/templates/pod.yaml.j2",
        "  serviceAccountName:",
        "  setHostnameAsFQDN: true\n  serviceAccountName:",
    ),
    ("render/vmagent_files.py", '"vmagent.yaml"', '"main.yaml"'),
)
OBJECTS = {
    "VMCluster": small(),
    "VMSingle": small_object("VMSingle", "demo", retentionPeriod="1"),
    "VMAgent": small_object(
        "VMAgent",
        "demo",
        resources={},
        replicaCount=2,
        remoteWrite=[{"url": "http://vmsingle-demo:8429/api/v1/write"}],
    ),
    "VMAlert": small_object(
        "VMAlert",
        "demo",
        datasource={"url": "http://vmsingle-demo:8429"},
        notifier={"url": "http://vmalertmanager-demo:9093"},
        ruleSelector={},
    ),
    "VMAlertmanager": small_object("VMAlertmanager", "demo"),
}
WRITES = [{"url": "http://vmsingle-demo:8429/api/v1/write"}]
CLAIM = {"resources": {"requests": {"storage": "100Mi"}}}
AGENTS = {
    "stateful": small_object(
        "VMAgent",
        "stateful",
        remoteWrite=WRITES,
        statefulMode=True,
        statefulStorage={"volumeClaimTemplate": {"spec": CLAIM}},
    ),
    "daemon": small_object("VMAgent", "daemon", remoteWrite=WRITES, daemonSetMode=True),
    "sharded": small_object("VMAgent", "sharded", remoteWrite=WRITES, shardCount=2),
}
"""VMAgents that run as something else than a Deployment, by name."""
PARENTS = (*((kind, "demo") for kind in OBJECTS), *(("VMAgent", name) for name in AGENTS))
OF_AGENTS = "of the other VMAgents"
WORKLOADS = {
    "VMCluster": ("sts/vmstorage-demo", "sts/vmselect-demo", "deploy/vminsert-demo"),
    "VMSingle": ("deploy/vmsingle-demo",),
    "VMAgent": ("deploy/vmagent-demo",),
    "VMAlert": ("deploy/vmalert-demo",),
    "VMAlertmanager": ("sts/vmalertmanager-demo",),
    OF_AGENTS: (
        *("sts/vmagent-stateful", "ds/vmagent-daemon"),
        *("deploy/vmagent-sharded-0", "deploy/vmagent-sharded-1"),
    ),
}


@dataclass(frozen=True)
class Stand:
    """An object of each kind, made by one version of the operator and kept by the next."""

    namespace: Namespace
    operator: Operator
    pods: dict[str, str]
    """Name and uid of each pod as the first version left them."""
    templates: dict[str, Tree] = field(default_factory=dict)
    """Pod template of each workload, likewise, and which fields of it are the operator's."""

    def workload(self, path: str) -> Tree:
        return self.namespace.get(*path.split("/"))

    def template(self, path: str) -> Tree:
        return _template(self.namespace, path)

    def pending(self, kind: str, name: str = "demo") -> Tree:
        return self.namespace.condition(kind, name, "RolloutPending")

    def restarted(self, *kinds: str) -> list[str]:
        """Pods of these kinds' objects that are not those of the first version."""
        apps = {path.split("/")[1] for kind in kinds for path in WORKLOADS[kind]}
        return sorted(
            name
            for name, uid in _pods(self.namespace).items()
            if any(name.startswith(f"{app}-") for app in apps) and self.pods.get(name) != uid
        )


def _template(namespace: Namespace, path: str) -> Tree:
    kind, name = path.split("/")
    shown = namespace.kubectl("get", kind, name, "-o", "json", "--show-managed-fields")
    live: Tree = json.loads(shown)
    entries = live["metadata"]["managedFields"]
    (ours,) = (it["fieldsV1"] for it in entries if _is_applied(it))
    return {"is": live["spec"]["template"], "ours": ours["f:spec"]["f:template"]}


def _is_applied(entry: Tree) -> bool:
    """Whether a managed field entry is what the operator applied; its requests stand apart."""
    return bool(entry["manager"] == labels.MANAGER and entry["operation"] == "Apply")


def _pods(namespace: Namespace) -> dict[str, str]:
    found = namespace.items("pods")
    return {pod["metadata"]["name"]: pod["metadata"]["uid"] for pod in found}


@pytest.fixture(scope="module")
def next_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the next version's package."""
    folder = tmp_path_factory.mktemp("next")
    package = folder / "vmoperator"
    shutil.copytree(ROOT / "src/vmoperator", package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in EDITS:
        text = (package / name).read_text()
        assert before in text, (name, before)
        (package / name).write_text(text.replace(before, after))
    return folder


@pytest.fixture(scope="module")
def stand(
    cluster: Cluster,
    operator: Operator,
    next_build: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Stand]:
    namespace = Namespace(cluster, f"upgrade-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", namespace.name)
    for manifest in (*OBJECTS.values(), *AGENTS.values()):
        namespace.apply(manifest)
    for kind, name in PARENTS:
        namespace.until_status(name, "operational", kind=kind, seconds=240)
    before = _pods(namespace)
    templates = {path: _template(namespace, path) for it in WORKLOADS.values() for path in it}
    with instead(operator, tmp_path_factory.mktemp("next"), next_build) as newer:
        one = Stand(namespace, newer, before, templates)
        for kind, name in PARENTS:
            what = f"pending: {kind} {name}"
            until(partial(one.pending, kind, name), seconds=120, what=what)
        yield one
        namespace.clear()


def test_a_new_version_restarts_nothing_and_comes_to_rest(stand: Stand) -> None:
    assert stand.restarted(*WORKLOADS) == []
    assert {path: stand.template(path) for path in stand.templates} == stand.templates
    for kind, name in PARENTS:
        stand.namespace.until_status(name, "operational", kind=kind)
    until_quiet(stand.namespace.cluster)
    began = time.time()
    for kind, name in PARENTS:
        stand.namespace.kubectl("annotate", kind.lower(), name, "tests/wakes=a-pass")
    time.sleep(3)
    writes = stand.namespace.cluster.audit.writes(began, time.time())
    assert [it for it in writes if it.namespace == stand.namespace.name] == []


def test_a_restart_of_the_new_version_changes_nothing(stand: Stand) -> None:
    versions = {
        path: stand.workload(path)["metadata"]["resourceVersion"] for path in stand.templates
    }
    stand.operator.restart()
    stand.namespace.apply(OBJECTS["VMSingle"] | {"metadata": {"name": "other"}})
    stand.namespace.until_status("other", "operational", kind="vmsingle")
    stand.namespace.kubectl("delete", "vmsingle", "other")
    now = {path: stand.workload(path)["metadata"]["resourceVersion"] for path in stand.templates}
    assert now == versions
    assert stand.restarted(*WORKLOADS) == []


def test_the_difference_is_told_field_by_field(stand: Stand) -> None:
    cluster, agent = stand.pending("VMCluster"), stand.pending("VMAgent")
    assert (cluster["status"], cluster["reason"]) == ("True", "HeldBack")
    for app in ("vmstorage", "vmselect", "vminsert"):
        image = f"spec.template.spec.containers[{app}].image"
        assert (
            f"{app}-demo ({image}: victoriametrics/{app}:v1.150.0-cluster -> " in cluster["message"]
        )
    assert "args[-promscrape.config]: /etc/vmagent/config/vmagent.yaml -> " in agent["message"]
    assert "resources.requests[cpu]: 50m -> 40m" in agent["message"].replace(".cpu", "[cpu]")
    for kind, name in PARENTS:
        assert "setHostnameAsFQDN added: true" in stand.pending(kind, name)["message"]


def test_files_that_the_running_pods_read_stay_beside_those_of_the_next(stand: Stand) -> None:
    assert {"vmagent.yaml", "main.yaml"} <= _agent_files(stand)

    def is_loaded() -> bool:
        found = stand.namespace.condition("VMAgent", "demo", "ConfigLoaded")
        return bool(found.get("status") == "True")

    until(is_loaded, what="the running pods have loaded it")


def test_what_stands_beside_the_template_is_kept_in_line(stand: Stand) -> None:
    """A change by hand is undone, and the template is neither sent nor given up for that."""
    path = "deploy/vmalert-demo"
    stand.namespace.kubectl(
        *("patch", *path.split("/"), "--type=merge"),
        *("-p", '{"spec": {"revisionHistoryLimit": 3, "minReadySeconds": 1}}'),
    )
    until(lambda: stand.workload(path)["spec"]["revisionHistoryLimit"] == 10, what="it is undone")
    until(lambda: not stand.workload(path)["spec"].get("minReadySeconds"), what="it is undone")
    assert stand.template(path) == stand.templates[path]
    assert stand.restarted("VMAlert") == []


def test_rules_go_on_being_loaded_by_pods_of_the_former_version(stand: Stand) -> None:
    rule = {"alert": "Watchdog", "expr": "vector(1)"}
    stand.namespace.apply(
        {
            "apiVersion": API_VERSION,
            "kind": "VMRule",
            "metadata": {"name": "watchdog"},
            "spec": {"groups": [{"name": "general", "rules": [rule]}]},
        }
    )
    until(lambda: "Watchdog" in _rules(stand), what="it is evaluated")
    assert stand.template("deploy/vmalert-demo") == stand.templates["deploy/vmalert-demo"]
    assert stand.restarted("VMAlert") == []


def _rules(stand: Stand) -> str:
    (pod,) = pods(stand.namespace, "vmalert", "demo")
    return stand.namespace.get_raw(pod["metadata"]["name"], 8080, "/api/v1/rules")


def test_the_annotation_sends_one_object_out_and_no_other(stand: Stand) -> None:
    told = stand.pending("VMAgent")["message"]
    generation = stand.workload("deploy/vmagent-demo")["metadata"]["generation"]
    words = told.split("`")[1].split()
    stand.namespace.kubectl(*words[words.index("annotate") :])
    until(lambda: not stand.pending("VMAgent"), seconds=120, what="nothing is pending")
    stand.namespace.until_status("demo", "operational", kind="vmagent")
    live = stand.workload("deploy/vmagent-demo")
    assert live["spec"]["template"]["spec"]["setHostnameAsFQDN"] is True
    assert live["metadata"]["generation"] == generation + 1
    assert labels.HELD_BACK not in live["metadata"]["annotations"]
    assert len(stand.restarted("VMAgent")) == 2
    assert stand.restarted("VMSingle", "VMAlert", "VMAlertmanager", "VMCluster", OF_AGENTS) == []
    until(lambda: "vmagent.yaml" not in _agent_files(stand), what="former files are gone")


def test_a_change_of_the_spec_sends_all_of_it_out_in_one_ordered_rollout(stand: Stand) -> None:
    paths = WORKLOADS["VMCluster"]
    generations = [stand.workload(path)["metadata"]["generation"] for path in paths]
    stand.namespace.apply(small(retentionPeriod="5"))
    stand.namespace.until_status("demo", "operational", seconds=240)
    assert not stand.pending("VMCluster")
    for path, before in zip(paths, generations, strict=True):
        live = stand.workload(path)
        (container,) = live["spec"]["template"]["spec"]["containers"]
        assert container["image"].endswith(":v1.150.1-cluster")
        assert live["metadata"]["generation"] == before + 1
    ages = [_created(stand, app) for app in ("vmstorage", "vmselect", "vminsert")]
    assert max(ages[0]) <= min(ages[1])
    assert max(ages[1]) <= min(ages[2])
    assert stand.restarted("VMSingle", "VMAlert", "VMAlertmanager", OF_AGENTS) == []


def _agent_files(stand: Stand) -> set[str]:
    return set(stand.namespace.get("secret", "vmagent-demo")["data"])


def _created(stand: Stand, app: str) -> list[str]:
    # One of before may be on its way out for a moment longer.
    found = pods(stand.namespace, app, "demo")
    return [pod["metadata"]["creationTimestamp"] for pod in found]
