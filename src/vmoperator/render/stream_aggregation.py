"""Stream aggregation: rules as a file that a program loads again, the rest as flags.

A program ends at its start over one rule that it cannot take (lib/streamaggr), so what is known to
be wrong is refused here, with the name of the field.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from vmoperator.api.around import Around
from vmoperator.api.refusals import first_refusal
from vmoperator.api.relabeling import StreamAggrConfig, StreamAggrRule
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import relabel
from vmoperator.render.credentials import is_given
from vmoperator.render.documents import dumped, entries
from vmoperator.render.expressions import selector_problem
from vmoperator.render.flags import Flags

_OUTPUTS = frozenset(
    [
        "avg",
        "count_samples",
        "count_series",
        "histogram_bucket",
        "increase",
        "increase_prometheus",
        "last",
        "max",
        "min",
        "rate_avg",
        "rate_sum",
        "stddev",
        "stdvar",
        "sum_samples",
        "sum_samples_total",
        "total",
        "total_prometheus",
        "unique_samples",
    ]
)
_QUANTILES = re.compile(r"quantiles\(([^()]+)\)")
_PART = re.compile(r"([0-9]+(?:[.][0-9]*)?|[.][0-9]+)(ns|us|µs|ms|s|m|h)")
_SECONDS = {"ns": "1e-9", "us": "1e-6", "µs": "1e-6", "ms": "1e-3", "s": "1", "m": "60"}
_HOUR_SECONDS = "3600"
_FIRST_SAMPLE = "ignore_first_sample_interval"
_FIELDS = {field.alias or name for name, field in StreamAggrRule.model_fields.items()}
_TRUTHS = frozenset(
    [
        "keep_metric_names",
        "ignore_old_samples",
        "enable_windows",
        "flush_on_shutdown",
        "no_align_flush_to_interval",
    ]
)
_TRUE = frozenset({"true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y"})
_FALSE = frozenset({"false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N"})


def aggregation(config: StreamAggrConfig | None, *, field: str, around: Around) -> str | None:
    """The file with the rules of the specification and then those of the ConfigMap's key.

    None if there is no rule. Raises SpecInvalid for rules that the program would not take, and for
    a ConfigMap or key that is not there unless it is optional.
    """
    if config is None:
        return None
    _seconds(config.dedup_interval, field=f"{field}.dedupInterval")
    own = [(f"{field}.rules[{place}]", rule) for place, rule in enumerate(config.rules or ())]
    every = [*own, *_of_config_map(config, field=field, around=around)]
    found = [_rule(rule, config, field=path) for path, rule in every]
    return dumped(found) if found else None


def settings(config: StreamAggrConfig | None) -> dict[str, str | None]:
    """What flags say, by the last part of their names; None for what is unset.

    Labels are joined as -remoteWrite.streamAggr.dropInputLabels wants them for one URL.
    """
    given = config or StreamAggrConfig()
    first, labels = given.ignore_first_intervals, given.drop_input_labels
    return {
        "dedupInterval": given.dedup_interval or None,
        "keepInput": "true" if given.keep_input else None,
        "dropInput": "true" if given.drop_input else None,
        "dropInputLabels": "^^".join(labels) if labels else None,
        "ignoreFirstIntervals": str(first) if first else None,
        "ignoreOldSamples": "true" if given.ignore_old_samples else None,
        "enableWindows": "true" if given.enable_windows else None,
    }


def global_flags(config: StreamAggrConfig | None, *, path: str | None) -> Flags:
    """The flags -streamAggr.*; `path` is that of the file with the rules, if there are some."""
    found = settings(config)
    labels = (config and config.drop_input_labels) or ()
    several = {**found, "config": path, "dropInputLabels": ",".join(labels) or None}
    return {f"streamAggr.{name}": value for name, value in several.items()}


def _of_config_map(
    config: StreamAggrConfig, *, field: str, around: Around
) -> list[tuple[str, StreamAggrRule]]:
    selector = config.configmap
    if selector is None or not is_given(selector):
        return []
    path = f"{field}.configmap"
    text = relabel.optional_text(selector, field=path, around=around)
    source = f"{path} (key {selector.key} of ConfigMap {selector.name})"
    listed = enumerate(entries(text, field=source))
    return [(f"{source}[{i}]", _parsed(entry, field=f"{source}[{i}]")) for i, entry in listed]


def _parsed(entry: Mapping[str, Any], *, field: str) -> StreamAggrRule:
    given = {key: value for key, value in entry.items() if value is not None}
    unknown = sorted(given.keys() - _FIELDS - {_FIRST_SAMPLE})
    if unknown:
        raise SpecInvalid(f"{field}.{unknown[0]}", "is no field of a rule of stream aggregation")
    for key in ("input_relabel_configs", "output_relabel_configs"):
        if key in given:
            listed = _mappings(given[key], field=f"{field}.{key}")
            given[key] = relabel.parsed_rules(listed, field=f"{field}.{key}")
    try:
        return StreamAggrRule.model_validate({key: _typed(key, given[key]) for key in given})
    except ValidationError as refused:
        raise relabel.below(first_refusal(refused), field=field) from None


def _mappings(value: Any, *, field: str) -> list[Mapping[str, Any]]:
    if not isinstance(value, list) or not all(isinstance(entry, Mapping) for entry in value):
        raise SpecInvalid(field, "must be a list of rules")
    return value


def _typed(key: str, value: Any) -> Any:
    if key in _TRUTHS and value in _TRUE | _FALSE:
        return value in _TRUE
    if key == "ignore_first_intervals" and isinstance(value, str) and value.isdecimal():
        return int(value)
    return value


def _rule(rule: StreamAggrRule, config: StreamAggrConfig, *, field: str) -> dict[str, Any]:
    found = {**rule.manifest(), _FIRST_SAMPLE: rule.ignore_first_sample_interval}
    found.pop("ignoreFirstSampleInterval", None)
    # There is no flag for it, so rules that say nothing get what holds for all of them.
    found[_FIRST_SAMPLE] = found[_FIRST_SAMPLE] or config.ignore_first_sample_interval
    for key in ("input_relabel_configs", "output_relabel_configs"):
        given = getattr(rule, key)
        found[key] = relabel.rules(given, field=f"{field}.{key}") if given else None
    made = {key: value for key, value in found.items() if value is not None}
    _refuse_times(made, config, field=field)
    _refuse_misfit(made, config, field=field)
    return made


def _refuse_times(rule: Mapping[str, Any], config: StreamAggrConfig, *, field: str) -> None:
    def seconds(key: str) -> Decimal:
        return _seconds(rule.get(key), field=f"{field}.{key}")

    interval = seconds("interval")
    if interval < 1:
        raise SpecInvalid(f"{field}.interval", f"{rule['interval']!r} is shorter than 1s")
    dedup = seconds("dedup_interval") or _seconds(config.dedup_interval, field=field)
    if dedup and interval % dedup:
        shown = rule.get("dedup_interval") or config.dedup_interval
        message = f"{rule['interval']} is no multiple of the interval of deduplication, {shown}"
        raise SpecInvalid(f"{field}.interval", message)
    if rule.get("staleness_interval") and seconds("staleness_interval") < interval:
        message = f"is shorter than the interval, {rule['interval']}"
        raise SpecInvalid(f"{field}.staleness_interval", message)
    seconds(_FIRST_SAMPLE)


def _refuse_misfit(rule: Mapping[str, Any], config: StreamAggrConfig, *, field: str) -> None:
    if rule.get("by") and rule.get("without"):
        raise SpecInvalid(f"{field}.by", "by and without exclude each other")
    _refuse_outputs(rule["outputs"], field=f"{field}.outputs")
    if rule.get("keep_metric_names"):
        _refuse_kept_names(rule["outputs"], config, field=f"{field}.keep_metric_names")
    match = rule.get("match", [])
    for selector in match if isinstance(match, list) else [match]:
        problem = selector_problem(str(selector))
        if problem:
            raise SpecInvalid(f"{field}.match", f"{selector!r} {problem}")


def _refuse_outputs(outputs: list[str], *, field: str) -> None:
    if not outputs:
        raise SpecInvalid(field, "name at least one, such as total")
    names = [output.partition("(")[0] for output in outputs]
    for place, output in enumerate(outputs):
        if output not in _OUTPUTS and not _are_shares(output):
            known = ", ".join([*sorted(_OUTPUTS), "quantiles(0.5, 0.9)"])
            raise SpecInvalid(f"{field}[{place}]", f"{output!r} is none; there are: {known}")
        if names[place] in names[:place]:
            raise SpecInvalid(f"{field}[{place}]", f"{names[place]} stands there twice")


def _are_shares(output: str) -> bool:
    found = _QUANTILES.fullmatch(output)
    shares = [part.strip() for part in found[1].split(",")] if found else []
    return bool(shares) and all(re.fullmatch(r"0|1(\.0*)?|0?\.[0-9]+", share) for share in shares)


def _refuse_kept_names(outputs: list[str], config: StreamAggrConfig, *, field: str) -> None:
    several = outputs[0] == "histogram_bucket" or "," in outputs[0]
    if len(outputs) > 1 or several:
        raise SpecInvalid(field, "goes with a single output of a single series")
    if config.keep_input:
        raise SpecInvalid(field, "and keepInput exclude each other: the names would collide")


def _seconds(text: str | None, *, field: str) -> Decimal:
    if not text or text == "0":
        return Decimal(0)
    parts = _PART.findall(text)
    if "".join(number + unit for number, unit in parts) != text:
        raise SpecInvalid(field, f"{text!r} is not a duration such as 30s or 1m30s")
    units = [(number, _SECONDS.get(unit, _HOUR_SECONDS)) for number, unit in parts]
    return sum((Decimal(number) * Decimal(unit) for number, unit in units), Decimal(0))
