"""Configuration of a VMAlertmanager: what is kept, what is added, what is refused."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.unit.render.alertmanagers import planned, written

from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid

ROUTED = "route: {receiver: a}\nreceivers: [{name: a}]\n"
TEMPLATES = Known(config_maps={"texts": {"slack.tmpl": "one", "mail.tmpl": "two"}})
SLACK = [{"name": "texts", "key": "slack.tmpl"}]
PATH = "/etc/vm/templates/texts/slack.tmpl"


def _secret(text: str) -> Known:
    return Known(secrets={"alerts": {"alertmanager.yaml": text.encode()}})


def _read(text: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(text)
    return found


def test_without_a_configuration_nobody_is_notified() -> None:
    assert _read(written(planned())) == {
        "route": {"receiver": "blackhole"},
        "receivers": [{"name": "blackhole"}],
    }


def test_a_configuration_to_which_nothing_is_added_stays_as_it_was_written() -> None:
    text = f"# mine\n{ROUTED}"
    assert written(planned(configRawYaml=text)) == text


def test_a_configuration_without_a_route_gets_one_to_nobody() -> None:
    made = planned(configRawYaml="global: {resolve_timeout: 1m}\nreceivers: [{name: a}]")
    assert _read(written(made)) == {
        "global": {"resolve_timeout": "1m"},
        "route": {"receiver": "blackhole"},
        "receivers": [{"name": "a"}, {"name": "blackhole"}],
    }


def test_a_secret_wins_over_the_inline_configuration() -> None:
    made = planned(_secret(ROUTED), configSecret="alerts", configRawYaml="no: {")
    assert written(made) == ROUTED


def test_fields_that_the_operator_never_heard_of_survive_templates_and_tracing() -> None:
    text = (
        f"{ROUTED}mute_time_intervals: [{{name: nights}}]\n"
        "event_recorder: {outputs: [{type: new}]}\n"
        "inhibit_rules: [{equal: [a]}]\n"
    )
    made = planned(
        TEMPLATES, configRawYaml=text, templates=SLACK, tracingConfig={"endpoint": "t:4317"}
    )
    assert _read(written(made)) == {
        **_read(text),
        "templates": [PATH],
        "tracing": {"endpoint": "t:4317"},
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("22:00", id="a time, which is a number to some readers"),
        pytest.param("yes", id="a word, which is a truth value to some readers"),
        pytest.param("1.10", id="a version, which is a number to most readers"),
        pytest.param("2026-01-02", id="a date"),
        pytest.param('"5"', id="a number in quotes"),
        pytest.param("null", id="nothing"),
        pytest.param("|-\n  {{ if .A }}: #x\n   y\n  {{ end }}", id="lines"),
    ],
)
def test_nothing_is_read_as_something_else_on_the_way(value: str) -> None:
    text = f"{ROUTED}unknown: {value}\n"
    made = written(planned(TEMPLATES, configRawYaml=text, templates=SLACK))
    assert f"\nunknown: {value}\n" in made


def test_anchors_keep_what_they_stand_for() -> None:
    text = f"{ROUTED}one: &x {{a: 1}}\ntwo: *x\nthree: {{<<: *x, b: 2}}\n"
    made = _read(written(planned(TEMPLATES, configRawYaml=text, templates=SLACK)))
    assert (made["two"], made["three"]) == ({"a": 1}, {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("own", "found"),
    [
        pytest.param("", [PATH], id="none of its own"),
        pytest.param("templates: [old/slack.tmpl]", [PATH], id="one of the same file name"),
        pytest.param("templates: [b.tmpl]", ["b.tmpl", PATH], id="another one"),
        pytest.param(f"templates: [{PATH}, b.tmpl]", [PATH, "b.tmpl"], id="the very same"),
        pytest.param("templates:", [PATH], id="an empty list"),
    ],
)
def test_templates_are_added_to_those_of_the_configuration(own: str, found: list[str]) -> None:
    made = planned(TEMPLATES, configRawYaml=f"{ROUTED}{own}\n", templates=SLACK)
    assert _read(written(made))["templates"] == found


def test_a_changed_template_changes_what_alertmanager_says_that_it_loaded() -> None:
    other = Known(config_maps={"texts": {"slack.tmpl": "changed", "mail.tmpl": "two"}})
    unused = Known(config_maps={"texts": {"slack.tmpl": "one", "mail.tmpl": "changed"}})
    before = written(planned(TEMPLATES, templates=SLACK))
    assert written(planned(other, templates=SLACK)) != before
    assert written(planned(unused, templates=SLACK)) == before


def test_tracing_becomes_what_alertmanager_reads() -> None:
    made = planned(
        Known(secrets={"tls": {"ca": b"a"}}),
        tracingConfig={
            "endpoint": "t:4318",
            "client_type": "http",
            "sampling_fraction": "0.25",
            "headers": {"X-Tenant": "one"},
            "tls_config": {"ca_secret_ref": {"name": "tls", "key": "ca"}},
        },
    )
    assert _read(written(made))["tracing"] == {
        "endpoint": "t:4318",
        "client_type": "http",
        "sampling_fraction": 0.25,
        "headers": {"X-Tenant": {"values": ["one"]}},
        "tls_config": {"ca_file": "/etc/vm/credentials/tls/ca"},
    }


RAW = "spec.configRawYaml"
BROKEN = [
    ("no YAML", "a: [", "is not YAML in line"),
    ("a list", "- a", "must be a mapping"),
    ("a key twice", f"{ROUTED}route: {{receiver: a}}", "line 3"),
    ("no receiver", "route: {}", "route.receiver: name the receiver"),
    ("no mapping", "route: x", "route: must be a mapping"),
    ("an unknown receiver", "route: {receiver: b}\nreceivers: [{name: a}]", "there are: a"),
    (
        "an unknown receiver deep below",
        "route: {receiver: a, routes: [{}, {routes: [{receiver: b}]}]}\nreceivers: [{name: a}]",
        "route.routes[1].routes[0].receiver: 'b' does not exist",
    ),
    ("routes that are none", "route: {receiver: a, routes: x}\nreceivers: [{name: a}]", "a list"),
    ("receivers without a name", "route: {receiver: a}\nreceivers: [{}]", "receivers[0]: needs"),
    ("receivers that are none", "receivers: {name: a}", "receivers: must be a list"),
    (
        "a receiver twice",
        "route: {receiver: a}\nreceivers: [{name: a}, {name: a}]",
        "the name 'a' stands there twice",
    ),
    (
        "a time interval twice, once in the old list",
        f"{ROUTED}time_intervals: [{{name: t}}]\nmute_time_intervals: [{{name: t}}]",
        "the name 't' stands there twice",
    ),
    (
        "an unknown time interval",
        "route: {receiver: a, routes: [{mute_time_intervals: [t]}]}\nreceivers: [{name: a}]",
        "route.routes[0].mute_time_intervals: 't' does not exist; there are: none",
    ),
    (
        "matchers of the root",
        "route: {receiver: a, matchers: [a=b]}\nreceivers: [{name: a}]",
        "route.matchers: the root route takes every alert",
    ),
    (
        "time intervals of the root",
        "route: {receiver: a, active_time_intervals: [t]}\nreceivers: [{name: a}]",
        "route.active_time_intervals: the root route takes every alert",
    ),
    (
        "a root that goes on",
        "route: {receiver: a, continue: true}\nreceivers: [{name: a}]",
        "route.continue",
    ),
]


@pytest.mark.parametrize(
    ("text", "message"), [it[1:] for it in BROKEN], ids=[it[0] for it in BROKEN]
)
def test_a_broken_configuration_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(configRawYaml=text)
    assert refused.value.field == RAW
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("around", "message"),
    [
        pytest.param(Known(), "Secret alerts does not exist", id="no Secret"),
        pytest.param(
            Known(secrets={"alerts": {"other": b""}}),
            "no key alertmanager.yaml; it has: other",
            id="no key",
        ),
        pytest.param(
            Known(secrets={"alerts": {"alertmanager.yaml": b"\xff"}}), "UTF-8", id="no text"
        ),
        pytest.param(_secret("route: {receiver: s3cret"), "is not YAML", id="no YAML"),
        pytest.param(_secret("s3cret: 1\ns3cret: 2"), "is not YAML in line 2", id="a key twice"),
    ],
)
def test_a_secret_that_gives_no_configuration_is_named_without_what_it_holds(
    around: Known, message: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(around, configSecret="alerts")
    assert refused.value.field == "spec.configSecret"
    assert message in str(refused.value)
    assert "s3cret" not in str(refused.value)


def test_the_operators_own_secret_is_no_source() -> None:
    with pytest.raises(SpecInvalid, match="writes itself"):
        planned(configSecret="vmalertmanager-demo-config")


@pytest.mark.parametrize(
    ("template", "message"),
    [
        pytest.param({"name": "other", "key": "a"}, "ConfigMap other does not exist", id="none"),
        pytest.param({"name": "texts", "key": "a"}, "it has: mail.tmpl, slack.tmpl", id="no key"),
        pytest.param({"key": "a"}, "name the ConfigMap", id="no name"),
    ],
)
def test_a_template_that_is_not_there_is_named(template: dict[str, str], message: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(TEMPLATES, templates=[*SLACK, template])
    assert refused.value.field.startswith("spec.templates[1]")
    assert message in str(refused.value)
