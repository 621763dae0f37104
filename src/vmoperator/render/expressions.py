"""Expressions: whether a program would take a regular expression or a series selector."""

from __future__ import annotations

import re
from functools import lru_cache
from math import prod
from warnings import catch_warnings

_ESCAPED_TEXT = re.compile(r"\\Q.*?(\\E|$)", re.DOTALL)
_CLASS_NAME = re.compile(r"\[:\^?[a-z]+:\]")
_UNICODE_CLASS = re.compile(r"\\[pP](\{\^?\w+\}|\w)")
_FLAGS = re.compile(r"\(\?[imsU]*(-[imsU]+)?(?P<end>[:)])")
_HEX = re.compile(r"\\x\{[0-9A-Fa-f]+\}")
_ONLY_RE2 = re.compile(r"\\[zC]")
_LITERAL_BRACE = re.compile(r"(?<!\\)\{(?=,)")
_REPEATED_PLACE = re.compile(r"(?:(?<!\\)[\^$]|\\[bBA])(?=[*+?{])")
_NOTHING = "(?:)"
_UNKNOWN = (
    (re.compile(r"(?<!\\)(?:\\\\)*\(\?(=|!|<=|<!)"), "it looks ahead or behind"),
    (re.compile(r"(?<!\\)(?:\\\\)*(\\[1-9]|\(\?P=)"), "it refers back to a group"),
    (re.compile(r"(?<!\\)(?:\\\\)*\(\?(>|#|\()"), "it has a group of a kind that RE2 lacks"),
    (re.compile(r"(?<!\\)(?:\\\\)*\\Z"), r"the end of the text is \z"),
)
_COUNTS = re.compile(r"\{([0-9]{1,9})(?:,([0-9]{0,9}))?\}")
# Possessive repetition, escapes that Go lacks, and names of classes that there are not.
_NOT_GO = re.compile(
    r"(?<!\\)(?:\\\\)*(?:[*+?}]\+|\\[uUNC\u0080-\U0010ffff])"
    r"|\[:\^?(?!(?:al(?:num|pha)|ascii|blank|cntrl|x?digit|graph|lower|p(?:rint|unct)|space|upper|word)"
    r":\])[a-z]+:\]"
)
_NAMED_GROUP = re.compile(r"\(\?<(?=\w)")
_MOST_REPEATS = 1000
_LONGEST_KEPT = 500
"""Thousands of objects share a few short expressions; long ones are not worth their memory."""
_CERTAIN = (
    "unterminated character set",
    "missing ), unterminated subpattern",
    "unbalanced parenthesis",
    "nothing to repeat",
    "multiple repeat",
    "bad character range",
    "bad escape (end of pattern)",
)
_STRING = re.compile(r"\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|`[^`]*`", re.DOTALL)
_SELECTOR = re.compile(r"(?:[^{}\"'`\s]|\\.)*\s*(?:\{[^{}\"'`]*\})?\s*", re.DOTALL)


def regex_problem(pattern: str) -> str | None:
    """What is wrong with a regular expression of RE2 (Go's regexp); None if nothing is known.

    Python's own syntax is close to it but not the same: what one of them alone knows is not told.
    """
    return _kept(pattern) if len(pattern) <= _LONGEST_KEPT else _problem(pattern)


def _problem(pattern: str) -> str | None:
    text = _ESCAPED_TEXT.sub("x", pattern)
    for found, problem in _UNKNOWN:
        if found.search(text):
            return f"is no regular expression of RE2: {problem}"
    try:
        with catch_warnings(action="ignore"):
            re.compile(_as_python_has_it(text))
    except (re.error, RecursionError, OverflowError) as error:
        problem = getattr(error, "msg", "it is too large")
        known = problem.startswith(_CERTAIN) or not isinstance(error, re.error)
        return f"is no regular expression: {problem}" if known else None
    return None


_kept = lru_cache(maxsize=1024)(_problem)


def any_regex_problem(pattern: str) -> str | None:
    """Like `regex_problem`, for places where one bad expression spoils all others: what only one of
    Python and RE2 knows is told as well."""
    text = _NAMED_GROUP.sub("(?P<", _ESCAPED_TEXT.sub("x", pattern))
    problem = regex_problem(text)
    if problem:
        return problem
    counts = [int(count) for pair in _COUNTS.findall(text) for count in pair if count]
    if prod(max(count, 1) for count in counts) > _MOST_REPEATS or _NOT_GO.search(text):
        return "is no regular expression of RE2"
    try:
        with catch_warnings(action="ignore"):
            re.compile(_as_python_has_it(text))
    except re.error as error:
        return f"is no regular expression: {error.msg}"
    return None


def selector_problem(text: str) -> str | None:
    """What is wrong with a series selector such as `foo{bar="baz"}`; None if nothing is known."""
    if not text.strip():
        return "is empty; write a series selector"
    if _SELECTOR.fullmatch(_STRING.sub("0", text).strip()) is None:
        return 'is no series selector such as foo{bar="baz"}'
    return None


def _as_python_has_it(text: str) -> str:
    text = _UNICODE_CLASS.sub("a", _CLASS_NAME.sub("a", text))
    text = _ONLY_RE2.sub(_NOTHING, _HEX.sub("a", text))
    # Python neither takes {,2} as text nor repeats a place in the text, such as its end.
    text = _REPEATED_PLACE.sub(_NOTHING, _LITERAL_BRACE.sub(r"\\{", text))
    return _FLAGS.sub(lambda found: "(?:" if found["end"] == ":" else _NOTHING, text)
