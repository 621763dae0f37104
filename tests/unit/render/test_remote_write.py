"""What vmagent is told about its targets."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.render.agents import agent, args, container, files, flag, planned, pod

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.api.unsupported import unsupported
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import Plan

ONE, TWO = "http://one/api/v1/write", "http://two/api/v1/write"
SECRETS = {"s": {"user": b"hidden-user", "pass": b"hidden-pass", "token": b"hidden-token"}}
MAPS = {"m": {"rules": "- {action: labeldrop, regex: a}", "ca": "certificate"}}
AROUND = Known(secrets=SECRETS, config_maps=MAPS)
BASIC = {"username": {"name": "s", "key": "user"}, "password": {"name": "s", "key": "pass"}}
OAUTH2 = {
    "client_id": {"secret": {"name": "s", "key": "user"}},
    "client_secret": {"name": "s", "key": "pass"},
    "token_url": "http://login/token",
}
GIBIBYTE = 2**30


def _written(*targets: dict[str, Any], **spec: Any) -> Plan:
    urls = (ONE, TWO)
    listed = [{"url": urls[place], **target} for place, target in enumerate(targets)]
    return planned(AROUND, remoteWrite=listed, **spec)


def test_every_target_is_written_to() -> None:
    assert flag(_written({}, {}), "remoteWrite.url") == f"{ONE},{TWO}"


def test_a_url_with_commas_stays_one_url() -> None:
    made = planned(remoteWrite=[{"url": "http://a/?x=1,2"}, {"url": ONE}])
    assert flag(made, "remoteWrite.url") == f'"http://a/?x=1,2",{ONE}'


CREDENTIALS = [
    ({"basicAuth": BASIC}, "basicAuth.passwordFile", "/etc/vm/credentials/s/pass"),
    ({"basicAuth": BASIC}, "basicAuth.usernameFile", "/etc/vm/credentials/s/user"),
    (
        {"bearerTokenSecret": {"name": "s", "key": "token"}},
        "bearerTokenFile",
        "/etc/vm/credentials/s/token",
    ),
    ({"oauth2": OAUTH2}, "oauth2.clientSecretFile", "/etc/vm/credentials/s/pass"),
    (
        {"tlsConfig": {"ca": {"configMap": {"name": "m", "key": "ca"}}}},
        "tlsCAFile",
        "/etc/vm/credentials/configmap-m/ca",
    ),
]


@pytest.mark.parametrize(("auth", "name", "path"), CREDENTIALS, ids=[it[1] for it in CREDENTIALS])
def test_credentials_are_files_of_their_own_target_alone(
    auth: dict[str, Any], name: str, path: str
) -> None:
    # A list of one value would count for both.
    assert flag(_written(auth, {}), f"remoteWrite.{name}") == f"{path},"
    assert flag(_written({}, auth), f"remoteWrite.{name}") == f",{path}"
    assert flag(_written({}, {}), f"remoteWrite.{name}") is None


@pytest.mark.parametrize("auth", [it[0] for it in CREDENTIALS], ids=[it[1] for it in CREDENTIALS])
def test_nothing_secret_stands_in_a_manifest(auth: dict[str, Any]) -> None:
    assert "hidden" not in json.dumps(_written(auth, {}).manifests)


def test_files_of_credentials_are_mounted_where_the_flags_point() -> None:
    made = _written({"basicAuth": BASIC})
    (mount,) = (m for m in container(made)["volumeMounts"] if m["name"] == "credentials")
    (volume,) = (v for v in pod(made)["volumes"] if v["name"] == "credentials")
    items = volume["projected"]["sources"][0]["secret"]["items"]
    paths = {f"{mount['mountPath']}/{item['path']}" for item in items}
    assert paths == {
        flag(made, "remoteWrite.basicAuth.passwordFile"),
        flag(made, "remoteWrite.basicAuth.usernameFile"),
    }


def test_scopes_and_parameters_of_oauth2_stay_those_of_their_target() -> None:
    oauth2 = {**OAUTH2, "scopes": ["read", "write"], "endpoint_params": {"audience": "a,b"}}
    made = _written({"oauth2": oauth2}, {"oauth2": {**OAUTH2, "scopes": ["all"]}})
    assert flag(made, "remoteWrite.oauth2.scopes") == "read;write,all"
    assert flag(made, "remoteWrite.oauth2.endpointParams") == r'"{\"audience\": \"a,b\"}",'


def test_what_vmagent_has_no_flag_for_is_named() -> None:
    oauth2 = {**OAUTH2, "proxy_url": "http://proxy", "tls_config": {"serverName": "x"}}
    parent = parsed(agent(remoteWrite=[{"url": ONE, "oauth2": oauth2}]))
    named = unsupported(parent)
    assert [path.rpartition(".")[2] for path in named] == ["proxy_url", "tls_config"]


def test_headers_of_a_target_are_one_value() -> None:
    made = _written({"headers": ["A: 1,2", 'B: "x"']}, {"headers": ["C: 3"]})
    assert flag(made, "remoteWrite.headers") == r'"A: 1,2^^B: \"x\"",C: 3'


@pytest.mark.parametrize(
    ("spec", "name", "want"),
    [
        ({"sendTimeout": "1m30s"}, "sendTimeout", ",1m30s"),
        ({"forceVMProto": True}, "forceVMProto", ",true"),
        ({"forceVMProto": False}, "forceVMProto", None),
        ({"proxyURL": "socks5://proxy:1"}, "proxyURL", ",socks5://proxy:1"),
        ({"queues": 3}, "queues", ",3"),
        ({"aws": {"useSigv4": True, "region": "r"}}, "aws.region", ",r"),
        ({"aws": {"useSigv4": True, "region": "r"}}, "aws.useSigv4", ",true"),
        ({"tlsConfig": {"insecureSkipVerify": True}}, "tlsInsecureSkipVerify", ",true"),
        ({"streamAggrConfig": {"dedupInterval": "30s"}}, "streamAggr.dedupInterval", ",30s"),
        (
            {"streamAggrConfig": {"dropInputLabels": ["a", "b"]}},
            "streamAggr.dropInputLabels",
            ",a^^b",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_setting_stands_at_the_place_of_its_target(
    spec: dict[str, Any], name: str, want: str | None
) -> None:
    assert flag(_written({}, spec), f"remoteWrite.{name}") == want


def test_the_common_number_of_queues_counts_where_a_target_names_none() -> None:
    made = _written({}, {"queues": 3}, remoteWriteSettings={"queues": 2})
    assert flag(made, "remoteWrite.queues") == "2,3"


CLAIM = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "10Gi"}}}}}
STATEFUL = {"statefulMode": True, "statefulStorage": CLAIM}


@pytest.mark.parametrize(
    ("targets", "spec", "want"),
    [
        ([{}, {}], {}, str(GIBIBYTE)),
        ([{}, {"maxDiskUsage": "500MB"}], {}, f"{GIBIBYTE},500MB"),
        ([{}, {"maxDiskUsage": 0}], {}, f"{GIBIBYTE},0"),
        ([{}, {}], {"remoteWriteSettings": {"maxDiskUsagePerURL": "2GiB"}}, "2GiB"),
        ([{}, {}], {"remoteWriteSettings": {"maxDiskUsagePerURL": 0}}, "0"),
        ([{}, {}], STATEFUL, str(5 * GIBIBYTE)),
        ([{}], STATEFUL, str(10 * GIBIBYTE)),
        ([{}], {**STATEFUL, "remoteWriteSettings": {"maxDiskUsagePerURL": 5}}, "5"),
        ([{}], {"statefulStorage": CLAIM}, str(GIBIBYTE)),
    ],
    ids=["default", "own", "none", "common", "unlimited", "shared", "whole", "said", "no claim"],
)
def test_queues_on_disk_are_bounded(
    targets: list[dict[str, Any]], spec: dict[str, Any], want: str
) -> None:
    assert flag(_written(*targets, **spec), "remoteWrite.maxDiskUsagePerURL") == want


def test_settings_of_all_targets_are_flags() -> None:
    settings = {
        "maxBlockSize": 4000000,
        "showURL": False,
        "flushInterval": "2s",
        "label": {"zone": "a,b", "cluster": "one"},
        "useMultiTenantMode": True,
    }
    made = _written({}, remoteWriteSettings=settings)
    assert flag(made, "remoteWrite.maxBlockSize") == "4000000"
    assert flag(made, "remoteWrite.showURL") == "false"
    assert flag(made, "remoteWrite.flushInterval") == "2s"
    assert flag(made, "remoteWrite.label") == 'cluster=one,"zone=a,b"'
    assert flag(made, "enableMultitenantHandlers") == "true"


def test_rules_of_a_target_lie_in_a_file_of_its_own() -> None:
    own = {"inlineUrlRelabelConfig": [{"action": "labeldrop", "regex": "b"}]}
    made = _written({}, {**own, "urlRelabelConfig": {"name": "m", "key": "rules"}})
    folder = "/etc/vmagent/config"
    assert flag(made, "remoteWrite.urlRelabelConfig") == f",{folder}/url_relabeling-1.yaml"
    rules = [json.loads(line[2:]) for line in files(made)["url_relabeling-1.yaml"].splitlines()]
    assert [rule["regex"] for rule in rules] == ["b", "a"]


def test_aggregation_of_a_target_lies_in_a_file_of_its_own() -> None:
    config = {"rules": [{"interval": "1m", "outputs": ["total"]}], "keepInput": True}
    made = _written({"streamAggrConfig": config}, {})
    path = "/etc/vmagent/config/url_aggregation-0.yaml"
    assert flag(made, "remoteWrite.streamAggr.config") == f"{path},"
    assert flag(made, "remoteWrite.streamAggr.keepInput") == "true,"
    assert "total" in files(made)["url_aggregation-0.yaml"]


@pytest.mark.parametrize(
    ("target", "field", "words"),
    [
        ({"basicAuth": {"password": {"name": "no", "key": "k"}}}, "basicAuth.password", "no does"),
        ({"bearerTokenSecret": {"name": "s", "key": "k"}}, "bearerTokenSecret", "no key k"),
        ({"proxyURL": "proxy:1"}, "proxyURL", "socks5://"),
        ({"urlRelabelConfig": {"name": "no", "key": "k"}}, "urlRelabelConfig", "ConfigMap no"),
        ({"inlineUrlRelabelConfig": [{"action": "no"}]}, "inlineUrlRelabelConfig[0].action", ""),
        ({"sendTimeout": "5 minutes"}, "sendTimeout", "duration"),
        ({"maxDiskUsage": "5 GB"}, "maxDiskUsage", "bytes"),
        (
            {"basicAuth": BASIC, "bearerTokenSecret": {"name": "s", "key": "token"}},
            "",
            "exclude",
        ),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_vmagent_would_end_over_is_refused_by_name(
    target: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        _written({}, target)
    assert refused.value.field.startswith(f"spec.remoteWrite[1].{field}".removesuffix("."))
    assert words in str(refused.value)


def test_a_label_needs_a_name_that_one_can_have() -> None:
    with pytest.raises(SpecInvalid, match=r"spec\.remoteWriteSettings\.label"):
        _written({}, remoteWriteSettings={"label": {"a-b": "c"}})


def test_flags_of_the_user_win() -> None:
    made = _written({"queues": 2}, extraArgs={"remoteWrite.queues": "9"})
    assert flag(made, "remoteWrite.queues") == "9"
    assert args(made) == sorted(args(made))
