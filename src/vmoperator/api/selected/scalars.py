"""Small types of scrape objects; empty texts count as unset, for charts like to write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from vmoperator.api.scalars import Checked

_TIME = r"([0-9]+(\.[0-9]+)?(ms|[smhdwy]))*"
_PROXY = r"((http|https|socks5)://.+)?"
_HEADER = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:.*"

Time: TypeAlias = Annotated[
    str,
    Field(max_length=32),
    Checked(
        lambda value: re.fullmatch(_TIME, value) is not None,
        f"self.matches(r'^({_TIME})$')",
        'must be a time such as "30s" or "1m30s"',
    ),
]
"""A length of time; empty for none."""

ProxyURL: TypeAlias = Annotated[
    str,
    Field(max_length=2048),
    Checked(
        lambda value: re.fullmatch(_PROXY, value, re.DOTALL) is not None,
        "self == '' || self.startsWith('http://') || self.startsWith('https://')"
        " || self.startsWith('socks5://')",
        'must be a URL such as "http://proxy:3128" (http, https or socks5)',
    ),
]
"""URL of a proxy; empty for none."""

Header: TypeAlias = Annotated[
    str,
    Field(max_length=4096),
    Checked(
        lambda value: re.fullmatch(_HEADER, value, re.DOTALL) is not None,
        "self.contains(':')",
        'must be a header such as "Name: value"',
    ),
]
Headers: TypeAlias = Annotated[list[Header], Field(max_length=16)]


@dataclass(frozen=True, slots=True)
class Untold:
    """Annotation of a part whose fields the definition does not list, for it stands there often
    and a definition has its bounds; it is checked when the object is read."""

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
