"""Relabelling: the file that rules become, and the rules that no program takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.render.real_programs import answer

from vmoperator.api.around import NOTHING, Known
from vmoperator.api.auth import ConfigMapKeySelector
from vmoperator.api.relabeling import RelabelConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.relabel import relabeling

FIELDS = ("spec.relabelConfig", "spec.inlineRelabelConfig")
NAMED = ConfigMapKeySelector(name="rules", key="a.yaml")


def _inline(*rules: dict[str, Any]) -> list[RelabelConfig]:
    return [RelabelConfig.model_validate(rule, by_alias=True, by_name=False) for rule in rules]


def _file(*rules: dict[str, Any]) -> str:
    found = relabeling(None, _inline(*rules), fields=FIELDS, around=NOTHING)
    assert found is not None
    return found


def _of_config_map(text: str) -> str | None:
    around = Known(config_maps={"rules": {"a.yaml": text}})
    return relabeling(NAMED, None, fields=FIELDS, around=around)


def test_both_spellings_become_the_one_that_programs_read() -> None:
    snake = _file({"source_labels": ["a"], "target_label": "b"})
    assert _file({"sourceLabels": ["a"], "targetLabel": "b"}) == snake
    assert yaml.safe_load(snake) == [{"source_labels": ["a"], "target_label": "b"}]
    both = {"source_labels": ["a"], "sourceLabels": ["x"], "target_label": "b"}
    assert _file(both) == snake


def test_rules_of_the_specification_come_before_those_of_the_config_map() -> None:
    around = Known(config_maps={"rules": {"a.yaml": "- {action: labeldrop, regex: second}"}})
    own = _inline({"action": "labeldrop", "regex": "first"})
    text = relabeling(NAMED, own, fields=FIELDS, around=around)
    assert [rule["regex"] for rule in yaml.safe_load(text or "")] == ["first", "second"]


def test_no_rule_needs_no_file() -> None:
    assert relabeling(None, None, fields=FIELDS, around=NOTHING) is None
    assert relabeling(None, [], fields=FIELDS, around=NOTHING) is None
    assert _of_config_map("# nothing\n") is None


def test_a_config_map_that_is_not_there_is_named_unless_it_is_optional() -> None:
    with pytest.raises(SpecInvalid, match=r"^spec.relabelConfig: ConfigMap rules does not exist"):
        relabeling(NAMED, None, fields=FIELDS, around=NOTHING)
    optional = NAMED.model_copy(update={"optional": True})
    assert relabeling(optional, None, fields=FIELDS, around=NOTHING) is None


@pytest.mark.parametrize(
    "value", ["on", "1:30", "1.10", "2026-01-02", "010", "~x", "yes", "1e3"], ids=str
)
def test_a_text_stays_what_it_is(value: str) -> None:
    text = _of_config_map(f"- {{target_label: a, replacement: {value}}}")
    assert yaml.safe_load(text or "")[0]["replacement"] == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("a: b", "must be a list", id="no list"),
        pytest.param("- a", r"\[0\]: must be a mapping", id="no mapping"),
        pytest.param("- {a: b", "is not YAML", id="no YAML"),
        pytest.param("- {action: keep, action: drop}", "second time", id="twice"),
        pytest.param("- {soruce_labels: [a]}", r"\[0\].soruce_labels: is no field", id="typo"),
        pytest.param("- {source_labels: a}", r"\[0\].source_labels: must be a list", id="no list"),
        pytest.param(
            "- {action: hashmod, source_labels: [a], target_label: b, modulus: x}",
            r"\[0\].modulus: must be an integer",
            id="no number",
        ),
    ],
)
def test_a_config_map_that_no_program_takes_is_refused_with_its_place(text: str, told: str) -> None:
    where = r"spec.relabelConfig \(key a.yaml of ConfigMap rules\)"
    with pytest.raises(SpecInvalid, match=f"^{where}.*{told}"):
        _of_config_map(text)


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no action of that name": ({"action": "kepe"}, "action"),
    "replace without a target": ({"source_labels": ["a"]}, "target_label"),
    "replace_all without a source": ({"action": "replace_all", "target_label": "a"}, "source"),
    "keep without a source": ({"action": "keep", "regex": "a"}, "source_labels"),
    "drop without a source": ({"action": "drop"}, "source_labels"),
    "hashmod without a divisor": (
        {"action": "hashmod", "source_labels": ["a"], "target_label": "b"},
        "modulus",
    ),
    "one label to compare": ({"action": "keep_if_equal", "source_labels": ["a"]}, "source_labels"),
    "a target of a comparison": (
        {"action": "drop_if_equal", "source_labels": ["a", "b"], "target_label": "c"},
        "target_label",
    ),
    "a regex of a comparison": (
        {"action": "keepequal", "source_labels": ["a"], "target_label": "b", "regex": "x"},
        "regex",
    ),
    "contains without a target": (
        {"action": "keep_if_contains", "source_labels": ["a"]},
        "target_label",
    ),
    "metrics by source": (
        {"action": "keep_metrics", "source_labels": ["a"], "regex": "x"},
        "source_labels",
    ),
    "metrics without a regex": ({"action": "drop_metrics"}, "regex"),
    "case without a target": ({"action": "uppercase", "source_labels": ["a"]}, "target_label"),
    "graphite without a template": ({"action": "graphite", "labels": {"a": "b"}}, "match"),
    "graphite without labels": ({"action": "graphite", "match": "a.*"}, "labels"),
    "graphite with a regex": (
        {"action": "graphite", "match": "a.*", "labels": {"a": "b"}, "regex": "x"},
        "regex",
    ),
    "a template without graphite": ({"action": "labeldrop", "match": "a"}, "match"),
    "a group that is not closed": ({"action": "labeldrop", "regex": "(a"}, "regex"),
    "a list that is none together": ({"action": "labeldrop", "regex": ["a", "[b"]}, "regex"),
    "a look ahead": ({"action": "labeldrop", "regex": "a(?=b)"}, "regex"),
    "a reference back": ({"action": "labeldrop", "regex": r"(a)\1"}, "regex"),
    "nothing to repeat": ({"action": "labeldrop", "regex": "*"}, "regex"),
    "a selector that is not closed": ({"action": "labeldrop", "regex": "a", "if": "{a="}, "if"),
    "an empty selector": ({"action": "labeldrop", "regex": "a", "if": ["a", ""]}, "if"),
}


@pytest.mark.parametrize(("rule", "key"), RULES.values(), ids=RULES.keys())
def test_a_rule_that_no_program_takes_is_refused_with_its_field(
    rule: dict[str, Any], key: str
) -> None:
    fine = {"action": "labeldrop", "regex": "a"}
    with pytest.raises(SpecInvalid, match=rf"^spec.inlineRelabelConfig\[1\].{key}"):
        _file(fine, rule)


@pytest.mark.parametrize("rule", [rule for rule, _ in RULES.values()], ids=RULES.keys())
def test_the_program_itself_refuses_what_is_refused(rule: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump([rule]))
    status, output = answer("victoria-metrics", "-dryRun", f"-relabelConfig={tmp_path}/a.yaml")
    assert status != 0, output


TAKEN: list[dict[str, Any]] = [
    {"action": "Replace", "target_label": "a", "replacement": 'x"\\ \u00e9\U0001f600\x7f\u2028'},
    {"action": "replace_all", "source_labels": ["a"], "target_label": "b", "regex": "[-.]"},
    {"action": "keep", "if": 'a{b=~"c|d"}'},
    {"action": "keep", "if": ["{__name__!=''}", r'{a="}" or c="d"}']},
    {"action": "drop_metrics", "regex": ["a.*", "b.*"]},
    {"action": "labelmap", "regex": r"__meta_\w+_(?P<x>.+)", "replacement": "$1"},
    {"action": "labelmap_all", "regex": "-", "replacement": "_"},
    {"action": "labelkeep", "regex": r"(?i:A)|\pL+|[[:alpha:]]|\Qa(\E|\z|a{0,5}?"},
    {"action": "labeldrop", "regex": r"[[a&&b]|$+|^*|{,2}|a(?U){1,3}|\b?|[)-]|\-"},
    {"action": "keepequal", "source_labels": ["a"], "target_label": "b"},
    {"action": "drop_if_contains", "source_labels": ["a"], "target_label": "b"},
    {"action": "lowercase", "source_labels": ["a"], "target_label": "b"},
    {"source_labels": ["a"], "target_label": "b", "regex": 5, "separator": ""},
    {"source_labels": ["a"], "target_label": "b", "regex": [1.5, True, "x"]},
]


def test_the_program_takes_all_that_is_not_refused(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(_file(*TAKEN))
    status, output = answer("victoria-metrics", "-dryRun", f"-relabelConfig={tmp_path}/a.yaml")
    assert status == 0, output
