"""The kinds that find targets in other ways than Services do, on a real node: in every replica of
an agent and in a VMSingle, changed and deleted; and definitions that vanish and come back."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.definitions import MONITORING, definition
from tests.cluster.receiver import ADDRESS
from tests.cluster.selected_samples import (
    FOREIGN,
    LIST_PORT,
    NAME,
    NODE_PORT,
    Sample,
    job_names,
    samples,
)
from tests.cluster.stack import API_VERSION, pods, small_object
from tests.cluster.targets import SELECTS_TEAM, TEAM, agent, running, targets, web

pytestmark = pytest.mark.cluster

LOADED_SECONDS = 90.0
"""A bound for a busy machine; on an idle one a change is scraped after two seconds."""
SAMPLES = samples()
DEFINITIONS = {**FOREIGN, "PrometheusRule": "v1", "AlertmanagerConfig": "v1alpha1"}
_OF_AGENTS = ("podMonitor", "probe", "nodeScrape", "staticScrape", "scrapeConfig")
SELECTORS: dict[str, Any] = {f"{kind}Selector": SELECTS_TEAM for kind in _OF_AGENTS}
OF_THE_SINGLE = ("VMProbe", "Probe", "VMStaticScrape")
"""Kinds that the VMSingle selects as well."""
_LIST = {"apiVersion": "v1", "kind": "List"}


def on_the_node() -> dict[str, Any]:
    """A program that listens in the network of the node."""
    pod: dict[str, Any] = web(f"-httpListenAddr=:{NODE_PORT}", name="of-node")["items"][0]
    pod["spec"]["hostNetwork"] = True
    pod["spec"]["containers"][0].pop("ports")
    return pod


def serving(cluster: Cluster, folder: Path) -> subprocess.Popen[bytes]:
    """A list of targets, served where pods reach it."""
    listed = [{"targets": ["web:8428"], "labels": {"listed": "yes"}}]
    (folder / "targets.json").write_text(json.dumps(listed))
    words = (sys.executable, "-m", "http.server", "--bind", ADDRESS, "--directory", str(folder))
    found: subprocess.Popen[bytes] = cluster.popen_inside(
        [*words, str(LIST_PORT)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=False
    )
    return found


def define(cluster: Cluster) -> None:
    """All definitions of monitoring.coreos.com that are not of Services."""
    made = [definition(kind, version) for kind, version in DEFINITIONS.items()]
    cluster.kubectl("apply", "-f", "-", input=json.dumps({**_LIST, "items": made}))

    def are_served() -> bool:
        try:
            cluster.kubectl("get", ",".join(map(plural, DEFINITIONS)), "-A")
        except ClusterError:
            return False
        return True

    until(are_served, what="the foreign kinds are served")


def undefine(cluster: Cluster) -> None:
    cluster.kubectl("delete", "crd", *map(plural, DEFINITIONS), "--ignore-not-found")


def plural(kind: str) -> str:
    return f"{kind.lower()}s.{MONITORING}"


@pytest.fixture(scope="module")
def stand(
    cluster: Cluster, operator: Operator, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Namespace]:
    """Programs to be scraped, and an agent, a VMSingle, a VMAlert and a VMAlertmanager that select
    the objects of a team."""
    define(cluster)
    one = Namespace(cluster, f"kinds-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    server = serving(cluster, tmp_path_factory.mktemp("listed"))
    try:
        one.apply({**_LIST, "items": [*web()["items"], on_the_node(), *parents()]})
        for parent in parents():
            one.until_status("demo", "operational", kind=parent["kind"].lower())
        yield one
    finally:
        server.terminate()
        server.wait()
        one.clear()
        undefine(cluster)


def parents() -> list[dict[str, Any]]:
    quiet: dict[str, Any] = {"disableSelfServiceScrape": True}
    chosen = {name: SELECTORS[name] for name in ("probeSelector", "staticScrapeSelector")}
    return [
        agent(serviceScrapeSelector=None, podScrapeSelector=None, **SELECTORS, **quiet),
        small_object("VMSingle", "demo", ingestOnlyMode=False, **chosen, **quiet),
        small_object(
            "VMAlert",
            "demo",
            datasource={"url": "http://vmsingle-demo:8429"},
            ruleSelector=SELECTS_TEAM,
            notifiers=[{"url": "http://127.0.0.1:1"}],
            **quiet,
        ),
        small_object("VMAlertmanager", "demo", configSelector=SELECTS_TEAM, **quiet),
    ]


def scraped(stand: Namespace, pod: str) -> Counter[str]:
    """The jobs of a pod, and how many of their targets are up."""
    found = targets(stand, pod) or ()
    return Counter(it["scrapePool"] for it in found if it["health"] == "up")


def until_up(stand: Namespace, *wanted: Sample) -> None:
    """Until both replicas of the agent and the VMSingle scrape these objects and nothing else."""
    (single,) = (pod["metadata"]["name"] for pod in pods(stand, "vmsingle", "demo"))
    picked = [it for it in wanted if it.kind in OF_THE_SINGLE]
    jobs = Counter(job_names(wanted, stand.name))
    expected = {
        **dict.fromkeys(running(stand), jobs),
        single: Counter(job_names(picked, stand.name)),
    }

    def are_up() -> bool:
        return {pod: scraped(stand, pod) for pod in expected} == expected

    try:
        until(are_up, seconds=LOADED_SECONDS, what="just these targets are up")
    except pytest.fail.Exception:
        print({pod: (scraped(stand, pod), it) for pod, it in expected.items()})
        print(json.dumps([targets(stand, pod) for pod in expected], indent=1))
        raise


def until_changed(stand: Namespace, *wanted: Sample) -> None:
    """Until each replica of the agent has a target with the new label of each of the objects."""
    first = {one.jobs[0].format(f"{stand.name}/{NAME}") for one in wanted}

    def is_followed() -> bool:
        seen = [targets(stand, pod) or () for pod in running(stand)]
        changed = [{it["scrapePool"] for it in one if it["labels"].get("changed")} for one in seen]
        return changed == [first] * 2

    until(is_followed, seconds=LOADED_SECONDS, what="the new label in both replicas")


def apply(stand: Namespace, chosen: tuple[Sample, ...], *, is_changed: bool = False) -> None:
    items = [one.manifest(is_changed=is_changed) for one in chosen]
    stand.apply({**_LIST, "items": items})


def lives(stand: Namespace) -> dict[str, str]:
    """Name and uid of every pod."""
    found = (pod["metadata"] for pod in stand.items("pods"))
    return {one["name"]: one["uid"] for one in found}


def until_told(stand: Namespace, one: Sample) -> None:
    """Until the object says who uses it."""
    parents = {f"VMAgent/{stand.name}/demo"}
    if one.kind in OF_THE_SINGLE:
        parents.add(f"VMSingle/{stand.name}/demo")

    def is_told() -> bool:
        status = stand.status(NAME, one.resource)
        return status.get("updateStatus") == "operational" and set(status["parents"]) == parents

    until(is_told, what=f"{one.kind} is operational in {parents}")


@pytest.mark.parametrize("is_foreign", [False, True], ids=["ours", MONITORING])
def test_each_kind_is_scraped_by_every_replica_followed_and_gone_once_it_is_deleted(
    stand: Namespace, *, is_foreign: bool
) -> None:
    before = lives(stand)
    chosen = tuple(it for it in SAMPLES.values() if (it.kind in FOREIGN) == is_foreign)
    apply(stand, chosen)
    until_up(stand, *chosen)
    for one in chosen:
        if is_foreign:
            assert "status" not in stand.get(one.resource, NAME)
        else:
            until_told(stand, one)
    apply(stand, chosen, is_changed=True)
    until_changed(stand, *chosen)
    for gone in range(len(chosen)):
        stand.kubectl("delete", chosen[gone].resource, NAME)
        until_up(stand, *chosen[gone + 1 :])
    assert lives(stand) == before


def test_what_is_asked_of_a_prober_is_what_the_object_says(stand: Namespace) -> None:
    probe = SAMPLES["VMProbe"]
    apply(stand, (probe,))
    until_up(stand, probe)
    (pod, _) = running(stand)
    found = {it["labels"]["instance"]: it["scrapeUrl"] for it in targets(stand, pod) or ()}
    discovered = f"http://web.{stand.name}.svc:8428/"
    assert found.keys() == {"https://example.com", discovered}
    asked = "http://web:8428/metrics?module=http_2xx&target="
    assert found["https://example.com"] == f"{asked}https%3A%2F%2Fexample.com"
    assert found[discovered].startswith(f"{asked}http%3A%2F%2Fweb.{stand.name}.svc")
    stand.kubectl("delete", probe.resource, NAME)


def rules(kind: str, alert: str) -> dict[str, Any]:
    """A VMRule or PrometheusRule with one alert."""
    group = {"name": "g", "rules": [{"alert": alert, "expr": "vector(1)"}]}
    is_ours = kind == "VMRule"
    return {
        "apiVersion": API_VERSION if is_ours else f"{MONITORING}/v1",
        "kind": kind,
        "metadata": {"name": "rules", "labels": TEAM},
        "spec": {"groups": [group]},
    }


def routes(kind: str, receiver: str) -> dict[str, Any]:
    """A VMAlertmanagerConfig or AlertmanagerConfig with one receiver."""
    is_ours = kind == "VMAlertmanagerConfig"
    return {
        "apiVersion": API_VERSION if is_ours else f"{MONITORING}/v1alpha1",
        "kind": kind,
        "metadata": {"name": "routes", "labels": TEAM},
        "spec": {"route": {"receiver": receiver}, "receivers": [{"name": receiver}]},
    }


def loaded(stand: Namespace) -> set[str]:
    """Of the alerts and the receivers of the tests, those that the programs have."""
    (vmalert,) = pods(stand, "vmalert", "demo")
    (alertmanager,) = pods(stand, "vmalertmanager", "demo")
    try:
        text = stand.get_raw(vmalert["metadata"]["name"], 8080, "/api/v1/rules")
        text += stand.get_raw(alertmanager["metadata"]["name"], 9093, "/api/v2/status")
    except ClusterError:
        return set()
    return {word for word in ("OurAlert", "TheirAlert", "our-hook", "their-hook") if word in text}


def test_definitions_may_vanish_and_come_back_and_objects_of_ours_are_not_lost(
    cluster: Cluster, stand: Namespace, operator: Operator
) -> None:
    before = lives(stand)
    ours = {"OurAlert", "our-hook"}
    static, *foreign = (SAMPLES[kind] for kind in ("VMStaticScrape", *FOREIGN))
    stand.apply(rules("VMRule", "OurAlert"))
    stand.apply(routes("VMAlertmanagerConfig", "our-hook"))
    apply(stand, (static,))

    def come() -> None:
        stand.apply(rules("PrometheusRule", "TheirAlert"))
        stand.apply(routes("AlertmanagerConfig", "their-hook"))
        apply(stand, tuple(foreign))
        everything = ours | {"TheirAlert", "their-hook"}
        until(lambda: loaded(stand) == everything, seconds=LOADED_SECONDS, what="all are loaded")
        until_up(stand, static, *foreign)

    come()
    undefine(cluster)
    until(lambda: loaded(stand) == ours, seconds=LOADED_SECONDS, what="ours alone are loaded")
    until_up(stand, static)
    for parent in parents():
        assert stand.status("demo", parent["kind"].lower())["updateStatus"] == "operational"
    define(cluster)
    come()
    assert operator.is_running
    assert lives(stand) == before
