"""The benchmark counts in the operator's log which pods have loaded their configuration."""

from pathlib import Path

from pytest import CaptureFixture, raises

import vmoperator.apply.errands as errands
from bench.cli import parser
from bench.loaded import LOADED, times_loaded


def test_each_pod_that_has_loaded_counts_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(f"pod a: {LOADED} (1)\npod b: asked\npod b: {LOADED} (1)\n")
    assert times_loaded(log) == 2


def test_without_a_log_nothing_counts() -> None:
    assert times_loaded(None) == 0


def test_the_words_are_those_of_the_operator() -> None:
    assert LOADED in Path(errands.__file__).read_text()


def test_the_case_is_explained(capsys: CaptureFixture[str]) -> None:
    with raises(SystemExit):
        parser().parse_args(["--help"])
    assert "--log" in capsys.readouterr().out
