"""What a VMCluster's components are told: flags, storage nodes, Services, stages."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import args, case, cluster, planned, service, workload

from vmoperator.base.settings import Settings

LICENCE = {"key": "k"}
APPS = ("vmstorage", "vmselect", "vminsert")
HA = "example-vmcluster-persistent"


def _flag(arguments: list[str], name: str) -> list[str]:
    prefix = f"-{name}="
    return [arg.removeprefix(prefix) for arg in arguments if arg.startswith(prefix)]


def _nodes(app: str, **spec: Any) -> list[str]:
    return [node for flag in _flag(args(app, **spec), "storageNode") for node in flag.split(",")]


def _address(app: str, ordinal: int, port: int, domain: str = "") -> str:
    return f"{app}-demo-{ordinal}.{app}-demo.monitoring{domain}:{port}"


def test_stages_stand_in_the_order_of_a_rollout() -> None:
    plan = planned(case("ha"))
    assert [stage.name for stage in plan.stages] == ["vmstorage", "vmselect", "vminsert"]
    assert [stage.services for stage in plan.stages] == [
        (f"vmstorage-{HA}",),
        (f"vmselect-{HA}",),
        (f"vminsert-{HA}",),
    ]


def test_services_stand_before_the_workloads_and_scrapes_after_them() -> None:
    kinds = [child["kind"] for child in planned(case("ha")).manifests]
    assert kinds[0] == "ServiceAccount"
    assert kinds[-6:-3] == ["StatefulSet", "StatefulSet", "Deployment"]
    assert kinds[-3:] == ["VMServiceScrape"] * 3


@pytest.mark.parametrize(
    ("app", "headless", "ports"),
    [
        ("vminsert", False, [8480]),
        ("vmselect", True, [8481]),
        ("vmstorage", True, [8482, 8400, 8401]),
    ],
)
def test_services_have_the_documented_form(app: str, headless: bool, ports: list[int]) -> None:
    spec = service(f"{app}-demo")["spec"]
    assert spec["type"] == "ClusterIP"
    assert (spec.get("clusterIP") == "None") is headless
    assert [port["port"] for port in spec["ports"]] == ports
    assert spec.get("publishNotReadyAddresses", False) is headless


@pytest.mark.parametrize(("app", "port"), [("vminsert", 8400), ("vmselect", 8401)])
def test_clients_list_every_vmstorage_pod_by_ordinal(app: str, port: int) -> None:
    want = [_address("vmstorage", ordinal, port) for ordinal in range(12)]
    assert _nodes(app, vmstorage={"replicaCount": 12}) == want


def test_a_cluster_domain_completes_addresses() -> None:
    spec = {"clusterDomainName": "example.local"}
    assert _nodes("vminsert", **spec) == [_address("vmstorage", 0, 8400, ".svc.example.local")]


def test_the_operators_cluster_domain_counts_where_the_object_names_none() -> None:
    flags = args("vminsert", Settings(cluster_domain="a.b"))
    assert _flag(flags, "storageNode") == [_address("vmstorage", 0, 8400, ".svc.a.b")]


def test_pods_in_maintenance_are_left_out_for_that_client_alone() -> None:
    spec = {"vmstorage": {"replicaCount": 2, "maintenanceInsertNodeIDs": [0]}}
    assert _nodes("vminsert", **spec) == [_address("vmstorage", 1, 8400)]
    assert len(_nodes("vmselect", **spec)) == 2


def test_ports_of_vmstorage_reach_its_clients() -> None:
    spec = {"vmstorage": {"vmInsertPort": "1400", "vmSelectPort": "1401"}}
    assert _nodes("vminsert", **spec) == [_address("vmstorage", 0, 1400)]
    assert _nodes("vmselect", **spec) == [_address("vmstorage", 0, 1401)]
    ports = {
        port["name"]: port["port"] for port in service("vmstorage-demo", **spec)["spec"]["ports"]
    }
    assert ports == {"http": 8482, "vminsert": 1400, "vmselect": 1401}


def test_extra_storage_nodes_stand_behind_our_own() -> None:
    spec = {"vmselect": {"extraStorageNodes": [{"addr": "b:1"}, {"addr": "a:1"}]}}
    assert _nodes("vmselect", **spec) == [_address("vmstorage", 0, 8401), "b:1", "a:1"]


def test_nodes_of_extra_args_replace_ours_but_not_the_extra_ones() -> None:
    spec = {
        "vmselect": {"extraArgs": {"--storageNode": "a:1"}, "extraStorageNodes": [{"addr": "b:1"}]}
    }
    assert _nodes("vmselect", **spec) == ["a:1", "b:1"]


def test_discovery_names_the_service_instead_of_its_pods() -> None:
    spec = {"license": LICENCE, "discovery": {"enabled": True}, "vmstorage": {"replicaCount": 3}}
    assert _nodes("vminsert", **spec) == ["srv+vmstorage-demo.monitoring:8400"]


def test_discovery_of_a_component_wins_over_the_clusters() -> None:
    spec = {
        "license": LICENCE,
        "discovery": {"enabled": True},
        "vmselect": {"discovery": {"enabled": False}},
    }
    assert _nodes("vmselect", **spec) == [_address("vmstorage", 0, 8401)]


def test_vmselect_pods_know_each_other_when_their_number_is_set() -> None:
    peers = _flag(args("vmselect", vmselect={"replicaCount": 2, "port": "9000"}), "selectNode")
    assert peers == [f"{_address('vmselect', 0, 9000)},{_address('vmselect', 1, 9000)}"]
    assert _flag(args("vmselect"), "selectNode") == []


@pytest.mark.parametrize(
    ("factor", "more", "want"),
    [
        pytest.param(None, {}, {}, id="unset"),
        pytest.param(1, {}, {"vminsert": ["1"]}, id="one copy"),
        pytest.param(2, {}, {"vminsert": ["2"], "vmselect": ["2"]}, id="two copies"),
        pytest.param(
            2,
            {"vmselect": {"extraArgs": {"replicationFactor": "a:2"}}},
            {"vminsert": ["2"], "vmselect": ["a:2"]},
            id="extraArgs win",
        ),
    ],
)
def test_replication_factor_goes_where_it_belongs(
    factor: int | None, more: dict[str, Any], want: dict[str, list[str]]
) -> None:
    spec = {"vmstorage": {"replicaCount": 2}, **more}
    spec |= {"replicationFactor": factor} if factor is not None else {}
    found = {app: _flag(args(app, **spec), "replicationFactor") for app in APPS}
    assert found == {app: want.get(app, []) for app in APPS}


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({}, [], id="one copy needs none"),
        pytest.param({"replicationFactor": 2}, ["1ms"], id="copies are removed"),
        pytest.param(
            {"replicationFactor": 2, "license": LICENCE, "downsampling": {"dedupInterval": "30s"}},
            ["30s"],
            id="the interval of downsampling wins",
        ),
        pytest.param(
            {"license": LICENCE, "downsampling": {"dedupInterval": "30s"}},
            ["30s"],
            id="also without copies",
        ),
    ],
)
def test_deduplication_goes_to_vmselect_and_vmstorage(
    spec: dict[str, Any], want: list[str]
) -> None:
    spec = {"vmstorage": {"replicaCount": 2}, **spec}
    for app in ("vmselect", "vmstorage"):
        assert _flag(args(app, **spec), "dedup.minScrapeInterval") == want
    assert _flag(args("vminsert", **spec), "dedup.minScrapeInterval") == []


def test_extra_args_win_over_deduplication() -> None:
    spec = {
        "replicationFactor": 2,
        "vmstorage": {"replicaCount": 2, "extraArgs": {"-dedup.minScrapeInterval": "15s"}},
    }
    assert _flag(args("vmstorage", **spec), "dedup.minScrapeInterval") == ["15s"]
    assert _flag(args("vmselect", **spec), "dedup.minScrapeInterval") == ["1ms"]


def test_insert_ports_open_listeners_and_service_ports() -> None:
    spec = {"vminsert": {"insertPorts": {"graphitePort": "2003", "openTSDBHTTPPort": "4243"}}}
    flags = args("vminsert", **spec)
    assert _flag(flags, "graphiteListenAddr") == [":2003"]
    assert _flag(flags, "opentsdbHTTPListenAddr") == [":4243"]
    ports = service("vminsert-demo", **spec)["spec"]["ports"]
    assert [(port["name"], port["port"], port["protocol"]) for port in ports] == [
        ("http", 8480, "TCP"),
        ("graphite-tcp", 2003, "TCP"),
        ("graphite-udp", 2003, "UDP"),
        ("opentsdb-http", 4243, "TCP"),
    ]


def test_an_overridden_listener_stands_once() -> None:
    ports = {"graphitePort": "2003"}
    extra = {"--graphiteListenAddr": "127.0.0.1:2003"}
    flags = args("vminsert", vminsert={"insertPorts": ports, "extraArgs": extra})
    assert _flag(flags, "graphiteListenAddr") == ["127.0.0.1:2003"]


@pytest.mark.parametrize(
    ("replicas", "given", "want"),
    [(4, None, 1), (4, 3, 3), (4, "50%", 2), (3, "50%", 1), (1, "10%", 1), (0, "100%", 1)],
)
def test_a_rollout_takes_away_as_many_pods_as_allowed(
    replicas: int, given: int | str | None, want: int
) -> None:
    behavior = {} if given is None else {"maxUnavailable": given}
    select = {"replicaCount": replicas, "rollingUpdateStrategyBehavior": behavior}
    stages = planned(cluster(vmselect=select)).stages
    assert [stage.max_unavailable for stage in stages] == [1, want, 1]


def test_stateful_sets_start_in_parallel_and_wait_for_the_operator() -> None:
    for app in ("vmstorage", "vmselect"):
        spec = workload(app)["spec"]
        assert spec["podManagementPolicy"] == "Parallel"
        assert spec["updateStrategy"] == {"type": "OnDelete"}
        assert spec["serviceName"] == f"{app}-demo"


def test_a_ready_minimum_does_not_make_the_start_ordered() -> None:
    spec = workload("vmstorage", vmstorage={"minReadySeconds": 5})["spec"]
    assert (spec["podManagementPolicy"], spec["minReadySeconds"]) == ("Parallel", 5)


def test_legacy_names_stand_behind_the_name_of_the_cluster() -> None:
    plan = planned(cluster(useLegacyNaming=True))
    names = {child["metadata"]["name"] for child in plan.manifests}
    assert names == {"demo-vmcluster", "demo-vmstorage", "demo-vmselect", "demo-vminsert"}


def test_an_account_of_the_users_own_is_not_made() -> None:
    plan = planned(cluster(serviceAccountName="mine"))
    assert [child["kind"] for child in plan.shared] == ["Service"] * 3


def test_a_component_that_is_not_named_has_no_children() -> None:
    plan = planned(cluster(vmselect=None))
    assert [stage.name for stage in plan.stages] == ["vmstorage", "vminsert"]
    assert not any("vmselect" in child["metadata"]["name"] for child in plan.manifests)


def test_a_paused_component_is_still_wanted() -> None:
    stages = planned(cluster(vmstorage={"paused": True})).stages
    assert [stage.is_paused for stage in stages] == [True, False, False]


def test_an_additional_service_gates_the_stage_unless_it_selects_other_pods() -> None:
    own = {"serviceSpec": {"spec": {"type": "NodePort"}}}
    other = {"serviceSpec": {"spec": {"selector": {"a": "b"}}}}
    stages = planned(cluster(vmselect=own, vminsert=other)).stages
    assert stages[1].services == ("vmselect-demo", "vmselect-demo-additional-service")
    assert stages[2].services == ("vminsert-demo",)


def test_a_replaced_service_keeps_our_ports_and_selector() -> None:
    given = {"ports": [{"name": "extra", "port": 1}], "selector": {"a": "b"}, "type": "NodePort"}
    spec = {"vminsert": {"serviceSpec": {"useAsDefault": True, "spec": given}}}
    found = service("vminsert-demo", **spec)["spec"]
    assert [port["name"] for port in found["ports"]] == ["extra", "http"]
    assert found["selector"]["app.kubernetes.io/name"] == "vminsert"
    assert found["type"] == "NodePort"
