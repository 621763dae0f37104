"""Stream aggregation: the file that rules become, the flags, and what no program takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.render.real_programs import answer

from vmoperator.api.around import NOTHING, Known
from vmoperator.api.relabeling import StreamAggrConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.stream_aggregation import aggregation, global_flags, settings

FIELD = "spec.streamAggrConfig"
GOOD: dict[str, Any] = {"interval": "1m", "outputs": ["total"]}


def _config(**given: Any) -> StreamAggrConfig:
    return StreamAggrConfig.model_validate(given, by_alias=True, by_name=False)


def _rules(*rules: dict[str, Any], **given: Any) -> list[dict[str, Any]]:
    text = aggregation(_config(rules=list(rules), **given), field=FIELD, around=NOTHING)
    found: list[dict[str, Any]] = yaml.safe_load(text or "[]")
    return found


def _of_config_map(text: str, **given: Any) -> list[dict[str, Any]]:
    around = Known(config_maps={"rules": {"a.yaml": text}})
    config = _config(configmap={"name": "rules", "key": "a.yaml"}, **given)
    found: list[dict[str, Any]] = yaml.safe_load(
        aggregation(config, field=FIELD, around=around) or "[]"
    )
    return found


def test_no_rule_needs_no_file() -> None:
    assert aggregation(None, field=FIELD, around=NOTHING) is None
    assert aggregation(_config(dedupInterval="1m"), field=FIELD, around=NOTHING) is None


def test_rules_of_the_specification_come_before_those_of_the_config_map() -> None:
    made = _of_config_map("- {interval: 2m, outputs: [max]}", rules=[GOOD])
    assert [rule["interval"] for rule in made] == ["1m", "2m"]


def test_what_has_no_flag_goes_to_the_rules_that_say_nothing_themselves() -> None:
    own = {**GOOD, "ignoreFirstSampleInterval": "3m"}
    made = _rules(own, GOOD, ignoreFirstSampleInterval="4m")
    assert [rule["ignore_first_sample_interval"] for rule in made] == ["3m", "4m"]
    assert "ignore_first_sample_interval" not in _rules(GOOD)[0]
    said = _of_config_map("- {interval: 1m, outputs: [max], ignore_first_sample_interval: 5m}")
    assert said[0]["ignore_first_sample_interval"] == "5m"


def test_truths_and_numbers_of_a_config_map_are_what_the_program_takes_them_for() -> None:
    (rule,) = _of_config_map(
        "- {interval: 1m, outputs: [max], enable_windows: on, flush_on_shutdown: No,"
        " ignore_first_intervals: 3, by: [on, 1]}"
    )
    assert (rule["enable_windows"], rule["flush_on_shutdown"]) == (True, False)
    assert (rule["ignore_first_intervals"], rule["by"]) == (3, ["on", "1"])


def test_rules_of_relabelling_are_those_of_relabelling() -> None:
    relabeling = [{"sourceLabels": ["a"], "targetLabel": "b"}]
    (rule,) = _rules({**GOOD, "input_relabel_configs": relabeling})
    assert rule["input_relabel_configs"] == [{"source_labels": ["a"], "target_label": "b"}]
    with pytest.raises(SpecInvalid, match=r"^spec.streamAggrConfig.rules\[0\].output_relabel_conf"):
        _rules({**GOOD, "output_relabel_configs": [{"action": "kepe"}]})


def test_the_flags_say_what_holds_for_all_rules() -> None:
    config = _config(
        keepInput=True,
        dropInput=False,
        dedupInterval="30s",
        dropInputLabels=["a", "b"],
        ignoreFirstIntervals=2,
    )
    made = {name: value for name, value in global_flags(config, path="/a").items() if value}
    assert made == {
        "streamAggr.config": "/a",
        "streamAggr.keepInput": "true",
        "streamAggr.dedupInterval": "30s",
        "streamAggr.dropInputLabels": "a,b",
        "streamAggr.ignoreFirstIntervals": "2",
    }
    assert settings(config)["dropInputLabels"] == "a^^b"
    assert set(settings(None).values()) == {None}


RULES: dict[str, tuple[dict[str, Any], str]] = {
    "no duration": ({**GOOD, "interval": "1 minute"}, "interval"),
    "an interval of days": ({**GOOD, "interval": "1d"}, "interval"),
    "too short": ({**GOOD, "interval": "500ms"}, "interval"),
    "no multiple": ({**GOOD, "dedup_interval": "25s"}, "interval"),
    "deduplication longer than the interval": ({**GOOD, "dedup_interval": "2m"}, "interval"),
    "forgotten too early": ({**GOOD, "staleness_interval": "30s"}, "staleness_interval"),
    "no duration of first samples": (
        {**GOOD, "ignoreFirstSampleInterval": "x"},
        "ignore_first_sample_interval",
    ),
    "both groupings": ({**GOOD, "by": ["a"], "without": ["b"]}, "by"),
    "no output": ({**GOOD, "outputs": []}, "outputs"),
    "an unknown output": ({**GOOD, "outputs": ["totals"]}, "outputs"),
    "an output twice": ({**GOOD, "outputs": ["total", "total"]}, "outputs"),
    "quantiles twice": ({**GOOD, "outputs": ["quantiles(0.5)", "quantiles(0.9)"]}, "outputs"),
    "no quantile": ({**GOOD, "outputs": ["quantiles()"]}, "outputs"),
    "a quantile above one": ({**GOOD, "outputs": ["quantiles(1.5)"]}, "outputs"),
    "kept names of two": (
        {**GOOD, "outputs": ["min", "max"], "keep_metric_names": True},
        "keep_metric_names",
    ),
    "kept names of quantiles": (
        {**GOOD, "outputs": ["quantiles(0.5,0.9)"], "keep_metric_names": True},
        "keep_metric_names",
    ),
    "no selector": ({**GOOD, "match": ["a", "{b"]}, "match"),
}


@pytest.mark.parametrize(("rule", "key"), RULES.values(), ids=RULES.keys())
def test_a_rule_that_no_program_takes_is_refused_with_its_field(
    rule: dict[str, Any], key: str
) -> None:
    with pytest.raises(SpecInvalid, match=rf"^spec.streamAggrConfig.rules\[1\].{key}"):
        _rules(GOOD, rule)


@pytest.mark.parametrize("rule", [rule for rule, _ in RULES.values()], ids=RULES.keys())
def test_the_program_itself_refuses_what_is_refused(rule: dict[str, Any], tmp_path: Path) -> None:
    first = rule.get("ignoreFirstSampleInterval")
    named = {k: v for k, v in rule.items() if k != "ignoreFirstSampleInterval"}
    made = {**named, "ignore_first_sample_interval": first} if first else named
    (tmp_path / "a.yaml").write_text(yaml.safe_dump([made]))
    status, output = answer("victoria-metrics", "-dryRun", f"-streamAggr.config={tmp_path}/a.yaml")
    assert status != 0, output


def test_what_all_rules_share_must_fit_each() -> None:
    with pytest.raises(SpecInvalid, match=r"rules\[0\].interval: 1m is no multiple"):
        _rules(GOOD, dedupInterval="25s")
    with pytest.raises(SpecInvalid, match=r"^spec.streamAggrConfig.dedupInterval"):
        _rules(GOOD, dedupInterval="1d")
    kept = {**GOOD, "keep_metric_names": True}
    with pytest.raises(SpecInvalid, match="keepInput exclude each other"):
        _rules(kept, keepInput=True)


def test_a_config_map_that_no_program_takes_is_refused_with_its_place() -> None:
    where = r"^spec.streamAggrConfig.configmap \(key a.yaml of ConfigMap rules\)\[0\]"
    with pytest.raises(SpecInvalid, match=rf"{where}.outptus: is no field"):
        _of_config_map("- {interval: 1m, outptus: [max]}")
    with pytest.raises(SpecInvalid, match=rf"{where}.outputs: is required"):
        _of_config_map("- {interval: 1m}")
    with pytest.raises(SpecInvalid, match=rf"{where}.enable_windows: must be true or false"):
        _of_config_map("- {interval: 1m, outputs: [max], enable_windows: maybe}")


def test_the_program_takes_every_output(tmp_path: Path) -> None:
    counted = ["avg", "count_samples", "count_series", "histogram_bucket", "last", "max", "min"]
    counters = ["increase", "increase_prometheus", "rate_avg", "rate_sum", "total"]
    others = ["stddev", "stdvar", "sum_samples", "sum_samples_total", "unique_samples"]
    outputs = [*counted, *counters, *others, "total_prometheus"]
    rule = {"interval": "1m30s", "outputs": [*outputs, "quantiles(0, 0.5, .9, 1)"]}
    text = aggregation(_config(rules=[rule]), field=FIELD, around=NOTHING)
    (tmp_path / "a.yaml").write_text(text or "")
    status, output = answer("victoria-metrics", "-dryRun", f"-streamAggr.config={tmp_path}/a.yaml")
    assert status == 0, output
