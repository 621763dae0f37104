"""Positional flags: one value for each target, in the order of the targets' URLs.

VictoriaMetrics splits such a flag at commas outside of quotes and brackets (lib/flagutil, "Supports
an array of values"). An empty value means the flag's own default. A flag with a single value counts
for every target, so a list is always as long as the targets are many: nothing that is meant for
one target, a password least of all, may reach another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

_SPLITS = re.compile(r"[,\"'\[{(\n]")


def positional(values: Sequence[str | None]) -> str | None:
    """The flag's value for the targets in order; None, so no flag, when no target has one."""
    if not any(values):
        return None
    return ",".join(quoted(value or "") for value in values)


def quoted(value: str) -> str:
    """The value as one entry of such a list, in double quotes where it would be split."""
    # Go reads the escapes of JSON as its own (strconv.Unquote).
    return json.dumps(value, ensure_ascii=False) if _SPLITS.search(value) else value
