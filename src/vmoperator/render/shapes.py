"""Shapes: what the operator reads inside core types, which the schema passes through unchecked."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base.errors import SpecInvalid


def mapping(value: Any, *, field: str) -> Mapping[str, Any]:
    """The object that stands at a field, empty when unset. Raises SpecInvalid for anything else."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise SpecInvalid(field, "must be an object")
    return value


def objects(value: Any, *, field: str, keys: tuple[str, ...] = ()) -> list[Mapping[str, Any]]:
    """The objects of the list at a field, empty when unset.

    Raises SpecInvalid for anything else, and for an entry in which one of `keys`, by which entries
    are told apart, is neither text nor a number.
    """
    if value is None:
        return []
    if not isinstance(value, list):
        raise SpecInvalid(field, "must be a list")
    found = [mapping(entry, field=f"{field}[{place}]") for place, entry in enumerate(value)]
    for place, entry in enumerate(found):
        for key in keys:
            if not isinstance(entry.get(key, ""), str | int):
                raise SpecInvalid(f"{field}[{place}].{key}", "must be a string or a number")
    return found
