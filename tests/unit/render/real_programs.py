"""The real programs, where `make test` or the demo has built them."""

from __future__ import annotations

import random
import socket
import subprocess
from pathlib import Path

import pytest

from localcluster.paths import cache_root
from localcluster.patience import drawn_out

# Below those that the kernel gives to whoever connects (net.ipv4.ip_local_port_range).
_PORTS = range(20_000, 30_000)


def program(name: str) -> Path:
    """Path of a program of the local cluster; skips the test where none has been built."""
    found = sorted((cache_root() / "programs").glob(f"*/{name}"))
    if not found:
        pytest.skip(f"{name} has not been built: `tools/cluster up` does")
    return found[-1]


def answer(name: str, *args: str) -> tuple[int, str]:
    """Exit code and output of a program that is run to its end."""
    done = subprocess.run(  # noqa: S603  # a program of our own cache
        [program(name), *args],
        capture_output=True,
        text=True,
        timeout=drawn_out(30),
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def free_port() -> int:
    """A port of loopback that nobody listens on just now, and nobody is given by chance soon."""
    for port in random.sample(_PORTS, 100):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError("no port is free")
