"""RE2: whether Go's regexp package takes a regular expression, told before a program meets it.

Python's own syntax is close, but not the same. One expression that Go refuses inside a condition
costs an agent all jobs of a file, so this follows the grammar (regexp/syntax of Go) to the letter;
of the scripts of Unicode it knows only the common ones.
"""

from __future__ import annotations

import re
from functools import lru_cache

_MOST_REPEATS = 1000
_DEEPEST = 200
_LONGEST_KEPT = 500
"""Thousands of objects share a few short expressions; long ones are not worth their memory."""
_FLAGS = re.compile(r"\(\?(?:[imsU]*|[imsU]*-[imsU]+)(?P<end>[:)])")
_NAMED = re.compile(r"\(\?P?<(?P<name>[^>]*)>")
_NAME = re.compile(r"[A-Za-z0-9_]+")
_COUNT = re.compile(r"\{(?P<low>0|[1-9][0-9]*)(?P<comma>,(?P<high>0|[1-9][0-9]*)?)?\}")
_UNICODE = re.compile(r"\\[pP](?:\{\^?(?P<long>[^}]*)\}|(?P<short>[A-Z]))")
_OCTAL = re.compile(r"\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})")
_HEX = re.compile(r"\\x(?:(?P<two>[0-9A-Fa-f]{2})|\{(?P<many>[0-9A-Fa-f]{1,8})\})")
_PLAIN = re.compile(r"\\(?:[afnrtv]|[\x00-/:-@\[-`{-\x7f])")
_PERL = re.compile(r"\\[dDsSwW]")
_PLACES = re.compile(r"\\[AbBz]")
_POSIX = re.compile(r"\[:(?P<name>.*?):\]", re.DOTALL)
_POSIX_NAMES = frozenset(
    f"{not_}{name}"
    for name in (
        *("alnum", "alpha", "ascii", "blank", "cntrl", "digit", "graph"),
        *("lower", "print", "punct", "space", "upper", "word", "xdigit"),
    )
    for not_ in ("", "^")
)
_UNICODE_NAMES = frozenset(
    (
        *("Any", "C", "Cc", "Cf", "Co", "Cs", "L", "Ll", "Lm", "Lo", "Lt", "Lu"),
        *("M", "Mc", "Me", "Mn", "N", "Nd", "Nl", "No", "P", "Pc", "Pd", "Pe", "Pf", "Pi"),
        *("Po", "Ps", "S", "Sc", "Sk", "Sm", "So", "Z", "Zl", "Zp", "Zs"),
        *("Arabic", "Armenian", "Bengali", "Common", "Cyrillic", "Devanagari", "Georgian"),
        *("Greek", "Han", "Hangul", "Hebrew", "Hiragana", "Inherited", "Katakana", "Latin"),
        *("Tamil", "Thai", "Tibetan"),
    )
)


class _Refused(Exception):
    """What is wrong."""


def re2_problem(pattern: str) -> str | None:
    """Why Go's regexp would not take an expression that has to match a text as a whole, as
    programs of VictoriaMetrics use it; None if it does."""
    return _kept(pattern) if len(pattern) <= _LONGEST_KEPT else _problem(pattern)


def _problem(pattern: str) -> str | None:
    try:
        # Programs compile it alone or in a group: `a)(b` is one only in the other.
        _Reader(pattern).read()
        _Reader(f"^(?:{pattern})$").read()
    except _Refused as refused:
        return f"is no regular expression of RE2: {refused}"
    return None


_kept = lru_cache(maxsize=1024)(_problem)


class _Reader:
    """Reads an expression from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.names: set[str] = set()
        self.outer: list[int] = []
        """For each open group, how often its parts so far are repeated at most."""
        self.inner = 1
        self.last = 0
        """The same of the part just read; 0 if there is none that could be repeated."""
        self.is_repeated = False

    def read(self) -> None:
        """Read all of it. Raises _Refused."""
        while self.at < len(self.text):
            char = self.text[self.at]
            was_repeated, self.is_repeated = self.is_repeated, False
            if char in "*+?" or (char == "{" and _COUNT.match(self.text, self.at)):
                self._repeat(char, was_repeated)
            elif char in "()|":
                self._group(char)
            else:
                self._part(char)
        if self.outer:
            raise _Refused("a ( is not closed")

    def _part(self, char: str) -> None:
        if char == "[":
            self._set()
        elif char == "\\":
            self._escape()
        else:
            self.at += 1
        self._took(1)

    def _took(self, repeats: int) -> None:
        self.last = repeats
        self.inner = max(self.inner, repeats)

    def _repeat(self, char: str, was_repeated: bool) -> None:
        if not self.last:
            raise _Refused(f"there is nothing that {char} could repeat")
        count = _COUNT.match(self.text, self.at) if char == "{" else None
        self.at = count.end() if count else self.at + 1
        if self.text[self.at : self.at + 1] == "?":
            self.at += 1
        if was_repeated:
            raise _Refused("what is repeated cannot be repeated again")
        if count:
            low, high = int(count["low"]), int(count["high"] or count["low"])
            repeats = max(high, 1) * self.last
            if low > high or repeats > _MOST_REPEATS:
                raise _Refused(f"nothing can be repeated more than {_MOST_REPEATS} times")
            self._took(repeats)
        self.is_repeated = True

    def _group(self, char: str) -> None:
        if char == "|":
            self.at += 1
            self.last = 0
        elif char == ")":
            self._close()
        elif self.text.startswith("(?", self.at):
            self._special()
        else:
            self._open(1)

    def _open(self, length: int) -> None:
        self.at += length
        self.outer.append(self.inner)
        self.inner, self.last = 1, 0
        if len(self.outer) > _DEEPEST:
            raise _Refused("it is nested too deeply")

    def _close(self) -> None:
        if not self.outer:
            raise _Refused("a ) closes nothing")
        self.at += 1
        inside, self.inner = self.inner, self.outer.pop()
        self._took(inside)

    def _special(self) -> None:
        named = _NAMED.match(self.text, self.at)
        if named:
            name = named["name"]
            if not _NAME.fullmatch(name) or name in self.names:
                raise _Refused(f"{name!r} is no name of a group, or stands there twice")
            self.names.add(name)
            self._open(len(named[0]))
            return
        flags = _FLAGS.match(self.text, self.at)
        if flags is None:
            raise _Refused(f"{self.text[self.at : self.at + 3]} is unknown to it")
        if flags["end"] == ":":
            self._open(len(flags[0]))
        else:
            self.at = flags.end()

    def _set(self) -> None:
        self.at += 2 if self.text.startswith("[^", self.at) else 1
        is_first = True
        while is_first or self.text[self.at : self.at + 1] != "]":
            is_first = False
            posix = _POSIX.match(self.text, self.at)
            if posix:
                if posix["name"] not in _POSIX_NAMES:
                    raise _Refused(f"{posix[0]} is unknown to it")
                self.at = posix.end()
            elif not self._class():
                self._range()
        self.at += 1

    def _range(self) -> None:
        low = self._char()
        rest = self.text[self.at : self.at + 2]
        if rest[:1] == "-" and rest != "-]":
            self.at += 1
            if self._char() < low:
                raise _Refused("a range ends before it begins")

    def _char(self) -> int:
        char = self.text[self.at : self.at + 1]
        if not char:
            raise _Refused("a [ is not closed")
        if char == "\\":
            return self._code()
        self.at += 1
        return ord(char)

    def _class(self) -> bool:
        """Whether a class such as \\d or \\pL stood there."""
        found = _PERL.match(self.text, self.at)
        if found is None and self.text[self.at : self.at + 2] in ("\\p", "\\P"):
            found = _UNICODE.match(self.text, self.at)
            if found is None or (found["long"] or found["short"]) not in _UNICODE_NAMES:
                raise _Refused(f"{self.text[self.at : self.at + 12]} is no class of characters")
        if found:
            self.at = found.end()
        return found is not None

    def _escape(self) -> None:
        if self.text.startswith("\\Q", self.at):
            end = self.text.find("\\E", self.at)
            self.at = len(self.text) if end < 0 else end + 2
            return
        place = _PLACES.match(self.text, self.at)
        if place:
            self.at = place.end()
        elif not self._class():
            self._code()

    def _code(self) -> int:
        """The character that an escape stands for."""
        for form in (_OCTAL, _HEX, _PLAIN):
            found = form.match(self.text, self.at)
            if found:
                self.at = found.end()
                return _value(found)
        raise _Refused(f"{self.text[self.at : self.at + 2]} is unknown to it")


def _value(found: re.Match[str]) -> int:
    if found.re is _OCTAL:
        return int(found[0][1:], 8)
    if found.re is _HEX:
        value = int(found["two"] or found["many"], 16)
        if value > 0x10FFFF:
            raise _Refused(f"{found[0]} is no character")
        return value
    controls = {"a": 7, "f": 12, "n": 10, "r": 13, "t": 9, "v": 11}
    return controls.get(found[0][1], ord(found[0][1]))
