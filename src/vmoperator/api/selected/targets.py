"""Targets in Kubernetes: which objects a scrape object looks at, and in which namespaces."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.scalars import Labels, misfit

_VALUES = "In and NotIn need values, Exists and DoesNotExist take none"


class LabelExpression(SpecModel):
    """One condition on a label."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "(self.operator in ['In', 'NotIn']) == (has(self.values) && self.values.size() > 0)",
            _VALUES,
            ".values",
        ),
    )

    key: str = Field(min_length=1)
    """Name of the label."""
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"]
    """How the label is compared with the values."""
    values: list[str] | None = None
    """Values to compare with."""

    @model_validator(mode="after")
    def _values_that_fit(self) -> Self:
        if (self.operator in ("In", "NotIn")) != bool(self.values):
            raise misfit(_VALUES, "values")
        return self


class LabelSelector(SpecModel):
    """Labels that objects must have; everything when nothing is said."""

    match_labels: Labels | None = None
    """Labels with their values."""
    match_expressions: list[LabelExpression] | None = Field(default=None, max_length=128)
    """Further conditions, all of which must hold."""


class NamespaceSelector(SpecModel):
    """Namespaces to look for targets in; that of the object itself when nothing is said."""

    any: bool | None = None
    """Whether all namespaces are looked at."""
    match_names: list[str] | None = None
    """Names of the namespaces."""


PodPort: TypeAlias = Annotated[int, Field(ge=1, le=65535, json_schema_extra={"format": "int32"})]
