"""Fixtures of the image tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.localcluster_images.small_registry import SmallRegistry, served

from localcluster.images.standin import standin


@pytest.fixture
async def registry(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SmallRegistry]:
    """A registry on loopback, which the tool takes for all public ones."""
    async with served(SmallRegistry()) as running:
        monkeypatch.setenv("VMOPERATOR_REGISTRY", running.url)
        yield running


@pytest.fixture(scope="session")
def static_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A static program for linux/amd64: the stand-in."""
    return standin(tmp_path_factory.mktemp("programs"))
