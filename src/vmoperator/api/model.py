"""What all models of the API have in common: spelling, strictness, rules, metadata."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema

from vmoperator.api.descriptions import descriptions

RULES = "x-kubernetes-validations"


@dataclass(frozen=True, slots=True)
class Rule:
    """A CEL rule that the API server checks on every write of the value that it stands at.

    `field_path` (".replicationFactor") puts the name of a field below that value into the message.
    """

    expression: str
    message: str
    field_path: str = ""
    reason: str = "FieldValueInvalid"

    @property
    def schema(self) -> dict[str, str]:
        """One entry of `x-kubernetes-validations`."""
        entry = {"rule": self.expression, "message": self.message, "reason": self.reason}
        return {**entry, "fieldPath": self.field_path} if self.field_path else entry


class SpecModel(BaseModel):
    """A part of a manifest: camelCase outside, snake_case inside, frozen.

    Types are taken as strictly as the API server takes them ("5" is no integer). Unknown fields
    are ignored, for a newer CRD must not stop an older operator; the CRD's schema finds the typos.
    """

    model_config = ConfigDict(
        frozen=True,
        strict=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        # A process builds what reads the kinds that it meets: all together are 7 MB, and 0.3 s.
        defer_build=True,
    )
    cel: ClassVar[tuple[Rule, ...]] = ()
    """Rules of this class; those of its base classes hold as well."""
    lifted: ClassVar[tuple[Rule, ...]] = ()
    """Rules of base classes that do not hold here."""

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        reference = handler(core_schema)
        every = [rule for base in cls.__mro__ for rule in base.__dict__.get("cel", ())]
        rules = [rule.schema for rule in every if rule not in cls.lifted]
        schema = handler.resolve_ref_schema(reference)
        if rules:
            schema[RULES] = rules
        for name, text in descriptions(cls).items():
            field = cls.model_fields.get(name)
            if field and not field.description:
                schema["properties"][field.alias or name]["description"] = text
        return reference

    def manifest(self) -> dict[str, Any]:
        """The part as it stands in a manifest: camelCase, without what is unset."""
        return self.model_dump(by_alias=True, exclude_none=True)


class OpenModel(SpecModel):
    """A part that keeps the fields that it does not know: core types that are passed through."""

    model_config = ConfigDict(extra="allow")


class Metadata(SpecModel):
    """Metadata of a parent, as far as the operator reads it; "" and 0 where the API server has
    not filled it in yet."""

    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    resource_version: str = ""
    deletion_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


def parts_of(annotation: Any) -> tuple[type[SpecModel], ...]:
    """The models that the type of a field mentions: `list[Rule] | None` -> (Rule,)."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return (annotation,)
    return tuple(part for inner in get_args(annotation) for part in parts_of(inner))
