"""What keeps the process small: what it loads and builds, and what a connection takes."""

from __future__ import annotations

import asyncio
import asyncio.sslproto
import json
import os
import ssl
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from tests.api.certificates import Authority

from vmoperator.apply.tls import trusting
from vmoperator.watch.memory import TLS_BUFFER_BYTES, spare

CONNECTIONS = 4
# The image has no second Kubernetes client; kopf would load it where there is one.
_AS_IN_THE_IMAGE = 'import sys; sys.modules["kubernetes"] = sys.modules["pykube"] = None\n'
_REPORT = """
import json
from vmoperator.api.model import SpecModel

def below(model):
    return {model}.union(*map(below, model.__subclasses__()))

built = sorted(it.__name__ for it in below(SpecModel) if it.__dict__["__pydantic_complete__"])
print(json.dumps({"modules": sorted(sys.modules), "built": built}))
"""
_PARSE = """
from vmoperator.api import parsed
api = "operator.victoriametrics.com/v1beta1"
parsed({"apiVersion": api, "kind": "VMCluster", "metadata": {"name": "a"}, "spec": {}})
"""
# What other commands, the webhooks or the tests need, and large parts of other packages.
_UNUSED = (
    "cryptography",
    "hypothesis",
    "jinja2.sandbox",
    "pip",
    "pytest",
    "setuptools",
    "vmoperator.api.crd",
    "vmoperator.apply.certificates",
    "vmoperator.planning",
    "vmoperator.watch.admission",
)


def _report(script: str) -> dict[str, Any]:
    """What a fresh interpreter has loaded and built after these lines."""
    done = subprocess.run(
        [sys.executable, "-c", f"{_AS_IN_THE_IMAGE}{script}{_REPORT}"],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_the_operator_starts_without_building_a_model_or_loading_what_others_need() -> None:
    found = _report("import vmoperator.watch.process\n")
    assert "vmoperator.api.selected.vmprobe" in found["modules"]
    assert found["built"] == []
    assert sorted(set(_UNUSED) & set(found["modules"])) == []


def test_an_object_has_its_own_kind_built_and_no_other() -> None:
    assert _report(_PARSE)["built"] == ["VMCluster"]


async def test_a_tls_connection_takes_one_buffer_of_the_size_that_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asyncio.sslproto.SSLProtocol, "max_size", 256 * 1024)
    before = await _bytes_of_connections(tmp_path)
    spare()
    after = await _bytes_of_connections(tmp_path)
    # Both ends of a connection are in this process.
    assert before >= 2 * CONNECTIONS * 256 * 1024
    assert after < 2 * CONNECTIONS * 2 * TLS_BUFFER_BYTES


async def _bytes_of_connections(folder: Path) -> int:
    """What asyncio's TLS holds for some connections to ourselves that are open and silent."""
    authority = Authority()
    server_side = authority.server(folder, "127.0.0.1")
    client_side = trusting(ca_text=authority.certificate.decode())
    tracemalloc.start()
    try:
        return await _held(server_side, client_side)
    finally:
        tracemalloc.stop()


async def _held(server_side: ssl.SSLContext, client_side: ssl.SSLContext) -> int:
    ends: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(
        lambda _, end: ends.append(end), "127.0.0.1", 0, ssl=server_side
    )
    port = server.sockets[0].getsockname()[1]
    for _ in range(CONNECTIONS):
        _, end = await asyncio.open_connection("127.0.0.1", port, ssl=client_side)
        ends.append(end)
    taken = tracemalloc.take_snapshot().filter_traces(
        [tracemalloc.Filter(True, asyncio.sslproto.__file__)]
    )
    for end in ends:
        end.close()
    server.close()
    return sum(trace.size for trace in taken.traces)
