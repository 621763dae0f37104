"""The manifests of pages are taken as they stand; a wrong one is refused as its page says."""

from __future__ import annotations

import copy
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.pages import DOCS, ROOT, manifests, rows, words

from vmoperator import commands
from vmoperator.api import KINDS
from vmoperator.api.selected import OBJECTS

PAGES = [ROOT / "README.md", *DOCS, *sorted((ROOT / "examples").rglob("*.md"))]
SHOWN = [(page.name, one) for page in PAGES for one in manifests(page.read_text())]
ONE_BY_ONE = (ROOT / "docs/selected-kinds.md").read_text()
SELECTED = tuple(re.findall(r"^## (VM\w+)$", ONE_BY_ONE, re.MULTILINE))
OURS = "operator.victoriametrics.com/v1beta1"
PARENTS = {"VMRule": "VMAlert", "VMAlertmanagerConfig": "VMAlertmanager"}
"""Of all other kinds it is a VMAgent."""
SPECS: dict[str, dict[str, Any]] = {
    "VMAgent": {"remoteWrite": [{"url": "http://a/api/v1/write"}]},
    "VMAlert": {"datasource": {"url": "http://a"}, "notifier": {"url": "http://b"}},
    "VMAlertmanager": {},
}


def said(*objects: dict[str, Any], folder: Path) -> tuple[int, str]:
    """The exit code of `vmoperator render` of these objects, and its complaints."""
    path = folder / "objects.yaml"
    path.write_text(yaml.safe_dump_all(objects))
    streams = commands.Streams(stdin=sys.stdin, stdout=io.StringIO(), stderr=io.StringIO())
    code = commands.render([str(path)], namespace="default", streams=streams)
    assert isinstance(streams.stderr, io.StringIO)
    return code, streams.stderr.getvalue().replace(f"{path}: ", "")


def parent_of(kind: str) -> dict[str, Any]:
    own = PARENTS.get(kind, "VMAgent")
    spec = {**SPECS[own], "selectAllByDefault": True}
    return {"apiVersion": OURS, "kind": own, "metadata": {"name": "demo"}, "spec": spec}


def changed(one: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """The object with a field set, such as `spec.endpoints[0].port`; a list may get one more."""
    made = copy.deepcopy(one)
    *way, last = (int(it) if it.isdigit() else it for it in re.findall(r"[^.\[\]]+", path))
    place: Any = made
    for step in way:
        place = place[step]
    if isinstance(place, list):
        place[last : int(last) + 1] = [value]
    else:
        place[last] = value
    return made


def faults() -> Iterator[tuple[str, str, str]]:
    """Kind, the field as the page writes it, and what is said."""
    for kind in SELECTED:
        for wrong, told in rows(ONE_BY_ONE, f"## {kind}"):
            yield kind, words(wrong)[0], words(told)[0]


def example(kind: str) -> dict[str, Any]:
    (found,) = [one for one in manifests(ONE_BY_ONE) if one["kind"] == kind]
    return found


@pytest.mark.parametrize("one", [it for _, it in SHOWN], ids=[f"{p}-{o['kind']}" for p, o in SHOWN])
def test_a_manifest_of_a_page_is_taken_without_a_word(one: dict[str, Any], tmp_path: Path) -> None:
    beside = [parent_of(one["kind"])] if one["kind"] in OBJECTS else []
    assert said(one, *beside, folder=tmp_path) == (0, "")


def test_every_kind_is_shown_by_a_manifest_of_its_own_page() -> None:
    shown = {(page, one["kind"]) for page, one in SHOWN}
    wanted = {(f"{kind.lower()}.md", kind) for kind in KINDS}
    wanted |= {("selected-kinds.md", kind) for kind in OBJECTS}
    assert wanted - shown == set()


def test_every_selected_kind_shows_what_is_said_of_a_wrong_one() -> None:
    assert set(SELECTED) == set(OBJECTS)
    assert all(sum(kind == it for it, _, _ in faults()) >= 2 for kind in OBJECTS)


@pytest.mark.parametrize(
    ("kind", "wrong", "told"), list(faults()), ids=lambda it: it.partition(":")[0]
)
def test_a_wrong_object_is_refused_in_the_words_of_the_page(
    kind: str, wrong: str, told: str, tmp_path: Path
) -> None:
    path, _, value = wrong.partition(": ")
    one, parent = changed(example(kind), path, yaml.safe_load(value)), parent_of(kind)
    code, complaint = said(one, parent, folder=tmp_path)
    name = f"{kind} default/{one['metadata']['name']}"
    assert (code, complaint) == (1, f"{parent['kind']} default/demo: {name}: {told}\n")
