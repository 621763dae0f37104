"""Words: what programs say last, and the same without what they quote from secret files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

# Begins every line of the log, and would make each restart look like news.
_TIME_STAMP = re.compile(r"^\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)?\s+")
_DYING = re.compile(
    r"^panic: |\t(?:panic|fatal)\t|^fatal error: |\blevel=ERROR "
    r'|"level":"(?:ERROR|panic|fatal)"'
    # Go's package flag, before the program's usage (https://pkg.go.dev/flag#FlagSet.Parse).
    r"|^flag (?:provided but not defined|needs an argument): -"
    r'|^invalid (?:boolean )?value ".*" for (?:flag )?-'
)
# Alertmanager's lines: key=value, or key="value" with quotes and backslashes escaped.
_PAIR = re.compile(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)')

# Identifiers of 6 hexadecimal digits and more, and everything with a digit in it.
_NUMBERS = re.compile(r"\b(?=\w*\d)\w+\b|\b[0-9a-f]{6,}\b")

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`')
_TOKEN = re.compile(r"[^\s\"'`,{}\[\]()]+")
_KEY = re.compile(r'"\w+"\s*:|[\w.-]+:(?=\s|$)')
_PUNCTUATION = ":;.…"
# Shorter ones are common words, and no secrets.
_SHORTEST = 4
_HIDDEN = "…"


def last_words(log: str) -> str:
    """What the program said last, without the time at which it did.

    A program in Go that dies of a panic says why, and then where in the code it was; of a wrong
    flag, and then what it is for. Alertmanager names its error, and then goes on for a moment.
    """
    lines = [line.strip() for line in log.strip().splitlines()] or [""]
    line = next((line for line in reversed(lines) if _DYING.search(line)), lines[-1])
    entry = _entry(line)
    if not entry.get("msg"):
        return " ".join(_TIME_STAMP.sub("", line).split())
    return ": ".join(str(entry[key]) for key in ("msg", "err") if entry.get(key))


def _entry(line: str) -> Mapping[str, Any]:
    """The parts of a line of a log that has parts."""
    if line.startswith("time="):
        return {key: _unquoted(value) for key, value in _PAIR.findall(line)}
    try:
        entry = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1]) if text.startswith('"') else text


def alike(words: str) -> str:
    """What stays the same of the words when only numbers, addresses and identifiers differ."""
    return _NUMBERS.sub("#", words)


def without_values(words: str, files: Mapping[str, str]) -> str:
    """The words of a program, with … for every value of its files that they quote.

    The files may hold passwords, tokens and the addresses of chats, and a status is read by more
    people than a Secret. Keys, places in the file and paths of files stay.
    """
    text = _KEY.sub(" ", "\n".join(files.values())).casefold()
    tokens = {found.strip(_PUNCTUATION) for found in _TOKEN.findall(text)}

    def quote(match: re.Match[str]) -> str:
        whole, value = match[0], _unquoted(f'"{match[1] or match[2] or ""}"')
        # yaml shortens long values, to their beginning and three dots.
        is_value = value and value.removesuffix("...").casefold() in text
        hidden = f"{whole[0]}{_HIDDEN}{whole[-1]}"
        return hidden if is_value and not _is_file(value) else whole

    def token(match: re.Match[str]) -> str:
        found = match[0].strip(_PUNCTUATION)
        # What was cut for its length is known by its beginning.
        known = text if match[0].endswith(_HIDDEN) else tokens
        is_value = len(found) >= _SHORTEST and found.casefold() in known
        return match[0].replace(found, _HIDDEN) if is_value and not _is_file(found) else match[0]

    return _TOKEN.sub(token, _QUOTED.sub(quote, words))


def _is_file(value: str) -> bool:
    # Where the operator mounts what programs read; it stands in their files too.
    return value.startswith("/etc/")
