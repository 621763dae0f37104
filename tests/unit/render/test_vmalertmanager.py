"""VMAlertmanager: replicas that find each other, and what a change of them restarts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.render.alertmanagers import (
    alertmanager,
    args,
    child,
    container,
    planned,
    template,
    written,
)

from vmoperator.api.around import Known
from vmoperator.api.structural import structural
from vmoperator.api.unsupported import unsupported
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings

HASH = "$2y$10$QOauhQNbBCuQDKes6eFzPeMqBSjb7Mr5DUmpZ/VcEd00UAV/LDeSi"
ROUTED = "route: {receiver: a}\nreceivers: [{name: a}]\n"
OTHERWISE = "route: {receiver: b}\nreceivers: [{name: b}]\n"
CERTIFICATES = Known(secrets={"tls": {"crt": b"c", "key": b"k", "ca": b"a"}})
SERVER = {
    "cert_secret_ref": {"name": "tls", "key": "crt"},
    "key_secret_ref": {"name": "tls", "key": "key"},
}
MUTUAL = {
    **SERVER,
    "client_ca_secret_ref": {"name": "tls", "key": "ca"},
    "client_auth_type": "RequireAndVerifyClientCert",
}


def test_scaling_restarts_no_replica() -> None:
    assert template(planned(replicaCount=1)) == template(planned(replicaCount=3))


@pytest.mark.parametrize(
    ("spec", "settings", "peer"),
    [
        pytest.param({}, Settings(), "vmalertmanager-demo.monitoring:9094", id="search list"),
        pytest.param(
            {"clusterDomainName": "cluster.local"},
            Settings(cluster_domain="other"),
            "vmalertmanager-demo.monitoring.svc.cluster.local:9094",
            id="domain of the object",
        ),
        pytest.param(
            {},
            Settings(cluster_domain="cluster.local"),
            "vmalertmanager-demo.monitoring.svc.cluster.local:9094",
            id="domain of the operator",
        ),
        pytest.param(
            {"useLegacyNaming": True}, Settings(), "demo.monitoring:9094", id="legacy name"
        ),
    ],
)
def test_replicas_find_each_other_by_their_service(
    spec: dict[str, Any], settings: Settings, peer: str
) -> None:
    made = planned(settings=settings, replicaCount=2, **spec)
    assert f"--cluster.peer={peer}" in container(made)["args"]
    service = child(made, "Service", peer.partition(".")[0])
    assert service["spec"]["clusterIP"] == "None"
    assert service["spec"]["publishNotReadyAddresses"] is True
    assert made.stages[0].workload["spec"]["serviceName"] == service["metadata"]["name"]


def test_further_peers_stand_beside_the_replicas() -> None:
    peers = [it for it in args(additionalPeers=["a:9094", "b:1"]) if "cluster.peer" in it]
    assert peers == [
        "--cluster.peer=a:9094",
        "--cluster.peer=b:1",
        "--cluster.peer=vmalertmanager-demo.monitoring:9094",
    ]


def test_an_address_that_a_replica_had_is_never_called_again() -> None:
    assert "--cluster.reconnect-interval=0s" in args(replicaCount=3)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        pytest.param({"additionalPeers": ["a:1", "b"]}, "spec.additionalPeers[1]", id="peer"),
        pytest.param(
            {"clusterAdvertiseAddress": "10.0.0.1"}, "spec.clusterAdvertiseAddress", id="advertised"
        ),
    ],
)
def test_an_address_without_a_port_is_refused(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecInvalid, match="host:port") as refused:
        planned(**spec)
    assert refused.value.field == field


def test_gossip_can_be_switched_off_by_its_flag() -> None:
    given = args(extraArgs={"cluster.listen-address": ""})
    assert [it for it in given if "listen-address" in it] == [
        "--cluster.listen-address=",
        "--web.listen-address=:9093",
    ]


@pytest.mark.parametrize(
    ("level", "found"),
    [
        pytest.param("info", [], id="the program's own"),
        pytest.param("INFO", [], id="the program's own, in capitals"),
        pytest.param("DEBUG", ["--log.level=debug"], id="as the program writes it"),
    ],
)
def test_a_log_level_is_given_when_it_is_not_the_programs_own(level: str, found: list[str]) -> None:
    assert [it for it in args(logLevel=level) if "log.level" in it] == found


def test_variables_of_the_user_bring_no_flag_that_alertmanager_does_not_know() -> None:
    made = container(planned(extraEnvs=[{"name": "A", "value": "b"}]))
    assert [it["name"] for it in made["env"]] == ["POD_IP", "A"]
    assert not any("envflag" in arg for arg in made["args"])


def test_a_volume_belongs_to_alertmanagers_group_unless_the_user_says_otherwise() -> None:
    claimed = {
        "volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
    }

    def group(**spec: Any) -> Any:
        return template(planned(**spec))["spec"].get("securityContext", {}).get("fsGroup")

    assert group() is None
    assert group(storage=claimed) == 65534
    assert group(storage=claimed, securityContext={"fsGroup": 7}) == 7


def test_data_is_found_again_under_legacy_names() -> None:
    claimed = {
        "volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Gi"}}}},
    }
    stateful_set = planned(useLegacyNaming=True, storage=claimed).stages[0].workload
    (claim,) = stateful_set["spec"]["volumeClaimTemplates"]
    assert stateful_set["metadata"]["name"] == "demo"
    assert claim["metadata"]["name"] == "vmalertmanager-demo-db"


@pytest.mark.parametrize(
    ("spec", "probe"),
    [
        pytest.param(
            {"routePrefix": "am"},
            {"httpGet": {"path": "/am/-/healthy", "port": 9093, "scheme": "HTTP"}},
            id="prefix",
        ),
        pytest.param(
            {"webConfig": {"tls_server_config": SERVER}},
            {"httpGet": {"path": "/-/healthy", "port": 9093, "scheme": "HTTPS"}},
            id="TLS",
        ),
        pytest.param(
            {"webConfig": {"tls_server_config": MUTUAL}},
            {"tcpSocket": {"port": 9093}},
            id="TLS of both sides",
        ),
        pytest.param(
            {"webConfig": {"basic_auth_users": {"a": HASH}}},
            {"tcpSocket": {"port": 9093}},
            id="passwords",
        ),
        pytest.param({"listenLocal": True}, {"tcpSocket": {"port": 9094}}, id="loopback"),
    ],
)
def test_probes_ask_only_where_the_kubelet_gets_an_answer(
    spec: dict[str, Any], probe: dict[str, Any]
) -> None:
    found = container(planned(CERTIFICATES, **spec))
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        assert probe.items() <= found[name].items()


def test_a_changed_configuration_restarts_nothing() -> None:
    before, after = planned(configRawYaml=ROUTED), planned(configRawYaml=OTHERWISE)
    assert before.stages[0].workload == after.stages[0].workload
    assert before.stages[0].config is not None
    assert after.stages[0].config is not None
    assert before.stages[0].config.digest != after.stages[0].config.digest
    assert after.stages[0].config.reload_path == "/-/reload"


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"webConfig": {"tls_server_config": MUTUAL}}, id="TLS of both sides"),
        pytest.param({"webConfig": {"basic_auth_users": {"a": HASH}}}, id="passwords"),
        pytest.param({"listenLocal": True}, id="loopback"),
    ],
)
def test_a_changed_configuration_replaces_the_pods_that_nobody_can_ask(
    spec: dict[str, Any],
) -> None:
    before = planned(CERTIFICATES, configRawYaml=ROUTED, **spec)
    after = planned(CERTIFICATES, configRawYaml=OTHERWISE, **spec)
    assert template(before) != template(after)
    assert after.stages[0].config is None


def test_a_prefix_stands_before_the_path_of_reloads_too() -> None:
    delivery = planned(CERTIFICATES, routePrefix="/am/", webConfig={"tls_server_config": SERVER})
    assert delivery.stages[0].config is not None
    assert delivery.stages[0].config.reload_path == "/am/-/reload"
    assert delivery.stages[0].config.scheme == "https"


def test_users_of_the_web_server_change_without_a_restart() -> None:
    one = planned(webConfig={"basic_auth_users": {"a": HASH}})
    two = planned(webConfig={"basic_auth_users": {"a": HASH, "b": HASH}})
    assert template(one) == template(two)
    assert written(one, "webserver_config.yaml") != written(two, "webserver_config.yaml")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            {"gossipConfig": {"tls_server_config": SERVER}},
            {"gossipConfig": {"tls_server_config": MUTUAL}},
            id="gossip",
        ),
        pytest.param(
            {"webConfig": {"tls_server_config": SERVER}},
            {"webConfig": {"tls_server_config": SERVER, "http_server_config": {"http2": False}}},
            id="http2",
        ),
    ],
)
def test_what_alertmanager_reads_only_at_its_start_replaces_the_pods(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert template(planned(CERTIFICATES, **before)) != template(planned(CERTIFICATES, **after))


def test_the_port_of_a_local_alertmanager_is_left_to_the_users_container() -> None:
    made = planned(listenLocal=True, portName="proxy")
    assert "--web.listen-address=127.0.0.1:9093" in container(made)["args"]
    assert [it["name"] for it in container(made)["ports"]] == ["mesh-tcp", "mesh-udp"]
    for name in ("vmalertmanager-demo", "alertmanager-operated"):
        assert child(made, "Service", name)["spec"]["ports"][0]["targetPort"] == "proxy"


def test_the_operator_makes_an_account_without_rights_unless_the_user_names_one() -> None:
    kinds = {it["kind"] for it in planned().manifests}
    assert "ServiceAccount" in kinds
    assert not {"Role", "RoleBinding"} & kinds
    named = planned(serviceAccountName="alerts")
    assert "ServiceAccount" not in {it["kind"] for it in named.manifests}
    assert template(named)["spec"]["serviceAccountName"] == "alerts"


def test_a_key_for_reloads_is_told_to_have_no_effect() -> None:
    parent = alertmanager(configReloadAuthKeySecret={"name": "a", "key": "b"})
    assert unsupported(parent) == ("spec.configReloadAuthKeySecret",)


def test_pods_get_two_minutes_to_say_goodbye_and_no_sleep_before() -> None:
    spec = template(planned(settings=replace(Settings(), pre_stop_sleep_seconds=15)))["spec"]
    assert spec["terminationGracePeriodSeconds"] == 120
    assert "lifecycle" not in spec["containers"][0]


def test_a_sleep_before_the_end_may_take_most_of_two_minutes() -> None:
    sleep = container(planned(preStopSleepSeconds=60))["lifecycle"]["preStop"]["sleep"]
    assert sleep == {"seconds": 60}
    with pytest.raises(SpecInvalid, match="leave nothing"):
        planned(preStopSleepSeconds=120)
    schema = structural(VMAlertmanager)["properties"]["spec"]
    rules = [
        rule["message"]
        for rule in schema["x-kubernetes-validations"]
        if rule.get("fieldPath") == ".preStopSleepSeconds"
    ]
    assert rules == ["must be smaller than terminationGracePeriodSeconds (120 if unset)"]
