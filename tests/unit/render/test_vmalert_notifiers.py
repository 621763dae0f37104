"""Whom vmalert sends alerts to: every pod of the VMAlertmanagers that its notifiers mean."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.alerts import (
    alertmanager,
    args,
    deployment,
    planned,
    pod,
    static_configs,
)

from vmoperator.api.around import Known
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings

ALERTS = "/api/v2/alerts"
BASE = "http://vmalertmanager-main-{}.vmalertmanager-main.monitoring.svc"


def _pods(*ordinals: int, base: str = BASE, behind: str = f":9093{ALERTS}") -> list[str]:
    return [base.format(ordinal) + behind for ordinal in ordinals]


def _targets(
    url: str, *alertmanagers: VMAlertmanager, settings: Settings | None = None, **around: Any
) -> list[str]:
    known = Known(parents=alertmanagers, **around)
    configs = static_configs(planned(known, settings, notifier={"url": url}))
    return [target for config in configs for target in config["targets"]]


@pytest.mark.parametrize(
    "url",
    [
        "http://vmalertmanager-main.monitoring.svc:9093",
        "http://vmalertmanager-main.monitoring.svc:9093/",
        "http://vmalertmanager-main.monitoring:9093",
        "http://vmalertmanager-main:9093",
        "http://VMAlertmanager-Main.monitoring.svc:9093",
        "http://vmalertmanager-main.monitoring.svc",
        "http://alertmanager-operated.monitoring.svc:9093",
        "http://alertmanager-operated:9093",
    ],
)
def test_the_service_of_a_vmalertmanager_becomes_one_address_for_each_pod(url: str) -> None:
    assert _targets(url, alertmanager(replicaCount=3)) == _pods(0, 1, 2)


def test_the_notifier_of_the_document_reaches_every_alertmanager_of_its_namespace() -> None:
    targets = _targets(
        "http://alertmanager-operated.default.svc:9093",
        alertmanager("a", "default", replicaCount=2),
        alertmanager("b", "default"),
        alertmanager("c", "elsewhere"),
    )
    assert targets == [
        f"http://vmalertmanager-a-0.vmalertmanager-a.default.svc:9093{ALERTS}",
        f"http://vmalertmanager-a-1.vmalertmanager-a.default.svc:9093{ALERTS}",
        f"http://vmalertmanager-b-0.vmalertmanager-b.default.svc:9093{ALERTS}",
    ]


@pytest.mark.parametrize(
    ("domain", "settings", "spec"),
    [
        pytest.param("cluster.local", Settings(), {}, id="the usual one"),
        pytest.param("k8s.corp", Settings(cluster_domain="k8s.corp"), {}, id="the operator's"),
        pytest.param("k8s.corp", Settings(), {"clusterDomainName": "k8s.corp"}, id="its own"),
    ],
)
def test_the_suffix_of_this_cluster_is_kept(
    domain: str, settings: Settings, spec: dict[str, Any]
) -> None:
    found = alertmanager(replicaCount=2, **spec)
    url = f"http://vmalertmanager-main.monitoring.svc.{domain}:9093"
    want = _pods(0, 1, behind=f".{domain}:9093{ALERTS}")
    assert _targets(url, found, settings=settings) == want
    assert _targets(url.replace(":9093", ".:9093"), found, settings=settings) == want


def test_a_suffix_that_the_operator_knows_completes_the_addresses() -> None:
    settings = Settings(cluster_domain="k8s.corp")
    targets = _targets("http://vmalertmanager-main:9093", alertmanager(), settings=settings)
    assert targets == _pods(0, behind=f".k8s.corp:9093{ALERTS}")


STAY: dict[str, tuple[str, tuple[VMAlertmanager, ...]]] = {
    "another host": ("https://alerts.example.com", (alertmanager(),)),
    "a host of two words": ("http://alerts.example:9093", (alertmanager(),)),
    "an address": ("http://10.0.0.1:9093", (alertmanager(),)),
    "an address in brackets": ("http://[::1]:9093", (alertmanager(),)),
    "another Service": ("http://alertmanager.monitoring.svc:9093", (alertmanager(),)),
    "another namespace": ("http://vmalertmanager-main.default.svc:9093", (alertmanager(),)),
    "nobody there": ("http://vmalertmanager-main.monitoring.svc:9093", ()),
    "another cluster": (
        "http://vmalertmanager-main.monitoring.svc.clusterset.local:9093",
        (alertmanager(),),
    ),
    "a pod itself": (
        "http://vmalertmanager-main-1.vmalertmanager-main.monitoring.svc:9093",
        (alertmanager(replicaCount=2),),
    ),
    "a paused one": (
        "http://vmalertmanager-main.monitoring.svc:9093",
        (alertmanager(replicaCount=2, paused=True),),
    ),
    "all of them paused": (
        "http://alertmanager-operated.monitoring.svc:9093",
        (alertmanager(replicaCount=2, paused=True),),
    ),
    "one that is being deleted": (
        "http://vmalertmanager-main.monitoring.svc:9093",
        (alertmanager(metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),),
    ),
    "one without pods": (
        "http://vmalertmanager-main.monitoring.svc:9093",
        (alertmanager(replicaCount=0),),
    ),
    "an additional Service of other pods": (
        "http://alerts.monitoring.svc:9093",
        (
            alertmanager(
                serviceSpec={"metadata": {"name": "alerts"}, "spec": {"selector": {"a": "b"}}}
            ),
        ),
    ),
    "an additional Service that leads away": (
        "http://alerts.monitoring.svc:9093",
        (
            alertmanager(
                serviceSpec={"metadata": {"name": "alerts"}, "spec": {"type": "ExternalName"}}
            ),
        ),
    ),
    "a port that the additional Service has not": (
        "http://vmalertmanager-main-additional-service.monitoring.svc:80",
        (alertmanager(serviceSpec={"spec": {"type": "NodePort"}}),),
    ),
    "ports of no shape": (
        "http://vmalertmanager-main-additional-service.monitoring.svc:80",
        (alertmanager(serviceSpec={"spec": {"ports": "80"}}),),
    ),
    "a port of some other name": (
        "http://alerts.monitoring.svc",
        (
            alertmanager(
                serviceSpec={
                    "metadata": {"name": "alerts"},
                    "spec": {"ports": [{"port": 80, "targetPort": "proxy"}]},
                }
            ),
        ),
    ),
}


@pytest.mark.parametrize(("url", "alertmanagers"), STAY.values(), ids=STAY)
def test_any_other_address_stays_as_it_is(
    url: str, alertmanagers: tuple[VMAlertmanager, ...]
) -> None:
    assert _targets(url, *alertmanagers) == [f"{url}{ALERTS}"]


@pytest.mark.parametrize(
    ("spec", "url", "port"),
    [
        pytest.param({"port": "9999"}, "http://vmalertmanager-main", 9999, id="its own port"),
        pytest.param({}, "http://vmalertmanager-main:9095", 9095, id="a proxy in the pod"),
        pytest.param(
            {"serviceSpec": {"spec": {"type": "NodePort"}}},
            "http://vmalertmanager-main-additional-service:9093",
            9093,
            id="the additional Service as it is",
        ),
        pytest.param(
            {
                "serviceSpec": {
                    "metadata": {"name": "alerts"},
                    "spec": {"ports": [{"port": 80, "targetPort": "web"}]},
                }
            },
            "http://alerts",
            9093,
            id="a port by name",
        ),
        pytest.param(
            {
                "serviceSpec": {
                    "metadata": {"name": "alerts"},
                    "spec": {"ports": [{"port": 80, "targetPort": 9095}]},
                }
            },
            "http://alerts",
            9095,
            id="a port by number",
        ),
    ],
)
def test_the_port_is_the_one_that_the_pods_listen_at(
    spec: dict[str, Any], url: str, port: int
) -> None:
    targets = _targets(url, alertmanager(replicaCount=2, **spec))
    assert targets == _pods(0, 1, behind=f":{port}{ALERTS}")


def test_a_name_of_the_older_form_is_known() -> None:
    found = alertmanager(useLegacyNaming=True, replicaCount=2)
    assert _targets("http://main:9093", found) == [
        f"http://main-{ordinal}.main.monitoring.svc:9093{ALERTS}" for ordinal in (0, 1)
    ]


def test_path_query_and_user_of_an_address_are_kept() -> None:
    url = "http://me:pass@vmalertmanager-main:9093/prefix/?a=b"
    assert _targets(url, alertmanager(replicaCount=2)) == [
        f"http://me:pass@vmalertmanager-main-{ordinal}.vmalertmanager-main.monitoring.svc:9093"
        f"/prefix{ALERTS}?a=b"
        for ordinal in (0, 1)
    ]


def test_a_paused_one_among_others_keeps_the_pods_that_it_has() -> None:
    paused = alertmanager("a", paused=True, replicaCount=5)
    live = {Ref("StatefulSet", "monitoring", "vmalertmanager-a"): 2}
    url = "http://alertmanager-operated.monitoring.svc:9093"
    targets = _targets(url, paused, alertmanager("b"), live=live)
    assert [target.partition(".")[0] for target in targets] == [
        "http://vmalertmanager-a-0",
        "http://vmalertmanager-a-1",
        "http://vmalertmanager-b-0",
    ]


def test_scaling_a_vmalertmanager_changes_the_file_and_restarts_nothing() -> None:
    notifier = {"url": "http://vmalertmanager-main:9093"}
    two = planned(Known(parents=(alertmanager(replicaCount=2),)), notifier=notifier)
    three = planned(Known(parents=(alertmanager(replicaCount=3),)), notifier=notifier)
    assert static_configs(two) != static_configs(three)
    assert deployment(two) == deployment(three)


def test_a_first_notifier_restarts_nothing() -> None:
    assert static_configs(planned()) == []
    with_one = planned(notifiers=[{"url": "http://elsewhere:9093", "headers": ["A: b"]}])
    assert deployment(with_one) == deployment(planned())


AUTH = {
    "basicAuth": {
        "username": {"name": "s", "key": "user"},
        "password": {"name": "s", "key": "pass"},
    },
    "headers": ["A: b, c"],
    "tlsConfig": {"ca": {"configMap": {"name": "c", "key": "ca"}}},
}
SECRETS: dict[str, Any] = {
    "secrets": {"s": {"user": b"me", "pass": b"hunter2", "id": b"my-id\n"}},
    "config_maps": {"c": {"ca": "PEM"}},
}


def test_credentials_and_headers_go_to_every_pod() -> None:
    around = Known(parents=(alertmanager(replicaCount=2),), **SECRETS)
    plan = planned(around, notifier={"url": "https://vmalertmanager-main:9093", **AUTH})
    assert static_configs(plan) == [
        {
            "targets": [target.replace("http:", "https:") for target in _pods(0, 1)],
            "basic_auth": {
                "username_file": "/etc/vm/credentials/s/user",
                "password_file": "/etc/vm/credentials/s/pass",
            },
            "tls_config": {
                "ca_file": "/etc/vm/credentials/configmap-c/ca",
                "server_name": "vmalertmanager-main",
            },
            "headers": ["A: b, c"],
        }
    ]
    assert "credentials" in [volume["name"] for volume in pod(plan)["volumes"]]


@pytest.mark.parametrize(
    ("tls", "want"),
    [
        pytest.param({"serverName": "am"}, {"server_name": "am"}, id="a name"),
        pytest.param(
            {"insecureSkipVerify": True}, {"insecure_skip_verify": True}, id="no check at all"
        ),
    ],
)
def test_what_the_user_says_about_the_certificate_wins(
    tls: dict[str, Any], want: dict[str, Any]
) -> None:
    around = Known(parents=(alertmanager(),))
    notifier = {"url": "https://vmalertmanager-main:9093", "tlsConfig": tls}
    (config,) = static_configs(planned(around, notifier=notifier))
    assert config["tls_config"] == want


def test_oauth2_of_a_notifier_acts_whole() -> None:
    oauth2 = {
        "client_id": {"secret": {"name": "s", "key": "id"}},
        "client_secret": {"name": "s", "key": "pass"},
        "token_url": "http://tokens",
        "scopes": ["a", "b"],
        "endpoint_params": {"x": "y"},
        "proxy_url": "http://proxy",
        "tls_config": {"serverName": "tokens"},
    }
    plan = planned(Known(**SECRETS), notifier={"url": "http://am:9093", "oauth2": oauth2})
    assert static_configs(plan)[0]["oauth2"] == {
        "client_id": "my-id",
        "client_secret_file": "/etc/vm/credentials/s/pass",
        "token_url": "http://tokens",
        "scopes": ["a", "b"],
        "endpoint_params": {"x": "y"},
        "proxy_url": "http://proxy",
        "tls_config": {"server_name": "tokens"},
    }
    assert "my-id" not in str(args(plan))


def _chosen(selector: dict[str, Any], *alertmanagers: VMAlertmanager) -> list[str]:
    plan = planned(Known(parents=alertmanagers), notifiers=[{"selector": selector}])
    targets = [target for config in static_configs(plan) for target in config["targets"]]
    return [target.removeprefix("http://").partition(".")[0] for target in targets]


@pytest.mark.parametrize(
    ("selector", "want"),
    [
        pytest.param({}, ["here-0", "here-1", "there-0"], id="everything"),
        pytest.param({"namespaceSelector": {}}, ["here-0", "here-1"], id="the own namespace"),
        pytest.param(
            {"namespaceSelector": {"any": True}}, ["here-0", "here-1", "there-0"], id="any"
        ),
        pytest.param({"namespaceSelector": {"matchNames": ["other"]}}, ["there-0"], id="by name"),
        pytest.param({"labelSelector": {"matchLabels": {"a": "b"}}}, ["there-0"], id="by label"),
        pytest.param(
            {
                "namespaceSelector": {"matchNames": ["monitoring"]},
                "labelSelector": {"matchLabels": {"a": "b"}},
            },
            [],
            id="by both",
        ),
    ],
)
def test_a_selector_means_every_pod_of_what_it_selects(
    selector: dict[str, Any], want: list[str]
) -> None:
    found = _chosen(
        selector,
        alertmanager("here", replicaCount=2),
        alertmanager("there", "other", metadata={"labels": {"a": "b"}}),
        alertmanager("gone", metadata={"deletionTimestamp": "2026-01-01T00:00:00Z"}),
    )
    assert found == [f"vmalertmanager-{name}" for name in want]


def test_a_selected_vmalertmanager_is_asked_as_it_is_served() -> None:
    served = alertmanager(
        port="9443", routePrefix="/am", webConfig={"tls_server_config": {"cert_file": "/c"}}
    )
    plan = planned(Known(parents=(served,)), notifiers=[{"selector": {}}])
    assert static_configs(plan)[0]["targets"] == [
        f"https://vmalertmanager-main-0.vmalertmanager-main.monitoring.svc:9443/am{ALERTS}"
    ]


def test_no_alertmanager_gets_an_alert_twice() -> None:
    around = Known(parents=(alertmanager(replicaCount=2),))
    notifiers = [
        {"url": "http://vmalertmanager-main:9093", "headers": ["First: 1"]},
        {"url": "http://alertmanager-operated.monitoring:9093"},
        {"selector": {}},
        {"url": "http://elsewhere"},
    ]
    plan = planned(around, notifier={"url": "http://elsewhere/"}, notifiers=notifiers)
    assert static_configs(plan) == [
        {"targets": [f"http://elsewhere{ALERTS}"]},
        {"targets": _pods(0, 1), "headers": ["First: 1"]},
    ]


def test_a_notifier_may_name_an_address_and_select_as_well() -> None:
    plan = planned(
        Known(parents=(alertmanager(),)),
        notifier={"url": "http://elsewhere:9093", "selector": {}},
    )
    assert [config["targets"] for config in static_configs(plan)] == [
        [f"http://elsewhere:9093{ALERTS}"],
        _pods(0),
    ]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no address": ({"notifier": {"headers": ["A: b"]}}, "spec.notifier"),
    "no scheme": ({"notifier": {"url": "alertmanager:9093"}}, "spec.notifier.url"),
    "another scheme": ({"notifier": {"url": "ftp://alertmanager"}}, "spec.notifier.url"),
    "no host": (
        {"notifiers": [{"url": "http://a"}, {"url": "http://:1"}]},
        "spec.notifiers[1].url",
    ),
    "no port": ({"notifier": {"url": "http://a:port"}}, "spec.notifier.url"),
    "a port beyond all": ({"notifier": {"url": "http://a:70000"}}, "spec.notifier.url"),
    "spaces": ({"notifier": {"url": "http://a b"}}, "spec.notifier.url"),
    "a bad escape": ({"notifier": {"url": "http://a/%zz"}}, "spec.notifier.url"),
    "a variable": ({"notifier": {"url": "http://%{AM}:9093"}}, "spec.notifier.url"),
    "a variable in a header": (
        {"notifier": {"url": "http://a", "headers": ["A: %{B}"]}},
        "spec.notifier",
    ),
    "a bad selector": (
        {"notifier": {"selector": {"labelSelector": {"matchLabels": ["a"]}}}},
        "spec.notifier.selector.labelSelector.matchLabels",
    ),
    "a missing Secret": (
        {"notifiers": [{"url": "http://a", "bearerTokenSecret": {"name": "gone", "key": "k"}}]},
        "spec.notifiers[0].bearerTokenSecret",
    ),
}


@pytest.mark.parametrize(("spec", "field"), REFUSED.values(), ids=REFUSED)
def test_a_notifier_over_which_vmalert_would_end_is_refused(
    spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(Known(parents=(alertmanager(),)), **spec)
    assert refused.value.field == field
