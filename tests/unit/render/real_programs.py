"""The real programs, where `make test` or the demo has built them."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localcluster.paths import cache_root


def program(name: str) -> Path:
    """Path of a program of the local cluster; skips the test where none has been built."""
    found = sorted((cache_root() / "programs").glob(f"*/{name}"))
    if not found:
        pytest.skip(f"{name} has not been built: `tools/cluster up` does")
    return found[-1]


def answer(name: str, *args: str) -> tuple[int, str]:
    """Exit code and output of a program that is run to its end."""
    done = subprocess.run(  # noqa: S603  # a program of our own cache
        [program(name), *args], capture_output=True, text=True, timeout=30, check=False
    )
    return done.returncode, done.stdout + done.stderr
