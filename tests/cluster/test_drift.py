"""Drift: whatever somebody changes by hand in a child is found and undone, and then it is quiet."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, until
from tests.cluster.quiet import until_quiet
from vmoperator.api import parsed
from vmoperator.base.labels import HASH, MANAGED_BY, MANAGER
from vmoperator.base.settings import Settings
from vmoperator.observe.facts import child
from vmoperator.observe.ownership import intrusions, uncovered
from vmoperator.render import plan

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

KINDS = "serviceaccounts,services,statefulsets,deployments,poddisruptionbudgets"
QUIET_SECONDS = 0.7

Tree = dict[str, Any]


def _manifest() -> Tree:
    """A VMCluster with every kind of child, and lists of every sort in their specs."""
    more_ports = {"metadata": {"name": "vminsert-more"}, "spec": {"type": "NodePort"}}
    spread = {
        "maxSkew": 1,
        "topologyKey": "kubernetes.io/hostname",
        "whenUnsatisfiable": "ScheduleAnyway",
    }
    return small(
        vmstorage={"podDisruptionBudget": {"maxUnavailable": 1}},
        vmselect={
            "hostAliases": [{"ip": "10.1.1.1", "hostnames": ["a", "b"]}],
            "nodeSelector": {"kubernetes.io/os": "linux"},
            "tolerations": [{"key": "x", "operator": "Exists"}],
        },
        vminsert={
            "topologySpreadConstraints": [spread],
            "insertPorts": {"graphitePort": "2003", "influxPort": "8089"},
            "extraEnvs": [{"name": "A", "value": "b"}],
            "serviceSpec": more_ports,
        },
    )


@dataclass(frozen=True)
class Children:
    """The children of one VMCluster, as they were when nobody had touched them."""

    namespace: Namespace
    wanted: Tree

    def live(self) -> list[Tree]:
        text = self.namespace.kubectl(
            *("get", KINDS, "-l", f"{MANAGED_BY}={MANAGER}"),
            *("-o", "json", "--show-managed-fields"),
        )
        found: list[Tree] = json.loads(text)["items"]
        return found

    def drift(self) -> list[str]:
        """What differs from the beginning, or belongs to somebody else."""
        live = self.live()
        found = {_name(one): _settled(one) for one in live}
        changed = [name for name in self.wanted if found.get(name) != self.wanted[name]]
        return [*changed, *(str(path) for one in live for path in _intruders(one))]

    def writes(self, since: float) -> list[str]:
        """The operator's writes in this namespace."""
        return [
            f"{event.call} {event.name}"
            for event in self.namespace.cluster.audit.writes(since, time.time())
            if event.namespace == self.namespace.name
        ]

    def is_settled(self) -> bool:
        """Whether the controllers have made everything that the workloads ask for."""
        workloads = (one for one in self.live() if one["kind"] in ("StatefulSet", "Deployment"))
        return all(map(_is_whole, workloads))

    def until_quiet(self) -> None:
        """Until the controllers' last words, and the operator's last look."""
        until(self.is_settled, what="the workloads are whole")
        self.namespace.until_status("demo", "operational")
        until_quiet(self.namespace.cluster, namespace=self.namespace.name, seconds=QUIET_SECONDS)


def _is_whole(workload: Tree) -> bool:
    metadata, status = workload["metadata"], workload.get("status") or {}
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "readyReplicas")}
    is_seen = status.get("observedGeneration") == metadata["generation"]
    return is_seen and counts == {workload["spec"]["replicas"]}


def _name(live: Tree) -> str:
    return f"{live['kind']} {live['metadata']['name']}"


def _settled(live: Tree) -> Tree:
    """Labels and spec, without what the API server allocates anew for a recreated Service."""
    allocated = ("clusterIP", "clusterIPs")
    spec = {key: value for key, value in (live.get("spec") or {}).items() if key not in allocated}
    for port in spec.get("ports", ()):
        port.pop("nodePort", None)
    spec.get("template", {}).get("metadata", {}).pop("annotations", None)
    return {"labels": live["metadata"]["labels"], "spec": spec}


def _intruders(live: Tree) -> tuple[Any, ...]:
    facts = child(live)
    return intrusions(facts.ref.kind, facts.fields, facts.foreign)


@pytest.fixture(scope="module")
def children(cluster: Cluster, operator: Operator) -> Iterator[Children]:
    name = f"drift-{uuid.uuid4().hex[:6]}"
    cluster.kubectl("create", "namespace", name)
    namespace = Namespace(cluster, name)
    namespace.apply(_manifest())
    namespace.until_status("demo", "operational")
    made = Children(namespace, {})
    made.wanted.update({_name(one): _settled(one) for one in made.live()})
    yield made
    cluster.kubectl("-n", name, "delete", "vmclusters", "--all", "--wait=false")
    cluster.kubectl("delete", "namespace", name, "--wait=false")
    cluster.kubectl("-n", name, "delete", "pods", "--all", "--grace-period=0", "--force")


def test_each_field_that_was_applied_is_ours_and_nothing_else_is_there(children: Children) -> None:
    """The sets of the real API server, for every kind that the operator writes."""
    live = children.live()
    assert {one["kind"] for one in live} == {
        "ServiceAccount",
        "Service",
        "StatefulSet",
        "Deployment",
        "PodDisruptionBudget",
    }
    rendered = {_name(one): one for one in _rendered(children)}
    for one in live:
        facts = child(one)
        assert facts.digest
        assert uncovered(rendered[_name(one)], facts.fields) == ()
        assert _intruders(one) == ()


def _rendered(children: Children) -> list[Tree]:
    manifest = children.namespace.get("vmcluster", "demo")
    return list(plan(parsed(manifest), Settings()).manifests)


def _container(app: str, **more: Any) -> str:
    containers = [{"name": app, **more}]
    return json.dumps({"spec": {"template": {"spec": {"containers": containers}}}})


def _pod(**more: Any) -> str:
    return json.dumps({"spec": {"template": {"spec": more}}})


def _patch(target: str, patch: str) -> tuple[str, ...]:
    return ("patch", target, "-p", patch)


def _merge(target: str, patch: str) -> tuple[str, ...]:
    return ("patch", target, "--type=merge", "-p", patch)


def _set(target: str, path: str, value: Any, *, operation: str = "replace") -> tuple[str, ...]:
    step = {"op": operation, "path": path, "value": value}
    return ("patch", target, "--type=json", "-p", json.dumps([step]))


SELECT, INSERT, STORAGE = "sts/vmselect-demo", "deploy/vminsert-demo", "sts/vmstorage-demo"
SERVICE, BUDGET = "svc/vminsert-demo", "pdb/vmstorage-demo"
FIRST = "/spec/template/spec/containers/0"
STRANGER = {"name": "x", "image": "foo:1"}

EDITS = [
    pytest.param(
        _merge(SELECT, '{"spec":{"minReadySeconds":7}}'), id="a scalar of a StatefulSet is set"
    ),
    pytest.param(
        _merge(INSERT, '{"spec":{"replicas":1}}'), id="replicas of a Deployment are changed"
    ),
    pytest.param(("scale", SELECT, "--replicas=1"), id="kubectl scale"),
    pytest.param(("set", "image", STORAGE, "vmstorage=foo:bar"), id="another image"),
    pytest.param(_patch(SELECT, _pod(containers=[STRANGER])), id="a container added"),
    pytest.param(_patch(INSERT, _pod(initContainers=[STRANGER])), id="an init container added"),
    pytest.param(("set", "env", INSERT, "FOO=bar"), id="a variable added"),
    pytest.param(("set", "env", INSERT, "A=other"), id="a variable changed"),
    pytest.param(("set", "env", INSERT, "A-"), id="a variable removed"),
    pytest.param(
        _patch(SELECT, _container("vmselect", ports=[{"containerPort": 99, "name": "zz"}])),
        id="a port of a container added",
    ),
    pytest.param(
        _set(INSERT, f"{FIRST}/ports/0/containerPort", 9999), id="a port of a container changed"
    ),
    pytest.param(
        _patch(SERVICE, '{"spec":{"ports":[{"port":99,"name":"zz"}]}}'), id="a port added"
    ),
    pytest.param(_set(SERVICE, "/spec/ports/0/port", 9999), id="a port changed"),
    pytest.param(_set(SERVICE, "/spec/ports/0/protocol", "UDP"), id="a protocol changed"),
    pytest.param(
        _set("svc/vmstorage-demo", "/spec/ports/1/port", 9999), id="one port of many changed"
    ),
    pytest.param(
        _set("svc/vminsert-more", "/spec/ports/0/port", 9999), id="a port of a NodePort changed"
    ),
    pytest.param(_patch(SERVICE, '{"spec":{"type":"NodePort"}}'), id="another type of Service"),
    pytest.param(
        _patch(SERVICE, '{"spec":{"sessionAffinity":"ClientIP"}}'), id="a default is overridden"
    ),
    pytest.param(_patch(SERVICE, '{"spec":{"selector":{"a":"b"}}}'), id="a selector narrowed"),
    pytest.param(
        _patch(SELECT, _pod(nodeSelector={"disk": "ssd"})), id="a node selector added to ours"
    ),
    pytest.param(_patch(STORAGE, _pod(nodeSelector={"disk": "ssd"})), id="a node selector added"),
    pytest.param(
        _patch(SELECT, _pod(hostAliases=[{"ip": "10.9.9.9", "hostnames": ["z"]}])),
        id="a host alias added",
    ),
    pytest.param(
        _set(SELECT, "/spec/template/spec/tolerations/-", {"operator": "Exists"}, operation="add"),
        id="a toleration added to a list that is one value",
    ),
    pytest.param(_set(SELECT, f"{FIRST}/args/-", "-foo", operation="add"), id="a flag added"),
    pytest.param(
        _patch(SELECT, _container("vmselect", resources={"limits": {"ephemeral-storage": "1Gi"}})),
        id="a limit added",
    ),
    pytest.param(("set", "resources", INSERT, "--limits=cpu=333m"), id="a limit changed"),
    pytest.param(
        _patch(SELECT, _container("vmselect", readinessProbe={"periodSeconds": 17})),
        id="a probe changed",
    ),
    pytest.param(
        _set(INSERT, f"{FIRST}/livenessProbe", {"tcpSocket": {"port": 1}}), id="another probe"
    ),
    pytest.param(
        _merge(INSERT, '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'),
        id="another strategy",
    ),
    pytest.param(
        _merge(SELECT, '{"spec":{"updateStrategy":{"type":"RollingUpdate"}}}'),
        id="another update strategy",
    ),
    pytest.param(("rollout", "pause", INSERT), id="kubectl rollout pause"),
    pytest.param(
        _merge(BUDGET, '{"spec":{"maxUnavailable":null,"minAvailable":2}}'), id="another budget"
    ),
    pytest.param(("label", SERVICE, f"{MANAGED_BY}-"), id="a label removed"),
    pytest.param(("label", SERVICE, f"{MANAGED_BY}=me", "--overwrite"), id="a label changed"),
    pytest.param(("annotate", SELECT, f"{HASH}=x", "--overwrite"), id="the hash changed"),
    pytest.param(("delete", SERVICE), id="a Service deleted"),
    pytest.param(("delete", BUDGET), id="a budget deleted"),
    pytest.param(("delete", "sa/vmcluster-demo"), id="a ServiceAccount deleted"),
    pytest.param(("delete", SELECT, "--cascade=orphan"), id="a StatefulSet deleted without pods"),
]


@pytest.mark.parametrize("edit", EDITS)
def test_an_edit_by_hand_is_undone_and_then_it_is_quiet(
    children: Children, edit: tuple[str, ...]
) -> None:
    since = time.time()
    children.namespace.kubectl(*edit)
    until(lambda: children.writes(since), seconds=10, what="the operator writes")
    until(lambda: not children.drift(), seconds=20, what=f"undone: {children.drift()}")
    children.until_quiet()
    quiet_since = time.time()
    time.sleep(QUIET_SECONDS)
    assert children.writes(quiet_since) == []
    assert children.drift() == []


def test_an_object_applied_again_by_somebody_else_gives_its_fields_back(
    children: Children,
) -> None:
    """`kubectl apply --server-side` of an exported object owns every default, too."""
    exported = children.namespace.get("service", "vminsert-demo")
    for key in ("managedFields", "uid", "resourceVersion", "creationTimestamp"):
        exported["metadata"].pop(key, None)
    since = time.time()
    children.namespace.kubectl(
        *("apply", "--server-side", "--force-conflicts", "-f", "-"), stdin=json.dumps(exported)
    )
    until(lambda: children.writes(since), seconds=10, what="the operator writes")
    until(lambda: not children.drift(), seconds=10, what="the fields are given back")
    children.until_quiet()
    quiet_since = time.time()
    time.sleep(QUIET_SECONDS)
    assert children.writes(quiet_since) == []


@pytest.mark.parametrize("target", [INSERT, SELECT])
def test_a_restart_by_kubectl_goes_through(children: Children, target: str) -> None:
    app = target.partition("/")[2].removesuffix("-demo")

    def pods() -> set[str]:
        found = children.namespace.items("pods", f"app.kubernetes.io/name={app}")
        return {one["metadata"]["uid"] for one in found}

    before = pods()
    children.namespace.kubectl("rollout", "restart", target)
    until(lambda: len(pods()) == 2 and not pods() & before, what=f"{app} has new pods")
    children.namespace.until_status("demo", "operational")
    assert children.drift() == []


def test_a_label_of_somebody_else_stays(children: Children) -> None:
    children.until_quiet()
    since = time.time()
    children.namespace.kubectl("label", "sa/vmcluster-demo", "team=x")
    time.sleep(QUIET_SECONDS)
    assert children.writes(since) == []
    children.namespace.kubectl("label", "sa/vmcluster-demo", "team-")


def test_a_restarted_operator_writes_nothing(children: Children, operator: Operator) -> None:
    children.until_quiet()
    since = time.time()
    operator.restart()
    time.sleep(5)
    assert children.writes(since) == []
