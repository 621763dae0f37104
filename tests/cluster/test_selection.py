"""Selection on a real node: namespaces by their labels, and objects of monitoring.coreos.com."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.definitions import definition
from tests.cluster.stack import API_VERSION
from tests.cluster.targets import SELECTS_TEAM, TEAM, agent, are_up, job, running, scrape, up, web

pytestmark = pytest.mark.cluster

LOADED_SECONDS = 60.0
NEW_KIND_SECONDS = 60.0
"""Kinds that come or go are looked for from time to time."""
MONITORS = "servicemonitors.monitoring.coreos.com"


def define(cluster: Cluster) -> None:
    cluster.kubectl("apply", "-f", "-", input=json.dumps(definition("ServiceMonitor")))
    cluster.kubectl("wait", "--for=condition=Established", f"crd/{MONITORS}")

    def is_served() -> bool:
        try:
            cluster.kubectl("get", MONITORS, "-A")
        except ClusterError:
            return False
        return True

    until(is_served, what="ServiceMonitors are served")


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """A program, and an agent that selects in all namespaces of a team."""
    cluster.kubectl("delete", "crd", MONITORS, "--ignore-not-found")
    one = Namespace(cluster, f"home-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    cluster.kubectl("label", "namespace", one.name, f"home={one.name}")
    one.apply(web())
    here = {"matchLabels": {"home": one.name}}
    one.apply(
        agent(
            serviceScrapeNamespaceSelector=here,
            serviceMonitorSelector=SELECTS_TEAM,
            serviceMonitorNamespaceSelector=here,
        )
    )
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()
    cluster.kubectl("delete", "crd", MONITORS, "--ignore-not-found")


@pytest.fixture
def agents(stand: Namespace) -> Iterator[Namespace]:
    """The stand; no test may cost it a pod, and each leaves it without objects."""
    before = running(stand)
    yield stand
    stand.kubectl("delete", "vmservicescrapes", "--all")
    until_up(stand)
    assert running(stand) == before
    assert len(before) == 2


def until_up(agents: Namespace, *jobs: str, seconds: float = LOADED_SECONDS) -> None:
    try:
        until(lambda: are_up(agents, *jobs), seconds=seconds, what=f"{jobs} up")
    except pytest.fail.Exception:
        print(up(agents), json.dumps(agents.status("demo", "vmagent"), indent=1))
        raise


@pytest.fixture
def elsewhere(cluster: Cluster, agents: Namespace) -> Iterator[Namespace]:
    """A second namespace with a program of its own, which nobody selects yet."""
    one = Namespace(cluster, f"else-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(web())
    yield one
    one.clear()


def test_the_labels_of_a_namespace_decide_and_their_changes_are_followed(
    agents: Namespace, elsewhere: Namespace
) -> None:
    elsewhere.apply(scrape("VMServiceScrape", "far"))

    def says_why() -> bool:
        found = agents.condition("vmagent", "demo", "ObjectsSelected")
        return "namespace" in found.get("message", "")

    until(says_why, what="that the namespace does not match")
    until_up(agents)
    began = time.monotonic()
    elsewhere.cluster.kubectl("label", "namespace", elsewhere.name, f"home={agents.name}")
    until_up(agents, job("serviceScrape", elsewhere, "far"))
    print(f"up in both pods {time.monotonic() - began:.1f} s after the label")
    elsewhere.cluster.kubectl("label", "namespace", elsewhere.name, "home-")
    until_up(agents)


def test_a_namespace_that_goes_takes_its_objects_along(
    agents: Namespace, elsewhere: Namespace
) -> None:
    elsewhere.cluster.kubectl("label", "namespace", elsewhere.name, f"home={agents.name}")
    elsewhere.apply(scrape("VMServiceScrape", "far"))
    until_up(agents, job("serviceScrape", elsewhere, "far"))
    elsewhere.clear()
    until_up(agents)


def test_servicemonitors_are_scraped_as_soon_as_their_kind_is_there_and_until_it_goes(
    cluster: Cluster, agents: Namespace, operator: Operator
) -> None:
    agents.apply(scrape("VMServiceScrape", "web"))
    ours, theirs = job("serviceScrape", agents, "web"), job("serviceMonitor", agents, "monitor")
    until_up(agents, ours)
    define(cluster)
    agents.apply(scrape("ServiceMonitor", "monitor"))
    began = time.monotonic()
    until_up(agents, ours, theirs, seconds=NEW_KIND_SECONDS)
    print(f"of a new kind: up in both pods {time.monotonic() - began:.1f} s after the apply")

    bad = scrape("ServiceMonitor", "bad", scrapeTimeout="1 second")
    agents.apply(bad)

    def is_named() -> bool:
        message = agents.condition("vmagent", "demo", "ObjectsSelected").get("message", "")
        return f"{agents.name}/bad: spec.endpoints[0].scrapeTimeout" in message

    until(is_named, what="the wrong ServiceMonitor is named by the agent")
    until_up(agents, ours, theirs)
    agents.kubectl("delete", MONITORS, "bad")

    agents.kubectl("patch", MONITORS, "monitor", "--type=merge", "-p", json.dumps(_port("none")))
    until_up(agents, ours)
    agents.kubectl("patch", MONITORS, "monitor", "--type=merge", "-p", json.dumps(_port("http")))
    until_up(agents, ours, theirs)
    assert "status" not in agents.get(MONITORS, "monitor")

    cluster.kubectl("delete", "crd", MONITORS)
    until_up(agents, ours, seconds=NEW_KIND_SECONDS)
    assert operator.is_running
    assert agents.status("demo", "vmagent")["updateStatus"] == "operational"
    agents.kubectl("delete", "vmservicescrape", "web")  # and it still follows
    until_up(agents)


def _port(name: str) -> dict[str, Any]:
    return {"spec": {"endpoints": [{"port": name, "interval": "1s"}]}}


def until_said(agents: Namespace, word: str, said: str) -> None:
    """Until the copy says this word, and this beside it."""

    def is_said() -> bool:
        status = agents.status("monitor", "vmservicescrape")
        beside = (status.get("reason"), *status.get("parents", ()))
        return status.get("updateStatus") == word and said in beside

    try:
        until(is_said, seconds=LOADED_SECONDS, what=f"the copy says {word}: {said}")
    except pytest.fail.Exception:
        print(agents.status("monitor", "vmservicescrape"))
        raise


def test_what_another_operator_made_of_a_servicemonitor_is_not_scraped_twice(
    cluster: Cluster, agents: Namespace
) -> None:
    define(cluster)
    agents.apply(scrape("ServiceMonitor", "monitor"))
    monitor = agents.get(MONITORS, "monitor")
    copied = scrape("VMServiceScrape", "monitor")
    copied["metadata"]["ownerReferences"] = [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "name": "monitor",
            "uid": monitor["metadata"]["uid"],
        }
    ]
    agents.apply(copied)
    theirs, ours = (job(it, agents, "monitor") for it in ("serviceMonitor", "serviceScrape"))
    until_up(agents, theirs, seconds=NEW_KIND_SECONDS)
    replaced = f"its original ServiceMonitor {agents.name}/monitor is selected instead"
    until_said(agents, "ignored", replaced)
    time.sleep(3)
    until_up(agents, theirs)
    # Once ServiceMonitors are no longer selected the copy counts again.
    nothing = {"spec": {"serviceMonitorSelector": None, "serviceMonitorNamespaceSelector": None}}
    agents.kubectl("patch", "vmagent", "demo", "--type=merge", "-p", json.dumps(nothing))
    until_up(agents, ours)
    until_said(agents, "operational", f"VMAgent/{agents.name}/demo")
    agents.kubectl("delete", MONITORS, "monitor")
    # The garbage collector takes the copy along: it looks for new kinds every 30 s.
    until_up(agents, seconds=2 * LOADED_SECONDS)


def test_every_field_of_the_selectors_is_taken_by_the_api_server(agents: Namespace) -> None:
    kinds = ("serviceScrape", "podScrape", "probe", "nodeScrape", "staticScrape", "scrapeConfig")
    selectors = [f"{kind}{end}" for kind in kinds for end in ("Selector", "NamespaceSelector")]
    spec = {**dict.fromkeys(selectors, SELECTS_TEAM), "remoteWrite": [{"url": "http://a/"}]}
    manifest = {
        "apiVersion": API_VERSION,
        "kind": "VMAgent",
        "metadata": {"name": "never-created", "labels": TEAM},
        "spec": spec,
    }
    command = ("apply", "--dry-run=server", "-o", "json", "-f", "-")
    stored = json.loads(agents.kubectl(*command, stdin=json.dumps(manifest)))
    assert {key: stored["spec"].get(key) for key in spec} == spec
