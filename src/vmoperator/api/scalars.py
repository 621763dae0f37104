"""Small types of the API: each checks a value here as the API server checks it by the CRD."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from vmoperator.api.model import RULES, Rule
from vmoperator.base.quantity import quantity

Check: TypeAlias = Callable[[Any], bool]


def refusal(message: str) -> PydanticCustomError:
    """A validation error with our own words; braces in them mean themselves."""
    return PydanticCustomError("refused", "{message}", {"message": message})


def misfit(message: str, *field: str) -> PydanticCustomError:
    """A validation error of a whole part, whose fields do not fit together; `field` is the path
    of the offending one below it."""
    return PydanticCustomError("misfit", "{message}", {"message": message, "field": field})


class Checking(ABC):
    """Annotation of a field: `_checked` sees its value once the type is right."""

    __slots__ = ()

    def __get_pydantic_core_schema__(
        self, source: Any, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._checked, handler(source))

    @abstractmethod
    def _checked(self, value: Any) -> Any:
        """The value to take. Raises a refusal."""


@dataclass(frozen=True, slots=True)
class Checked(Checking):
    """Annotation of a field: `holds` in Python, `expression` in CEL, one message for both."""

    holds: Check
    expression: str
    message: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {**handler(schema), RULES: [Rule(self.expression, self.message).schema]}

    def _checked(self, value: Any) -> Any:
        if not self.holds(value):
            raise refusal(self.message)
        return value


def _matching(pattern: str, message: str) -> Checked:
    # RE2, which CEL uses, and re mean the same by the plain patterns of this file.
    return Checked(
        lambda value: re.fullmatch(pattern, value) is not None,
        f"self.matches(r'^({pattern})$')",
        message,
    )


@dataclass(frozen=True, slots=True)
class ListMap(Checking):
    """Annotation of a list of open objects that are told apart by one required text field."""

    key: str

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        array = handler(schema)
        items = {**array["items"], "properties": {self.key: {"type": "string"}}}
        return {
            **array,
            "items": {**items, "required": [self.key]},
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": [self.key],
        }

    def _checked(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        seen: set[str] = set()
        for place, item in enumerate(value):
            name = item.get(self.key)
            if not isinstance(name, str):
                raise refusal(f"entry {place} needs a {self.key}")
            if name in seen:
                raise refusal(f"{self.key} {name!r} stands there twice")
            seen.add(name)
        return value


def _whole_or_text(value: Any) -> Any:
    # Before the union, whose own errors would carry its members in the path of the field.
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise refusal("must be an integer or a string")
    return value


Open: TypeAlias = dict[str, Any]
"""A core type that is passed through as it is, with fields that the operator never heard of."""

Labels: TypeAlias = dict[str, str]

IntOrString: TypeAlias = Annotated[
    int | str,
    BeforeValidator(_whole_or_text),
    Field(json_schema_extra={"x-kubernetes-int-or-string": True}),
]


def _is_quantity(value: Any) -> bool:
    try:
        quantity(value)
    except ValueError:
        return False
    return True


Quantity: TypeAlias = Annotated[
    IntOrString,
    Field(json_schema_extra={"maxLength": 64}),
    Checked(
        _is_quantity,
        "type(self) == int || isQuantity(self)",
        'must be a quantity such as 2, "500m" or "10Gi"',
    ),
]
"""Amount of a resource (Kubernetes resource.Quantity); a float has to be quoted."""

Quantities: TypeAlias = Annotated[dict[str, Quantity], Field(max_length=16)]

Share: TypeAlias = Annotated[
    IntOrString,
    Field(json_schema_extra={"maxLength": 8}),
    Checked(
        lambda value: (
            re.fullmatch(r"[1-9][0-9]*|(100|[1-9][0-9]?)%", str(value)) is not None
            and (isinstance(value, int) or value.endswith("%"))
        ),
        "type(self) == int ? self > 0 : self.matches(r'^(100|[1-9][0-9]?)%$')",
        'must be a number of pods from 1, or a share such as "25%"',
    ),
]
"""Number of pods, or a percentage of them, that is never nothing."""

_MOST = 2**31 - 1


def _within_int32(value: int) -> int:
    if value > _MOST:
        raise refusal(f"must be at most {_MOST}")
    return value


Count: TypeAlias = Annotated[
    int, Field(ge=0, json_schema_extra={"format": "int32"}), AfterValidator(_within_int32)
]

# vmstorage ends at once when -retentionPeriod is below one day.
Retention: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    _matching(
        r"0*[1-9][0-9]*[dwy]?|0*(2[4-9]|[3-9][0-9]|[1-9][0-9][0-9]+)h",
        'must be a number of months such as "4", or a number with h, d, w or y such as "30d",'
        " and at least one day",
    ),
]

Port: TypeAlias = Annotated[
    str,
    Field(max_length=5),
    _matching(r"[0-9]*", 'must be a port number in quotes, such as "8480"'),
]

Interval: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    _matching(r"[0-9]+[smh]", 'must be a number with s, m or h, such as "30s"'),
]

GoDuration: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    _matching(
        r"([0-9]+([.][0-9]+)?(ms|s|m|h))+",
        'must be a duration with ms, s, m or h, such as "30s" or "1m30s"',
    ),
]
"""Duration of a flag that knows no days (Go's time.ParseDuration)."""

_SIZE = r"[0-9]+(kb|mb|gb|tb|KB|MB|GB|TB|KiB|MiB|GiB|TiB)?"

Size: TypeAlias = Annotated[
    IntOrString,
    Field(json_schema_extra={"maxLength": 32}),
    Checked(
        lambda value: (
            value >= 0 if isinstance(value, int) else re.fullmatch(_SIZE, value) is not None
        ),
        f"type(self) == int ? self >= 0 : self.matches(r'^{_SIZE}$')",
        'must be a number of bytes, or a size such as "500MB" or "1GiB"',
    ),
]
"""Number of bytes of a flag (-remoteWrite.maxDiskUsagePerURL and the like)."""

LogLevel: TypeAlias = Literal["INFO", "WARN", "ERROR", "FATAL", "PANIC"]
LogFormat: TypeAlias = Literal["default", "json"]
