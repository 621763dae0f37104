"""Relabelling and stream aggregation: rules that change, drop or sum up series on their way."""

from __future__ import annotations

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field

from vmoperator.api.auth import ConfigMapKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Count, refusal

_OPEN = Field(json_schema_extra={"x-kubernetes-preserve-unknown-fields": True})


def _texts(value: Any) -> Any:
    entries = value if isinstance(value, list) else [value]
    if not all(isinstance(entry, str | int | float) for entry in entries):
        raise refusal("must be text or a list of texts")
    return value


Texts: TypeAlias = Annotated[Any, BeforeValidator(_texts), _OPEN]
"""One text, or a list of them."""


class RelabelConfig(SpecModel):
    """One relabelling rule, in the words of Prometheus or in camelCase."""

    # Both spellings are fields of their own, so that the CRD keeps both.
    source_labels: list[str] | None = Field(default=None, alias="source_labels")
    """Labels whose values are joined and matched."""
    source_labels_camel: list[str] | None = Field(default=None, alias="sourceLabels")
    """The same as source_labels, which wins."""
    separator: str | None = None
    """What stands between the joined values; ; when unset."""
    target_label: str | None = Field(default=None, alias="target_label")
    """Label that gets the result."""
    target_label_camel: str | None = Field(default=None, alias="targetLabel")
    """The same as target_label, which wins."""
    regex: Texts | None = None
    """Regular expression (RE2), or a list of alternatives, that the joined values must match."""
    modulus: Annotated[int, Field(ge=0)] | None = None
    """Divisor of the hash under action hashmod."""
    replacement: str | None = None
    """What the target label gets, with $1 for groups of the regex; $1 when unset."""
    action: str | None = None
    """What the rule does; replace when unset."""
    if_: Texts | None = Field(default=None, alias="if")
    """Series selector, or a list of them, that series must match for the rule to apply."""
    match: str | None = None
    """Template of Graphite names under action graphite."""
    labels: dict[str, str] | None = None
    """Labels to set under action graphite."""


class RelabelFields(SpecModel):
    """Relabelling of all series that a program takes in."""

    relabel_config: ConfigMapKeySelector | None = None
    """Key of a ConfigMap with relabelling rules; they come behind those of
    inlineRelabelConfig."""
    inline_relabel_config: list[RelabelConfig] | None = None
    """Relabelling rules for all series."""


class StreamAggrRule(SpecModel):
    """One rule of stream aggregation."""

    model_config = ConfigDict(alias_generator=None)

    match: Texts | None = None
    """Series selector, or a list of them, of the series to aggregate; all when unset."""
    interval: str
    """How often results are written, such as 1m; at least 1s."""
    no_align_flush_to_interval: bool | None = None
    """Whether results are written at other times than multiples of the interval."""
    flush_on_shutdown: bool | None = None
    """Whether unfinished results are written when the program starts and stops."""
    dedup_interval: str | None = None
    """Interval of which one sample is kept before the aggregation."""
    staleness_interval: str | None = None
    """Time without samples after which a series is forgotten."""
    outputs: list[str]
    """What is calculated, such as total or quantiles(0.5, 0.9)."""
    keep_metric_names: bool | None = None
    """Whether results keep the names of their input."""
    ignore_old_samples: bool | None = None
    """Whether samples from outside the current interval are ignored."""
    by: list[str] | None = None
    """Labels to group by."""
    without: list[str] | None = None
    """Labels to leave out of the grouping."""
    ignore_first_intervals: Count | None = None
    """Number of intervals that are ignored after the start."""
    ignore_first_sample_interval: str | None = Field(
        default=None, alias="ignoreFirstSampleInterval"
    )
    """Time after the start in which first samples of a series are not counted."""
    drop_input_labels: list[str] | None = None
    """Labels to drop before everything else."""
    input_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the input."""
    output_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the results."""
    enable_windows: bool | None = None
    """Whether samples are aggregated in windows by their own time."""


class StreamAggrConfig(SpecModel):
    """Stream aggregation: results are stored instead of, or beside, the series they are made of."""

    rules: list[StreamAggrRule] | None = None
    """Rules of aggregation."""
    configmap: ConfigMapKeySelector | None = None
    """Key of a ConfigMap with rules; they come behind those of rules."""
    keep_input: bool | None = None
    """Whether the series that rules match are stored as well (-streamAggr.keepInput)."""
    drop_input: bool | None = None
    """Whether series that no rule matches are dropped (-streamAggr.dropInput)."""
    dedup_interval: str | None = None
    """Interval of which one sample is kept before the aggregation (-streamAggr.dedupInterval)."""
    drop_input_labels: list[str] | None = None
    """Labels to drop before everything else (-streamAggr.dropInputLabels)."""
    ignore_first_intervals: Count | None = None
    """Number of intervals that are ignored after the start (-streamAggr.ignoreFirstIntervals)."""
    ignore_first_sample_interval: str | None = None
    """Time after the start in which first samples of a series are not counted; for rules that say
    nothing themselves."""
    ignore_old_samples: bool | None = None
    """Whether samples from outside the current interval are ignored
    (-streamAggr.ignoreOldSamples)."""
    enable_windows: bool | None = None
    """Whether samples are aggregated in windows by their own time (-streamAggr.enableWindows)."""
