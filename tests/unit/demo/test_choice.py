"""Which cluster the demo takes, and what its command line accepts."""

from pathlib import Path

import pytest
import yaml

from demo.choice import Choice, choice, engine_answers
from demo.cli import main, parser

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(
    ("asked", "has_engine", "cluster", "word"),
    [
        pytest.param(None, True, "kind", "engine answers", id="kind where an engine answers"),
        pytest.param(None, False, "local", "no Docker engine", id="local without an engine"),
        pytest.param("local", True, "local", "CLUSTER=local", id="local where it is asked for"),
        pytest.param("current", False, "current", "CLUSTER=current", id="the user's own cluster"),
    ],
)
def test_the_cluster(asked: str | None, has_engine: bool, cluster: str, word: str) -> None:
    chosen = choice(asked, has_engine=has_engine)
    assert chosen == Choice(cluster, chosen.why)
    assert word in chosen.why


@pytest.mark.parametrize(
    ("script", "answers"),
    [
        pytest.param("exit 0", True, id="an engine that answers"),
        pytest.param("exit 1", False, id="a client without an engine"),
        pytest.param("exec sleep 30", False, id="an engine that hangs"),
    ],
)
def test_an_engine_is_one_that_answers_in_time(
    script: str, answers: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker = tmp_path / "docker"
    docker.write_text(f"#!/bin/sh\n{script}\n")
    docker.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert engine_answers() is answers


def test_without_a_docker_client_there_is_no_engine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not engine_answers()


def test_an_unknown_cluster_is_refused_with_the_known_ones(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        parser().parse_args(["--cluster", "minikube"])
    shown = capsys.readouterr().err
    assert all(name in shown for name in ("minikube", "auto", "local", "kind", "current"))


def test_down_without_a_demo_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("VMOPERATOR_CACHE", str(tmp_path))
    assert main(["--down"]) == 0
    assert capsys.readouterr().out == "No demo is up.\n"


def test_the_kind_cluster_has_one_control_plane_and_two_workers() -> None:
    settings = yaml.safe_load((ROOT / "tools" / "kind" / "kind.yaml").read_text())
    assert settings["apiVersion"] == "kind.x-k8s.io/v1alpha4"
    assert [node["role"] for node in settings["nodes"]] == ["control-plane", "worker", "worker"]
