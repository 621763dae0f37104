"""Objects that a VMAlertmanager selects, joined with its own configuration."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from tests.unit.render.alertmanager_configs import config
from tests.unit.render.alertmanagers import planned, template, written

from vmoperator.api.around import Known
from vmoperator.api.selected.vmalertmanagerconfig import VMAlertmanagerConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import Plan
from vmoperator.render.buckets import CAPACITY_BYTES

OWN = """
global: {resolve_timeout: 5m}
route:
  receiver: own
  group_by: [yes, 1.10]
  routes: [{receiver: own, matchers: [a=b], continue: on}]
receivers: [{name: own}]
somewhat: {new: true}
"""


def named(name: str, receiver: str = "hook", **spec: Any) -> VMAlertmanagerConfig:
    hook = {"name": receiver, "webhook_configs": [{"url": "http://a"}]}
    return config({"route": {"receiver": receiver}, "receivers": [hook], **spec}, name)


def with_objects(*objects: VMAlertmanagerConfig, **spec: Any) -> Plan:
    return planned(Known(objects=objects), selectAllByDefault=True, **spec)


def document(made: Plan) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(written(made))
    return found


def refusals(made: Plan) -> dict[str, str]:
    (picked,) = made.picked
    return {it.ref.name: it.refusal for it in picked.fragments if it.refusal}


def test_without_objects_the_users_document_stays_as_it_is() -> None:
    assert written(planned(configRawYaml=OWN)) == OWN


def test_objects_come_behind_what_the_document_says_itself() -> None:
    found = document(with_objects(named("one"), named("two"), configRawYaml=OWN))
    receivers = [it["receiver"] for it in found["route"]["routes"]]
    assert receivers == ["own", "team-one-hook", "team-two-hook"]
    assert [it["name"] for it in found["receivers"]] == ["own", "team-one-hook", "team-two-hook"]
    assert found["global"] == {"resolve_timeout": "5m"}


def test_the_document_keeps_what_the_operator_never_heard_of() -> None:
    text = written(with_objects(named("one"), configRawYaml=OWN))
    assert "somewhat: {new: true}" in text
    assert "group_by: [yes, 1.10]" in text
    assert "continue: on" in text


@pytest.mark.parametrize(
    "own",
    [
        pytest.param("", id="none"),
        pytest.param("{route: {receiver: a}, receivers: [{name: a}]}", id="one line"),
        pytest.param("route: {receiver: a, routes: }\nreceivers: [{name: a}]", id="no routes"),
        pytest.param(
            "x: &r {receiver: a, routes: [{receiver: a}]}\nroute: {<<: *r}\nreceivers: [{name: a}]",
            id="anchors",
        ),
    ],
)
def test_objects_join_documents_of_any_form(own: str) -> None:
    before = yaml.safe_load(own) or {}
    found = document(with_objects(named("one"), configRawYaml=own))
    routes = (before.get("route") or {}).get("routes") or []
    assert found["route"]["routes"][:-1] == routes
    assert found["route"]["routes"][-1]["receiver"] == "team-one-hook"


def test_a_wrong_object_costs_no_other_its_place() -> None:
    wrong = named("wrong", route={"receiver": "absent"})
    made = with_objects(named("one"), wrong)
    assert list(refusals(made)) == ["wrong"]
    assert refusals(made)["wrong"].startswith("spec.route.receiver")
    assert "team-one-hook" in written(made)
    assert "wrong" not in written(made)


def test_names_that_two_objects_give_alike_are_refused_to_the_second() -> None:
    made = with_objects(named("a", "b-c"), named("a-b", "c"))
    assert list(refusals(made)) == ["a-b"]
    assert "'team-a-b-c' is the name of one of VMAlertmanagerConfig team/a" in refusals(made)["a-b"]


def test_a_name_of_the_document_itself_is_not_given_twice() -> None:
    own = "route: {receiver: team-one-hook}\nreceivers: [{name: team-one-hook}]"
    assert "own configuration" in refusals(with_objects(named("one"), configRawYaml=own))["one"]


def test_what_does_not_fit_into_the_secret_is_refused_and_the_rest_is_used() -> None:
    large = {"name": "x", "webhook_configs": [{"url": f"http://a/{'x' * (CAPACITY_BYTES // 2)}"}]}
    objects = [named(it, receivers=[large], route={"receiver": "x"}) for it in ("a", "b", "c")]
    made = with_objects(*objects, named("small"))
    assert list(refusals(made)) == ["b", "c"]
    assert "team-small-hook" in written(made)


def test_the_global_section_of_the_document_stands_in_for_receivers() -> None:
    slack = {"route": {"receiver": "s"}, "receivers": [{"name": "s", "slack_configs": [{}]}]}
    own = "global: {slack_api_url: http://a}\nroute: {receiver: a}\nreceivers: [{name: a}]"
    assert list(refusals(with_objects(config(slack)))) == ["one"]
    assert refusals(with_objects(config(slack), configRawYaml=own)) == {}


def test_objects_change_without_a_restart() -> None:
    assert template(with_objects(named("one"))) == template(with_objects(named("two")))


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"enforcedTopRouteMatchers": ["a=b", "c"]}, "spec.enforcedTopRouteMatchers[1]"),
        (
            {"enforcedNamespaceLabel": "a.b", "extraArgs": {"enable-feature": "classic-mode"}},
            "spec.enforcedNamespaceLabel",
        ),
    ],
)
def test_an_option_that_would_spoil_every_object_is_refused(
    spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        with_objects(named("one"), **spec)
    assert refused.value.field == field


@pytest.mark.parametrize(
    ("spec", "is_refused"),
    [
        pytest.param({}, False, id="either parser"),
        pytest.param({"extraArgs": {"enable-feature": "utf8-strict-mode"}}, True, id="utf8"),
        pytest.param({"extraArgs": {"enable-feature": "a,classic-mode"}}, False, id="classic"),
    ],
)
def test_matchers_are_read_as_the_flags_of_alertmanager_say(
    spec: dict[str, Any], is_refused: bool
) -> None:
    route = {"receiver": "hook", "matchers": ['a=~"\\d"']}
    assert bool(refusals(with_objects(named("one", route=route), **spec))) == is_refused


def test_the_version_of_the_image_decides_what_receivers_there_are() -> None:
    hook = {"name": "hook", "mattermost_configs": [{"url": "http://a", "text": "b"}]}
    made = with_objects(named("one", receivers=[hook]), componentVersion="v0.28.1")
    assert "needs Alertmanager 0.30" in refusals(made)["one"]
    assert refusals(with_objects(named("one", receivers=[hook]), image={"tag": "main"})) == {}
