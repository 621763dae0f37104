"""Every command that README.md and docs/ show is run: here, or where this file says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from localcluster import Cluster
from tests.cluster.conftest import ALL_KINDS, ROOT, Operator

pytestmark = pytest.mark.cluster

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
HA = ROOT / "examples/high-availability"
TOOL_PAGE = ROOT / "docs/local-cluster.md"
INSTALL_PAGE = ROOT / "docs/install.md"
"""Its commands are run in test_chart.py, where no operator runs yet."""
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
OPERATOR = "vmoperator run"
"""Started by the fixture `operator`, with an identity of its own."""


def _shown(page: Path) -> list[str]:
    """The commands that a page shows, as they are typed."""
    return [
        line.removeprefix("$ ")
        for block in BLOCK.findall(page.read_text())
        for line in block.splitlines()
        if line.startswith("$ ")
    ]


def _run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def _commands() -> list[tuple[str, str]]:
    pages = [page for page in PAGES if page not in (TOOL_PAGE, INSTALL_PAGE)]
    return [(page.name, line) for page in pages for line in _shown(page)]


@pytest.fixture(scope="module")
def shell(cluster: Cluster, operator: Operator) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:{cluster.programs}:{ROOT / 'tools'}"
    return {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


def test_the_commands_of_the_pages_work_in_the_order_shown(
    shell: dict[str, str], cluster: Cluster
) -> None:
    commands = [(page, command) for page, command in _commands() if OPERATOR not in command]
    assert len(commands) >= 8
    try:
        for page, command in commands:
            done = _run(command, shell)
            assert done.returncode == 0, f"{page}: {command}\n{done.stdout}\n{done.stderr}"
            print(f"{page}: {command}\n{done.stdout[-600:]}")
    finally:
        cluster.kubectl("delete", "-f", str(HA), "--ignore-not-found")
        cluster.kubectl("delete", ALL_KINDS, "--all")
        cluster.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")


def test_the_commands_of_the_local_cluster_work_as_one_script(shell: dict[str, str]) -> None:
    lines = [
        # A name of its own: the one that the reader may have up stays as it is.
        line.replace("tools/cluster", "tools/cluster --name docs", 1)
        for line in _shown(TOOL_PAGE)
    ]
    assert len(lines) >= 5
    script = "\n".join(["set -e", *lines])
    done = _run(script, shell)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"


def test_the_options_that_the_pages_name_exist() -> None:
    for command in {command for _, command in _commands() if OPERATOR in command}:
        flags = [word for word in shlex.split(command) if word.startswith("--")]
        shown = subprocess.run(
            [str(Path(sys.executable).parent / "vmoperator"), "run", "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert [flag for flag in flags if flag not in shown] == []


def test_the_targets_that_the_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        word
        for page in (*PAGES, ROOT / "CONTRIBUTING.md")
        for word in re.findall(r"(?:`|^)make ([a-z]+(?:-[a-z]+)*)", page.read_text(), re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert named - targets == set()
