"""`vmoperator run` as a process of its own, against a fake API server."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.api.objects import vmcluster
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from localcluster.patience import drawn_out
from vmoperator.base.manifest import Ref

STATEFUL_SET = Ref("StatefulSet", "default", "vmstorage-demo")


@dataclass
class Running:
    """The process, and what it has told so far."""

    process: asyncio.subprocess.Process
    told: list[str] = field(default_factory=list)

    def has_told(self, words: str) -> bool:
        return any(words in line for line in self.told)

    async def end(self, number: int = signal.SIGTERM) -> tuple[int, float]:
        """Exit code, and the seconds from the signal to the end."""
        asked = time.monotonic()
        self.process.send_signal(number)
        code = await self.process.wait()
        return code, time.monotonic() - asked


@asynccontextmanager
async def run(api: FakeApi, folder: Path, *options: str) -> AsyncIterator[Running]:
    config = {
        "current-context": "here",
        "clusters": [{"name": "c", "cluster": {"server": api.url}}],
        "contexts": [{"name": "here", "context": {"cluster": "c"}}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "vmoperator",
        "run",
        f"--kubeconfig={path}",
        "--http-address=127.0.0.1:0",
        *options,
        stderr=asyncio.subprocess.PIPE,
    )
    running = Running(process)
    reader = asyncio.create_task(_read(running))
    try:
        yield running
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
        await reader


async def _read(running: Running) -> None:
    assert running.process.stderr
    async for line in running.process.stderr:
        running.told.append(line.decode().rstrip("\n"))


def cluster() -> dict[str, Any]:
    manifest = vmcluster()
    part = {"replicaCount": 1}
    manifest["spec"] = {
        "retentionPeriod": "4",
        "vmstorage": part,
        "vmselect": part,
        "vminsert": part,
    }
    return manifest


async def test_it_brings_an_object_in_line_and_ends_when_asked(
    api: FakeApi, tmp_path: Path
) -> None:
    await api.put(cluster())
    async with run(api, tmp_path, "--log-format=json") as running:
        await until(lambda: api.find(STATEFUL_SET))
        await until(lambda: running.has_told('"name": "demo"'))
        code, seconds = await running.end()
    assert (code, seconds < drawn_out(5)) == (0, True)
    lines = [json.loads(line) for line in running.told]
    assert {"time", "level", "logger", "message"} <= set.intersection(*map(set, lines))
    assert any(line.get("name") == "demo" for line in lines)
    writers = {seen.headers["User-Agent"] for seen in api.writes}
    assert [writer for writer in writers if "kopf" in writer] == []


async def test_it_waits_for_the_crd_without_an_end(api: FakeApi, tmp_path: Path) -> None:
    api.hidden.add("vmclusters")
    async with run(api, tmp_path) as running:
        await until(lambda: running.has_told("is the CRD installed (vmoperator crds)?"))
        assert api.writes == []
        api.hidden.clear()
        await api.put(cluster())
        await until(lambda: api.find(STATEFUL_SET), seconds=20)
        assert (await running.end(signal.SIGINT))[0] == 0


async def test_no_pass_runs_before_the_children_are_known(api: FakeApi, tmp_path: Path) -> None:
    await api.put(cluster())
    fault = Fault(503, times=1_000, path="/pods")
    api.faults.append(fault)
    async with run(api, tmp_path) as running:
        await until(lambda: running.has_told("vmclusters: 1 objects, live"))
        await until(lambda: running.has_told("pods: unreachable"))
        assert api.writes == []
        fault.times = 0
        await until(lambda: api.find(STATEFUL_SET), seconds=20)


async def test_no_object_is_told_that_nobody_uses_it_before_its_parents_are_known(
    api: FakeApi, tmp_path: Path
) -> None:
    metadata = {"name": "used", "namespace": "default"}
    await api.put(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMServiceScrape",
            "metadata": metadata,
            "spec": {"selector": {}, "endpoints": [{"port": "http"}]},
            "status": {"updateStatus": "operational", "parents": ["VMAgent/default/demo"]},
        }
    )
    await api.put({**cluster(), "kind": "VMAgent", "spec": {"selectAllByDefault": True}})
    fault = Fault(503, times=1_000, path="/vmagents")
    api.faults.append(fault)
    async with run(api, tmp_path) as running:
        await until(lambda: running.has_told("vmservicescrapes: 1 objects, live"))
        await until(lambda: running.has_told("vmagents: unreachable"))
        assert api.writes == []


async def test_a_stuck_pass_does_not_keep_it_from_ending(api: FakeApi, tmp_path: Path) -> None:
    await api.put(cluster())
    stuck = Fault(503, times=1_000, method="PATCH", delay_seconds=600)
    api.faults.append(stuck)
    async with run(api, tmp_path) as running:
        await until(lambda: stuck.times < 1_000)
        code, seconds = await running.end()
    assert (code, seconds < drawn_out(5)) == (0, True)
    assert running.has_told("a pass was cut short")


async def test_a_deleted_child_is_made_again(api: FakeApi, tmp_path: Path) -> None:
    await api.put(cluster())
    async with run(api, tmp_path):
        await until(lambda: api.find(STATEFUL_SET))
        before = api.find(STATEFUL_SET)
        assert before
        await api.remove(STATEFUL_SET)
        await until(lambda: api.find(STATEFUL_SET))
        after = api.find(STATEFUL_SET)
        assert after
    assert before["metadata"]["uid"] != after["metadata"]["uid"]


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--kubeconfig=/absent",), 1, "/absent: no such file"),
        (("--context=prod",), 1, 'no "prod"; there are: here'),
        (("--workers=0",), 2, "must be a number above 0"),
        (("--log-format=xml",), 2, "invalid choice"),
    ],
    ids=["no file", "no context", "no workers", "unknown format"],
)
async def test_wrong_options_end_it_with_a_reason(
    api: FakeApi, tmp_path: Path, options: tuple[str, ...], code: int, words: str
) -> None:
    async with run(api, tmp_path, *options) as running:
        assert await running.process.wait() == code
        await until(lambda: running.has_told(words))
