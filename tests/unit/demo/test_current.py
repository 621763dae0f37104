"""On the user's own cluster the demo touches nothing that it did not make."""

from pathlib import Path

import pytest

from demo.cli import main

# Answers like kubectl on a cluster that has the kind already.
KUBECTL = """#!/bin/sh
echo "$*" >> {log}
case "$*" in
*current-context*) echo prod ;;
*"get crd"*) echo "{crd}" ;;
esac
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    log = tmp_path / "calls"
    log.touch()
    program = tmp_path / "kubectl"
    program.write_text(KUBECTL.format(log=log, crd="vmclusters  2026-01-01"))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("VMOPERATOR_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    return log


def test_a_cluster_that_has_vmclusters_already_is_left_alone(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cluster", "current", "--image", "registry.example/vmoperator:1"]) == 1
    shown = capsys.readouterr().out
    assert "(context prod) knows VMClusters already" in shown
    assert "Use CLUSTER=local or CLUSTER=kind" in shown
    assert not [line for line in calls.read_text().splitlines() if "apply" in line]


def test_nothing_is_deleted_where_no_demo_was_brought_up(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cluster", "current", "--down"]) == 1
    assert "no demo is up on your current cluster (context prod)" in capsys.readouterr().out
    assert "delete" not in calls.read_text()


def test_an_image_has_to_be_named_that_the_nodes_can_pull(
    calls: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--cluster", "current"]) == 1
    assert "IMAGE=registry.example/vmoperator:0.1.0" in capsys.readouterr().out
    assert calls.read_text() == ""
