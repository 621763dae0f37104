"""Lines: a job as the one line of JSON that it is in the agent's files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from vmoperator.render.jobs.discovery import NODE

# JSON leaves these as they are, but in YAML they are forbidden or break a line.
_AWKWARD = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_HIDDEN_NODE = NODE.replace("%", "\\u0025", 1)


def line(job: Mapping[str, Any], *, is_on_every_node: bool = False) -> bytes:
    """The job without what it leaves empty.

    No text of an object is taken for a variable of the agent's environment, which may hold
    secrets; just the name of its node, where there is an agent on each.
    """
    said = {key: it for key, it in job.items() if it not in (None, [], {})}
    text = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    if "%{" in text:
        text = text.replace("%{", "\\u0025{")
        text = text.replace(_HIDDEN_NODE, NODE) if is_on_every_node else text
    awkward = _AWKWARD.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    # A lone surrogate, which JSON can hold, has no form in UTF-8.
    return awkward.encode(errors="replace") + b"\n"
