"""`vmoperator plan` under an identity of its own, for the tests that compare it with what is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.conftest import Namespace


@dataclass(frozen=True)
class Planner:
    """Runs the command under an identity of its own, so that the audit log tells its calls."""

    namespace: Namespace
    user: str
    kubeconfig: Path
    began: float

    def plan(
        self, *arguments: str, stdin: Any = None, env: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / "vmoperator"
        command = [str(program), "plan", f"--kubeconfig={self.kubeconfig}", *arguments]
        text = None if stdin is None else yaml.safe_dump_all(stdin)
        return subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            input=text,
            env={**os.environ, **(env or {})},
        )

    def json(self, *objects: dict[str, Any]) -> dict[str, Any]:
        done = self.plan("-n", self.namespace.name, "-o", "json", "-", stdin=objects)
        assert done.stdout, done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        assert found["exitCode"] == done.returncode
        return found


def identity(one: Namespace, name: str, folder: Path) -> Path:
    """A kubeconfig of a service account of that name."""
    one.kubectl("create", "serviceaccount", name)
    config = yaml.safe_load(one.cluster.kubeconfig.read_text())
    token = one.kubectl("create", "token", name).strip()
    config["users"] = [{"name": it["name"], "user": {"token": token}} for it in config["users"]]
    path = folder / f"{name}.conf"
    path.write_text(yaml.safe_dump(config))
    return path


@contextmanager
def planning(one: Namespace, folder: Path) -> Iterator[Planner]:
    """A planner of this namespace who may do everything."""
    path = identity(one, "planner", folder)
    binding = f"{one.name}-planner"
    subject = f"--serviceaccount={one.name}:planner"
    one.cluster.kubectl("delete", "clusterrolebinding", binding, "--ignore-not-found")
    one.cluster.kubectl(
        "create", "clusterrolebinding", binding, "--clusterrole=cluster-admin", subject
    )
    yield Planner(one, f"system:serviceaccount:{one.name}:planner", path, time.time())
    one.cluster.kubectl("delete", "clusterrolebinding", binding)


def uids(one: Namespace) -> dict[str, str]:
    """Name and uid of each pod."""
    return {it["metadata"]["name"]: it["metadata"]["uid"] for it in one.items("pods")}
