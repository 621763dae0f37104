"""Every command that README.md and docs/ show is run: here, or where this file says."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from image.build import archive
from localcluster import Cluster
from localcluster.progress import Progress
from tests.cluster.conftest import ALL_KINDS, ROOT
from tests.cluster.definitions import definition
from tests.cluster.installed import Installed
from tests.pages import LOOKS, Failed, Shown, as_shown, filled, is_as_shown, shown
from tests.unit.docs.test_commands import BESIDE, NOT_RUN
from tests.unit.docs.test_manifests import SHOWN, changed, example, faults

pytestmark = pytest.mark.cluster

HA = ROOT / "examples/high-availability"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), HA / "README.md"]
LAST_PAGE = "examples/high-availability/README.md"
"""It changes what the other pages look at."""
TOOL_PAGE = ROOT / "docs/local-cluster.md"
INSTALL_PAGE = ROOT / "docs/install.md"
QUICK_START = ROOT / "docs/quick-start.md"
"""The commands of these two are run in test_chart.py, where no operator runs yet."""
DAY_TWO = [ROOT / f"docs/{name}.md" for name in ("operations", "storage")]
"""These go on with the VMCluster of the quick start."""
_END = "-- the end of a command --"
OPERATOR = "vmoperator run"
"""It runs already, as the release of the fixture `installed`."""


def _run(script: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )


def _output(command: str, environment: dict[str, str]) -> str:
    done = _run(command, environment)
    if done.returncode != 0:
        raise Failed(done.stderr)
    return done.stdout


def _commands() -> list[tuple[str, Shown]]:
    pages = [page for page in PAGES if page not in (TOOL_PAGE, INSTALL_PAGE, QUICK_START, *DAY_TWO)]
    return [(str(page.relative_to(ROOT)), it) for page in pages for it in shown(page.read_text())]


@pytest.fixture(scope="module")
def shell(cluster: Cluster, installed: Installed) -> dict[str, str]:
    programs = f"{Path(sys.executable).parent}:{cluster.programs}:{ROOT / 'tools'}"
    return {
        **os.environ,
        "KUBECONFIG": str(cluster.kubeconfig),
        "PATH": f"{programs}:{os.environ['PATH']}",
    }


@pytest.fixture
def foreign(cluster: Cluster) -> Iterator[None]:
    """A definition of monitoring.coreos.com, which the page about it looks for."""
    one = definition("ThanosRuler")
    cluster.kubectl("apply", "-f", "-", input=json.dumps(one))
    yield
    cluster.kubectl("delete", "crd", one["metadata"]["name"])


def _play(commands: list[tuple[str, Shown]], shell: dict[str, str], cluster: Cluster) -> None:
    """Runs them one by one, and takes everything away at the end."""
    try:
        for page, it in commands:
            print(f"{page}: {it.command}\n{as_shown(it, lambda it: _output(it, shell))[-600:]}")
    finally:
        cluster.kubectl("delete", "-f", str(HA), "--ignore-not-found")
        # Its role must not lend its rights to the release.
        cluster.kubectl("delete", "-f", str(ROOT / "deploy"), "--ignore-not-found")
        cluster.kubectl("delete", ALL_KINDS, "--all")
        cluster.kubectl("delete", "pods", "--all", "--grace-period=0", "--force")
        cluster.kubectl("delete", "pvc", "--all", "--wait=false")


def test_the_commands_of_the_pages_work_in_the_order_shown(
    shell: dict[str, str], cluster: Cluster, foreign: None
) -> None:
    commands = [(page, it) for page, it in _commands() if OPERATOR not in it.command]
    beside = {it for it in BESIDE if LOOKS.match(it)} - NOT_RUN.keys()
    looks = sorted({_here(filled(it), cluster) for it in beside})
    assert (len(commands) >= 30, len(looks) >= 20) == (True, True)
    # What stands in tables and sentences tells of any object; here of those that stand now.
    between = [("beside", Shown(it, ("…",))) for it in looks]
    last = [it for it in commands if it[0] == LAST_PAGE]
    _play([*(it for it in commands if it not in last), *between, *last], shell, cluster)


def _here(command: str, cluster: Cluster) -> str:
    """With the cluster of the tests, and with an archive to load."""
    with Progress(quiet=True) as progress:
        # That of the release: pods that come later take the image that was loaded last.
        image = str(archive(progress))
    given = {"two": cluster.name, "ARCHIVE": image, "IMAGE.tar": image}
    words = [given.get(word, word) for word in command.split(" ")]
    if words[:2] == ["tools/cluster", "load"]:
        words[1:1] = ["--name", cluster.name]
    return " ".join(words)


def test_the_commands_of_day_two_work_in_the_order_shown(
    shell: dict[str, str], cluster: Cluster
) -> None:
    commands = [(page.name, it) for page in DAY_TWO for it in shown(page.read_text())]
    assert len(commands) >= 30
    _play(commands, shell, cluster)


def test_the_api_server_takes_the_manifests_of_the_pages(
    shell: dict[str, str], cluster: Cluster
) -> None:
    objects = [one for _, one in SHOWN]
    # What the operator refuses by the words of a page is none that the API server refuses before.
    for number, (kind, wrong, _) in enumerate(faults()):
        path, _, value = wrong.partition(": ")
        one = changed(example(kind), path, yaml.safe_load(value))
        objects.append({**one, "metadata": {"name": f"wrong-{number}"}})
    told = cluster.kubectl(
        "apply", "--dry-run=server", "-f", "-", input=yaml.safe_dump_all(objects)
    )
    assert len(told.splitlines()) == len(objects) >= 30


def test_the_commands_of_the_local_cluster_work_as_one_script(shell: dict[str, str]) -> None:
    commands = shown(TOOL_PAGE.read_text())
    assert len(commands) >= 5
    # A name of its own: the one that the reader may have up stays as it is.
    lines = [it.command.replace("tools/cluster", "tools/cluster --name docs", 1) for it in commands]
    script = "\n".join(["set -e", *(f"{it}\necho; echo {_END}" for it in lines)])
    done = _run(script, shell)
    assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
    outputs = done.stdout.split(f"{_END}\n")
    for it, output in zip(commands, outputs, strict=False):
        told = output.removesuffix("\n")
        assert is_as_shown(it.lines, told), f"{it.command}\nis:\n{told}"


def test_the_options_that_the_pages_name_exist() -> None:
    for command in {it.command for _, it in _commands() if OPERATOR in it.command}:
        flags = [word for word in shlex.split(command) if word.startswith("--")]
        told = subprocess.run(
            [str(Path(sys.executable).parent / "vmoperator"), "run", "--help"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert [flag for flag in flags if flag not in told] == []


def test_the_targets_that_the_pages_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {
        word
        for page in (*PAGES, ROOT / "CONTRIBUTING.md")
        for word in re.findall(r"(?:`|^)make ([a-z]+(?:-[a-z]+)*)", page.read_text(), re.MULTILINE)
    }
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert named - targets == set()
