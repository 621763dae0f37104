"""Series selectors of MetricsQL, read to the letter: `foo{bar="baz",qux=~"a|b" or abc!="d"}`.

An agent that cannot read one condition of a job loses all jobs of the file.
"""

from __future__ import annotations

import re

from vmoperator.render.re2 import re2_problem

_NAME = r"[A-Za-z_:][A-Za-z0-9_:.]*"
_TEXT = r"\"(?:[^\"\\\n]|\\[^\n])*\"|'(?:[^'\\\n]|\\[^\n])*'|`[^`\\]*`"
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_WHOLE = re.compile(rf"\s*(?P<name>{_NAME})?\s*(?P<filters>\{{.*\}})?\s*", re.DOTALL)
_FILTER = re.compile(
    rf"\s*(?:(?P<label>{_NAME}|{_TEXT})\s*(?P<operator>=~|!~|!=|=)\s*(?P<value>{_TEXT})"
    rf"|(?P<metric>{_TEXT}))\s*"
)
_NEXT = re.compile(r",\s*|(?i:or)(?=[\s\"'`])\s*")
_NUMBERS = frozenset({"nan", "inf"})
"""Names that MetricsQL reads as numbers."""
_ESCAPED = frozenset("\\abfnrtv\"'")
"""What may stand behind a backslash; the rest (\\x41, \\u0041) nobody writes in a selector."""


def series_selector_problem(text: str) -> str | None:
    """Why agents would not read a selector; None if they do."""
    found = _WHOLE.fullmatch(text)
    name = (found["name"] or "").lower() if found else ""
    if found is None or not (name or found["filters"]) or name in _NUMBERS:
        return 'is no series selector such as foo{bar="baz"}'
    if not found["filters"]:
        return None
    return _filters_problem(found["filters"][1:-1])


def _filters_problem(text: str) -> str | None:
    at = len(text) if not text.strip() else 0
    while at < len(text):
        found = _FILTER.match(text, at)
        if found is None:
            return f"cannot be read from {text[at : at + 20]!r} on"
        problem = _filter_problem(found)
        if problem:
            return problem
        at = found.end()
        if at == len(text):
            return None
        further = _NEXT.match(text, at)
        if further is None:
            return f"needs a comma or `or` before {text[at : at + 20]!r}"
        at = further.end()
        if at == len(text):
            return None if further[0].startswith(",") else "ends in `or`"
    return None


def _filter_problem(found: re.Match[str]) -> str | None:
    for text in (found["label"], found["value"], found["metric"]):
        if text and text[0] in "\"'`":
            odd = [it for it in _ESCAPE.findall(text) if it not in _ESCAPED]
            if odd and text[0] != "`":
                return f"has \\{odd[0]} in a text; write a backslash as \\\\"
    if found["operator"] in ("=~", "!~"):
        return re2_problem(_content(found["value"]))
    return None


def _content(text: str) -> str:
    if text[0] == "`":
        return text[1:-1]
    controls = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
    return _ESCAPE.sub(lambda found: controls.get(found[1], found[1]), text[1:-1])
