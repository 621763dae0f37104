"""Rules as vmalert evaluates them: whose rules it cannot, for a reason that lies in them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from posixpath import basename
from typing import Any

import orjson

from vmoperator.api.status import UpdateStatus
from vmoperator.base.manifest import Ref
from vmoperator.base.names import rules_file
from vmoperator.observe.objects import Told

SICK_PAGE = "/api/v1/rules?state=unhealthy,firing,pending&extended_states=true&exclude_alerts=true"
"""Where vmalert shows the rules whose last evaluation failed, and all that fire: an alert with a
template that is wrong does. Releases that do not know these parameters show all rules."""
PLAIN_SICK_PAGE = SICK_PAGE.replace(",firing,pending", "")
"""The same for a vmalert that takes no more than one state, and says 400 to more."""

# app/vmalert/datasource/client.go: what the database answered.
_ANSWER = re.compile(
    r"unexpected response code (?P<code>\d+) for .*?\. Response body (?P<body>.*)", re.DOTALL
)
# Of a query that it cannot make sense of; 401, 404, 429 and 5xx are about the database.
_CODES = ("400", "422")
_PASSING = ("timeout", "deadline", "cannot connect", "unavailable", "too many concurrent")
# app/vmalert/rule and templates: what vmalert says by itself.
_OWN = (
    "failed to expand",
    "error parsing template",
    "error evaluating template",
    "exec exceeded limit",
    "result contains metrics with the same labelset",
)
_LONGEST = 300
_NUMBER = re.compile(r"\d+")
_BEGINNING = "spec.groups: "


def sick_rules(page: str, refs: Iterable[Ref]) -> dict[Ref, str]:
    """The objects of which vmalert cannot evaluate a rule, and the words of the first one.

    `page` is what it shows at SICK_PAGE, `refs` are the objects whose rules it has. A database that
    does not answer is no fault of any object. Empty for a page that is something else.
    """
    by_file = {rules_file(ref): ref for ref in refs}
    found: dict[Ref, list[str]] = {}
    for group in _groups(page):
        ref = by_file.get(basename(str(group.get("file", ""))))
        if ref is not None:
            found.setdefault(ref, []).extend(_complaints(group))
    return {ref: _told(words) for ref, words in found.items() if words}


def steady(now: Mapping[Ref, str], before: Mapping[Ref, str]) -> dict[Ref, str]:
    """The words of now, as they were before where they differ in numbers alone.

    Databases tell the time of the query: that alone is nothing new to tell an object every time.
    """
    return {
        ref: before[ref] if _plain(before.get(ref, "")) == _plain(words) else words
        for ref, words in now.items()
    }


def _plain(words: str) -> str:
    return _NUMBER.sub("", words)


def is_sickness(told: Told) -> bool:
    """Whether the status of an object says what a running vmalert has against it."""
    return told.word == UpdateStatus.FAILED and told.reason.startswith(_BEGINNING)


def _groups(page: str) -> list[Mapping[str, Any]]:
    try:
        groups = orjson.loads(page)["data"]["groups"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return []
    return [it for it in groups if isinstance(it, dict)] if isinstance(groups, list) else []


def _complaints(group: Mapping[str, Any]) -> Iterator[str]:
    for rule in group.get("rules") or ():
        words = _fault(str(rule.get("lastError") or ""))
        if words:
            kind = "record" if rule.get("type") == "recording" else "alert"
            yield f"{_BEGINNING}{group.get('name')}: {kind} {rule.get('name')}: {words}"


def _fault(error: str) -> str:
    """What is wrong with a rule; empty where it is not the rule that is wrong."""
    answer = _ANSWER.search(error)
    if answer is None:
        return _cut(error) if any(it in error for it in _OWN) else ""
    is_own = answer["code"] in _CODES and not any(it in error.lower() for it in _PASSING)
    return _cut(_body(answer["body"])) if is_own else ""


def _body(body: str) -> str:
    try:
        return str(orjson.loads(body)["error"])
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return body


def _cut(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _told(words: list[str]) -> str:
    more = len(words) - 1
    return f"{words[0]}; and {more} more" if more else words[0]
