"""pydantic's errors in the user's words: path of the field in camelCase, and what it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from vmoperator.base.errors import SpecInvalid

_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "missing": "is required",
        "int_type": "must be an integer",
        "bool_type": "must be true or false",
        "string_type": "must be a string",
        "list_type": "must be a list",
        "dict_type": "must be an object",
        "model_type": "must be an object",
        "model_attributes_type": "must be an object",
        "literal_error": "must be {expected}",
        "greater_than_equal": "must be at least {ge}",
        "string_too_short": "must not be empty",
        "string_too_long": "must be at most {max_length} characters long",
        "too_short": "must have no fewer entries than {min_length}, not {actual_length}",
        "too_long": "must have at most {max_length} entries, not {actual_length}",
        "refused": "{message}",
        "misfit": "{message}",
    }
)
_SHOWN_CHARACTERS = 60


def first_refusal(error: ValidationError) -> SpecInvalid:
    """The first error of a validation as SpecInvalid, with the value that was found."""
    first = error.errors(include_url=False)[0]
    kind = first["type"]
    wanted = _WORDS.get(kind, first["msg"]).format_map(first.get("ctx", {}))
    is_list = kind == "refused" and isinstance(first["input"], list)
    is_told = is_list or kind in ("missing", "misfit", "too_short", "too_long")
    found = "" if is_told else f", not {_shown(first['input'])}"
    # A misfit of several fields stands at the part that holds them, and names one of them.
    below = first["ctx"]["field"] if kind == "misfit" else ()
    return SpecInvalid(_path((*first["loc"], *below)), f"{wanted}{found}")


def _path(places: Iterable[int | str]) -> str:
    text = "".join(
        f"[{place}]" if isinstance(place, int) else f".{place}"
        for place in places
        if place != "[key]"
    )
    return text.removeprefix(".")


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return f'the string "{_short(value)}"'
    if isinstance(value, int | float):
        return f"the number {value}"
    return "a list" if isinstance(value, list) else "an object"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
