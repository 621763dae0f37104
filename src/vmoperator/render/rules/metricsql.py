"""The shape of MetricsQL: what can be told of an expression without the program.

Whatever the lexer and the parser take (metricsql v0.87) passes; the rest vmalert says itself when
it evaluates the rule.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      [^\[\](){}"'`\#\\]+           # nothing that matters here, all at once
    | \#[^\n]*                      # a comment
    | "(?:\\.|[^"\\])*"             # strings
    | '(?:\\.|[^'\\])*'
    | `(?:\\.|[^`\\])*`
    | \\.                           # an escaped character of a name
    | [\[\](){}"'`]
    """,
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(r"#[^\n]*")
_PAIRS = {")": "(", "]": "[", "}": "{"}
_QUOTES = "\"'`"


def shape_problem(expression: str) -> str:
    """What is wrong with the quotes and brackets of an expression; empty if nothing is."""
    if not _COMMENT.sub("", expression).strip():
        return "is empty"
    opened: list[tuple[str, int]] = []
    for found in _TOKEN.finditer(expression):
        token, place = found[0], found.start()
        if token in _QUOTES:
            return f"the string that begins {_at(expression, place)} has no closing {token}"
        if token in _PAIRS.values():
            opened.append((token, place))
        elif token in _PAIRS:
            if not opened or opened[-1][0] != _PAIRS[token]:
                return f"{token} {_at(expression, place)} closes no {_PAIRS[token]}"
            opened.pop()
    if opened:
        token, place = opened[-1]
        return f"{token} {_at(expression, place)} is never closed"
    return ""


def _at(expression: str, place: int) -> str:
    before = expression[:place]
    column = place - before.rfind("\n")
    if "\n" not in expression.strip():
        return f"at character {column}"
    return f"at line {before.count(chr(10)) + 1}, character {column}"
