"""The API server is gone for a minute, and then stands still: the operator waits, and goes on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, standing_demo, until
from tests.cluster.installed import ROLE
from tests.cluster.rights import taken_away

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

AWAY_SECONDS = float(os.environ.get("AWAY_SECONDS", "61"))
"""For how long the API server is away: for much longer than a lease lasts."""
FROZEN_SECONDS = 15
_READ = """
import sys, urllib.request, urllib.error
try:
    print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
except urllib.error.HTTPError as error:
    print(error.code, error.read().decode())
"""


class Pages:
    """/healthz, /readyz and /metrics of the running operator."""

    def __init__(self, operator: Operator) -> None:
        self.cluster = operator.cluster
        self.address = operator.address

    def get(self, path: str) -> str:
        argv = [sys.executable, "-c", _READ, f"http://{self.address}{path}"]
        inside = self.cluster.command_inside(argv)
        return subprocess.run(inside, check=True, capture_output=True, text=True).stdout.strip()

    def metric(self, name: str, label: str = "") -> float:
        """The sum of all samples of that name that carry the label."""
        lines = [
            line
            for line in self.get("/metrics").splitlines()
            if re.match(rf"{name}[{{ ]", line) and label in line
        ]
        return sum(float(line.rpartition(" ")[2]) for line in lines)


@pytest.fixture(scope="module")
def demo(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    with taken_away(), standing_demo(cluster, "t-outages") as one:
        yield one


@pytest.fixture(scope="module")
def pages(operator: Operator, demo: Namespace) -> Pages:
    return Pages(operator)


def _uids(demo: Namespace) -> dict[str, str]:
    return {
        pod["metadata"]["name"]: pod["metadata"]["uid"]
        for pod in demo.items("pods")
        if "deletionTimestamp" not in pod["metadata"]
    }


def _scale(demo: Namespace, replicas: int) -> None:
    patch = {"spec": {"vminsert": {"replicaCount": replicas}}}
    demo.kubectl("patch", "vmcluster", "demo", "--type=merge", "-p", json.dumps(patch))


def test_an_api_server_that_is_away_for_a_minute_costs_nothing_but_that_minute(
    cluster: Cluster, operator: Operator, demo: Namespace, pages: Pages
) -> None:
    assert pages.get("/readyz") == "ok"
    assert pages.metric("vmoperator_leader") == 1
    before, requests = _uids(demo), pages.metric("vmoperator_api_requests_total")
    restarts = pages.metric("vmoperator_task_restarts_total")
    cluster.parts.end("apiserver")
    began = time.monotonic()
    while time.monotonic() < began + AWAY_SECONDS:
        assert pages.get("/healthz") == "ok"
        time.sleep(5)
    tried = pages.metric("vmoperator_api_requests_total") - requests
    seconds = time.monotonic() - began
    assert pages.metric("vmoperator_watch_degraded", 'reason="unreachable"') > 0
    assert pages.metric("vmoperator_leader") == 0, "who cannot renew the lease writes nothing"
    cluster.parts.start("apiserver")
    cluster.parts.wait(cluster.api.ready, "apiserver")
    until(lambda: not pages.metric("vmoperator_watch_degraded"), seconds=90)
    _scale(demo, 3)
    demo.until_status("demo", "operational")
    after = pages.metric("vmoperator_api_requests_total") - requests - tried
    print(f"{tried / seconds:.1f} requests a second while it was away, {after:.0f} afterwards")
    assert tried / seconds < 30
    assert before.items() <= _uids(demo).items()
    assert pages.metric("vmoperator_leader") == 1
    assert operator.is_running
    assert pages.metric("vmoperator_task_restarts_total") == restarts
    assert pages.get("/healthz") == "ok"


def test_an_api_server_that_stands_still_is_waited_for(
    cluster: Cluster, demo: Namespace, pages: Pages
) -> None:
    before = _uids(demo)
    frozen = cluster.parts.running("apiserver")
    assert frozen is not None
    os.kill(frozen.pid, signal.SIGSTOP)
    try:
        time.sleep(FROZEN_SECONDS)
        assert pages.get("/healthz") == "ok"
    finally:
        os.kill(frozen.pid, signal.SIGCONT)
    until(cluster.api.ready, seconds=60, what="the API server answers")
    _scale(demo, 2)
    until(lambda: len(_uids(demo)) == len(before) - 1, seconds=90, what="one vminsert less")
    demo.until_status("demo", "operational")
    assert _uids(demo).items() <= before.items()
    until(lambda: not pages.metric("vmoperator_watch_degraded"), seconds=90)


def test_a_right_that_is_taken_away_is_told_and_costs_no_pod(
    cluster: Cluster, demo: Namespace, pages: Pages
) -> None:
    before = _uids(demo)
    role = json.loads(cluster.kubectl("get", "clusterrole", ROLE, "-o", "json"))
    _set_rules(cluster, [_without(rule, "endpointslices") for rule in role["rules"]])
    try:
        _restart_api(cluster)
        until(lambda: _incomplete(demo), seconds=120)
        # An API server that has just started knows no role yet, and refuses other kinds as well.
        label = 'kind="EndpointSlice",reason="forbidden"'
        until(lambda: pages.metric("vmoperator_watch_degraded", label) == 1, seconds=90)
        demo.until_status("demo", "operational")
    finally:
        _set_rules(cluster, role["rules"])
    until(lambda: not pages.metric("vmoperator_watch_degraded"), seconds=90)
    until(lambda: not _incomplete(demo), seconds=60)
    assert _uids(demo) == before


def _incomplete(demo: Namespace) -> dict[str, Any]:
    return demo.condition("vmcluster", "demo", "WatchIncomplete")


def _without(rule: dict[str, Any], resource: str) -> dict[str, Any]:
    left = [it for it in rule.get("resources", ()) if it != resource]
    return {**rule, "resources": left or ["nothing"]} if rule.get("resources") else rule


def _set_rules(cluster: Cluster, rules: list[dict[str, Any]]) -> None:
    patch = json.dumps({"rules": rules})
    cluster.kubectl("patch", "clusterrole", ROLE, "--type=merge", "-p", patch)


def _restart_api(cluster: Cluster) -> None:
    """End all watches: a running one outlives the right to it, only the next one is refused."""
    cluster.parts.end("apiserver")
    cluster.parts.start("apiserver")
    cluster.parts.wait(cluster.api.ready, "apiserver")
