"""Scrape objects on a real node: targets in every replica, changes followed, wrong ones alone."""

from __future__ import annotations

import json
import re
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.quiet import until_quiet
from tests.cluster.targets import agent, are_up, job, running, scrape, targets, up, web
from vmoperator.base.labels import CONFIG_HASH

pytestmark = pytest.mark.cluster

LOADED_SECONDS = 60.0
"""A bound for a busy machine; on an idle one a change is scraped after two seconds."""
FEW = 10
CHANGES = 5
LOGIN = {"name": "login", "key": "password"}
"""Where the password of the program that asks for one stands."""


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """A program, one that asks for a password, and an agent of two pods."""
    one = Namespace(cluster, f"objects-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(web())
    one.apply(web("-httpAuth.username=vm", "-httpAuth.password=second", name="locked"))
    one.apply(agent(disableSelfServiceScrape=True))
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


@pytest.fixture
def agents(stand: Namespace) -> Iterator[Namespace]:
    """The stand; no test may cost it a pod, and each leaves it without objects."""
    before = running(stand)
    yield stand
    stand.kubectl("delete", "vmservicescrapes,vmpodscrapes", "--all")
    until(lambda: are_up(stand), seconds=LOADED_SECONDS, what="no targets")
    assert running(stand) == before
    assert len(before) == 2


def until_up(agents: Namespace, *jobs: str) -> None:
    try:
        until(lambda: are_up(agents, *jobs), seconds=LOADED_SECONDS, what=f"{jobs} up")
    except pytest.fail.Exception:
        print(up(agents), json.dumps(agents.status("demo", "vmagent"), indent=1))
        raise


def told(agents: Namespace, kind: str, name: str) -> tuple[str, str]:
    status = agents.status(name, kind)
    return status.get("updateStatus", ""), status.get("reason", "")


def selected(agents: Namespace) -> tuple[str, str]:
    found = agents.condition("vmagent", "demo", "ObjectsSelected")
    return found.get("reason", ""), found.get("message", "")


@pytest.mark.parametrize("kind", ["VMServiceScrape", "VMPodScrape"])
def test_every_replica_scrapes_what_an_object_selects_until_it_goes(
    agents: Namespace, kind: str
) -> None:
    began = time.monotonic()
    agents.apply(scrape(kind, "web"))
    until_up(agents, job(kind[2].lower() + kind[3:], agents, "web"))
    print(f"{kind}: up in both pods {time.monotonic() - began:.1f} s after the apply began")
    until(lambda: told(agents, kind, "web") == ("operational", ""), what="operational")
    assert f"VMAgent/{agents.name}/demo" in agents.status("web", kind)["parents"]
    until(lambda: selected(agents)[1] == f"selects 1 {kind}", what="what the agent selects")
    assert selected(agents)[0] == "Selected"
    agents.kubectl("delete", kind, "web")
    until_up(agents)


def test_a_change_of_an_object_is_followed(agents: Namespace) -> None:
    agents.apply(scrape("VMServiceScrape", "web"))
    until_up(agents, job("serviceScrape", agents, "web"))
    rules = [{"targetLabel": "changed", "replacement": "x"}]
    agents.apply(scrape("VMServiceScrape", "web", relabelConfigs=rules))

    def is_followed() -> bool:
        seen = [[it["labels"].get("changed") for it in found(agents, pod)] for pod in pods(agents)]
        return seen == [["x"]] * 2

    until(is_followed, seconds=LOADED_SECONDS, what="the new label in both pods")


def pods(agents: Namespace) -> list[str]:
    return sorted(running(agents))


def found(agents: Namespace, pod: str) -> list[dict[str, Any]]:
    return targets(agents, pod) or []


def test_a_renamed_port_is_followed_by_the_object_that_names_it(agents: Namespace) -> None:
    agents.apply(scrape("VMServiceScrape", "web"))
    until_up(agents, job("serviceScrape", agents, "web"))
    renamed = [{"op": "replace", "path": "/spec/ports/0/name", "value": "metrics"}]
    agents.kubectl("patch", "service", "web", "--type=json", "-p", json.dumps(renamed))
    until_up(agents)  # nothing has that name any more
    agents.apply(scrape("VMServiceScrape", "web", port="metrics"))
    until_up(agents, job("serviceScrape", agents, "web"))
    agents.apply(web()["items"][1])


def test_objects_without_the_label_are_told_that_nobody_uses_them(agents: Namespace) -> None:
    stranger = scrape("VMServiceScrape", "stranger")
    stranger["metadata"]["labels"] = {"team": "none"}
    agents.apply(stranger)

    def is_ignored() -> bool:
        return told(agents, "vmservicescrape", "stranger")[0] == "ignored"

    until(is_ignored, seconds=60, what="ignored")
    until_up(agents)
    agents.kubectl("label", "vmservicescrape", "stranger", "team=web", "--overwrite")
    until_up(agents, job("serviceScrape", agents, "stranger"))

    def is_used() -> bool:
        return told(agents, "vmservicescrape", "stranger")[0] == "operational"

    until(is_used, what="operational")


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "a missing Secret": (
        {"basicAuth": {"password": {"name": "none", "key": "password"}}},
        "spec.endpoints[0].basicAuth.password",
    ),
    "an action of relabelling": (
        {"relabelConfigs": [{"action": "replaced", "targetLabel": "a"}]},
        "spec.endpoints[0].relabelConfigs[0].action",
    ),
    "a duration of metrics": (
        {"vm_scrape_params": {"scrape_align_interval": "30s", "scrape_offset": "1 second"}},
        "spec.endpoints[0].vm_scrape_params.scrape_offset",
    ),
    "a regular expression": (
        {"metricRelabelConfigs": [{"action": "drop", "regex": "(", "sourceLabels": ["a"]}]},
        "spec.endpoints[0].metricRelabelConfigs[0].regex",
    ),
}


@pytest.mark.parametrize(("endpoint", "field"), WRONG.values(), ids=WRONG)
def test_a_wrong_object_fails_alone_and_joins_once_it_is_mended(
    agents: Namespace, endpoint: dict[str, Any], field: str
) -> None:
    agents.apply(scrape("VMServiceScrape", "good"))
    # The API server takes it: what it refuses itself is tested with the definitions.
    agents.apply(scrape("VMServiceScrape", "wrong", **endpoint))
    good, wrong = (job("serviceScrape", agents, name) for name in ("good", "wrong"))

    def is_named() -> bool:
        word, reason = told(agents, "vmservicescrape", "wrong")
        return word == "failed" and reason.startswith(field)

    until(is_named, what=f"{field} named by {told(agents, 'vmservicescrape', 'wrong')}")

    def is_named_by_the_agent() -> bool:
        reason, message = selected(agents)
        return reason == "Refused" and f"{agents.name}/wrong: {field}" in message

    until(is_named_by_the_agent, what=f"{field} named by the agent: {selected(agents)}")
    until_up(agents, good)
    assert agents.status("demo", "vmagent")["updateStatus"] == "operational"
    until(lambda: told(agents, "vmservicescrape", "good") == ("operational", ""), what="good")
    agents.apply(scrape("VMServiceScrape", "wrong"))
    until_up(agents, good, wrong)
    until(lambda: told(agents, "vmservicescrape", "wrong") == ("operational", ""), what="mended")
    until(lambda: selected(agents)[0] == "Selected", what="the agent says so")


def give_password(agents: Namespace, password: str) -> None:
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": LOGIN["name"]}}
    agents.apply({**secret, "stringData": {"username": "vm", LOGIN["key"]: password}})


def test_a_secret_that_comes_late_and_is_rotated_reaches_the_pods(
    agents: Namespace, operator: Operator
) -> None:
    auth = {"username": {**LOGIN, "key": "username"}, "password": LOGIN}
    agents.apply(scrape("VMServiceScrape", "locked", app="locked", basicAuth=auth))

    def is_missed() -> bool:
        return "login" in told(agents, "vmservicescrape", "locked")[1]

    until(is_missed, what="the Secret is missed")
    give_password(agents, "first-of-two")

    def are_turned_away() -> bool:
        seen = [[it["lastError"] for it in found(agents, pod)] for pod in pods(agents)]
        return all(len(errors) == 1 and "401" in errors[0] for errors in seen)

    until(are_turned_away, seconds=LOADED_SECONDS, what="the wrong password is tried")
    began = time.monotonic()
    give_password(agents, "second")
    until_up(agents, job("serviceScrape", agents, "locked"))
    print(f"the new password opens in both pods {time.monotonic() - began:.1f} s later")
    assert "first-of-two" not in operator.log
    assert "first-of-two" not in agents.kubectl("get", "vmservicescrapes,vmagents", "-o", "yaml")


def test_a_restart_of_the_operator_writes_nothing(agents: Namespace, operator: Operator) -> None:
    agents.apply(scrape("VMServiceScrape", "good"))
    agents.apply(scrape("VMPodScrape", "good"))
    gone = {"password": {"name": "none", "key": "password"}}
    agents.apply(scrape("VMServiceScrape", "wrong", basicAuth=gone))
    until(lambda: told(agents, "vmservicescrape", "wrong")[0] == "failed", what="failed")
    until(lambda: told(agents, "vmpodscrape", "good")[0] == "operational", what="operational")
    until(lambda: told(agents, "vmservicescrape", "good")[0] == "operational", what="operational")
    until_up(agents, *(job(kind, agents, "good") for kind in ("serviceScrape", "podScrape")))
    until(lambda: agents.condition("vmagent", "demo", "ConfigLoaded").get("status") == "True")
    until_quiet(agents.cluster, seconds=5)
    since = time.time()
    operator.restart()
    time.sleep(10)
    written = agents.cluster.audit.writes(since, time.time())
    assert [it.call for it in written if it.namespace == agents.name] == []
    # It still looks after them.
    agents.apply(scrape("VMServiceScrape", "wrong"))
    until(lambda: told(agents, "vmservicescrape", "wrong")[0] == "operational", what="mended")


def test_each_of_five_changes_is_loaded_by_both_replicas(agents: Namespace) -> None:
    manifests = [scrape("VMServiceScrape", f"s{number}", interval="30s") for number in range(FEW)]
    agents.apply({"apiVersion": "v1", "kind": "List", "items": manifests})
    _until_scraped(agents, "s0", "30s")
    for number in range(CHANGES):
        wanted, began = f"{31 + number}s", time.monotonic()
        agents.apply(scrape("VMServiceScrape", f"s{number}", interval=wanted))
        _until_scraped(agents, f"s{number}", wanted)
        print(f"change {number}: in both pods {time.monotonic() - began:.2f} s after the apply")
        until(lambda: _is_loaded(agents), seconds=LOADED_SECONDS, what="loaded by 2 of 2")


def _until_scraped(agents: Namespace, name: str, interval: str) -> None:
    until(
        lambda: all(_interval(agents, pod, name) == interval for pod in pods(agents)),
        seconds=LOADED_SECONDS,
        what=f"the interval of {name} in both pods",
    )


def _interval(agents: Namespace, pod: str, name: str) -> str:
    """The interval of an object's job in a pod; empty where it has none."""
    try:
        page = agents.get_raw(pod, 8429, "/config")
    except ClusterError:
        return ""
    head = f"job_name: {job('serviceScrape', agents, name)}"
    found = re.search(rf"{re.escape(head)}\n +scrape_interval: (\S+)", page)
    return found[1] if found else ""


def _is_loaded(agents: Namespace) -> bool:
    found = agents.condition("vmagent", "demo", "ConfigLoaded")
    notes = [agents.get("pod", pod)["metadata"]["annotations"] for pod in pods(agents)]
    is_same = len({it[CONFIG_HASH] for it in notes}) == 1
    said = (found.get("status"), found.get("message"))
    return is_same and said == ("True", "loaded by 2 of 2 replicas")
