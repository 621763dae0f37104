"""Every command that a page shows is run by a test of that page, or stands here with the reason."""

from __future__ import annotations

import re
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from tests.pages import DOCS, LOOKS, ROOT, beside, filled, shown

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *DOCS,
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "charts").glob("*/*.md")),
]
PLAYED = [page for page in PAGES if page.parent == ROOT / "docs" or page == ROOT / "README.md"]
"""Their console blocks are run by tests/cluster: test_readme.py and test_chart.py."""
PROVED = {it.command for page in PLAYED for it in shown(page.read_text())}
BESIDE = {it for page in PAGES for it in beside(page.read_text())} - PROVED
"""What stands in tables, sentences and other blocks."""
_ENGINE = "needs a container engine or a registry"
_ENDLESS = "does not end by itself"
_WORDS = "says what somebody else may do, not what the reader is to do"
_TOOL = "tests/cluster/test_localcluster.py and the fixtures run it with arguments of their own"
_LOST = "takes data or the operator away; the same is run elsewhere with other names"
_FORM = "names the form of a command whose uses are run"
_HA = "tests/cluster/test_high_availability.py and test_ha_stack.py apply these files"

NOT_RUN = {
    # What cannot be had where the tests run.
    "docker build .": _ENGINE,
    "docker build -t docker.io/vmoperator/vmoperator:0.1.0 .": _ENGINE,
    "docker build -t registry.example.org/vmoperator/vmoperator:0.1.0 .": _ENGINE,
    "ctr -n k8s.io images import ARCHIVE": "tools/cluster load does it, in each test of the image",
    "kubectl get vmclusters --watch": _ENDLESS,
    "kubectl get vmclusters -w": _ENDLESS,
    "kubectl get -w": _ENDLESS,
    "kubectl -n vmoperator get secret vmoperator-webhook": "there with webhooks: test_webhooks.py",
    "kubectl logs POD --previous": "needs a container that has ended; the status has its words",
    "kubectl apply -f scrape.yaml": "a refusal: test_webhooks.py",
    "kubectl apply --dry-run=server": "test_webhooks.py",
    "helm upgrade vmoperator charts/vmoperator --namespace vmoperator --reuse-values"
    " --set webhook.enabled=true --wait": "test_chart_two_pods.py installs so",
    # What the local cluster's own tests do.
    "tools/cluster build --lean": _TOOL,
    "tools/cluster up --binaries DIR": _TOOL,
    "tools/cluster load IMAGE.tar": _TOOL,
    "tools/cluster load ARCHIVE": _TOOL,
    "tools/cluster down --purge": "would take the programs away from the other tests",
    "tools/cluster --name two kubectl get pods": _TOOL,
    # The way from the Go operator: tests/cluster/test_takeover.py does it on what that one leaves.
    "kubectl -n <namespace> scale deployment <its name> --replicas=0": "no Go operator runs here",
    "vmoperator crds | kubectl apply --server-side --force-conflicts -f -": "test_crd.py",
    "kubectl annotate vmcluster demo operator.victoriametrics.com/rollout=taken-over": (
        "test_takeover.py; upgrades.md runs it for all objects"
    ),
    "kubectl apply --server-side --force-conflicts": _FORM,
    # Forms, and what is told of others.
    "vmoperator render FILE": _FORM,
    "vmoperator plan [FILE]": _FORM,
    "vmoperator plan FILE": _FORM,
    "vmoperator run --help": "tests/unit/test_commands.py",
    "vmoperator run --namespace": _FORM,
    "kubectl get --raw": _FORM,
    "kubectl apply -f": _FORM,
    "kubectl apply -f crds": _FORM,
    "kubectl apply --server-side": _FORM,
    'kubectl apply VMCluster "demo"              pod vmstorage-demo-0 became ready': "a drawing",
    "kubectl asked for a restart": "words of an Event",
    "kubectl delete pod": _WORDS,
    "kubectl edit statefulset": _WORDS,
    "kubectl patch pvc": _WORDS,
    "kubectl rollout restart": _WORDS,
    "kubectl scale statefulset": _WORDS,
    "kubectl scale vmagent demo --replicas=3": "test_no_fights.py and test_vmagent.py",
    "kubectl scale vmagent NAME --replicas=3": "test_vmagent.py",
    "kubectl scale deployment vminsert-demo": "test_no_fights.py",
    "kubectl rollout restart statefulset vmstorage-demo": "test_no_fights.py",
    "kubectl scale deployment vmsingle-small --replicas=0": "a step before vmrestore, whose image"
    " no registry here serves; that a paused object is left alone is run in test_no_fights.py",
    # What takes something away.
    "kubectl delete pvc -l app.kubernetes.io/instance=demo": _LOST,
    "kubectl delete pvc vmstorage-db-vmstorage-NAME-0 --wait=false": _LOST,
    "kubectl delete pod vmstorage-NAME-0": _LOST,
    "kubectl delete vmrule <name>": _LOST,
    "helm uninstall vmoperator -n vmoperator": _LOST,
    # The page of the examples.
    "kubectl apply -f examples/high-availability/variants/vmcluster-deduplicated.yaml": _HA,
    "kubectl wait --for=condition=Ready --timeout=5m vmcluster/example-vmcluster-persistent": _HA,
    'kubectl patch vmagent example-vmagent --type=merge -p \'{"spec":{"replicaCount":2}}\'': _HA,
    "helm install vmoperator charts/vmoperator --namespace vmoperator --create-namespace": (
        "the same with --wait is run from install.md"
    ),
}
"""Commands that no test runs as they stand -> why."""


def test_every_command_of_a_page_is_run_or_has_a_reason() -> None:
    assert {it for it in BESIDE if not LOOKS.match(it)} - NOT_RUN.keys() == set()


def test_a_reason_is_about_a_command_that_a_page_shows_and_that_no_test_runs() -> None:
    assert NOT_RUN.keys() - BESIDE == set()


def test_blocks_of_commands_stand_on_pages_that_are_run() -> None:
    assert [page for page in PAGES if page not in PLAYED and shown(page.read_text())] == []


def test_a_command_that_only_looks_is_filled_in_with_what_stands() -> None:
    assert filled("kubectl get C NAME COND").startswith(
        "kubectl get vmcluster example-vmcluster-persistent -o jsonpath="
    )
    assert (
        filled("kubectl get vmagent NAME -o yaml") == "kubectl get vmagent example-vmagent -o yaml"
    )


@pytest.mark.parametrize(
    "command",
    ["kubectl delete pvc a", "kubectl get pods -w", "kubectl get pods --watch", "helm list"],
)
def test_what_changes_something_or_does_not_end_is_not_run_unseen(command: str) -> None:
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


def test_the_backup_of_the_page_is_what_kubernetes_takes() -> None:
    path = Path(ROOT / "examples/operations/backup.yaml")
    kubernetes_validate.validate(yaml.safe_load(path.read_text()), "1.37", strict=True)
