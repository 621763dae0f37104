"""The operator as a process on this machine, for tests that need another build beside the first."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import KNOWS, ROOT, Operator, until
from tests.cluster.installed import HOME, SHARED, Installed, at_rest, load_image

RIGHTS = ROOT / "deploy/rbac.yaml"


@dataclass
class Process:
    """The operator inside the node's network, with an identity of its own and without a lease."""

    cluster: Cluster
    log_path: Path
    package: Path | None = None
    """Folder with the package of another version; None: the one that is tested."""
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    _log: IO[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        if self.is_running:
            return
        self._log = self.log_path.open("ab")
        self._process = self.cluster.popen_inside(
            [
                *(sys.executable, "-m", "vmoperator"),
                *("run", "--kubeconfig", str(self.cluster.operator_kubeconfig)),
                *("--log-format", "json"),
                # Another operator in the same network has port 8080 to itself.
                *("--http-address", "127.0.0.1:0"),
            ],
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**self.cluster.environment_inside(), **self._path},
        )

    @property
    def _path(self) -> dict[str, str]:
        return {"PYTHONPATH": str(self.package)} if self.package else {}

    def stop(self) -> None:
        """A process that does not end fails the test."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(timeout=drawn_out(10))
            self._process = None
        if self._log:
            self._log.close()

    def restart(self) -> None:
        before = self.log.count(KNOWS)
        self.stop()
        self.start()
        until(lambda: self.log.count(KNOWS) > before, what="the operator has read everything")

    @contextmanager
    def release(self) -> Iterator[Installed]:
        load_image(self.cluster)
        one = Installed(self.cluster)
        with at_rest(self):
            one.make_home()
            one.upgrade(*SHARED)
            try:
                yield one
            finally:
                one.helm("uninstall", HOME, "--wait")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def address(self) -> str:
        return str(
            until(lambda: re.findall(r"/metrics on (127[^\s\"]+)", self.log), seconds=30)[-1]
        )

    @property
    def log(self) -> str:
        return self.log_path.read_text()


@contextmanager
def running(cluster: Cluster, folder: Path, package: Path | None = None) -> Iterator[Process]:
    """A process with the rights of deploy/rbac.yaml, which are gone afterwards."""
    cluster.kubectl("apply", "-f", str(RIGHTS))
    one = Process(cluster, folder / "log.jsonl", package)
    one.start()
    try:
        yield one
    finally:
        one.stop()
        cluster.kubectl("delete", "-f", str(RIGHTS))


@contextmanager
def instead(operator: Operator, folder: Path, package: Path | None = None) -> Iterator[Process]:
    """A process in the place of the operator that the tests share."""
    with at_rest(operator), running(operator.cluster, folder, package) as one:
        yield one
