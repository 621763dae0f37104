"""Lines: a job as the one line of JSON that it is in the agent's files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from vmoperator.base.errors import SpecInvalid
from vmoperator.render.jobs.discovery import NODE

# JSON leaves these as they are, but in YAML they are forbidden or break a line.
_AWKWARD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_LONGEST_NAME = 1000
_LONG_NAME = re.compile(rb'"(?:[^"\\]|\\.){%d,}":' % _LONGEST_NAME)
_VARIABLE, _TEXT = b"%{", b"\\u0025{"
_NODE, _HIDDEN_NODE = NODE.encode(), NODE.encode().replace(_VARIABLE, _TEXT)


def line(job: Mapping[str, Any], *, is_on_every_node: bool = False) -> bytes:
    """The job without what it leaves empty.

    No text of an object is taken for a variable of the agent's environment, which may hold
    secrets; just the name of its node, where there is an agent on each. Raises SpecInvalid for
    what no agent could read.
    """
    made = orjson.dumps({key: it for key, it in job.items() if it not in (None, [], {})})
    if _VARIABLE in made:
        made = made.replace(_VARIABLE, _TEXT)
        made = made.replace(_HIDDEN_NODE, _NODE) if is_on_every_node else made
    if _has_long_text(made) and _LONG_NAME.search(made):
        # YAML knows no key above 1,024 bytes: the agent could read nothing of the file.
        raise SpecInvalid("spec", f"has a name of more than {_LONGEST_NAME} bytes")
    if not made.isascii() or b"\x7f" in made:
        made = _AWKWARD.sub(lambda found: f"\\u{ord(found[0]):04x}", made.decode()).encode()
    return made + b"\n"


def _has_long_text(made: bytes) -> bool:
    """Whether there may be a text of that length; what most jobs are is told in a tenth of the time
    that the expression takes."""
    if len(made) <= _LONGEST_NAME:
        return False
    return b'\\"' in made or max(map(len, made.split(b'"'))) >= _LONGEST_NAME
