"""Flags: a mapping of names to values becomes the sorted arguments of a program."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TypeAlias

from vmoperator.base.errors import SpecInvalid

Flags: TypeAlias = Mapping[str, str | tuple[str, ...] | None]
"""Flag name without dash -> value; a tuple repeats the flag, None leaves it out."""

_NAME = re.compile(r"[^\s=]+")


def given(extra: Mapping[str, str] | None, *, field: str) -> dict[str, str]:
    """The user's extraArgs by plain name: `foo`, `-foo` and `--foo` are the same flag.

    Raises SpecInvalid for a name that no flag can have, and for one given in two styles.
    """
    flags: dict[str, str] = {}
    for key, value in (extra or {}).items():
        name = key.lstrip("-")
        if not _NAME.fullmatch(name):
            raise SpecInvalid(field, f"{key!r} is not the name of a flag; write name: value")
        if name in flags:
            raise SpecInvalid(field, f"the flag {name} is given twice, once as {key!r}")
        flags[name] = value
    return flags


def arguments(flags: Flags, *, dashes: str = "-") -> list[str]:
    """`-name=value` for every flag, sorted."""
    return sorted(
        f"{dashes}{name}={value}"
        for name, values in flags.items()
        if values is not None
        for value in (values if isinstance(values, tuple) else (values,))
    )


def extended(flags: Flags, appended: Mapping[str, tuple[str, ...]]) -> Flags:
    """The flags with further values behind those of comma-separated ones."""
    longer = {
        name: ",".join((*(part for part in (flags.get(name),) if isinstance(part, str)), *more))
        for name, more in appended.items()
        if more
    }
    return {**flags, **longer}


def is_true(flags: Flags, name: str) -> bool:
    """True if the first value of a boolean flag switches it on (Go's strconv.ParseBool)."""
    value = flags.get(name) or "false"
    first = value[0] if isinstance(value, tuple) else value.partition(",")[0]
    return first.strip() in {"1", "t", "T", "true", "TRUE", "True"}
