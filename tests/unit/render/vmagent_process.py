"""A real vmagent that runs with rendered flags and files, and a storage for it, on loopback."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.unit.render.agents import args, container, files, secret_files
from tests.unit.render.real_programs import free_port, program
from tests.unit.render.vmalert_process import until

from localcluster.patience import drawn_out
from vmoperator.render import Plan

_FOLDERS = (
    "/etc/vmagent/config",
    "/etc/vmagent/jobs",
    "/etc/vm/credentials",
    "/tmp/vmagent",  # noqa: S108  # a folder of the pod
)
Secrets = dict[str, dict[str, bytes]]


def local_arguments(made: Plan, root: Path, secrets: Secrets, place: int = 0) -> list[str]:
    """The arguments with all paths below `root`, where their files are written."""
    write_files(made, root)
    for name, data in secrets.items():
        for key, value in data.items():
            path = root / "etc/vm/credentials" / name / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(value)
    return [_local(arg, root) for arg in args(made, place)]


def write_files(made: Plan, root: Path) -> None:
    """Write the plan's configuration files, as the kubelet would."""
    folder = root / "etc/vmagent/config"
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files(made).items():
        # The other folders that it names are below the root as well.
        (folder / name).write_text(_local(text, root))
    for secret in _buckets(made):
        jobs = root / "etc/vmagent/jobs" / secret.rpartition("-")[2]
        jobs.mkdir(parents=True)
        (jobs / "jobs.yaml").write_text(secret_files(made, secret)["jobs.yaml"])


def _buckets(made: Plan) -> list[str]:
    names = [one["metadata"]["name"] for one in made.manifests if one["kind"] == "Secret"]
    return [name for name in names if re.search(r"-jobs-\d+$", name)]


def _local(text: str, root: Path) -> str:
    for folder in _FOLDERS:
        text = text.replace(folder, f"{root}{folder}")
    return text


@dataclass(frozen=True, slots=True)
class Vmagent:
    """A running vmagent."""

    root: Path
    port: int

    def text(self, path: str) -> str:
        """What stands at a path. Raises urllib.error.HTTPError."""
        return _ask(f"http://127.0.0.1:{self.port}{path}")

    def send(self, path: str, body: str) -> None:
        """Send samples to a path."""
        _ask(f"http://127.0.0.1:{self.port}{path}", body.encode())

    def targets(self) -> list[str]:
        """Addresses of the targets that it scrapes."""
        data: dict[str, Any] = json.loads(self.text("/api/v1/targets"))["data"]
        return sorted(one["discoveredLabels"]["__address__"] for one in data["activeTargets"])


@dataclass(frozen=True, slots=True)
class Storage:
    """A running victoria-metrics."""

    port: int

    @property
    def url(self) -> str:
        """Where remote write goes."""
        return f"http://127.0.0.1:{self.port}/api/v1/write"

    def series(self, selector: str) -> list[dict[str, str]]:
        """Labels of the series that a selector finds."""
        asked = urllib.parse.urlencode({"match[]": selector, "start": "-1h"})
        _ask(f"http://127.0.0.1:{self.port}/internal/force_flush")
        answer = _ask(f"http://127.0.0.1:{self.port}/api/v1/series?{asked}")
        found: list[dict[str, str]] = json.loads(answer)["data"]
        return found


@contextmanager
def storage(root: Path) -> Iterator[Storage]:
    """A victoria-metrics that keeps its data below `root`, once it is healthy."""
    port = free_port()
    flags = [f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={root}/data"]
    with _process("victoria-metrics", flags, root, port):
        yield Storage(port)


@contextmanager
def running(
    made: Plan, root: Path, secrets: Secrets | None = None, *, place: int = 0
) -> Iterator[Vmagent]:
    """The vmagent of a stage of a plan, its files below `root`, once it is healthy."""
    agent = Vmagent(root, free_port())
    given = local_arguments(made, root, secrets or {}, place)
    command = [arg for arg in given if not arg.startswith("-httpListenAddr=")]
    variables = container(made, place).get("env") or ()
    env = {one["name"]: one.get("value", "from-a-secret") for one in variables}
    flags = [f"-httpListenAddr=127.0.0.1:{agent.port}", *command]
    with _process("vmagent", flags, root, agent.port, env):
        yield agent


@contextmanager
def _process(
    name: str, flags: list[str], root: Path, port: int, env: dict[str, str] | None = None
) -> Iterator[None]:
    log = (root / f"{name}.log").open("w")
    process = subprocess.Popen(  # noqa: S603  # a program of our own cache
        [program(name), *flags], stdout=log, stderr=log, env=env or {}, cwd=root
    )
    try:
        until(lambda: _is_healthy(port) or process.poll() is not None)
        assert process.poll() is None, (root / f"{name}.log").read_text()
        yield
    finally:
        process.terminate()
        process.wait(timeout=drawn_out(20))
        log.close()


def _ask(url: str, body: bytes | None = None) -> str:
    with urllib.request.urlopen(url, data=body, timeout=5) as answer:  # noqa: S310  # loopback
        found: bytes = answer.read()
    return found.decode()


def _is_healthy(port: int) -> bool:
    try:
        return _ask(f"http://127.0.0.1:{port}/health") == "OK"
    except OSError:
        return False
