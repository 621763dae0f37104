"""pydantic's JSON schema -> the structural schema that a CustomResourceDefinition must have.

What pydantic emits and the API server refuses, or takes and means differently, is either
translated here or raised as TypeError, which names the place in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from pydantic import BaseModel

from vmoperator.api.unsupported import MARK

Schema: TypeAlias = dict[str, Any]

BRIEF = "brief"
"""Mark of a field whose parts are described elsewhere in the same definition."""

_ANY: Schema = {"x-kubernetes-preserve-unknown-fields": True}
# Without the customary anyOf, which turns one message about a float into four.
_INT_OR_STRING: Schema = {"x-kubernetes-int-or-string": True}
_KEPT = frozenset(
    ["type", "enum", "required", "pattern", "minimum", "maximum", "minLength", "maxLength"]
    + ["minItems", "maxItems", "minProperties", "maxProperties"]
)
# Defaults are the operator's: in the CRD they would be written into every object.
_DROPPED = frozenset({"title", "default", "$defs", "$ref", "anyOf", MARK, BRIEF})
_FORMATS = frozenset({"date-time", "int32"})


def structural(model: type[BaseModel]) -> Schema:
    """The structural schema of a model, without defaults and with everything inlined.

    Raises TypeError for a type that a CRD cannot express: recursion, tuples, other unions.
    """
    schema = model.model_json_schema(by_alias=True, mode="validation")
    place = _Place(model.__name__, schema.get("$defs", {}))
    # pydantic writes a model that contains itself as a reference at the root.
    return _node(schema, place)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in the model we are, the definitions of the document, and those that we are in."""

    path: str
    definitions: Mapping[str, Schema]
    inside: tuple[str, ...] = ()

    def below(self, name: str) -> _Place:
        return replace(self, path=f"{self.path}.{name}")

    def within(self, definition: str) -> _Place:
        if definition in self.inside:
            raise self.refusal(f"{definition} contains itself")
        return replace(self, inside=(*self.inside, definition))

    def refusal(self, message: str) -> TypeError:
        return TypeError(f"{self.path}: {message}; a CRD cannot say that")


def _node(schema: Schema, place: _Place) -> Schema:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        inner = _node(place.definitions[name], place.within(name))
    elif "anyOf" in schema:
        inner = _union(schema["anyOf"], place)
    elif schema.keys() - _DROPPED - {"description"}:
        inner = {}
    else:
        # A value of any type, which pydantic writes as an empty schema.
        inner = _ANY
    found = {**inner, **_keywords(schema, place)}
    return {**_silent(found), "description": found["description"]} if BRIEF in schema else found


def _silent(value: Any) -> Any:
    if isinstance(value, list):
        return [_silent(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    # A field that is called description has a schema, which is no text.
    kept = {k: v for k, v in value.items() if k != "description" or not isinstance(v, str)}
    return {key: _silent(below) for key, below in kept.items()}


def _union(members: list[Schema], place: _Place) -> Schema:
    rest = [member for member in members if member.get("type") != "null"]
    if len(rest) == 1:
        return _node(rest[0], place)
    if sorted(str(member.get("type")) for member in rest) == ["integer", "string"]:
        return _INT_OR_STRING
    raise place.refusal("a union other than `| None` and int | str")


def _keywords(schema: Schema, place: _Place) -> Schema:
    found: Schema = {}
    for key, value in schema.items():
        if key not in _DROPPED:
            found |= _keyword(key, value, place)
    if MARK in schema:
        told = f"{found.get('description', '')} Does not act yet: {schema[MARK]}."
        found["description"] = told.strip()
    return found


def _keyword(key: str, value: Any, place: _Place) -> Schema:
    if key in _TRANSLATIONS:
        return _TRANSLATIONS[key](value, place)
    if key in _KEPT or key.startswith("x-kubernetes-"):
        return {key: value}
    raise place.refusal(f"{key} {value!r}")


def _properties(value: Any, place: _Place) -> Schema:
    # The keys are names of fields here, so `title` and `default` are nothing to drop.
    return {"properties": {name: _node(sub, place.below(name)) for name, sub in value.items()}}


def _additional(value: Any, place: _Place) -> Schema:
    if value is False:
        # Unknown fields are pruned, and refused by kubectl, without being told so.
        return {}
    if value is True:
        # `additionalProperties: true` would lose what is nested in the values.
        return _ANY
    return {"additionalProperties": _node(value, place.below("{}"))}


def _format(value: Any, place: _Place) -> Schema:
    # Others, such as `duration`, mean something else to the API server.
    if value not in _FORMATS:
        raise place.refusal(f"format {value!r}")
    return {"format": value}


_TRANSLATIONS: Mapping[str, Callable[[Any, _Place], Schema]] = MappingProxyType(
    {
        "properties": _properties,
        "additionalProperties": _additional,
        "format": _format,
        "items": lambda value, place: {"items": _node(value, place.below("[]"))},
        "description": lambda value, _: {"description": " ".join(value.split())},
        "const": lambda value, _: {"enum": [value]},
        "uniqueItems": lambda _, __: {"x-kubernetes-list-type": "set"},
        # A number in JSON Schema, a flag beside the bound in OpenAPI 3.0.
        "exclusiveMinimum": lambda value, _: {"minimum": value, "exclusiveMinimum": True},
        "exclusiveMaximum": lambda value, _: {"maximum": value, "exclusiveMaximum": True},
    }
)
