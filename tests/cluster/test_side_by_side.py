"""Changes of several pods or shards at once on a real node: never more of them than is allowed."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, small, until
from tests.cluster.stack import small_object

pytestmark = [pytest.mark.cluster, pytest.mark.usefixtures("operator")]

Tree = dict[str, Any]

NODES, AWAY = 4, 2
SHARDS, AT_ONCE = 4, 2
"""A quarter of the shards, and at least two, change side by side."""


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    one = Namespace(cluster, f"sides-{uuid.uuid4().hex[:6]}")
    cluster.kubectl("create", "namespace", one.name)
    yield one
    one.clear()


def _storage(**spec: Any) -> Tree:
    steps = {"rollingUpdateStrategyBehavior": {"maxUnavailable": AWAY}}
    made = small(vmstorage={"replicaCount": NODES, "storage": None, **steps, **spec})
    for app in ("vmselect", "vminsert"):
        del made["spec"][app]
    return made


def _agent(**spec: Any) -> Tree:
    target = {"remoteWrite": [{"url": "http://nowhere:8480/insert/0/prometheus/api/v1/write"}]}
    return small_object("VMAgent", "demo", shardCount=SHARDS, **target, **spec)


def _ready_since(pod: Tree) -> float:
    """When the pod came to be ready, in seconds, rounded down; a far time while it is not."""
    conditions = {it["type"]: it for it in pod["status"].get("conditions", ())}
    found = conditions.get("Ready", {})
    if found.get("status") != "True" or "deletionTimestamp" in pod["metadata"]:
        return float("inf")
    moment = datetime.strptime(found["lastTransitionTime"], "%Y-%m-%dT%H:%M:%SZ")
    return moment.replace(tzinfo=UTC).timestamp()


def _pods(namespace: Namespace, app: str) -> list[Tree]:
    return namespace.items("pods", f"app.kubernetes.io/name={app}")


def test_of_four_pods_of_vmstorage_two_may_be_away_and_never_more(stand: Namespace) -> None:
    stand.apply(_storage())
    stand.until_status("demo", "operational")
    since, fewest, first = time.time(), NODES, dict[str, float]()
    before = {it["metadata"]["uid"] for it in _pods(stand, "vmstorage")}
    stand.apply(_storage(extraArgs={"loggerLevel": "WARN"}))

    def is_done() -> bool:
        nonlocal fewest
        pods = _pods(stand, "vmstorage")
        serving = [it for it in pods if _ready_since(it) < float("inf")]
        for it in serving:
            if it["metadata"]["uid"] not in before:
                first.setdefault(it["metadata"]["name"], _ready_since(it))
        fewest = min(fewest, len(serving))
        return len(serving) == NODES and not before & {it["metadata"]["uid"] for it in pods}

    until(is_done, seconds=180, what="every pod is replaced")
    stand.until_status("demo", "operational")
    assert fewest >= NODES - AWAY
    # What was not looked at in between: who was asked to go when, and since when the next serves.
    written = stand.cluster.audit.writes(since, time.time())
    calls = [it for it in written if it.namespace == stand.name]
    evicted = [it for it in calls if it.call.subresource == "eviction" and it.code == 201]
    assert sorted(it.name for it in evicted) == sorted(first)
    for number, one in enumerate(sorted(evicted, key=lambda it: it.seconds)):
        earlier = sorted(evicted, key=lambda it: it.seconds)[:number]
        away = [it.name for it in earlier if first[it.name] > one.seconds]
        assert len(away) < AWAY, f"{one.name} is asked to go while {away} are away"


def _with_flag(namespace: Namespace, flag: str) -> set[str]:
    """The shards whose spec has the flag."""
    found = namespace.items("deployments", "app.kubernetes.io/name=vmagent")
    args = {
        it["metadata"]["name"]: it["spec"]["template"]["spec"]["containers"][0]["args"]
        for it in found
    }
    return {name for name, its in args.items() if any(flag in one for one in its)}


def test_a_bad_flag_stops_at_two_of_four_shards_and_mended_it_goes_on(stand: Namespace) -> None:
    stand.kubectl("delete", "vmcluster", "demo", "--ignore-not-found", "--wait=false")
    stand.apply(_agent())
    stand.until_status("demo", "operational", kind="vmagent")
    assert len(_pods(stand, "vmagent")) == SHARDS
    stand.apply(_agent(extraArgs={"noSuchFlag": "1"}))

    def told() -> bool:
        reason = stand.status("demo", "vmagent").get("reason", "")
        return "noSuchFlag" in reason and len(_with_flag(stand, "noSuchFlag")) == AT_ONCE

    until(told, seconds=120, what="two shards fail, and why is told")
    bad = _with_flag(stand, "noSuchFlag")
    # Another pass, of which the status tells nothing new, changes no third one.
    begun = time.time()
    stand.kubectl("annotate", "vmagent", "demo", "wake=up", "--overwrite")
    stand.kubectl("delete", "service", "vmagent-demo")
    until(lambda: _is_written(stand, begun), what="a pass has come to the end")
    assert _with_flag(stand, "noSuchFlag") == bad
    assert stand.status("demo", "vmagent")["updateStatus"] == "expanding"

    stand.apply(_agent(extraArgs={"loggerLevel": "WARN"}))
    stand.until_status("demo", "operational", kind="vmagent")
    assert (_with_flag(stand, "noSuchFlag"), len(_with_flag(stand, "loggerLevel"))) == (set(), 4)


def _is_written(namespace: Namespace, since: float) -> bool:
    calls = namespace.cluster.audit.writes(since, time.time())
    mine = [it for it in calls if it.namespace == namespace.name]
    return any(it.call.resource == "services" and it.name == "vmagent-demo" for it in mine)
