"""Self-scrapes: which object scrapes which program, and what users change of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.render.clusters import cluster
from tests.unit.render.leaf_samples import AROUND, BASES

from vmoperator.api import parsed
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import plan

MARKED = {"targetLabel": "victoriametrics_app", "replacement": "true"}
ADDITIONAL = "operator.victoriametrics.com/additional-service"
PROXY_JOB = "operator.victoriametrics.com/vmauthlb-proxy-job-name"


def _scrapes(manifest: Manifest, settings: Settings | None = None) -> dict[str, Manifest]:
    found = plan(parsed(manifest), settings or Settings(), AROUND).scrapes
    return {it["metadata"]["name"]: it for it in found}


def _parent(kind: str = "VMAgent", **spec: Any) -> Manifest:
    return {**cluster(), "kind": kind, "spec": {**BASES[kind], **spec}}


def _scrape(kind: str = "VMAgent", **spec: Any) -> Manifest:
    (found,) = _scrapes(_parent(kind, **spec)).values()
    assert selected(found).kind == found["kind"]
    return found


def _endpoints(**spec: Any) -> list[Manifest]:
    found: list[Manifest] = _scrape(**spec)["spec"]["endpoints"]
    return found


@pytest.mark.parametrize("kind", ["VMSingle", "VMAgent", "VMAlert", "VMAlertmanager"])
def test_a_program_is_scraped_by_the_name_of_its_service(kind: str) -> None:
    made = _scrape(kind)
    assert (made["kind"], made["metadata"]["name"]) == (
        "VMServiceScrape",
        f"{kind.lower()}-demo",
    )
    assert made["metadata"]["ownerReferences"][0]["kind"] == kind
    assert made["spec"]["endpoints"] == [
        {"port": "http", "path": "/metrics", "relabelConfigs": [MARKED]}
    ]


def test_every_component_of_a_cluster_is_scraped() -> None:
    assert list(_scrapes(cluster())) == ["vmstorage-demo", "vmselect-demo", "vminsert-demo"]


def test_pods_are_not_scraped_twice_where_there_is_a_second_service() -> None:
    selector = _scrape(serviceSpec={"spec": {"type": "NodePort"}})["spec"]["selector"]
    assert selector["matchExpressions"] == [{"key": ADDITIONAL, "operator": "DoesNotExist"}]
    assert selector["matchLabels"]["app.kubernetes.io/instance"] == "demo"


def test_shards_are_scraped_by_one_object() -> None:
    assert list(_scrapes(_parent(shardCount=3))) == ["vmagent-demo"]


def test_pods_behind_a_load_balancer_keep_the_name_of_their_job() -> None:
    manifest = cluster(requestsLoadBalancer={"enabled": True})
    made = _scrapes(manifest)["vmselectinternal-demo"]["spec"]
    assert made["jobLabel"] == PROXY_JOB
    assert made["selector"]["matchLabels"][PROXY_JOB] == "vmselect-demo"
    services = plan(parsed(manifest), Settings(), AROUND).manifests
    marked = [it for it in services if PROXY_JOB in it["metadata"].get("labels", {})]
    named = {it["metadata"]["name"] for it in marked if it["kind"] == "Service"}
    assert named == {"vmselectinternal-demo", "vminsertinternal-demo"}


def test_agents_on_every_node_are_scraped_as_pods() -> None:
    given = {"endpoints": [{"port": "http", "interval": "5s"}], "discoveryRole": "service"}
    made = _scrape(daemonSetMode=True, serviceScrapeSpec=given)
    assert made["kind"] == "VMPodScrape"
    assert made["spec"].keys() == {"selector", "podMetricsEndpoints"}
    (endpoint,) = made["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["interval"]) == ("http", "5s")


def test_flags_of_the_program_reach_the_endpoint() -> None:
    flags = {"tls": "true", "http.pathPrefix": "/a/", "metricsAuthKey": "k"}
    (endpoint,) = _endpoints(extraArgs=flags)
    assert endpoint["path"] == "/a/metrics"
    assert (endpoint["scheme"], endpoint["tlsConfig"]) == ("https", {"insecureSkipVerify": True})
    assert endpoint["params"] == {"authKey": ["k"]}


def test_a_key_in_a_file_is_left_to_the_user() -> None:
    assert "params" not in _endpoints(extraArgs={"metricsAuthKey": "file:///key"})[0]


def test_backups_are_scraped_as_a_job_of_their_own() -> None:
    backup = {"destination": "s3://a", "acceptEULA": True}
    found = _endpoints(kind="VMSingle", vmBackup=backup)
    assert [it["port"] for it in found] == ["http", "vmbackupmanager"]
    assert found[1]["relabelConfigs"][1]["replacement"] == "${1}-vmbackupmanager"


def test_the_users_endpoints_are_merged_by_their_port() -> None:
    rule = {"targetLabel": "team", "replacement": "a"}
    given = [{"targetPort": 9}, {"port": "http", "interval": "5s", "relabelConfigs": [rule]}]
    found = _endpoints(serviceScrapeSpec={"endpoints": given})
    assert found == [
        {"targetPort": 9},
        {"port": "http", "path": "/metrics", "interval": "5s", "relabelConfigs": [MARKED, rule]},
    ]


def test_what_the_user_says_of_the_whole_object_counts() -> None:
    given = {"jobLabel": "team", "targetLabels": ["a"], "selector": {"matchLabels": {"b": "c"}}}
    spec = _scrape(serviceScrapeSpec=given)["spec"]
    assert {key: spec[key] for key in given} == given
    assert [it["port"] for it in spec["endpoints"]] == ["http"]


def test_an_empty_selector_of_the_users_is_none() -> None:
    assert _scrape(serviceScrapeSpec={"selector": {}}) == _scrape()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"endpoints": "a"}, "spec.serviceScrapeSpec.endpoints: must be a list"),
        ({"endpoints": [{"port": 1}]}, "spec.serviceScrapeSpec.endpoints[0].port: "),
        ({"jobLabel": 1}, "spec.serviceScrapeSpec.jobLabel: "),
    ],
    ids=["no-list", "port", "job-label"],
)
@pytest.mark.parametrize("on_every_node", [False, True], ids=["service", "pods"])
def test_a_wrong_field_is_named(given: Manifest, message: str, on_every_node: bool) -> None:
    with pytest.raises(SpecInvalid) as refused:
        _scrape(serviceScrapeSpec=given, daemonSetMode=on_every_node)
    assert str(refused.value).startswith(message)


@pytest.mark.parametrize(
    ("setting", "field", "is_made"),
    [
        (False, None, True),
        (False, True, False),
        (True, None, False),
        (True, False, True),
    ],
    ids=["default", "field-off", "setting-off", "field-wins"],
)
def test_it_is_made_unless_it_is_switched_off(
    setting: bool, field: bool | None, is_made: bool
) -> None:
    settings = replace(Settings(), disable_self_scrapes=setting)
    found = _scrapes(_parent(disableSelfServiceScrape=field), settings)
    assert bool(found) is is_made


def test_who_speaks_the_proxy_protocol_cannot_be_scraped() -> None:
    flags = {"httpListenAddr.useProxyProtocol": "true"}
    assert _scrapes(_parent(extraArgs=flags)) == {}


def test_a_changed_scrape_leaves_the_pods_alone() -> None:
    plain = plan(parsed(_parent()), Settings(), AROUND)
    given = {"endpoints": [{"port": "http", "interval": "5s"}]}
    changed = plan(parsed(_parent(serviceScrapeSpec=given)), Settings(), AROUND)
    assert changed.stages == plain.stages
    assert changed.shared == plain.shared
    assert changed.scrapes != plain.scrapes
