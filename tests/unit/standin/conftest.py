"""Fixtures of the stand-in's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.standin.process import Standins

from localcluster.images.standin import standin


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in, built from its source."""
    return standin(tmp_path_factory.mktemp("programs"))


@pytest.fixture
def standins(tmp_path: Path, program: Path) -> Iterator[Standins]:
    started = Standins(tmp_path, program)
    yield started
    started.stop()
