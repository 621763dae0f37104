"""AlertmanagerConfigs (monitoring.coreos.com/v1alpha1) as objects of ours."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import original
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

KEY = {"name": "s", "key": "k"}


def theirs(spec: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "monitoring.coreos.com/v1alpha1",
        "kind": "AlertmanagerConfig",
        "metadata": {"name": "one", "namespace": "team", "uid": "u"},
        "spec": spec,
    }


def ours(spec: dict[str, Any]) -> dict[str, Any]:
    made = CONVERTERS["AlertmanagerConfig"](theirs(spec))
    selected(made)
    found: dict[str, Any] = made["spec"]
    return found


def notifier(kind: str, given: dict[str, Any]) -> dict[str, Any]:
    (receiver,) = ours({"receivers": [{"name": "r", f"{kind}Configs": [given]}]})["receivers"]
    (found,) = receiver[f"{kind}_configs"]
    assert isinstance(found, dict)
    return found


def test_it_keeps_its_name() -> None:
    made = CONVERTERS["AlertmanagerConfig"](theirs({}))
    assert made["kind"] == "VMAlertmanagerConfig"
    assert made["metadata"] == {"name": "one", "namespace": "team", "uid": "u"}


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"name": "a", "value": "b", "matchType": "!="}, 'a!="b"'),
        ({"name": "a", "value": "b.*", "matchType": "=~"}, 'a=~"b.*"'),
        ({"name": "a", "value": "b"}, 'a="b"'),
        ({"name": "a", "value": "b.*", "regex": True}, 'a=~"b.*"'),
        ({"name": "a", "value": "b", "regex": False}, 'a="b"'),
        ({"name": "a"}, 'a=""'),
        ({"name": "a", "value": '"\\'}, 'a="\\"\\\\"'),
        ({"name": "a.b", "value": "c"}, '"a.b"="c"'),
    ],
)
def test_a_matcher_without_an_operator_is_an_expression_only_where_it_says_so(
    given: dict[str, Any], line: str
) -> None:
    assert ours({"route": {"receiver": "r", "matchers": [given]}})["route"]["matchers"] == [line]
    assert ours({"inhibitRules": [{"targetMatch": [given], "sourceMatch": [given]}]}) == {
        "inhibit_rules": [{"target_matchers": [line], "source_matchers": [line]}]
    }


def test_routes_below_the_top_are_read_like_it() -> None:
    below = {"groupBy": ["a"], "routes": [{"matchers": [{"name": "b", "value": "c"}]}]}
    found = ours({"route": {"receiver": "r", "routes": [below], "repeatInterval": "1h"}})
    assert found["route"] == {
        "receiver": "r",
        "repeat_interval": "1h",
        "routes": [{"group_by": ["a"], "routes": [{"matchers": ['b="c"']}]}],
    }


def test_times_to_be_mute_are_times() -> None:
    interval = {
        "times": [{"startTime": "08:00", "endTime": "09:00"}],
        "weekdays": ["monday:friday"],
        "daysOfMonth": [{"start": 1, "end": 5}, {"start": -1}],
        "months": ["may"],
        "years": ["2030"],
    }
    found = ours({"muteTimeIntervals": [{"name": "t", "timeIntervals": [interval]}, {"name": "n"}]})
    assert found["time_intervals"] == [
        {
            "name": "t",
            "time_intervals": [
                {
                    "times": [{"start_time": "08:00", "end_time": "09:00"}],
                    "weekdays": ["monday:friday"],
                    "days_of_month": ["1:5", "-1:-1"],
                    "months": ["may"],
                    "years": ["2030"],
                }
            ],
        },
        {"name": "n", "time_intervals": []},
    ]


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        ("discord", {"apiURL": KEY}, {"webhook_url_secret": KEY}),
        ("msteams", {"webhookUrl": KEY}, {"webhook_url_secret": KEY}),
        ("msteamsv2", {"webhookURL": KEY}, {"webhook_url_secret": KEY}),
        ("slack", {"apiURL": KEY, "mrkdwnIn": ["a"]}, {"api_url": KEY, "mrkdwn_in": ["a"]}),
        (
            "pagerduty",
            {
                "routingKey": KEY,
                "details": [{"key": "a", "value": "b"}],
                "pagerDutyLinkConfigs": [{"href": "c", "alt": "d"}],
                "pagerDutyImageConfigs": [{"src": "e"}],
            },
            {
                "routing_key": KEY,
                "details": {"a": "b"},
                "links": [{"href": "c", "text": "d"}],
                "images": [{"source": "e"}],
            },
        ),
        (
            "email",
            {"to": "a", "requireTLS": False, "headers": [{"key": "b", "value": "c"}]},
            {"to": "a", "require_tls": False, "headers": {"b": "c"}},
        ),
        (
            "sns",
            {"topicARN": "a", "sigv4": {"accessKey": KEY, "secretKey": KEY}},
            {
                "topic_arn": "a",
                "sigv4": {"access_key_selector": KEY, "secret_key_selector": KEY},
            },
        ),
        ("opsgenie", {"apiURL": "http://a"}, {"apiURL": "http://a"}),
        (
            "webhook",
            {
                "url": "http://a",
                "httpConfig": {
                    "basicAuth": {"username": KEY, "password": KEY},
                    "tlsConfig": {"ca": {"secret": KEY}, "insecureSkipVerify": True},
                    "proxyUrl": "http://b",
                    "followRedirects": False,
                },
            },
            {
                "url": "http://a",
                "http_config": {
                    "basic_auth": {"username": KEY, "password": KEY},
                    "tls_config": {"ca": {"secret": KEY}, "insecureSkipVerify": True},
                    "proxyURL": "http://b",
                    "follow_redirects": False,
                },
            },
        ),
    ],
)
def test_a_receiver_means_the_same(kind: str, given: dict[str, Any], found: dict[str, Any]) -> None:
    assert notifier(kind, given) == found


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"route": {"reciever": "a"}}, "spec.route.reciever"),
        (
            {"receivers": [{"name": "a", "webhookConfigs": [{"payload": "b"}]}]},
            "spec.receivers[0].webhookConfigs[0].payload",
        ),
        (
            {"route": {"routes": [{"matchers": [{"value": "a"}]}]}},
            "spec.route.routes[0].matchers[0].name",
        ),
        (
            {"receivers": [{"name": "a", "emailConfigs": [{"headers": [{"value": "b"}]}]}]},
            "spec.receivers[0].emailConfigs[0].headers[0].key",
        ),
    ],
)
def test_what_has_no_meaning_here_is_refused_by_its_own_name(
    spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        ours(spec)
    assert refused.value.field == field


def test_a_refusal_of_ours_names_the_field_of_theirs() -> None:
    spec = {"receivers": [{"name": "a", "pagerdutyConfigs": [{"routingKey": KEY}]}]}
    refusal = SpecInvalid("spec.receivers[0].pagerduty_configs[0].routing_key", "is missing")
    assert original(theirs(spec), refusal).field == (
        "spec.receivers[0].pagerdutyConfigs[0].routingKey"
    )
