"""The shape of LogsQL: what can be told of a query of logs without the program.

vmalert (v1.150) ends over a query of logs that it cannot read, whatever it was told about
expressions. What is refused here it would refuse; what only it knows is no matter of shape.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(
    r"""
      \#[^\n]*                      # a comment
    | "(?:\\.|[^"\\\n])*"           # strings
    | '(?:\\.|[^'\\])*'
    | `[^`]*`
    | \w+
    | \S
    """,
    re.VERBOSE | re.DOTALL,
)
_STATS = frozenset(
    ["stats", "stats_remote", "by", "any", "avg", "count", "count_empty", "count_uniq"]
    + ["count_uniq_hash", "field_max", "field_min", "histogram", "json_values", "max", "median"]
    + ["min", "quantile", "rate", "rate_sum", "row_any", "row_max", "row_min", "stddev", "sum"]
    + ["sum_len", "uniq_values", "values"]
)
"""What a pipe of statistics begins with: the word itself may be left out (lib/logstorage)."""


def logs_problem(expression: str) -> str:
    """What is wrong with the quotes, brackets and pipes of a query of logs; empty if nothing is."""
    depth, has_stats, before = 0, False, ""
    for found in _TOKEN.finditer(expression):
        token = found[0]
        if token in "\"'`":
            return f"a string that begins with {token} is not closed"
        # A range may begin and end with brackets of two kinds.
        depth += (token in "([{") - (token in ")]}")
        if depth < 0:
            return f"{token} closes nothing"
        has_stats |= depth == 0 and before == "|" and token.lower() in _STATS
        before = before if token.startswith("#") else token
    if depth:
        return "has a bracket that is not closed"
    if not has_stats:
        return "has no pipe such as | stats count() total: vmalert ends over such a query of logs"
    return ""
