"""The operator of the tests as users have it: a pod of the chart's release, ended and asked."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from image.build import fingerprint
from localcluster import Cluster
from tests.cluster.conftest import KEEP, KNOWS, LEADS, until
from tests.cluster.installed import HOME, SHARED, Installed, process_in

_PORT = 8080
_DEPLOYMENT = f"deployment/{HOME}"


@dataclass
class Pod:
    """The one pod of the Deployment; stopped, the Deployment has none."""

    cluster: Cluster
    installed: Installed
    _name: str = ""
    _pid: int = 0
    _address: str = ""
    _said: dict[Path, IO[str]] = field(default_factory=dict)
    """The pods' logs, opened while they are there: the kubelet deletes them with the pod."""

    def start(self) -> None:
        self._scale(1)
        self._pid = until(self._pid_of_pod, seconds=60, what="the operator's pod runs")
        self._listen()

    def _pid_of_pod(self) -> int | None:
        for pod in self.installed.pods():
            self._name = pod["metadata"]["name"]
            self._address = f"{pod['status'].get('podIP', '')}:{_PORT}"
            # The process is there a moment before the kubelet tells of the address.
            return process_in(self._name) if pod["status"].get("podIP") else None
        return None

    def stop(self) -> None:
        self._listen()
        self._scale(0)
        self._until_gone()

    def kill(self) -> None:
        """Ends it at this moment, for nothing is done by who is frozen.

        The kubelet would start it again at once: it is killed when its pod is to go anyway.
        Nobody waits for the lease of the dead one: tests/cluster/test_leadership.py does that.
        """
        self._listen()
        os.kill(self._pid, signal.SIGSTOP)
        self._scale(0)
        until(lambda: not self.installed.pods(), what="the pod is to go")
        os.kill(self._pid, signal.SIGKILL)
        self._until_gone()
        self.installed.kubectl("-n", HOME, "delete", "lease", HOME, "--ignore-not-found")

    def restart(self) -> None:
        self.stop()
        self.start()
        until(self._is_at_work, what="the operator has read everything, and leads")

    def _is_at_work(self) -> bool:
        self._listen()
        own = [_spoken(it) for path, it in self._said.items() if f"_{self._name}_" in str(path)]
        return all(any(words in text for text in own) for words in (KNOWS, LEADS))

    def _scale(self, number: int) -> None:
        self.installed.kubectl("-n", HOME, "scale", _DEPLOYMENT, f"--replicas={number}")

    def _until_gone(self) -> None:
        until(lambda: not self.installed.all_pods(), seconds=60, what="the operator's pod is gone")

    @contextmanager
    def release(self) -> Iterator[Installed]:
        if not self.is_running:
            self.start()
        yield self.installed
        # Helm may have replaced the pod.
        self.installed.until_alone()
        self.start()

    @property
    def pid(self) -> int:
        return self._pid

    @property
    def is_running(self) -> bool:
        return Path(f"/proc/{self._pid}/exe").exists()

    @property
    def address(self) -> str:
        return self._address

    @property
    def log(self) -> str:
        self._listen()
        return "".join(_spoken(it) for it in self._said.values())

    def close(self) -> None:
        """Listen to it no more."""
        for file in self._said.values():
            file.close()

    def _listen(self) -> None:
        for node in self.cluster.nodes:
            # The kubelet may delete what is found before it is opened.
            with suppress(FileNotFoundError):
                for path in sorted(node.folder.glob(f"pods/{HOME}_{HOME}-*/operator/*.log")):
                    if path not in self._said:
                        self._said[path] = path.open()


def _spoken(file: IO[str]) -> str:
    """What a container said: each line has its time, its stream and whether it is whole (CRI)."""
    file.seek(0)
    parts = (line.split(" ", 3) for line in file if line.endswith("\n"))
    return "".join(text if tag == "F" else text[:-1] for _, _, tag, text in parts)


@contextmanager
def released(cluster: Cluster) -> Iterator[Pod]:
    """A release of the chart with the image of these sources."""
    release = Installed(cluster)
    release.prepare()
    # The tag stays the same when the sources change: in a cluster that was kept, pods do not.
    release.upgrade(*SHARED, f"podAnnotations.image=sources-{fingerprint()}")
    one = Pod(cluster, release)
    one.start()
    yield one
    one.close()
    if not KEEP:
        release.remove()
