"""The shape of templates: what can be told of a text for Go's text/template without it."""

from __future__ import annotations

import re

_ACTION = re.compile(
    r"""
      \{\{(?:-\s)?/\*.*?\*/(?:\s-)?\}\}       # a comment
    | \{\{-?
      (?P<inside>(?:
          "(?:\\.|[^"\\\n])*"                 # strings and characters
        | `[^`]*`
        | '(?:\\.|[^'\\\n])*'
        | [^"'`{}]
      )*)
      \}\}
    """,
    re.VERBOSE | re.DOTALL,
)
_OPENS = ("if", "range", "with", "define", "block")
_WORD = re.compile(r"\s*([a-z]+)\b")


def template_problem(text: str) -> str:
    """What is wrong with the actions of a template; empty if nothing is.

    vmalert takes a text that has not both {{ and }} in it for no template.
    """
    if "}}" not in text:
        return ""
    place, opened = 0, []
    while (start := text.find("{{", place)) >= 0:
        action = _ACTION.match(text, start)
        if action is None:
            return f"the action {_shown(text[start:])} is not closed by }}}}"
        word = _WORD.match(action["inside"] or "")
        if word and word[1] in _OPENS:
            opened.append(text[start : action.end()])
        elif word and word[1] == "end":
            if not opened:
                return "{{ end }} ends nothing"
            opened.pop()
        place = action.end()
    return f"{_shown(opened[-1])} has no {{{{ end }}}}" if opened else ""


def _shown(text: str) -> str:
    shown = " ".join(text.split())
    return shown if len(shown) <= 40 else f"{shown[:40]}..."
