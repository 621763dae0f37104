"""Configuration in running pods, with the real vmagent: how soon, what it costs, who says no."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.quiet import until_quiet
from tests.cluster.stack import pods, small_object

pytestmark = pytest.mark.cluster

LOADED_SECONDS = 10.0
"""A bound for a busy machine; on an idle one it takes less than a second."""
SWIFT_SECONDS = 1.25
"""A kubelet that needs longer for the files is asked once more, and it is told of: more writes."""
KEY = "key of reloads & more"


@pytest.fixture(scope="module")
def agents(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """A VMAgent of two pods whose jobs stand in a Secret of the user's."""
    one = Namespace(cluster, "configuration")
    cluster.kubectl("create", "namespace", one.name)
    give(one, "jobs", jobs=jobs("first"))
    give(one, "reload", key=KEY)
    one.apply(
        small_object(
            "VMAgent",
            "demo",
            replicaCount=2,
            remoteWrite=[{"url": "http://127.0.0.1:1/"}],
            additionalScrapeConfigs={"name": "jobs", "key": "jobs"},
            configReloadAuthKeySecret={"name": "reload", "key": "key"},
        )
    )
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


def give(namespace: Namespace, name: str, **data: str) -> None:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    metadata = {"name": name}
    namespace.apply({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded})


def jobs(name: str, targets: Any = ()) -> str:
    return json.dumps([{"job_name": name, "static_configs": [{"targets": targets}]}])


def run_by(namespace: Namespace, job: str) -> bool:
    """Whether every pod runs that job."""
    return all(f"job_name: {job}\n" in _config(namespace, pod) for pod in names(namespace))


def _config(namespace: Namespace, pod: str) -> str:
    try:
        return namespace.get_raw(pod, 8429, "/config")
    except ClusterError:
        return ""


def names(namespace: Namespace) -> set[str]:
    return {pod["metadata"]["name"] for pod in pods(namespace, "vmagent", "demo")}


def loaded(namespace: Namespace) -> tuple[str, str]:
    found = namespace.condition("vmagent", "demo", "ConfigLoaded")
    return found.get("reason", ""), found.get("message", "")


def test_the_status_says_that_every_replica_has_its_configuration(agents: Namespace) -> None:
    # Ready pods are enough to be operational: whether they have loaded it may be told later.
    wanted = ("Loaded", "loaded by 2 of 2 replicas")
    until(lambda: loaded(agents) == wanted, seconds=LOADED_SECONDS, what="Loaded")
    assert run_by(agents, "first")


def test_a_changed_secret_is_run_by_all_pods_within_seconds_for_three_writes(
    agents: Namespace, operator: Operator
) -> None:
    before, since = names(agents), time.time()
    give(agents, "jobs", jobs=jobs("second"))
    until(lambda: run_by(agents, "second"), seconds=LOADED_SECONDS, what="the second job")
    took = time.time() - since
    print(f"seen in both pods {took:.2f} s after the Secret was to be changed")
    time.sleep(5)
    written = agents.cluster.audit.writes(since, time.time())
    ours = sorted((it.call.resource, it.name) for it in written if it.namespace == agents.name)
    wanted = [*(("pods", pod) for pod in sorted(before)), ("secrets", "vmagent-demo")]
    if took < SWIFT_SECONDS:
        assert ours == wanted
    else:
        assert set(ours) - {("vmagents", "demo")} == set(wanted)
    assert names(agents) == before
    assert KEY not in operator.log


def test_a_configuration_that_vmagent_refuses_is_told_and_the_last_good_one_runs_on(
    agents: Namespace,
) -> None:
    good = jobs("third")
    give(agents, "jobs", jobs=good)
    until(lambda: run_by(agents, "third"), seconds=LOADED_SECONDS, what="the third job")
    give(agents, "jobs", jobs=jobs("bad", targets=5))
    until(lambda: loaded(agents)[0] == "Refused", what="Refused")
    assert agents.status("demo", "vmagent")["updateStatus"] == "operational"
    assert run_by(agents, "third")
    give(agents, "jobs", jobs=good)
    until(lambda: loaded(agents)[0] == "Loaded", what="Loaded")


def test_a_secret_that_goes_and_comes_again_is_told_and_taken_up(agents: Namespace) -> None:
    agents.kubectl("delete", "secret", "jobs")
    status = agents.until_status("demo", "failed", kind="vmagent")
    assert "Secret jobs does not exist" in status["reason"]
    give(agents, "jobs", jobs=jobs("fourth"))
    agents.until_status("demo", "operational", kind="vmagent")
    until(lambda: run_by(agents, "fourth"), seconds=LOADED_SECONDS, what="the fourth job")


def test_a_restart_of_the_operator_writes_nothing_and_asks_nobody_to_reload(
    agents: Namespace, operator: Operator
) -> None:
    until(lambda: loaded(agents)[0] == "Loaded", what="Loaded")
    until_quiet(agents.cluster, namespace=agents.name)  # what vmagent shows may be a second old
    before = [_reloads(agents, pod) for pod in sorted(names(agents))]
    since = time.time()
    operator.restart()
    time.sleep(8)
    written = agents.cluster.audit.writes(since, time.time())
    assert [it.call for it in written if it.namespace == agents.name] == []
    assert [_reloads(agents, pod) for pod in sorted(names(agents))] == before
    assert loaded(agents)[0] == "Loaded"


def _reloads(namespace: Namespace, pod: str) -> str:
    metrics = namespace.get_raw(pod, 8429, "/metrics")
    wanted = 'vmagent_http_requests_total{path="/-/reload"}'
    return next(line for line in metrics.splitlines() if line.startswith(wanted))
