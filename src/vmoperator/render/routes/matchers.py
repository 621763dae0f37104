"""Matchers of alerts, read as Alertmanager reads them (matcher/parse, pkg/labels, matcher/compat).

Alertmanager has two parsers, and what it takes depends on --enable-feature. The operator switches
neither mode on: then a line is good that either of them takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from enum import Enum, auto

from vmoperator.base.errors import SpecInvalid
from vmoperator.render.expressions import any_regex_problem


class Mode(Enum):
    """Which of its parsers Alertmanager uses."""

    EITHER = auto()
    UTF8 = auto()
    """--enable-feature=utf8-strict-mode"""
    CLASSIC = auto()
    """--enable-feature=classic-mode"""


_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
# pkg/labels: a label, an operator, and the rest, in quotes or not.
_CLASSIC = re.compile(r"\s*([a-zA-Z_:][a-zA-Z0-9_:]*)\s*(=~|=|!=|!~)\s*(.*?)\s*", re.DOTALL)
_RESERVED = r"\s\x1c-\x1f{}!=~,\\\"'`"
_TOKEN = re.compile(
    rf"\s*(?:(?P<brace>[{{}}])|(?P<comma>,)|(?P<operator>=~|!=|!~|=)"
    rf'|(?P<quoted>"(?:[^"\\]|\\.)*")|(?P<plain>[^{_RESERVED}]+))',
    re.DOTALL,
)
_ESCAPE = re.compile(
    r'\\(?:[abfnrtv\\"]|x[0-9A-Fa-f]{2}|[0-3][0-7]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})'
)
_Token = tuple[str, str]


def matcher(label: str, value: str) -> str:
    """The matcher of one value of a label, as both parsers take it if they take the label."""
    name = label if _NAME.fullmatch(label) else json.dumps(label, ensure_ascii=False)
    return f"{name}={json.dumps(value, ensure_ascii=False)}"


def refuse_broken(lines: Sequence[str], mode: Mode, *, field: str) -> None:
    """Raises SpecInvalid, which names the line, for matchers that Alertmanager would refuse."""
    for place, line in enumerate(lines):
        problem = matcher_problem(line, mode)
        if problem:
            raise SpecInvalid(f"{field}[{place}]", problem)


def matcher_problem(line: str, mode: Mode = Mode.EITHER) -> str:
    """What is wrong with a line of matchers; empty if nothing is."""
    utf8 = "" if mode is Mode.CLASSIC else _utf8_problem(line)
    classic = "" if mode is Mode.UTF8 else _classic_problem(line)
    if mode is Mode.EITHER:
        return utf8 and classic and utf8
    return utf8 or classic


def label_problem(name: str, mode: Mode = Mode.EITHER) -> str:
    """What is wrong with the name of a label; empty if nothing is."""
    if not name or (mode is Mode.CLASSIC and not _NAME.fullmatch(name)):
        return f"{name!r} is no name of a label"
    return ""


def _utf8_problem(line: str) -> str:
    tokens = _tokens(line)
    if tokens is None:
        return f'{line!r} is no matcher: write it as name="value", with =, !=, =~ or !~'
    is_open = tokens[:1] == [("brace", "{")]
    if is_open != (tokens[-1:] == [("brace", "}")]) or (is_open and len(tokens) < 2):
        return f"{line!r} has one brace of a pair"
    inner = tokens[1:-1] if is_open else tokens
    while inner:
        matched, inner = inner[:3], inner[3:]
        problem = _utf8_matcher_problem(matched, line)
        if problem:
            return problem
        if inner and inner[0][0] != "comma":
            return f"{line!r} lacks a comma between matchers, or quotes around a value"
        inner = inner[1:]
    return ""


def _utf8_matcher_problem(matched: list[_Token], line: str) -> str:
    kinds = [kind for kind, _ in matched]
    texts = {"quoted", "plain"}
    is_whole = (
        len(kinds) == 3 and kinds[0] in texts and kinds[1] == "operator" and kinds[2] in texts
    )
    if not is_whole:
        return f'{line!r} is no matcher: write it as name="value", with =, !=, =~ or !~'
    if any(kind == "quoted" and not _is_go_string(text) for kind, text in matched):
        return f"{line!r} has an escape that is none: double each backslash between quotes"
    return _expression_problem(matched[1][1], _unquoted(matched[2]))


def _tokens(line: str) -> list[_Token] | None:
    found, place = [], 0
    text = line.rstrip()
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            return None
        kind = str(token.lastgroup)
        found.append((kind, token[kind]))
        place = token.end()
    return found


def _is_go_string(text: str) -> bool:
    # strconv.Unquote takes no line break between quotes.
    return "\\" not in _ESCAPE.sub("", text) and "\n" not in text


def _unquoted(token: _Token) -> str:
    kind, text = token
    if kind == "plain":
        return text
    return _ESCAPE.sub(lambda found: _unescaped(found[0]), text[1:-1])


def _unescaped(escape: str) -> str:
    plain = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
    mark = escape[1]
    if mark in "xuU":
        return chr(min(int(escape[2:], 16), 0x10FFFF))
    if mark.isdigit():
        return chr(int(escape[1:], 8))
    return plain.get(mark, mark)


def _classic_problem(line: str) -> str:
    for part in _classic_parts(line):
        found = _CLASSIC.fullmatch(part)
        if found is None:
            return f'{part!r} is no matcher: write it as name="value", with =, !=, =~ or !~'
        value = found[3]
        is_quoted = value.startswith('"')
        inner = value[1:-1] if is_quoted and len(value) > 1 and value.endswith('"') else value
        bare = re.sub(r"\\.", "", inner, flags=re.DOTALL)
        if '"' in bare or (is_quoted and inner is value):
            return f"{part!r} has a quote that is not escaped"
        text = re.sub(r'\\(["\\n])', lambda it: "\n" if it[1] == "n" else it[1], inner)
        problem = _expression_problem(found[2], text)
        if problem:
            return problem
    return ""


def _classic_parts(line: str) -> list[str]:
    """Matchers of a line, divided at the commas that do not stand between quotes."""
    parts, is_quoted, is_escaped = [""], False, False
    for letter in line.removeprefix("{").removesuffix("}"):
        if letter == "," and not is_quoted:
            parts.append("")
            continue
        if letter == '"':
            is_quoted ^= not is_escaped
        is_escaped = letter == "\\" and not is_escaped
        parts[-1] += letter
    return parts if parts[-1].strip() else parts[:-1]


def _expression_problem(operator: str, value: str) -> str:
    if "~" not in operator:
        return ""
    problem = any_regex_problem(value)
    return f"{value!r} {problem}" if problem else ""
