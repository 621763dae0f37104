"""Default resources of the programs that the operator runs, as a value of the chart."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, WithJsonSchema
from typing_extensions import TypedDict

_NUMBER = r"([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?"
# What the operator would end over at its start (base/quantity.py) is refused by helm.
_QUANTITY: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "pattern": f"^(unlimited|{_NUMBER})$"},
        {"type": "number", "minimum": 0},
    ]
}
_Quantity = Annotated[str, WithJsonSchema(_QUANTITY)]
_STRICT = ConfigDict(extra="forbid")


class Sizes(TypedDict, total=False):
    """Quantities by resource; `unlimited` for none."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # pydantic reads it from here alone

    cpu: _Quantity
    memory: _Quantity
    ephemeral_storage: Annotated[_Quantity, Field(alias="ephemeral-storage")]


class Amounts(TypedDict, total=False):
    """What a program asks for, and what it may have."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # as above

    requests: Sizes
    limits: Sizes


class OperandResources(TypedDict, total=False):
    """Amounts by program."""

    __pydantic_config__ = _STRICT  # type: ignore[misc]  # as above

    vmagent: Amounts
    vmalert: Amounts
    vmalertmanager: Amounts
    vmauth: Amounts
    vmbackup: Amounts
    vminsert: Amounts
    vmselect: Amounts
    vmsingle: Amounts
    vmstorage: Amounts
