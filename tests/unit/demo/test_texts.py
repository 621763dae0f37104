"""What the demo says, and what it reads from the answers of programs."""

import json

import pytest

from demo.texts import (
    alert_line,
    alertmanager_path,
    cluster_words,
    is_standin,
    keeps_data,
    objects_line,
    programs_line,
    proxy_path,
    rules_line,
    scraped_programs,
    status_in,
    storage_node_lines,
    what_now,
)

HEADING = "NAME   INSERT COUNT   STORAGE COUNT   SELECT COUNT   AGE   STATUS"
METRICS = """vm_app_version{version="standin-v1.150.0-cluster-vminsert"} 1
flag{name="storageNode", value="a,b", is_set="true"} 1
standin_storage_node_up{addr="vmstorage-0:8400"} 1
standin_storage_node_up{addr="vmstorage-1:8400"} 0
"""


@pytest.mark.parametrize(
    ("row", "status"),
    [
        pytest.param(HEADING, "", id="the heading"),
        pytest.param("", "", id="an empty row"),
        pytest.param("demo   2   2   2   3s   expanding", "expanding", id="expanding"),
        pytest.param("demo   2   2   2   9s   operational", "operational", id="operational"),
    ],
)
def test_the_status_of_a_row(row: str, status: str) -> None:
    assert status_in(row) == status


@pytest.mark.parametrize(
    ("metrics", "want"),
    [
        pytest.param(METRICS, True, id="a stand-in"),
        pytest.param(
            'vm_app_version{version="vmselect-20261101-tags-v1.150.0-cluster", '
            'short_version="v1.150.0"} 1\n',
            False,
            id="the real program",
        ),
        pytest.param('flag{name="x", value="standin-"} 1\n', False, id="the word elsewhere"),
    ],
)
def test_a_stand_in_is_known_by_its_version(metrics: str, want: bool) -> None:
    assert is_standin(metrics) is want


def test_storage_nodes_are_told_one_by_one() -> None:
    assert storage_node_lines("vminsert", METRICS) == [
        "vminsert -> vmstorage-0:8400: connected",
        "vminsert -> vmstorage-1:8400: NOT connected",
    ]


def test_a_service_is_reached_through_the_api_server() -> None:
    assert proxy_path("vmselect", 8481, "/health") == (
        "/api/v1/namespaces/default/services/"
        "vmselect-example-vmcluster-persistent:8481/proxy/health"
    )


def test_the_end_says_how_to_look_around_and_how_to_clean_up() -> None:
    text = what_now(["export KUBECONFIG=/k"], "make demo-down CLUSTER=local")
    assert "  export KUBECONFIG=/k\n" in text
    assert "kubectl get vmclusters -w" in text
    assert text.endswith("Clean up:\n  make demo-down CLUSTER=local")


def test_the_current_cluster_is_named_by_its_context() -> None:
    assert cluster_words("current", "prod") == "your current cluster (context prod)"


def test_a_standin_that_keeps_data_says_so_in_its_metrics() -> None:
    assert keeps_data("vm_app_version{} 1\nstandin_keeps_data 1\n")
    assert not keeps_data(METRICS)


def test_an_alertmanager_is_named_with_the_alerts_that_it_holds() -> None:
    pod, path = alertmanager_path(1, "/api/v2/alerts")
    assert path == f"/api/v1/namespaces/default/pods/{pod}:9093/proxy/api/v2/alerts"
    alert = {"labels": {"alertname": "AlwaysFiring"}, "status": {"state": "active"}}
    assert alert_line(pod, [alert]) == f"{pod} holds: AlwaysFiring (active)"
    assert alert_line(pod, []) == f"{pod} holds: nothing"


def test_programs_are_counted_from_the_answer_of_a_query() -> None:
    answer = """{"data": {"result": [
        {"metric": {"program": "vmstorage"}, "value": [1.5, "2"]},
        {"metric": {"program": "vmagent"}, "value": [1.5, "1"]}
    ]}}"""
    assert scraped_programs(answer) == {"vmstorage": 2, "vmagent": 1}
    assert programs_line(scraped_programs(answer)) == "vmagent 1, vmstorage 2"


def test_alerts_about_the_operator_are_counted_and_those_that_are_not_quiet_are_named() -> None:
    quiet = {"name": "VMOperatorSlow", "state": "inactive"}
    loud = {"name": "VMOperatorDown", "state": "pending"}
    other = {"name": "others", "rules": [{"name": "Else", "state": "firing"}]}
    told = "VMOperatorDown (pending): what is pending fires only if it lasts"
    for rules, words in (([quiet], "none of them fires"), ([loud], told)):
        groups = [{"name": "vmoperator", "rules": rules}, other]
        assert rules_line(json.dumps({"data": {"groups": groups}})) == f"1 alerts, {words}"


def test_kinds_without_an_object_are_left_out() -> None:
    found = [
        {"metric": {"kind": kind}, "value": [0, count]}
        for kind, count in (("VMCluster", "1"), ("VMAgent", "0"), ("VMAlert", "2"))
    ]
    assert objects_line(json.dumps({"data": {"result": found}})) == "VMAlert 2, VMCluster 1"
    assert objects_line('{"data": {"result": []}}') == ""
