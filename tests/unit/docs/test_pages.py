"""docs/: every page is found from the first one, every link leads somewhere, outputs compare."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.pages import DOCS, ROOT, Shown, anchors, is_as_shown, links, rows, shown

INDEX = ROOT / "docs/index.md"
PAGES = [
    *DOCS,
    *sorted((ROOT / "docs/decisions").glob("*.md")),
    *sorted(ROOT.glob("*.md")),
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "charts").glob("*/*.md")),
]


@pytest.mark.parametrize("page", PAGES, ids=lambda it: str(it.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    lost = []
    for link in links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            lost.append(link)
    assert lost == []


def test_the_first_page_names_every_other_one() -> None:
    named = {(INDEX.parent / link.partition("#")[0]).resolve() for link in links(INDEX)}
    assert [page.name for page in DOCS if page not in (*named, INDEX)] == []


def test_the_readme_leads_to_the_first_page() -> None:
    assert "docs/index.md" in links(ROOT / "README.md")


def test_commands_and_what_they_print_are_read_from_a_page() -> None:
    text = "```console\n$ a \\\n  b\n$ c\nd  5s\n…\n```\n```sh\n$ e\n```\n"
    assert shown(text) == [Shown("a \\\n  b", ()), Shown("c", ("d  5s", "…"))]


@pytest.mark.parametrize(
    ("lines", "output", "is_alike"),
    [
        pytest.param((), "anything", False, id="nothing shown"),
        pytest.param((), "", True, id="nothing shown, nothing printed"),
        pytest.param(("a/b created",), "a/b unchanged\n", True, id="applied before"),
        pytest.param(("a/b created",), "a/b deleted\n", False, id="not applied"),
        pytest.param(
            ("NAME AGE", "demo 5s"), "NAME   AGE\ndemo   2m10s\n", True, id="spaces, ages"
        ),
        pytest.param(("demo 2",), "demo 3\n", False, id="another number"),
        pytest.param(("demo",), "demo\nother\n", False, id="a further line"),
        pytest.param(("demo", "…"), "demo\nother\nthird\n", True, id="any lines"),
        pytest.param(("at …: b",), "at 12: b\n", True, id="anything in a line"),
        pytest.param(("at …: b",), "at 12: c\n", False, id="another end"),
    ],
)
def test_an_output_is_compared_with_what_is_shown(
    lines: tuple[str, ...], output: str, is_alike: bool
) -> None:
    assert is_as_shown(lines, output) is is_alike


def test_tables_below_a_heading_are_read() -> None:
    table = "| x | y |\n|---|---|\n| 1 | 2 \\| 3 |\n"
    text = f"# a\n## b\n{table}\ntext\n\n| z |\n|---|\n| 4 |\n## c\n| 5 |\n"
    assert rows(text, "## b") == [["1", "2 \\| 3"], ["4"]]


def test_the_figures_of_the_readme_are_those_of_the_benchmark() -> None:
    told = (ROOT / "docs/benchmark.md").read_text()
    cells = [
        cell
        for row in rows((ROOT / "README.md").read_text(), "## How it compares")
        for cell in row[1:]
    ]
    figures = {it for cell in cells for it in re.findall(r"\d[\d,.]*(?= (?:to|s\b|MB))", cell)}
    assert len(figures) >= 12
    assert {
        it for it in figures if not re.search(rf"(?<![\d.]){re.escape(it)}(?!\d)", told)
    } == set()
