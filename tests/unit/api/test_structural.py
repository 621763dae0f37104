"""What pydantic emits against what the API server takes: each known trap, one test."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from vmoperator.api.model import OpenModel, Rule, SpecModel
from vmoperator.api.pod import Named
from vmoperator.api.scalars import Count, IntOrString, Open, Port, Quantity
from vmoperator.api.structural import structural

OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Inner(SpecModel):
    size: int


class Recursive(BaseModel):
    next: Recursive | None = None


def _field(annotation: Any, **default: Any) -> dict[str, Any]:
    # One field of that type, as the CRD shows it.
    class Probe(BaseModel):
        field: annotation = Field(**default)

    shown: dict[str, Any] = structural(Probe)["properties"]["field"]
    return shown


@pytest.mark.parametrize(
    ("annotation", "want"),
    [
        pytest.param(str, {"type": "string"}, id="a string"),
        pytest.param(str | None, {"type": "string"}, id="null is no type"),
        pytest.param(
            Inner,
            {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]},
            id="references are inlined",
        ),
        pytest.param(
            Inner | None,
            {"type": "object", "properties": {"size": {"type": "integer"}}, "required": ["size"]},
            id="optional references are inlined",
        ),
        pytest.param(Colour, {"type": "string", "enum": ["red", "blue"]}, id="an enum is inlined"),
        pytest.param(Literal["a"], {"type": "string", "enum": ["a"]}, id="const is an enum of one"),
        pytest.param(int | str, {"x-kubernetes-int-or-string": True}, id="int or string"),
        pytest.param(str | int, {"x-kubernetes-int-or-string": True}, id="string or int"),
        pytest.param(IntOrString | None, {"x-kubernetes-int-or-string": True}, id="IntOrString"),
        pytest.param(Any, {"x-kubernetes-preserve-unknown-fields": True}, id="any value"),
        pytest.param(Open, OPEN, id="a map of anything keeps what is nested"),
        pytest.param(dict[str, Any] | None, OPEN, id="an optional map of anything"),
        pytest.param(
            list[Open], {"type": "array", "items": OPEN}, id="a list of core types stays open"
        ),
        pytest.param(
            dict[str, str],
            {"type": "object", "additionalProperties": {"type": "string"}},
            id="a map of strings",
        ),
        pytest.param(
            set[str],
            {"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "set"},
            id="a set is a list type",
        ),
        pytest.param(
            Annotated[int, Field(gt=0, lt=9)],
            {
                "type": "integer",
                "minimum": 0,
                "exclusiveMinimum": True,
                "maximum": 9,
                "exclusiveMaximum": True,
            },
            id="exclusive bounds are flags",
        ),
        pytest.param(
            Count, {"type": "integer", "format": "int32", "minimum": 0}, id="inclusive bounds"
        ),
        pytest.param(
            Named,
            {
                "type": "array",
                "items": {**OPEN, "properties": {"name": {"type": "string"}}, "required": ["name"]},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
            id="a list map has a required key",
        ),
    ],
)
def test_a_type_becomes_structural(annotation: Any, want: dict[str, Any]) -> None:
    assert _field(annotation) == want


@pytest.mark.parametrize(
    ("annotation", "words"),
    [
        pytest.param(Recursive, "Recursive contains itself", id="recursion"),
        pytest.param(tuple[int, str], "prefixItems", id="tuple"),
        pytest.param(timedelta, "format 'duration'", id="timedelta"),
        pytest.param(Decimal, "a union other than", id="Decimal"),
        pytest.param(int | bool, "a union other than", id="another union"),
    ],
)
def test_a_type_that_a_crd_cannot_express_is_named(annotation: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words) as refused:
        _field(annotation)
    assert str(refused.value).startswith("Probe.field")


@pytest.mark.parametrize("default", [None, "x", Colour.RED], ids=str)
def test_defaults_stay_out(default: object) -> None:
    assert "default" not in _field(str | None, default=default)


def test_a_nested_default_stays_out() -> None:
    assert "default" not in _field(Inner, default=Inner(size=1))


def test_forbidden_extras_leave_no_trace_beside_properties() -> None:
    class Closed(BaseModel):
        model_config = ConfigDict(extra="forbid")
        size: int

    assert _field(Closed).keys() == {"type", "properties", "required"}


def test_an_open_model_keeps_unknown_fields_beside_its_own() -> None:
    class Core(OpenModel):
        size: int | None = None

    assert structural(Core) == {**OPEN, "properties": {"size": {"type": "integer"}}}


def test_fields_with_the_names_of_keywords_stay() -> None:
    class Tricky(BaseModel):
        title: str = "x"
        default: str = "x"
        description: str = "x"
        properties: str = "x"

    names = {"title", "default", "description", "properties"}
    assert structural(Tricky)["properties"] == {name: {"type": "string"} for name in names}


def test_titles_are_dropped() -> None:
    assert "title" not in structural(Inner)
    assert "title" not in structural(Inner)["properties"]["size"]


def test_the_description_of_a_field_wins_over_that_of_its_model() -> None:
    class Documented(SpecModel):
        """What it is."""

    assert _field(Documented)["description"] == "What it is."
    assert _field(Documented, description="What it\nis here.")["description"] == "What it is here."


def test_a_field_that_does_not_act_says_so_and_the_mark_is_gone() -> None:
    shown = _field(str, description="A thing.", json_schema_extra={"unsupported": "not built"})
    assert shown == {"type": "string", "description": "A thing. Does not act yet: not built."}


def test_rules_of_base_classes_hold_as_well() -> None:
    class Base(SpecModel):
        cel = (Rule("self.a > 0", "a is small"),)
        a: int

    class Derived(Base):
        cel = (Rule("self.b > 0", "b is small", ".b"),)
        b: int

    rules = structural(Derived)["x-kubernetes-validations"]
    assert [rule["message"] for rule in rules] == ["b is small", "a is small"]
    assert [rule.get("fieldPath") for rule in rules] == [".b", None]


def test_a_value_is_checked_by_the_same_pattern_on_both_sides() -> None:
    (rule,) = _field(Port)["x-kubernetes-validations"]
    assert rule["rule"] == "self.matches(r'^([0-9]*)$')"


def test_a_quantity_is_bounded_so_that_its_rule_stays_cheap() -> None:
    shown = _field(Quantity)
    assert shown["maxLength"] == 64
    assert "isQuantity" in shown["x-kubernetes-validations"][0]["rule"]
