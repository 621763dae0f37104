"""What a VMAlert becomes, beside its notifiers."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.render.alerts import args, deployment, manifest, planned, pod, static_configs

from vmoperator.api import parsed
from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import Plan

FILE = {"s": {"k": b"static_configs: []", "list": b"- a", "broken": b"a: [", "empty": b""}}
REFERENCE = {"name": "s", "key": "k"}
BLACKHOLE = {"notifier.blackhole": "true"}


def _flags(plan: Plan, name: str) -> list[str]:
    return [arg for arg in args(plan) if arg.startswith(f"-{name}=")]


@pytest.mark.parametrize(
    ("spec", "want"),
    [({}, 1), ({"replicas": 3}, 3), ({"replicaCount": 2}, 2), ({"replicas": 0}, 0)],
    ids=["neither", "the document's name", "the other name", "none at all"],
)
def test_either_name_of_the_replicas_counts(spec: dict[str, Any], want: int) -> None:
    assert deployment(planned(**spec))["spec"]["replicas"] == want


def test_both_names_may_say_the_same() -> None:
    assert deployment(planned(replicas=2, replicaCount=2))["spec"]["replicas"] == 2


def test_names_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(SpecInvalid, match="3 is not 2, as replicaCount says") as refused:
        planned(replicas=3, replicaCount=2)
    assert refused.value.field == "spec.replicas"


def test_one_pod_keeps_evaluating_while_another_is_replaced() -> None:
    strategy = deployment(planned())["spec"]["strategy"]
    assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}


def test_pods_that_alert_alike_tell_alertmanager_nothing_of_themselves() -> None:
    plan = planned(replicaCount=2, externalLabels={"cluster": "a"})
    assert _flags(plan, "external.label") == ["-external.label=cluster=a"]
    assert pod(plan)["containers"][0].get("env") is None


def test_an_unsound_rule_keeps_no_other_from_being_evaluated() -> None:
    flags = args(planned())
    assert "-rule.validateExpressions=false" in flags
    assert "-rule.validateTemplates=false" in flags


def test_each_path_of_rules_is_one_flag_whatever_it_holds() -> None:
    plan = planned(rulePath=["/a/*.yaml", "/b, c/*.yaml", "/{d,e}.yaml"])
    assert _flags(plan, "rule") == [
        '-rule="/b, c/*.yaml"',
        '-rule="/{d,e}.yaml"',
        "-rule=/a/*.yaml",
    ]


def test_a_file_is_noticed_where_nobody_can_ask_for_a_reload() -> None:
    assert "-configCheckInterval=30s" in args(planned())


def test_a_key_of_reloads_is_a_file_and_part_of_the_request() -> None:
    plan = planned(Known(secrets=FILE), configReloadAuthKeySecret=REFERENCE)
    assert _flags(plan, "reloadAuthKey") == ["-reloadAuthKey=file:///etc/vm/credentials/s/k"]
    delivery = plan.stages[0].config
    assert delivery is not None
    assert delivery.reload_key == ("s", "k")


@pytest.mark.parametrize("name", ["notifier.url", "--notifier.config"])
def test_flags_of_the_users_own_that_name_notifiers_win(name: str) -> None:
    plan = planned(notifier={"url": "http://a"}, extraArgs={name: "value"})
    assert [arg for arg in args(plan) if "notifier" in arg] == [f"-{name.lstrip('-')}=value"]
    assert plan.stages[0].config is None


def test_alerts_may_be_dropped_on_purpose() -> None:
    plan = planned(extraArgs=BLACKHOLE)
    assert [arg for arg in args(plan) if "notifier" in arg] == ["-notifier.blackhole=true"]


def test_a_blackhole_that_is_off_changes_nothing() -> None:
    plan = planned(notifier={"url": "http://a"}, extraArgs={"notifier.blackhole": "false"})
    assert len(static_configs(plan)) == 1


def test_a_file_of_the_users_own_is_mounted_with_all_that_lies_beside_it() -> None:
    plan = planned(Known(secrets=FILE), notifierConfigRef=REFERENCE)
    assert _flags(plan, "notifier.config") == ["-notifier.config=/etc/vm/notifier_config/k"]
    volumes = {volume["name"]: volume for volume in pod(plan)["volumes"]}
    assert volumes["notifier-config"]["secret"] == {"secretName": "s"}
    assert plan.stages[0].config is None


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "notifiers into a blackhole": (
        {"extraArgs": BLACKHOLE, "notifiers": [{"url": "http://a"}]},
        "spec.extraArgs",
        "notifier.blackhole drops all alerts",
    ),
    "a notifier into a blackhole": (
        {"extraArgs": {"-notifier.blackhole": "1"}, "notifier": {"url": "http://a"}},
        "spec.extraArgs",
        "excludes notifier and notifiers",
    ),
    "a file of notifiers into a blackhole": (
        {"extraArgs": BLACKHOLE, "notifierConfigRef": REFERENCE},
        "spec.extraArgs",
        "excludes notifierConfigRef",
    ),
    "notifiers in two places": (
        {"notifierConfigRef": REFERENCE, "notifier": {"url": "http://a"}},
        "spec.notifierConfigRef",
        "excludes notifier and notifiers",
    ),
    "a file that is not there": (
        {"notifierConfigRef": {"name": "gone", "key": "k"}},
        "spec.notifierConfigRef",
        "Secret gone does not exist",
    ),
    "a file that is a list": (
        {"notifierConfigRef": {"name": "s", "key": "list"}},
        "spec.notifierConfigRef",
        "must be a mapping",
    ),
    "a file that is empty": (
        {"notifierConfigRef": {"name": "s", "key": "empty"}},
        "spec.notifierConfigRef",
        "must be a mapping",
    ),
    "a file that is no YAML": (
        {"notifierConfigRef": {"name": "s", "key": "broken"}},
        "spec.notifierConfigRef",
        "is not YAML",
    ),
    "a label that cannot be one": (
        {"externalLabels": {"my-label": "a"}},
        "spec.externalLabels",
        "'my-label' is not the name of a label",
    ),
}


@pytest.mark.parametrize(("spec", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_a_spec_over_which_vmalert_would_end_is_refused(
    spec: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(Known(secrets=FILE), **spec)
    assert refused.value.field == field
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"datasource": {}}, "spec.datasource.url"),
        ({"datasource": {"url": ""}}, "spec.datasource.url"),
        ({"datasource": None}, "spec.datasource"),
        ({"remoteWrite": {"concurrency": 1}}, "spec.remoteWrite.url"),
        ({"remoteRead": {"url": "http://a", "lookback": "1d"}}, "spec.remoteRead.lookback"),
        ({"evaluationInterval": "often"}, "spec.evaluationInterval"),
    ],
    ids=["no address", "an empty one", "no datasource", "write", "days", "interval"],
)
def test_a_field_of_the_wrong_shape_is_refused_by_name(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        parsed(manifest(**spec))
    assert refused.value.field == field


def test_no_secret_stands_anywhere_but_in_the_secrets_of_the_user() -> None:
    values = ("the-user", "hunter2", "t0ken", "reload-me", "the-client")
    secrets = {"s": {value: f"<{value}>".encode() for value in values}}

    def key(value: str) -> dict[str, str]:
        return {"name": "s", "key": value}

    basic = {"basicAuth": {"username": key("the-user"), "password": key("hunter2")}}
    oauth2 = {
        "client_id": {"secret": key("the-client")},
        "client_secret": key("hunter2"),
        "token_url": "http://t",
    }
    plan = planned(
        Known(secrets=secrets),
        datasource={"url": "http://a", **basic},
        remoteWrite={"url": "http://a", "bearerTokenSecret": key("t0ken")},
        remoteRead={"url": "http://a", "oauth2": oauth2},
        notifiers=[{"url": "http://a", **basic}, {"url": "http://b", "oauth2": oauth2}],
        configReloadAuthKeySecret=key("reload-me"),
    )
    shown = json.dumps(plan.manifests)
    assert [value for value in values if f"<{value}>" in shown] == []
    # No program reads the id of a client from a file, so it stands in the operator's Secret.
    told = json.dumps(static_configs(plan))
    assert [value for value in values if f"<{value}>" in told] == ["the-client"]
