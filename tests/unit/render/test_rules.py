"""What becomes of the rules of objects that a VMAlert selects, and why some are refused."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from tests.unit.render.alerts import args, manifest, planned, pod
from tests.unit.render.rules import (
    ALERT,
    RECORD,
    group,
    refusals,
    rule_groups,
    rule_texts,
    selecting,
    vmrule,
)

from vmoperator.api.around import Known
from vmoperator.api.vmalert import VMAlert
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.names import rules_file
from vmoperator.base.settings import Settings
from vmoperator.render import Plan, vmalert

WRITES = {"remoteWrite": {"url": "http://vmsingle-demo:8429"}}
FILE = "monitoring_rules.vmrule.yaml"


def _planned(*objects: Any, **spec: Any) -> Plan:
    return planned(selecting(*objects), **{"ruleSelector": {}, **WRITES, **spec})


def _rules(plan: Plan) -> list[dict[str, Any]]:
    return [rule for groups in rule_groups(plan).values() for it in groups for rule in it["rules"]]


def test_groups_of_one_name_in_two_objects_are_two_files() -> None:
    plan = _planned(vmrule(), vmrule(name="more"), vmrule(namespace="other"))
    assert sorted(rule_groups(plan)) == [
        "monitoring_more.vmrule.yaml",
        FILE,
        "other_rules.vmrule.yaml",
    ]


def _pair(own: Manifest, theirs: Manifest, **spec: Any) -> tuple[Plan, list[str]]:
    world = Known(objects=(vmrule(own),), foreign=(("PrometheusRule", vmrule(theirs)),))
    plan = planned(world, **{"ruleSelector": {}, **WRITES, **spec})
    return plan, [it.note for one in plan.picked for it in one.fragments if it.note]


@pytest.mark.parametrize(
    "theirs", [group(), group(interval="5m", eval_delay="30s")], ids=["plain", "offset"]
)
def test_a_copy_that_says_the_same_as_its_original_is_evaluated_alone(theirs: Manifest) -> None:
    # The Go operator copies the offset of queries into that of the evaluation.
    own = {{"eval_delay": "eval_offset"}.get(key, key): it for key, it in theirs.items()}
    for spec in ({}, {"ruleSelector": None, "selectAllByDefault": True}):
        plan, notes = _pair(own, theirs, **spec)
        assert list(rule_groups(plan)) == [FILE]
        assert notes == ["the VMRule of this name says the same"]


def test_two_objects_of_one_name_that_differ_are_both_evaluated_and_told() -> None:
    plan, notes = _pair(group(), group({"alert": "Other", "expr": "vector(1)"}))
    assert [it["alert"] for it in _rules(plan)] == ["Other", "Always"]
    assert notes == ["the VMRule of this name differs, and both are used"]


def test_a_file_is_named_after_its_object_alone_however_long_the_name() -> None:
    long = [Ref("VMRule", "monitoring", "a" * 240 + end) for end in "bc"]
    names = {rules_file(ref) for ref in long}
    assert len(names) == 2
    assert max(map(len, names)) < 253


def test_rules_that_come_and_go_change_nothing_about_the_pods() -> None:
    plans = [_planned(), _planned(vmrule()), _planned(*(vmrule(name=f"r{i}") for i in range(200)))]
    assert [it.stages[0].workload for it in plans] == [plans[0].stages[0].workload] * 3
    assert len({it.stages[0].config.digest for it in plans if it.stages[0].config}) == 3


def test_all_buckets_are_mounted_in_one_folder_and_may_be_missing() -> None:
    plan = _planned(vmrule())
    (volume,) = [it for it in pod(plan)["volumes"] if it["name"] == "rules"]
    sources = [it["secret"] for it in volume["projected"]["sources"]]
    assert [it["name"] for it in sources] == [f"vmalert-demo-rules-{i}" for i in range(32)]
    assert all(it["optional"] for it in sources)
    assert "-rule=/etc/vmalert/rules/*.yaml" in args(plan)


def test_a_vmalert_that_selects_nothing_gets_no_rules_and_no_volume() -> None:
    plan = planned(selecting(vmrule()))
    assert plan.picked == ()
    assert rule_texts(plan) == {}
    assert "rules" not in {it["name"] for it in pod(plan).get("volumes") or ()}


@pytest.mark.parametrize(
    "spec",
    [{"ruleSelector": {}}, {"ruleNamespaceSelector": {}}, {"selectAllByDefault": True}],
    ids=["by labels", "by namespaces", "everything"],
)
def test_each_way_to_select_rules_acts(spec: dict[str, Any]) -> None:
    assert list(rule_groups(planned(selecting(vmrule()), **spec))) == [FILE]


def test_selected_rules_stand_beside_files_of_the_users_own() -> None:
    plan = _planned(rulePath=["/mine/*.yaml"], extraArgs={"rule": "/further/*.yaml"})
    assert [arg for arg in args(plan) if arg.startswith("-rule=")] == [
        "-rule=/etc/vmalert/rules/*.yaml",
        "-rule=/further/*.yaml",
        "-rule=/mine/*.yaml",
    ]


def test_a_vmalert_with_a_file_of_notifiers_of_the_users_own_reloads_rules() -> None:
    around = Known(secrets={"s": {"k": b"static_configs: []"}}, objects=(vmrule(),))
    plan = planned(around, ruleSelector={}, notifierConfigRef={"name": "s", "key": "k"})
    assert list(rule_groups(plan)) == [FILE]
    assert plan.stages[0].config is not None


def test_every_rule_bears_the_namespace_of_its_object() -> None:
    theirs = {**ALERT, "labels": {"namespace": "forged", "a": "b"}}
    plan = _planned(
        vmrule(group(theirs, RECORD), namespace="team"), enforcedNamespaceLabel="namespace"
    )
    assert [rule["labels"] for rule in _rules(plan)] == [
        {"namespace": "team", "a": "b"},
        {"namespace": "team"},
    ]


def test_a_label_that_no_rule_can_have_is_refused_by_the_vmalert() -> None:
    with pytest.raises(SpecInvalid) as refused:
        _planned(enforcedNamespaceLabel="my label")
    assert refused.value.field == "spec.enforcedNamespaceLabel"


def _merging(value: str) -> Plan:
    made: Manifest = manifest(ruleSelector={}, **WRITES)
    key = "operator.victoriametrics.com/vmalert-deduplicate-rules"
    made["metadata"]["annotations"] = {key: value}
    parent = VMAlert.model_validate(made, by_alias=True, by_name=False)
    same = vmrule(group(ALERT, {**ALERT, "for": "5m"}, {**ALERT, "labels": {"a": "b"}}))
    return vmalert.plan(parent, Settings(), selecting(same))


def test_equal_rules_of_a_group_become_one_where_the_vmalert_asks_for_it() -> None:
    assert _rules(_merging("true")) == [ALERT, {**ALERT, "labels": {"a": "b"}}]


def test_equal_rules_of_a_group_are_refused_else() -> None:
    (reason,) = refusals(_merging("false")).values()
    assert reason == (
        "spec.groups[0].rules[1]: is the same as rules[0]: name, expression and labels"
    )


def test_headers_without_a_name_are_left_out() -> None:
    plan = _planned(vmrule(group(headers=["", "X-A: b"], notifier_headers=[""])))
    (found,) = rule_groups(plan)[FILE]
    assert (found["headers"], "notifier_headers" in found) == (["X-A: b"], False)


def test_rules_name_only_variables_whose_values_stand_in_the_spec() -> None:
    variables = [
        {"name": "PLAIN", "value": "a b"},
        {"name": "QUOTED", "value": 'a "b"'},
        {"name": "NESTED", "value": "%{SECRET}"},
        {"name": "SECRET", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
    ]
    named = "%{PLAIN} %{QUOTED} %{NESTED} %{SECRET} %{HOME} 5 %{a}"
    rule = {**ALERT, "annotations": {"a": named}}
    plan = _planned(vmrule(group(rule)), extraEnvs=variables)
    (text,) = rule_texts(plan).values()
    assert text.count("%{") == 1
    assert "%{PLAIN}" in text
    assert _rules(plan)[0]["annotations"]["a"] == named


def test_an_object_without_groups_is_nothing_and_nothing_wrong() -> None:
    plan = _planned(vmrule(group(name="empty") | {"rules": []}))
    assert refusals(plan) == {}
    assert rule_groups(plan) == {FILE: [{"name": "empty", "rules": []}]}


REFUSED: dict[str, tuple[list[Manifest], str]] = {
    "neither": ([group({"expr": "up"})], "spec.groups[0].rules[0]: set either record or alert"),
    "both": (
        [group(ALERT, {**ALERT, "record": "r"})],
        "spec.groups[0].rules[1]: set either record or alert",
    ),
    "no expression": (
        [group({"alert": "A", "expr": " # nothing\n"})],
        "spec.groups[0].rules[0].expr: is empty",
    ),
    "a bracket": (
        [group({"alert": "A", "expr": "sum(rate(a[5m])"})],
        "spec.groups[0].rules[0].expr: ( at character 4 is never closed",
    ),
    "a bracket of another kind": (
        [group({"alert": "A", "expr": "sum(\n  a{b='c')\n"})],
        "spec.groups[0].rules[0].expr: ) at line 2, character 10 closes no (",
    ),
    "a quote": (
        [group({"alert": "A", "expr": "a{b='c}"})],
        "spec.groups[0].rules[0].expr: the string that begins at character 5 has no closing '",
    ),
    "an action": (
        [group({**ALERT, "annotations": {"text": "is {{ $value } of {{ $x }}"}})],
        "spec.groups[0].rules[0].annotations.text: the action {{ $value } of {{ $x }} is not"
        " closed by }}",
    ),
    "an action that opens": (
        [group({**ALERT, "labels": {"a": "{{ if eq 1.0 .Value }}x"}})],
        "spec.groups[0].rules[0].labels.a: {{ if eq 1.0 .Value }} has no {{ end }}",
    ),
    "an action that ends": (
        [group({**ALERT, "annotations": {"a": "{{end}}"}})],
        "spec.groups[0].rules[0].annotations.a: {{ end }} ends nothing",
    ),
    "the name of the series": (
        [group({**ALERT, "labels": {"__name__": "a"}})],
        "spec.groups[0].rules[0].labels: '__name__' is not the name of a label",
    ),
    "the name of a label": (
        [group(labels={"a b": "c"})],
        "spec.groups[0].labels: 'a b' is not the name of a label",
    ),
    "a group twice": (
        [group(), group()],
        "spec.groups[1].name: another group is named 'group'",
    ),
    "an offset without an interval": (
        [group(eval_offset="5m")],
        "spec.groups[0].eval_offset: needs an interval of the group that is longer than 5m",
    ),
    "an interval that vmalert cannot count": (
        [group(interval="300y")],
        "spec.groups[0].interval: must be shorter than 292 years",
    ),
    "an interval in seconds that vmalert cannot count": (
        [group(interval="9300000000")],
        "spec.groups[0].interval: must be shorter than 292 years",
    ),
    "logs that are not counted": (
        [group({"alert": "A", "expr": "_time:5m error"}, type="vlogs")],
        "spec.groups[0].rules[0].expr: has no pipe such as | stats count() total: vmalert ends"
        " over such a query of logs",
    ),
    "an offset and a delay": (
        [group(interval="1h", eval_offset="5m", eval_delay="30s")],
        "spec.groups[0].eval_offset: excludes eval_delay: set one of them",
    ),
    "a tenant": (
        [group(tenant="1:2")],
        "spec.groups[0].tenant: the VMAlert tells no tenants apart: that takes the enterprise"
        " version (spec.license) and extraArgs clusterMode",
    ),
    "a long name": (
        [group({**ALERT, "annotations": {"a" * 2000: "b"}})],
        f"spec.groups[0].rules[0].annotations: '{'a' * 40}...': a name has 1 to 200 characters",
    ),
}


@pytest.mark.parametrize(("groups", "reason"), REFUSED.values(), ids=REFUSED)
def test_an_unsound_object_is_named_with_its_field_and_all_others_stay(
    groups: list[Manifest], reason: str
) -> None:
    plan = _planned(vmrule(), vmrule(*groups, name="unsound"))
    assert refusals(plan) == {"monitoring/unsound": reason}
    assert list(rule_groups(plan)) == [FILE]


def test_results_that_could_be_written_nowhere_are_refused_instead_of_ending_vmalert() -> None:
    plan = _planned(vmrule(), vmrule(group(RECORD), name="records"), remoteWrite=None)
    assert refusals(plan) == {
        "monitoring/records": "spec.groups[0].rules[0].record: the VMAlert has no"
        " spec.remoteWrite, so its result would go nowhere"
    }
    assert list(rule_groups(plan)) == [FILE]


def test_results_may_go_where_a_flag_of_the_users_own_says() -> None:
    plan = _planned(
        vmrule(group(RECORD)), remoteWrite=None, extraArgs={"-remoteWrite.url": "http://a"}
    )
    assert refusals(plan) == {}


def test_tenants_are_for_the_enterprise_version_that_tells_them_apart() -> None:
    enterprise = {"license": {"key": "k"}, "extraArgs": {"clusterMode": "true"}}
    plan = _planned(vmrule(group(tenant="1:2")), **enterprise)
    assert rule_groups(plan)[FILE][0]["tenant"] == "1:2"


def test_an_object_that_fits_into_no_secret_is_refused_alone() -> None:
    rules = [{**ALERT, "alert": f"A{i}", "annotations": {"a": "x" * 1000}} for i in range(1000)]
    plan = _planned(vmrule(), vmrule(group(*rules), name="huge"))
    assert "and one object may make 900000; split it" in refusals(plan)["monitoring/huge"]
    assert list(rule_groups(plan)) == [FILE]


def test_objects_of_many_secrets_are_all_there_and_none_is_too_large() -> None:
    rules = [{**ALERT, "alert": f"A{i}", "annotations": {"a": "x" * 1000}} for i in range(300)]
    plan = _planned(*(vmrule(group(*rules), name=f"r{i}") for i in range(40)))
    assert len(rule_groups(plan)) == 40
    sizes = [
        sum(len(base64.b64decode(text)) for text in it["data"].values())
        for it in plan.shared
        if it["kind"] == "Secret"
    ]
    assert max(sizes) < 1024 * 1024


def test_the_language_of_a_group_says_what_brackets_mean() -> None:
    logs = {"alert": "A", "expr": "size:range(1, 2] | stats count() x"}
    plan = _planned(vmrule(group(logs, type="vlogs")))
    assert json.loads(next(iter(rule_texts(plan).values())))["groups"][0]["type"] == "vlogs"


def test_a_flag_says_the_language_of_groups_that_name_none() -> None:
    logs = vmrule(group({"alert": "A", "expr": "size:range(1, 2] | stats count() x"}))
    assert list(refusals(_planned(logs)).values()) != []
    assert refusals(_planned(logs, extraArgs={"rule.defaultRuleType": "vlogs"})) == {}
