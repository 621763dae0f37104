"""Whose rules a running vmalert cannot evaluate, by what it shows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from vmoperator.base.manifest import Ref
from vmoperator.observe.loading import mark
from vmoperator.observe.objects import Told
from vmoperator.observe.rules import is_sickness, sick_rules, steady

REF = Ref("VMRule", "monitoring", "rules")
OTHER = Ref("PrometheusRule", "monitoring", "rules")
QUERY = 'failed to execute query "f(": '


def _page(*errors: str, file: str = "/etc/vmalert/rules/monitoring_rules.vmrule.yaml") -> str:
    rules = [
        {"name": f"r{number}", "type": "alerting", "lastError": error}
        for number, error in enumerate(errors)
    ]
    group: dict[str, Any] = {"name": "group", "file": file, "rules": rules}
    return json.dumps({"status": "success", "data": {"groups": [group]}})


def _answered(code: int, error: str) -> str:
    body = json.dumps({"status": "error", "errorType": str(code), "error": error})
    return f"{QUERY}unexpected response code {code} for http://db/query?a=b. Response body {body}"


FAULTS = {
    "the database does not understand": (_answered(422, 'unknown func "f"'), 'unknown func "f"'),
    "another database": (_answered(400, "parse error: bad"), "parse error: bad"),
    "no JSON": (f"{QUERY}unexpected response code 400 for u. Response body bad\n one", "bad one"),
    "a template": (
        "failed to expand annotation templates: error parsing template: function x not defined",
        "failed to expand annotation templates: error parsing template: function x not defined",
    ),
    "a limit": ("exec exceeded limit of 1 with 2 alerts", "exec exceeded limit of 1 with 2 alerts"),
}


@pytest.mark.parametrize(("error", "words"), FAULTS.values(), ids=FAULTS)
def test_the_object_is_named_whose_rule_is_wrong(error: str, words: str) -> None:
    assert sick_rules(_page("", error), [REF, OTHER]) == {
        REF: f"spec.groups: group: alert r1: {words}"
    }


PASSING = [
    f"{QUERY}error getting response from http://db: dial tcp: connection refused",
    _answered(503, "cannot fetch data from vmstorage nodes"),
    _answered(401, "unauthorized"),
    _answered(422, "cannot execute query: timeout exceeded"),
    "context canceled",
    "",
]


@pytest.mark.parametrize("error", PASSING)
def test_a_database_that_does_not_answer_is_no_fault_of_an_object(error: str) -> None:
    assert sick_rules(_page(error), [REF]) == {}


def test_what_a_running_vmalert_said_is_known_from_what_the_operator_refuses() -> None:
    (words,) = sick_rules(_page(_answered(422, "bad")), [REF]).values()
    assert is_sickness(Told(word="failed", reason=words))
    assert not is_sickness(Told(word="failed", reason="spec.groups[0].rules[0].expr: is empty"))
    assert not is_sickness(Told(word="operational", reason=""))


def test_the_time_of_a_query_is_nothing_new_to_tell() -> None:
    before = {REF: "bad at time=1700000000000", OTHER: "bad"}
    now = {REF: "bad at time=1700000010000", OTHER: "worse"}
    assert steady(now, before) == {REF: "bad at time=1700000000000", OTHER: "worse"}
    assert steady({}, before) == {}


def test_several_wrong_rules_are_counted() -> None:
    (words,) = sick_rules(_page(*[_answered(422, "bad")] * 3), [REF]).values()
    assert words == "spec.groups: group: alert r0: bad; and 2 more"


def test_kinds_that_share_a_name_are_told_apart() -> None:
    page = _page(_answered(422, "bad"), file="monitoring_rules.prometheusrule.yaml")
    assert list(sick_rules(page, [REF, OTHER])) == [OTHER]


def test_rules_of_nobody_are_left_out() -> None:
    assert sick_rules(_page(_answered(422, "bad"), file="/mine/a.yaml"), [REF]) == {}


@pytest.mark.parametrize("page", ["", "<html>", "[]", '{"data": null}', '{"data": {"groups": 1}}'])
def test_a_page_of_something_else_says_nothing(page: str) -> None:
    assert sick_rules(page, [REF]) == {}


def _shown(**rule: Any) -> str:
    made = {"name": "r", "query": "up", "state": "inactive", "lastError": "", **rule}
    group = {"name": "g", "file": "a", "rules": [made], "lastEvaluation": rule.get("lastError")}
    return json.dumps({"status": "success", "data": {"groups": [group]}}, separators=(",", ":"))


def test_what_evaluations_change_is_no_other_configuration() -> None:
    evaluated = _shown(state="firing", lastError="late", evaluationTime=1, health="err")
    assert mark(evaluated) == mark(_shown())


@pytest.mark.parametrize(
    "change", [{"query": "down"}, {"labels": {"a": "b"}}, {"duration": 5}], ids=str
)
def test_another_rule_is_another_configuration(change: dict[str, Any]) -> None:
    assert mark(_shown(**change)) != mark(_shown())


def test_the_last_rule_that_goes_is_another_configuration() -> None:
    assert mark('{"status":"success","data":{"groups":[]}}') != mark(_shown())
