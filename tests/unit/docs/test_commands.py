"""Every command that a page shows is run by a test of that page, or stands here with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from tests.pages import DOCS, LOOKS, ROOT, beside, filled, is_run, shown

from chart.alerts import ALERTS, RUNBOOKS, Alert

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *DOCS,
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "charts").glob("*/*.md")),
]
PLAYED = [
    page
    for page in PAGES
    if page.parent == ROOT / "docs"
    or page in (ROOT / "README.md", ROOT / "examples/high-availability/README.md")
]
"""Their console blocks are run by tests/cluster: test_readme.py and test_chart.py."""
PROVED = {it.command for page in PLAYED for it in shown(page.read_text())}
BESIDE = {it for page in PAGES for it in beside(page.read_text()) if not is_run(it, proved=PROVED)}
"""What stands in tables, sentences and other blocks."""
_ENGINE = "needs a container engine, or a registry of the reader's"
_SHARED = "would take programs and caches away from everything else on the machine"

NOT_RUN = {
    "docker build -t docker.io/vmoperator/vmoperator:0.1.0 .": _ENGINE,
    "docker build -t registry.example.org/vmoperator/vmoperator:0.1.0 .": _ENGINE,
    "ctr -n k8s.io images import ARCHIVE": "tools/cluster load, which is run, does it on each node",
    "kubectl delete validatingwebhookconfiguration vmoperator-vmoperator": (
        "test_chart_two_pods.py does it while no pod answers"
    ),
    "tools/cluster build --lean": _SHARED,
    "tools/cluster down --purge": _SHARED,
    "tools/cluster up --binaries DIR": "needs programs that nobody can build from public sources",
    "kubectl -n <namespace> scale deployment <its name> --replicas=0": "no Go operator runs here",
    "kubectl logs POD --previous": "operations.md shows it with a pod that has ended",
}
"""Commands that no test runs, as they stand or with names of its own -> why."""


def test_every_command_of_a_page_is_run_or_has_a_reason() -> None:
    assert {it for it in BESIDE if not LOOKS.match(it)} - NOT_RUN.keys() == set()


def test_a_reason_is_about_a_command_that_a_page_shows_and_that_no_test_runs() -> None:
    assert NOT_RUN.keys() - BESIDE == set()


def test_blocks_of_commands_stand_on_pages_that_are_run() -> None:
    assert [page for page in PAGES if page not in PLAYED and shown(page.read_text())] == []


@pytest.mark.parametrize("alert", ALERTS, ids=lambda it: it.name)
def test_a_runbook_has_commands_and_each_of_them_is_run(alert: Alert) -> None:
    commands = beside("\n".join(alert.steps))
    assert commands
    assert [it for it in commands if it not in PROVED and not LOOKS.match(it)] == []
    page = (ROOT / RUNBOOKS).read_text()
    assert [it for it in commands if f"`{it}`" not in page] == []


def test_a_command_that_only_looks_is_filled_in_with_what_stands() -> None:
    assert filled("kubectl get C NAME COND").startswith(
        "kubectl get vmcluster example-vmcluster-persistent -o jsonpath="
    )
    assert (
        filled("kubectl get vmagent NAME -o yaml") == "kubectl get vmagent example-vmagent -o yaml"
    )


def test_what_does_not_end_by_itself_is_ended() -> None:
    assert filled("kubectl get pods -w").startswith("timeout 3 kubectl get pods -w || ")


def test_a_form_is_run_where_a_page_shows_it_with_a_name() -> None:
    assert is_run("kubectl delete pod vmstorage-NAME-1", {"kubectl delete pod vmstorage-demo-1"})
    assert not is_run("kubectl delete pod vmstorage-NAME-1", {"kubectl delete pod"})


@pytest.mark.parametrize(
    "command",
    ["kubectl delete pvc a", "kubectl scale vmagent a", "tools/cluster down", "helm list"],
)
def test_what_changes_something_is_not_run_unseen(command: str) -> None:
    assert LOOKS.match(command) is None


def test_the_scripts_that_a_command_names_exist() -> None:
    named = {
        word
        for command in (*PROVED, *BESIDE)
        for word in re.findall(
            r"(?<=\s)((?:examples|charts)/[\w./-]+|(?<=-f )crds|(?<=-f )deploy)(?!\S)", command
        )
    }
    assert len(named) >= 6
    assert [it for it in sorted(named) if not (ROOT / it).exists()] == []


@pytest.mark.parametrize("name", ["backup", "restore"])
def test_the_backup_of_the_page_is_what_kubernetes_takes(name: str) -> None:
    path = Path(ROOT / f"examples/operations/{name}.yaml")
    kubernetes_validate.validate(yaml.safe_load(path.read_text()), "1.37", strict=True)
