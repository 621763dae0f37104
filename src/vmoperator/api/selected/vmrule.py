"""VMRule: groups of alerting and recording rules."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Checking, Count, Labels, refusal
from vmoperator.api.selected.object import SelectedObject


@dataclass(frozen=True, slots=True)
class _Patterned(Checking):
    """Annotation of a text whose whole has to match; the definition says so without CEL, whose
    cost the API server bounds for lists in lists."""

    pattern: str
    message: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), "pattern": f"^({self.pattern})$"}

    def _checked(self, value: str) -> str:
        if re.fullmatch(self.pattern, value) is None:
            raise refusal(self.message)
        return value


_TIME = r"[0-9]+(\.[0-9]+)?|([0-9]+(\.[0-9]+)?(ms|[smhdwy]))*"
_WORDS = 'must be a time such as "30s" or "1h30m"'

RuleTime: TypeAlias = Annotated[str, Field(max_length=32), _Patterned(_TIME, _WORDS)]
"""A length of time (metricsql.DurationValue); a bare number is seconds; empty counts as unset."""

RuleOffset: TypeAlias = Annotated[str, Field(max_length=32), _Patterned(f"-?({_TIME})", _WORDS)]
"""Like RuleTime, also before a point in time."""


def is_rule_time(text: str) -> bool:
    """Whether vmalert takes a text as a length of time."""
    return re.fullmatch(_TIME, text) is not None


Tenant: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    _Patterned(r"([0-9]+(:[0-9]+)?)?", 'must be ACCOUNT or ACCOUNT:PROJECT, such as "12:3"'),
]
RuleHeader: TypeAlias = Annotated[
    str,
    Field(max_length=4096),
    _Patterned(r"([^:\r\n]+:[^\r\n]*)?", 'must be a header such as "Name: value"'),
]


class GroupRule(SpecModel):
    """An alert, or a series that is computed: just one of alert and record is set."""

    record: str | None = None
    """Name of the series that the result is written to."""
    alert: str | None = None
    """Name of the alert that each series of the result raises."""
    expr: str
    """Expression that is evaluated."""
    debug: bool | None = None
    """Whether evaluations are logged."""
    for_: RuleTime | None = Field(default=None, alias="for")
    """How long the expression must have had results before the alert fires."""
    keep_firing_for: RuleTime | None = Field(default=None, alias="keep_firing_for")
    """How long the alert goes on firing after that."""
    labels: Labels | None = None
    """Labels of the alert or the series; those of alerts are templates."""
    annotations: Labels | None = None
    """Texts of the alert, as templates."""
    update_entries_limit: Count | None = Field(default=None, alias="update_entries_limit")
    """Evaluations that are remembered for the rule's page."""


class RuleGroup(SpecModel):
    """Rules that are evaluated one after the other, at one time."""

    name: str = Field(min_length=1)
    """Name of the group, the only one of it in the object."""
    interval: RuleTime | None = None
    """How often it is evaluated; evaluationInterval of the VMAlert when unset."""
    rules: list[GroupRule]
    """The rules, in the order of their evaluation."""
    limit: Count | None = None
    """Most alerts or series that one rule may make; 0 for any number."""
    eval_offset: RuleOffset | None = Field(default=None, alias="eval_offset")
    """When in the interval it is evaluated; needs interval, and excludes eval_delay."""
    eval_delay: RuleTime | None = Field(default=None, alias="eval_delay")
    """By how much the time of queries lies back, for data that comes late."""
    eval_alignment: bool | None = Field(default=None, alias="eval_alignment")
    """Whether the time of queries is aligned with the interval; true when unset."""
    concurrency: Count | None = None
    """Rules that are evaluated at the same time; 1 when unset."""
    labels: Labels | None = None
    """Labels of all rules of the group."""
    tenant: Tenant | None = None
    """Tenant whose data is queried and written to, of the enterprise version (-clusterMode)."""
    params: dict[str, list[str]] | None = None
    """Parameters of each query."""
    type: Literal["prometheus", "graphite", "vlogs"] | None = None
    """Language of the expressions; prometheus when unset."""
    headers: list[RuleHeader] | None = None
    """HTTP headers of each query, as NAME: VALUE."""
    notifier_headers: list[RuleHeader] | None = Field(default=None, alias="notifier_headers")
    """HTTP headers of the alerts, as NAME: VALUE."""


class VMRuleSpec(SpecModel):
    """Rules that are evaluated."""

    groups: list[RuleGroup] = Field(
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        }
    )
    """Groups of rules."""


class VMRule(SelectedObject):
    """Groups of alerting and recording rules."""

    kind: Literal["VMRule"]
    spec: VMRuleSpec
    """Rules that are evaluated."""
