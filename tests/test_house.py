"""The rules of the house that no linter knows, executed (docs/architecture.md)."""

from __future__ import annotations

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from vmoperator.api import KINDS
from vmoperator.base import errors
from vmoperator.base.resource import PARENTS

ROOT = Path(__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("src", "tools")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
CORE = [path for path in SOURCES if path.is_relative_to(ROOT / "src")]
EMPTY_WORDS = {"utils", "util", "helpers", "helper", "common", "misc", "manager", "tmp"}


def _id(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_a_file_stays_within_300_lines(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_a_function_stays_within_40_lines(path: Path) -> None:
    long = {
        node.name: node.end_lineno - node.lineno + 1
        for node in _functions(path)
        if node.end_lineno is not None and node.end_lineno - node.lineno >= 40
    }
    assert long == {}


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_a_module_says_in_its_first_line_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_a_name_of_a_module_says_what_is_in_it(path: Path) -> None:
    assert path.stem not in EMPTY_WORDS


@pytest.mark.parametrize("path", CORE, ids=_id)
def test_a_check_is_dodged_only_with_a_reason_beside_it(path: Path) -> None:
    dodges = [
        line
        for line in path.read_text().splitlines()
        if any(mark in line for mark in ("# type: ignore", "# noqa", "TODO", "FIXME"))
    ]
    assert [line for line in dodges if line.count("#") < 2] == []


def test_only_the_queue_catches_every_exception() -> None:
    found = [
        f"{_id(path)}:{node.lineno}"
        for path in CORE
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert [place.rpartition(":")[0] for place in found] == ["src/vmoperator/watch/queue.py"]


def test_label_keys_are_spelled_in_one_place() -> None:
    homes = {"labels.py"}
    found = [
        _id(path)
        for path in CORE
        if path.name not in homes
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.startswith("app.kubernetes.io/")
        and " " not in node.value
    ]
    assert found == []


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_kind_is_found_under_its_name_in_every_layer(kind: str) -> None:
    name = kind.lower()
    wanted = [
        f"src/vmoperator/api/{name}.py",
        f"src/vmoperator/render/{name}.py",
        f"examples/{name}.yaml",
        f"tests/golden/{name}",
        f"crds/{name}s.yaml",
    ]
    assert [place for place in wanted if not (ROOT / place).exists()] == []
    assert kind in (ROOT / "README.md").read_text()


def test_every_kind_has_its_resource() -> None:
    assert sorted(KINDS) == sorted(resource.kind for resource in PARENTS)


def _tree(error: type[errors.VMOperatorError]) -> Iterator[type[errors.VMOperatorError]]:
    yield error
    for below in error.__subclasses__():
        yield from _tree(below)


def test_the_tree_of_errors_is_the_one_drawn_in_its_docstring() -> None:
    drawn = errors.__doc__ or ""
    own = [error for error in _tree(errors.VMOperatorError) if error.__module__ == errors.__name__]
    assert [error.__name__ for error in own if error.__name__ not in drawn] == []


def test_templates_decide_nothing() -> None:
    templates = sorted((ROOT / "src/vmoperator/render/templates").glob("*.j2"))
    assert templates
    assert [path.name for path in templates if "{%" in path.read_text()] == []


def test_nothing_in_the_tree_speaks_of_the_place_where_it_was_made() -> None:
    words = ["/" + "work/", "/root/" + "lab", "proxy." + "golang.org", "pypi" + ".org"]
    listed = subprocess.run(
        ["git", "grep", "-lF", *(part for word in words for part in ("-e", word)), "--", "."],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert listed.stdout == ""


PAGES = [ROOT / name for name in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md")]


@pytest.mark.parametrize("path", [*PAGES, *sorted((ROOT / "docs").rglob("*.md"))], ids=_id)
def test_a_page_is_finished_and_its_links_lead_somewhere(path: Path) -> None:
    text = path.read_text()
    assert re.findall(r"@[A-Z]{3,}@", text) == []
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)
    assert [target for target in targets if not (path.parent / target).exists()] == []
