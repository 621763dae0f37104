"""Pages for people: the commands that they show, what each is to print, their tables and links."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import yaml

from localcluster.patience import drawn_out

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").glob("*.md"))
"""All but the decisions, which show no commands."""
_ANY_BLOCK = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
_FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4,}(\S.*)$", re.MULTILINE)
_PROGRAMS = ("kubectl", "helm", "vmoperator", "tools/cluster", "docker", "ctr")
_LINK = re.compile(r"\[[^\]]*\]\(([^()\s]+)\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_AGE = re.compile(r"\b(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?\b")
_ANYTHING = "…"
_REFUSALS = ("Error from server", "The request is invalid")
_APPLIED = {"created", "configured", "unchanged"}
_ASKS = re.compile(
    r"kubectl (?:-n \S+ )?(?:get|describe|logs|wait|exec \S+ -- python3 -m vmoperator plan)\b"
    r"|vmoperator plan|.* --dry-run=server"
)
_NOT_REACHED = "(ServiceUnavailable)"
"""Said of a Service whose pods became ready just now, and by programs that wait for names: nothing
was done yet."""


class Shown(NamedTuple):
    """One command as a page shows it, and the lines below it; no lines: it prints nothing."""

    command: str
    lines: tuple[str, ...]


class Failed(Exception):
    """A command ended with another exit code than 0; the text is what it said about that."""


def shown(text: str) -> list[Shown]:
    """The commands of the blocks of type `console`: what follows `$ `, to the end of the line, or
    of the next one where it ends with a backslash."""
    blocks = [dedent(body) for kind, body in _FENCED.findall(text) if kind == "console"]
    return [it for block in blocks for it in _of_block(block.splitlines())]


def beside(text: str) -> list[str]:
    """The commands that a page shows elsewhere than in blocks of type `console`: the lines of other
    blocks, indented lines, and what stands between back-ticks and has at least three words."""
    fenced = [body for kind, body in _FENCED.findall(text) if kind != "console"]
    lines = [_command(line) for body in fenced for line in _joined(body).splitlines()]
    rest = _ANY_BLOCK.sub("", text)
    lines += [_command(it) for it in _INDENTED.findall(rest)]
    lines += [it for it in words(rest) if len(it.split()) >= 3]
    return [it for it in lines if it.startswith(tuple(f"{name} " for name in _PROGRAMS))]


def manifests(text: str) -> list[dict[str, Any]]:
    """The objects of a page's blocks of type `yaml`."""
    blocks = [dedent(body) for kind, body in _FENCED.findall(text) if kind == "yaml"]
    return [one for block in blocks for one in yaml.safe_load_all(block)]


def _joined(body: str) -> str:
    return re.sub(r"\\\n\s*", "", body)


def _command(line: str) -> str:
    """Without the sign of a prompt and what is said about it."""
    return re.sub(r"\s+# .*", "", line.removeprefix("$ ")).strip()


LOOKS = re.compile(
    r"kubectl (?:-n \S+ )?(?:get|describe|explain|logs|exec \S+ -- python3 -m vmoperator plan)\b"
    r"|vmoperator (?:render|plan|run --help)\b"
    r"|tools/cluster (?:--name \S+ kubectl get|load)\b"
)
"""Commands that change nothing that lasts: looks, plans, an image on a node."""
_ENDLESS = re.compile(r" -w\b| --watch\b")
_STANDING = {
    "COND": "-o jsonpath='{.status.conditions[?(@.type==\"Ready\")].message}'",
    "C": "vmcluster",
    "KIND": "vmcluster",
    "NAMESPACE": "default",
    "POD": "vmstorage-example-vmcluster-persistent-0",
    "FILE": "examples/high-availability/vmcluster.yaml",
    "[FILE]": "examples/high-availability/vmcluster.yaml",
}
_NAMES = {
    "vmagent": "example-vmagent",
    "vmalert": "example-vmalert",
    "vmservicescrape": "vmstorage-example-vmcluster-persistent",
}


def filled(command: str) -> str:
    """The same about the objects of examples/high-availability, for words that stand for others."""
    parts = [_STANDING.get(word, word) for word in command.split(" ")]
    for at, word in enumerate(parts):
        if word in ("NAME", "demo"):
            parts[at] = _NAMES.get(parts[at - 1], "example-vmcluster-persistent")
    words = " ".join(parts)
    # What goes on until somebody ends it has done so for a while, and found nothing to say no to.
    return f"timeout 3 {words} || test $? = 124" if _ENDLESS.search(words) else words


def is_run(command: str, proved: Container[str]) -> bool:
    """Whether a command is run with other names: those of the objects that its page has made."""
    return any(
        it in proved for it in (command, filled(command), re.sub(r"\bNAME\b", "demo", command))
    )


def _of_block(lines: list[str]) -> Iterator[Shown]:
    command, told, is_open = "", list[str](), False
    for line in lines:
        if is_open:
            command += "\n" + line
        elif line.startswith("$ "):
            if command:
                yield Shown(command, tuple(told))
            command, told = line.removeprefix("$ "), []
        else:
            told.append(line)
            continue
        is_open = command.endswith("\\")
    if command:
        yield Shown(command, tuple(told))


def is_as_shown(lines: tuple[str, ...], output: str) -> bool:
    """Whether an output is what a page shows: spaces and ages (`5s`, `2m10s`) count alike, so do
    `created`, `configured` and `unchanged` of an apply; `…` stands for anything within a line, and
    a line of it alone for any lines. What is shown without any line prints nothing."""
    pattern = "".join(map(_pattern, lines))
    return (
        re.fullmatch(pattern, "".join(f"{_plain(it)}\n" for it in output.splitlines())) is not None
    )


def as_shown(it: Shown, run: Callable[[str], str], *, seconds: float = 120.0) -> str:
    """What a command prints, once it is what the page shows: data, a status and Events may come a
    moment after what they tell of. A command that changes something runs once.
    """
    began = time.monotonic()
    while True:
        output, is_right = _once(it, run)
        if is_right:
            return output
        is_late = time.monotonic() > began + drawn_out(seconds)
        is_over = is_late or not (_ASKS.match(it.command) or _NOT_REACHED in output)
        assert not is_over, f"{it.command}\nshown:\n{chr(10).join(it.lines)}\nis:\n{output}"
        time.sleep(1)


def _once(it: Shown, run: Callable[[str], str]) -> tuple[str, bool]:
    """What it says, and whether that is what the page shows, a refusal among it."""
    fails = it.lines[:1] != () and it.lines[0].startswith(_REFUSALS)
    try:
        output, has_failed = run(it.command), False
    except Failed as failure:
        output, has_failed = str(failure), True
    return output, has_failed is fails and is_as_shown(it.lines, output)


def _pattern(line: str) -> str:
    plain = _plain(line)
    if plain == _ANYTHING:
        return r"(?:.*\n)*"
    return re.escape(plain).replace(re.escape(_ANYTHING), ".*") + r"\n"


def _plain(line: str) -> str:
    parts = (_AGE.sub(lambda it: "AGE" if it[0] else "", word) for word in line.split())
    plain = " ".join(parts)
    first, _, last = plain.rpartition(" ")
    return f"{first} applied" if last in _APPLIED else plain


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the tables below a heading, without the titles of the columns."""
    part = text.split(f"\n{heading}\n", 1)[1]
    part = re.split(r"^#+ ", part, maxsplit=1, flags=re.MULTILINE)[0]
    lines = [it for it in part.splitlines() if it.startswith("|")]
    ruled = [at for at, it in enumerate(lines) if set(it) <= set("|-: ")]
    titles = {at - 1 for at in ruled}
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for at, line in enumerate(lines)
        if at not in ruled and at not in titles
    ]


def words(cell: str) -> list[str]:
    """What stands between back-ticks."""
    return re.findall(r"`([^`]+)`", cell)


def links(path: Path) -> list[str]:
    """Where a page leads to, as it is written there; addresses of other sites left out."""
    text = _ANY_BLOCK.sub("", path.read_text())
    return [it for it in _LINK.findall(text) if not re.match(r"[a-z]+:", it)]


def anchors(path: Path) -> set[str]:
    """The names of a page's headings, as links write them behind `#`."""
    plain = (re.sub(r"[^\w\- ]", "", it.lower()) for it in _HEADING.findall(path.read_text()))
    return {it.strip().replace(" ", "-") for it in plain}
