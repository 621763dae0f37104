"""VMAlertmanagerConfigs: what becomes of them, and what is refused with the name of its field."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.render.alertmanager_configs import AROUND, config, receiving

from vmoperator.api.around import Known
from vmoperator.api.selected.vmalertmanagerconfig import VMAlertmanagerConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.routes.options import Options
from vmoperator.render.routes.recipe import piece

TEXT = {"name": "s", "key": "text"}
URL = {"name": "s", "key": "url"}
HOOK = {"name": "hook", "webhook_configs": [{"url": "http://a"}]}
NIGHT = {"name": "night", "time_intervals": [{"weekdays": ["saturday"]}]}


def made(found: VMAlertmanagerConfig, around: Known = AROUND, **options: Any) -> dict[str, Any]:
    whole: dict[str, Any] = json.loads(piece(found, around, Options(**options)))
    return whole


def routed(route: dict[str, Any], **options: Any) -> dict[str, Any]:
    spec = {"route": route, "receivers": [HOOK], "time_intervals": [NIGHT]}
    found: dict[str, Any] = made(config(spec), **options)["route"]
    return found


def notifier(kind: str, given: dict[str, Any], **options: Any) -> dict[str, Any]:
    (receiver,) = made(receiving(kind, given), **options)["receivers"]
    (found,) = receiver[f"{kind}_configs"]
    assert isinstance(found, dict)
    return found


def test_names_are_those_of_the_object_and_its_namespace() -> None:
    below = [{"receiver": "hook", "mute_time_intervals": ["night"]}]
    found = made(
        config(
            {
                "route": {"receiver": "hook", "active_time_intervals": ["night"], "routes": below},
                "receivers": [HOOK],
                "time_intervals": [NIGHT],
            }
        )
    )
    assert found["receivers"][0]["name"] == "team-one-hook"
    assert found["time_intervals"][0]["name"] == "team-one-night"
    assert found["route"]["receiver"] == "team-one-hook"
    assert found["route"]["active_time_intervals"] == ["team-one-night"]
    assert found["route"]["routes"] == [
        {"receiver": "team-one-hook", "mute_time_intervals": ["team-one-night"]}
    ]


def test_the_top_route_takes_alerts_of_the_namespace_and_goes_on() -> None:
    assert routed({"receiver": "hook", "matchers": ["a=b"]}) == {
        "receiver": "team-one-hook",
        "matchers": ["a=b", 'namespace="team"'],
        "continue": True,
    }


def test_routes_below_the_top_say_themselves_whether_they_go_on() -> None:
    below = [{"matchers": ["a=b"]}, {"matchers": ["c=d"], "continue": True}]
    assert routed({"receiver": "hook", "routes": below})["routes"] == below


@pytest.mark.parametrize(
    ("options", "matchers"),
    [
        pytest.param({"namespace_label": ""}, None, id="no label"),
        pytest.param({"namespace_label": "ns"}, ['ns="team"'], id="another label"),
        pytest.param({"namespace_label": "k8s.ns"}, ['"k8s.ns"="team"'], id="label in quotes"),
        pytest.param(
            {"top_matchers": ("env=prod",)}, ['namespace="team"', "env=prod"], id="enforced"
        ),
    ],
)
def test_the_vmalertmanager_says_which_alerts_the_top_route_takes(
    options: dict[str, Any], matchers: list[str] | None
) -> None:
    assert routed({"receiver": "hook"}, **options).get("matchers") == matchers


def test_the_search_may_end_where_the_vmalertmanager_lets_it() -> None:
    assert "continue" not in routed({"receiver": "hook"}, forces_continue=False)
    assert routed({"receiver": "hook", "continue": True}, forces_continue=False)["continue"]


def test_inhibitions_stay_in_the_namespace_by_the_label_that_the_vmalertmanager_says() -> None:
    rule = {"target_matchers": ["a=b"], "source_matchers": ["c=d"], "equal": ["e"]}
    (found,) = made(config({"inhibit_rules": [rule]}), namespace_label="ns")["inhibit_rules"]
    assert found == {
        "target_matchers": ["a=b", 'ns="team"'],
        "source_matchers": ["c=d", 'ns="team"'],
        "equal": ["e"],
    }


def test_an_object_may_have_inhibitions_alone() -> None:
    assert made(config({"inhibit_rules": [{"equal": ["a"]}]})).keys() == {"inhibit_rules"}


def test_secrets_come_from_the_namespace_of_the_object() -> None:
    around = Known(secrets={"team/s": {"url": b" https://a \n"}, "s": {"url": b"https://other"}})
    found = made(receiving("webhook", {"url_secret": URL}), around)
    assert found["receivers"][0]["webhook_configs"] == [{"url": "https://a"}]


def test_what_go_clients_write_for_unset_fields_counts_as_unset() -> None:
    empty = {"url": "http://a", "url_secret": {"key": ""}, "timeout": "", "http_config": {}}
    assert notifier("webhook", empty) == {"url": "http://a"}


def test_switched_off_is_something_else_than_unset() -> None:
    given = {"url": "http://a", "send_resolved": False}
    assert notifier("webhook", given)["send_resolved"] is False


def test_a_timeout_in_days_is_told_in_seconds() -> None:
    given = {"url": "http://a", "timeout": "1d2h"}
    assert notifier("webhook", given)["timeout"] == "93600s"


@pytest.mark.parametrize(
    ("kind", "given", "found"),
    [
        pytest.param(
            "rocketchat",
            {"token": TEXT, "token_id": TEXT, "title_link": "t", "actions": [{"text": "a"}]},
            {"title_link": "t", "actions": [{"text": "a"}]},
            id="rocketchat",
        ),
        pytest.param(
            "opsgenie",
            {"api_key": TEXT, "apiURL": "http://a", "actions": "b"},
            {"api_url": "http://a", "actions": "b"},
            id="opsgenie",
        ),
        pytest.param(
            "jira",
            {
                "api_url": "http://a",
                "project": "P",
                "issue_type": "Bug",
                "custom_fields": {"components": [{"name": "b"}], "points": 3},
            },
            {"fields": {"components": [{"name": "b"}], "points": 3}},
            id="jira",
        ),
        pytest.param("mattermost", {"url": "http://a", "text": "b"}, {"webhook_url": "http://a"}),
        pytest.param(
            "msteams", {"webhook_url_secret": URL}, {"webhook_url": "https://example.com/path?a=b"}
        ),
        pytest.param(
            "pagerduty",
            {"routing_key": TEXT, "class": "c", "images": [{"source": "i"}]},
            {"class": "c", "images": [{"src": "i"}]},
        ),
        pytest.param("email", {"to": "a", "from": "b", "smarthost": "c:1"}, {"from": "b"}),
        pytest.param(
            "sns",
            {
                "topic_arn": "a",
                "sigv4": {"access_key_selector": TEXT, "secret_key_selector": TEXT},
            },
            {"sigv4": dict.fromkeys(("access_key", "secret_key"), "geheim: '\"\\ \u2028 {x}")},
        ),
        pytest.param(
            "webex",
            {"room_id": "a", "http_config": {"bearer_token_secret": URL}},
            {
                "http_config": {
                    "authorization": {
                        "type": "Bearer",
                        "credentials": "https://example.com/path?a=b",
                    }
                }
            },
        ),
    ],
)
def test_a_field_has_the_name_that_alertmanager_gives_it(
    kind: str, given: dict[str, Any], found: dict[str, Any]
) -> None:
    assert found.items() <= notifier(kind, given).items()


# YAML knows no longer keys: Alertmanager would read nothing at all.
LONG = "k" * 1100
OAUTH2 = {"client_id": {"secret": TEXT}, "client_secret": TEXT, "token_url": "http://a"}
BASIC = {"basic_auth": {"username": TEXT, "password": TEXT}}
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("webhook", {}, ".url"),
    ("webhook", {"url": "http://a", "url_secret": URL}, ".url_secret"),
    ("webhook", {"url": "ftp://a"}, ".url"),
    ("webhook", {"url": "http://a/{{ toUpper .x }}"}, ".url"),
    ("webhook", {"url_secret": {"name": "s", "key": "nothing"}}, ".url_secret"),
    ("webhook", {"url_secret": {"name": "s", "key": "absent"}}, ".url_secret"),
    ("webhook", {"url_secret": {"name": "absent", "key": "a"}}, ".url_secret"),
    ("webhook", {"url_secret": TEXT}, ".url_secret"),
    ("webhook", {"url": "http://a", "timeout": "soon"}, ".timeout"),
    ("email", {"to": "a", "from": "b"}, ".smarthost"),
    ("email", {"to": "a", "smarthost": "b:1"}, ".from"),
    ("email", {"to": "a", "from": "b", "smarthost": "b"}, ".smarthost"),
    (
        "email",
        {"to": "a", "from": "b", "smarthost": "b:1", "headers": {"a": "b", "A": "c"}},
        ".headers",
    ),
    ("slack", {}, ".api_url"),
    ("slack", {"api_url": URL, "actions": [{"type": "a", "text": "b"}]}, ".actions[0].url"),
    ("slack", {"api_url": URL, "update_message": True}, ".update_message"),
    ("telegram", {"bot_token": TEXT, "chat_id": 0}, ".chat_id"),
    ("telegram", {"chat_id": 1}, ".bot_token"),
    ("pagerduty", {"routing_key": TEXT, "service_key": TEXT}, ".service_key"),
    ("pushover", {"user_key": TEXT}, ".token"),
    ("pushover", {"user_key": TEXT, "token": TEXT, "retry": "1d"}, ".retry"),
    ("opsgenie", {"api_key": TEXT, "responders": [{"type": "team"}]}, ".responders[0]"),
    (
        "opsgenie",
        {"api_key": TEXT, "responders": [{"id": "a", "type": "b"}]},
        ".responders[0].type",
    ),
    ("victorops", {"api_key": TEXT, "routing_key": "a", "custom_fields": {"entity_id": "a"}}, ""),
    ("sns", {"topic_arn": "a", "phone_number": "b"}, ".phone_number"),
    ("sns", {"topic_arn": "a", "sigv4": {"access_key": "b"}}, ".sigv4"),
    ("webex", {"room_id": "a"}, ".http_config.authorization"),
    ("jira", {"project": "a", "issue_type": "b"}, ".api_url"),
    ("incidentio", {"url": "http://a"}, ".http_config.authorization"),
    ("rocketchat", {"token": TEXT}, ".token_id"),
    ("webhook", {"url": "http://a", "http_config": {"basicAuth": {}}}, ".http_config.basicAuth"),
    (
        "webhook",
        {"url": "http://a", "http_config": {**BASIC, "bearer_token_secret": TEXT}},
        ".http_config.bearer_token_secret",
    ),
    (
        "webhook",
        {"url": "http://a", "http_config": {"tls_config": {"ca": {"secret": TEXT}}}},
        ".http_config.tls_config.ca",
    ),
    (
        "webhook",
        {"url": "http://a", "http_config": {"http_headers": {"host": {"values": ["a"]}}}},
        ".http_config.http_headers.host",
    ),
    (
        "webhook",
        {"url": "http://a", "http_config": {"noProxy": "a"}},
        ".http_config.noProxy",
    ),
    *(
        ("webhook", {"url": "http://a", "http_config": given}, f".http_config.{field}.{LONG[:100]}")
        for field, given in (
            ("http_headers", {"http_headers": {LONG: {"values": ["a"]}}}),
            ("proxyConnectHeader", {"proxyURL": "http://p", "proxyConnectHeader": {LONG: [TEXT]}}),
            ("oauth2.endpoint_params", {"oauth2": {**OAUTH2, "endpoint_params": {LONG: "a"}}}),
        )
    ),
]


@pytest.mark.parametrize(
    ("kind", "given", "field"), REFUSED, ids=[f"{kind}{field}" for kind, _, field in REFUSED]
)
def test_a_wrong_receiver_is_refused_with_the_name_of_the_field(
    kind: str, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        made(receiving(kind, given), version=(0, 31))
    assert refused.value.field.startswith(f"spec.receivers[0].{kind}_configs[0]{field}")
    assert "geheim" not in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("slack", {}, "slack_api_url"),
        ("opsgenie", {}, "opsgenie_api_key"),
        ("telegram", {"chat_id": 1}, "telegram_bot_token"),
        ("jira", {"project": "a", "issue_type": "b"}, "jira_api_url"),
    ],
)
def test_the_global_section_stands_in_for_what_a_receiver_lacks(
    kind: str, given: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid, match=field):
        made(receiving(kind, given))
    assert made(receiving(kind, given), global_fields=frozenset({field}))


def test_an_optional_key_that_is_missing_counts_as_unset() -> None:
    missing = {"name": "absent", "key": "a", "optional": True}
    beside = {"url": "http://a", "url_secret": missing}
    assert notifier("webhook", beside) == {"url": "http://a"}
    slack = {"api_url": missing, "text": "a"}
    assert notifier("slack", slack, global_fields=frozenset(["slack_api_url"])) == {"text": "a"}
    proxied = {"proxyURL": "http://p", "proxyConnectHeader": {"a": [missing]}}
    found = notifier("webhook", {"url": "http://a", "http_config": proxied})
    assert found["http_config"] == {"proxy_url": "http://p"}


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("slack", {"api_url": {}}, "api_url"),
        ("webhook", {"url_secret": {}}, "url"),
        ("pagerduty", {"routing_key": {}}, "routing_key"),
        ("webex", {"room_id": "a", "http_config": {"bearer_token_secret": {}}}, "http_config"),
    ],
)
def test_a_receiver_that_lacks_an_optional_key_which_it_needs_is_refused(
    kind: str, given: dict[str, Any], field: str
) -> None:
    missing = {"name": "absent", "key": "a", "optional": True}
    filled = json.loads(json.dumps(given).replace("{}", json.dumps(missing)))
    with pytest.raises(SpecInvalid, match=f"{field}.*; an optional key is missing"):
        notifier(kind, filled)


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("incidentio", {"url_file": "/a", "alert_source_token": TEXT}),
        ("webhook", {"url": "http://a", "http_config": {"bearer_token_file": "/a"}}),
        ("webhook", {"url": "http://a", "http_config": {"tls_config": {"caFile": "/a"}}}),
    ],
    ids=["url", "token", "certificate"],
)
def test_files_are_refused_where_the_vmalertmanager_denies_them(
    kind: str, given: dict[str, Any]
) -> None:
    assert made(receiving(kind, given))
    with pytest.raises(SpecInvalid, match="denies files"):
        made(receiving(kind, given), denies_files=True)


def test_a_receiver_that_this_alertmanager_does_not_know_is_refused() -> None:
    given = receiving("mattermost", {"url": "http://a", "text": "b"})
    assert made(given, version=(0, 30))
    with pytest.raises(SpecInvalid, match=r"needs Alertmanager 0\.30; this one is 0\.29"):
        made(given, version=(0, 29))


@pytest.mark.parametrize(
    ("route", "field"),
    [
        ({}, "spec.route.receiver"),
        ({"receiver": "absent"}, "spec.route.receiver"),
        ({"receiver": "hook", "matchers": ["a"]}, "spec.route.matchers[0]"),
        ({"receiver": "hook", "matchers": ['a=~"("']}, "spec.route.matchers[0]"),
        ({"receiver": "hook", "group_by": ["a", "..."]}, "spec.route.group_by"),
        ({"receiver": "hook", "group_by": ["a", "a"]}, "spec.route.group_by"),
        ({"receiver": "hook", "group_wait": "1"}, "spec.route.group_wait"),
        ({"receiver": "hook", "repeat_interval": "0s"}, "spec.route.repeat_interval"),
        ({"receiver": "hook", "mute_time_intervals": ["day"]}, "spec.route.mute_time_intervals[0]"),
        ({"receiver": "hook", "routes": [{"reciever": "a"}]}, "spec.route.routes[0].reciever"),
        ({"receiver": "hook", "routes": [{"continue": "yes"}]}, "spec.route.routes[0].continue"),
        (
            {"receiver": "hook", "routes": [{"routes": [{"receiver": "absent"}]}]},
            "spec.route.routes[0].routes[0].receiver",
        ),
    ],
)
def test_a_wrong_route_is_refused_with_the_name_of_the_field(
    route: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        routed(route)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"weekdays": ["monday:someday"]}, "weekdays[0]"),
        ({"weekdays": ["friday:monday"]}, "weekdays[0]"),
        ({"days_of_month": ["0"]}, "days_of_month[0]"),
        ({"days_of_month": ["-1:5"]}, "days_of_month[0]"),
        ({"months": ["13"]}, "months[0]"),
        ({"years": ["2030:2020"]}, "years[0]"),
        ({"times": [{"start_time": "8:00", "end_time": "9:00"}]}, "times[0].start_time"),
        ({"times": [{"start_time": "09:00", "end_time": "08:00"}]}, "times[0].end_time"),
        ({"location": "Europe/Nowhere"}, "location"),
    ],
)
def test_wrong_times_are_refused_with_the_name_of_the_field(
    given: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        made(config({"time_intervals": [{"name": "a", "time_intervals": [given]}]}))
    assert refused.value.field == f"spec.time_intervals[0].time_intervals[0].{field}"


def test_a_name_that_stands_there_twice_is_refused() -> None:
    with pytest.raises(SpecInvalid, match="twice"):
        config({"receivers": [HOOK, HOOK]})
