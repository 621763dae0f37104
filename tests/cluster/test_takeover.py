"""Taking over on a real node: objects as the Go operator leaves them, with data, become ours."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.former import Former
from tests.cluster.left_behind import (
    OBJECTS,
    ROLES,
    SPECS,
    left_behind,
    of_other_kinds,
    own_claims,
)
from tests.cluster.quiet import until_quiet
from tests.cluster.stack import pods, query
from tests.cluster.timeline import APPS, Timeline
from vmoperator.base.labels import FORMER_FINALIZER, ROLLOUT
from vmoperator.observe.takeover import WATCHED_SECONDS

pytestmark = pytest.mark.cluster

Tree = dict[str, Any]

KEPT = "statefulsets,deployments,persistentvolumeclaims,services,serviceaccounts"
WORKLOADS = (
    *("sts/vmstorage-demo", "sts/vmselect-demo", "deploy/vminsert-demo", "deploy/vmsingle-demo"),
    *("sts/vmagent-demo", "deploy/vmalert-demo", "sts/vmalertmanager-demo"),
    "deploy/vmagent-plain",
)
PODS = len(WORKLOADS) + len(APPS)
"""Two pods of each component of the VMCluster, and one of each of the others."""
OTHERS = ("deployment/vmauth-demo", "secret/vmuser-demo", "pvc/vlsingle-demo")
LEFT = (
    "secret/tls-assets-vmagent-demo",
    "configmap/vm-demo-rulefiles-0",
    "role/vmalertmanager-demo",
    "rolebinding/vmalertmanager-demo",
)


@dataclass
class Stand:
    """What the former operator left, and what was seen of it before ours was started."""

    namespace: Namespace
    operator: Operator
    parents: dict[str, Tree] = field(default_factory=dict)
    kept: dict[str, str] = field(default_factory=dict)
    """Kind/name -> uid of all that has to stay."""
    pods: dict[str, str] = field(default_factory=dict)

    def uids(self, kinds: str) -> dict[str, str]:
        found = self.namespace.items(kinds)
        return {
            f"{it['kind']}/{it['metadata']['name']}": it["metadata"]["uid"]
            for it in found
            if not it["metadata"].get("deletionTimestamp")
        }

    def pending(self, kind: str, name: str) -> Tree:
        return self.namespace.condition(kind, name, "RolloutPending")

    def has_no_reason(self, kind: str, name: str) -> bool:
        return "reason" not in self.namespace.status(name, kind)

    def is_out(self, kind: str, name: str) -> bool:
        return not self.pending(kind, name)

    def is_gone(self, path: str) -> bool:
        return not self.exists(path)

    def exists(self, path: str) -> bool:
        return bool(self.namespace.kubectl("get", path, "--ignore-not-found", "-o", "name"))


def _is_written(namespace: Namespace) -> bool:
    """Writes the sample; a pod without probes is ready before its program, or its Service, is."""
    path = f"/api/v1/namespaces/{namespace.name}/services/vmsingle-demo:8429/proxy"
    command = ("create", "--raw", f"{path}/api/v1/import/prometheus", "-f", "-")
    try:
        namespace.kubectl(*command, stdin="kept 7\n")
    except ClusterError:
        return False
    return True


def _kept(namespace: Namespace) -> list[str]:
    (pod,) = pods(namespace, "vmsingle", "demo")
    found = query(namespace, pod["metadata"]["name"], "last_over_time(kept[1h])", at=time.time())
    return [it["value"][1] for it in found]


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Stand]:
    operator.stop()
    namespace = Namespace(cluster, f"takeover-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", namespace.name)
    one, made = Stand(namespace, operator), Former(namespace)
    try:
        one.parents = {kind: made.parent(kind, spec) for kind, spec in SPECS.items()}
        left_behind(made, one.parents)
        of_other_kinds(made)
        until(lambda: len(_ready(namespace)) == PODS, seconds=240, what="pods ready")
        own_claims(made, one.parents["VMCluster"])
        until(partial(_is_written, namespace), what="the sample is written")
        until(lambda: _kept(namespace) == ["7"], what="the sample is there")
        one.kept, one.pods = one.uids(KEPT), one.uids("pods")
        operator.start()
        yield one
    finally:
        operator.start()
        roles = [f"monitoring:{namespace.name}:{it}" for it in ROLES]
        cluster.kubectl("delete", "clusterrole", *roles, "--ignore-not-found")
        namespace.clear()


def _ready(namespace: Namespace) -> list[str]:
    return [
        it["metadata"]["name"]
        for it in namespace.items("pods")
        if all(one["ready"] for one in it["status"].get("containerStatuses") or [{"ready": False}])
    ]


def test_the_finalizer_goes_first_and_nothing_else_until_it_stays_away(stand: Stand) -> None:
    for kind, name in OBJECTS:
        what = f"{kind} {name} is taken over"
        until(partial(stand.pending, kind, name), seconds=240, what=what)
    written = stand.namespace.cluster.audit.writes(0, time.time())
    own = [it for it in written if it.namespace == stand.namespace.name]
    parents = {f"{kind.lower()}s" for kind in SPECS}
    off = [it.seconds for it in own if it.call.resource in parents and not it.call.subresource]
    assert len(off) == len(OBJECTS), "one write for each parent"
    others = [it.seconds for it in own if it.call.resource not in parents]
    # It is told first, and the time counts from there, in whole seconds: from before the write that
    # tells it, which comes a moment later on a busy machine.
    told = min(it.seconds for it in own if it.call.resource in parents)
    assert told < min(off) < min(others)
    assert min(others) - told >= WATCHED_SECONDS - 2


def test_everything_is_taken_over_where_it_stands_and_no_pod_restarts(stand: Stand) -> None:
    for kind, name in OBJECTS:
        stand.namespace.until_status(name, "operational", kind=kind)
        # What the former operator said is taken away by a write of its own.
        until(partial(stand.has_no_reason, kind, name), what=f"{kind} {name} without a reason")
        told = stand.pending(kind, name)
        assert told["message"].startswith("taken over from another operator: ")
        assert ROLLOUT in told["message"]
        assert not stand.namespace.condition(kind, name, "TakingOver")
    assert stand.kept.items() <= stand.uids(KEPT).items()
    assert stand.uids("pods") == stand.pods
    assert [it for it in stand.namespace.items("events") if it["reason"] == "RollingOut"] == []


def test_claims_outlive_their_parents_and_no_finalizer_is_left(stand: Stand) -> None:
    for claim in stand.namespace.items("pvc"):
        owners = {it["kind"] for it in claim["metadata"].get("ownerReferences", ())}
        assert owners.isdisjoint(SPECS), claim["metadata"]["name"]
    for kind in ("services", "statefulsets", "deployments", *SPECS):
        for one in stand.namespace.items(kind):
            assert "finalizers" not in one["metadata"], one["metadata"]["name"]


def test_what_the_pods_as_they_are_need_to_start_again_stays(stand: Stand) -> None:
    for path in LEFT:
        assert stand.exists(path), path
    assert "vmagent.yaml.gz" in stand.namespace.get("secret", "vmagent-demo")["data"]
    stand.namespace.kubectl("delete", "pod", "vmagent-demo-0", "--grace-period=0", "--force")

    def is_back() -> bool:
        ready = "vmagent-demo-0" in _ready(stand.namespace)
        return (
            ready and stand.uids("pods")["Pod/vmagent-demo-0"] != stand.pods["Pod/vmagent-demo-0"]
        )

    until(is_back, seconds=90, what="the pod is back")
    containers = stand.namespace.get("pod", "vmagent-demo-0")["spec"]["containers"]
    assert [it["name"] for it in containers] == ["vmagent", "config-reloader"]
    stand.pods = stand.uids("pods")


def test_at_rest_nothing_is_written_also_after_a_restart(stand: Stand) -> None:
    for kind, name in OBJECTS:
        stand.namespace.until_status(name, "operational", kind=kind)
    until_quiet(stand.namespace.cluster)
    stand.operator.restart()
    began = time.time()
    for kind, name in OBJECTS:
        stand.namespace.kubectl("annotate", kind.lower(), name, "tests/wakes=a-pass")
    time.sleep(5)
    writes = stand.namespace.cluster.audit.writes(began, time.time())
    assert [it for it in writes if it.namespace == stand.namespace.name] == []


def test_the_annotation_brings_one_rollout_and_then_no_leftover_is_there(stand: Stand) -> None:
    timeline, before = Timeline(stand.namespace), stand.uids("pods")
    for kind, name in OBJECTS:
        stand.namespace.kubectl("annotate", kind.lower(), name, f"{ROLLOUT}=taken-over")

    def rolled() -> bool:
        timeline.look()
        is_done = stand.namespace.status("demo")["updateStatus"] == "operational"
        return is_done and stand.is_out("vmcluster", "demo")

    until(rolled, seconds=240, what="the VMCluster goes out")
    timeline.look()
    assert timeline.replaced == [app for app in APPS for _ in range(2)], "in order, each once"
    assert min(timeline.fewest.values()) >= 1, timeline.fewest
    for kind, name in OBJECTS:
        until(partial(stand.is_out, kind, name), seconds=60, what=f"{kind} goes out")
        stand.namespace.until_status(name, "operational", kind=kind, seconds=240)
    assert set(stand.uids("pods").values()).isdisjoint(before.values())
    for path in LEFT:
        until(partial(stand.is_gone, path), what=f"{path} is gone")
    until(
        lambda: "vmagent.yaml.gz" not in stand.namespace.get("secret", "vmagent-demo")["data"],
        what="the former configuration is gone",
    )
    for path in WORKLOADS:
        template = stand.namespace.get(*path.split("/"))["spec"]["template"]["spec"]
        assert not template.get("initContainers")
        assert [it["name"] for it in template["containers"]] != []
        assert "config-reloader" not in [it["name"] for it in template["containers"]]
    assert _revisions(stand.namespace) == dict.fromkeys(WORKLOADS, 2)
    assert stand.kept.items() <= stand.uids(KEPT).items()
    assert _kept(stand.namespace) == ["7"]


def _revisions(namespace: Namespace) -> dict[str, int]:
    """How many pod templates each workload has had."""
    owners = [
        it["metadata"]["ownerReferences"][0]
        for it in namespace.items("controllerrevisions,replicasets")
    ]
    named = {"StatefulSet": "sts", "Deployment": "deploy"}
    paths = [f"{named[it['kind']]}/{it['name']}" for it in owners]
    return {path: paths.count(path) for path in WORKLOADS}


def test_objects_of_kinds_that_the_former_operator_keeps_are_not_touched(stand: Stand) -> None:
    for path in OTHERS:
        assert stand.exists(path), path
    writes = stand.namespace.cluster.audit.writes(0, time.time())
    touched = {it.name for it in writes if it.namespace == stand.namespace.name}
    assert touched.isdisjoint({path.split("/")[1] for path in OTHERS})


def test_a_finalizer_that_comes_back_stops_everything_until_it_stays_away(stand: Stand) -> None:
    """As the former operator would do it: whoever takes it off sees it again."""
    put = json.dumps({"metadata": {"finalizers": [FORMER_FINALIZER]}})
    drop = json.dumps({"metadata": {"finalizers": None}})
    patch = ("patch", "vmalert", "demo", "--type=merge", "-p")

    def reason() -> str:
        return str(stand.namespace.condition("vmalert", "demo", "TakingOver").get("reason", ""))

    stand.namespace.kubectl(*patch, put)
    until(lambda: reason() == "Observing", what="it is taken off")
    until(
        lambda: "finalizers" not in stand.namespace.get("vmalert", "demo")["metadata"],
        what="it is off",
    )
    stand.namespace.kubectl(*patch, put)
    until(lambda: reason() == "AnotherOperator", what="it yields")
    until_quiet(stand.namespace.cluster)
    began = time.time()
    change = json.dumps({"spec": {"replicaCount": 2}})
    stand.namespace.kubectl("patch", "vmalert", "demo", "--type=merge", "-p", change)
    time.sleep(3)
    writes = stand.namespace.cluster.audit.writes(began, time.time())
    assert [it for it in writes if it.namespace == stand.namespace.name] == []
    stand.namespace.kubectl(*patch, drop)
    stand.namespace.until_status("demo", "operational", kind="vmalert")
    assert stand.namespace.get("deployment", "vmalert-demo")["spec"]["replicas"] == 2


def test_deletion_works_also_with_the_finalizer_that_nobody_takes_off(stand: Stand) -> None:
    put = json.dumps({"metadata": {"finalizers": [FORMER_FINALIZER]}})
    claims = stand.uids("pvc")
    stand.operator.stop()
    stand.namespace.kubectl("patch", "vmsingle", "demo", "--type=merge", "-p", put)
    stand.namespace.kubectl("delete", ",".join(SPECS), "--all", "--wait=false")
    stand.operator.start()
    until(
        lambda: not stand.namespace.items(",".join(SPECS)), seconds=90, what="the parents are gone"
    )
    until(lambda: not stand.namespace.items("statefulsets"), seconds=90, what="StatefulSets gone")
    roles = [f"monitoring:{stand.namespace.name}:{it}" for it in ROLES]
    until(
        lambda: not stand.namespace.kubectl("get", "clusterrole", *roles, "--ignore-not-found"),
        what="the roles are gone",
    )
    assert stand.uids("pvc") == claims
