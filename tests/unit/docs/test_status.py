"""docs/status.md and docs/troubleshooting.md: their words are those of the code, both ways."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from tests.pages import ROOT, rows, words

from vmoperator.api.status import UpdateStatus
from vmoperator.base.resource import BY_KIND
from vmoperator.observe.verdict import Aspect, Reason

TEXT = (ROOT / "docs/status.md").read_text()
READY, OTHERS = rows(TEXT, "## Ready"), rows(TEXT, "## The other conditions")
WORDS = {str(it) for it in UpdateStatus}
TYPES = {*map(str, Aspect), "Ready", "Reconciling", "Stalled", "UnsupportedFields"}
_CODE = ROOT / "src/vmoperator"
_TELLERS = re.compile(
    r"\b(?:Remark|Shortcoming|TAKING_OVER|missing\.append|NotImplemented|scaled_by_others)\b"
)
_CAMEL_CASE = re.compile(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*")
# Statuses of conditions, the operations of managedFields, and ends of the names of fields.
_NO_REASONS = {"True", "False", "Unknown", "Apply", "Update", "Selector", "NamespaceSelector"}


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _reasons() -> set[str]:
    """Reasons of conditions in the modules that write them: what is written in CamelCase there,
    but for kinds of objects and types of conditions."""
    files = [*(_CODE / "observe").glob("*.py"), *(_CODE / "apply").glob("*.py")]
    tellers = [path for path in files if _TELLERS.search(path.read_text())]
    found = {it for path in tellers for it in _texts(path) if _CAMEL_CASE.fullmatch(it)}
    return {*(found - _NO_REASONS - BY_KIND.keys() - TYPES), "Ready", "Draining"}


REASONS = _reasons()


def test_every_word_is_explained() -> None:
    assert {words(cells[0])[0] for cells in rows(TEXT, "## The word")} == WORDS


def test_every_reason_of_ready_is_explained() -> None:
    assert {words(cells[0])[0] for cells in READY} == {str(it) for it in Reason}


def test_every_condition_is_explained_in_the_order_of_the_code() -> None:
    told = dict.fromkeys(words(cells[0])[0] for cells in OTHERS)
    assert list(told) == ["UnsupportedFields", *map(str, Aspect)]


def test_every_reason_of_the_code_is_explained() -> None:
    told = {words(cells[2])[0] for cells in OTHERS} | {words(cells[0])[0] for cells in READY}
    assert REASONS - told == set()


def test_every_reason_that_is_explained_is_in_the_code() -> None:
    told = {words(cells[2])[0] for cells in OTHERS}
    assert told - REASONS == set()
    assert {cells[1] for cells in OTHERS} <= {"True", "False", "Unknown"}


GOOD_NEWS = {"Operational", "NothingMissing", "Selected", "Loaded", "Allowed"}


def test_whatever_is_no_good_news_says_what_to_do() -> None:
    silent = {words(cells[0])[0] for cells in READY if not cells[3]}
    silent |= {words(cells[2])[0] for cells in OTHERS if not cells[4]}
    assert silent - GOOD_NEWS == {"Ready"}  # of StorageReady
    assert GOOD_NEWS - silent == set()


def test_no_reason_is_explained_twice() -> None:
    told = [(words(cells[0])[0], words(cells[2])[0]) for cells in OTHERS]
    assert len(told) == len(set(told))


TROUBLES = (ROOT / "docs/troubleshooting.md").read_text()
CHAPTERS = (
    "## An object does not get ready",
    "## A change does not take effect",
    "## Targets, rules, routes",
    "## The operator",
)
TOLD_IN_PASSING = {
    it
    for it in _texts(_CODE / "observe/announcing.py")
    if _CAMEL_CASE.fullmatch(it) and it not in {*TYPES, *_NO_REASONS, "Normal", "Warning"}
}
"""Reasons of Events that stand in no condition; those of all others do."""
KNOWN_BESIDE = {
    *("Unschedulable", "ImagePullBackOff"),  # what the kubelet and the scheduler say
    *(*TOLD_IN_PASSING, "/readyz"),
}


def test_every_word_that_a_symptom_shows_is_one_that_the_code_says() -> None:
    troubles = [cells for chapter in CHAPTERS for cells in rows(TROUBLES, chapter)]
    said = [words(cells[2]) for cells in troubles]
    assert len(said) >= 15
    known = REASONS | set(map(str, Reason)) | TYPES | KNOWN_BESIDE
    assert {it for found in said for it in found} - known == set()


def test_a_reason_stands_beside_the_condition_that_has_it() -> None:
    pairs = {(words(cells[0])[0], words(cells[2])[0]) for cells in OTHERS}
    pairs |= {("Ready", words(cells[0])[0]) for cells in READY}
    told = [words(cells[2]) for chapter in CHAPTERS for cells in rows(TROUBLES, chapter)]
    assert [it for it in told if it[:1] and it[0] in TYPES and (it[0], it[1]) not in pairs] == []


def _told() -> set[str]:
    return {
        it for chapter in CHAPTERS for cells in rows(TROUBLES, chapter) for it in words(cells[2])
    }


def test_every_event_that_no_condition_explains_is_a_symptom() -> None:
    assert {"ReplacingPod", "ForeignChangeUndone"} <= TOLD_IN_PASSING
    assert TOLD_IN_PASSING - _told() == set()
    page = (ROOT / "docs/operations.md").read_text()
    listed = {it for cells in rows(page, "## Events") for it in words(cells[0])}
    assert TOLD_IN_PASSING - listed == set()
    assert listed - TOLD_IN_PASSING - set(map(str, Reason)) == set()


def test_every_failure_has_a_remedy() -> None:
    told = _told()
    failures = {words(cells[0])[0] for cells in READY if words(cells[1])[0] == "failed"}
    assert failures - told == set()
