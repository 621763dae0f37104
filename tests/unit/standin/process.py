"""Running stand-ins: each on free ports of loopback, with its log at hand."""

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from localcluster.patience import drawn_out

PATIENCE_SECONDS = 10.0


def wait_for(
    condition: Callable[[], bool], what: str, *, seconds: float = PATIENCE_SECONDS
) -> None:
    """Returns as soon as the condition holds."""
    deadline = time.monotonic() + drawn_out(seconds)
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain: {what}"
        time.sleep(0.02)


class Standin:
    """A running stand-in; its log is read by a thread, line by line."""

    def __init__(self, program: Path, flags: list[str], environment: Mapping[str, str]) -> None:
        self.lines: list[str] = []
        self._process = subprocess.Popen(
            [program, *flags],
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment},
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.lines.append(line.rstrip("\n"))

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    def log_holds(self, words: str) -> bool:
        return words in self.log

    def port(self, sign: str) -> str:
        """host:port from the first line of the log that matches `sign`."""
        pattern = re.compile(sign + r'.*?"?([\d.]+:\d+)')
        wait_for(lambda: bool(pattern.search(self.log)), f"{sign!r} in the log:\n{self.log}")
        found = pattern.search(self.log)
        assert found is not None
        return found[1].replace("0.0.0.0", "127.0.0.1")

    @property
    def http(self) -> str:
        return self.port("serving HTTP at ")

    def exit_code(self) -> int:
        code = self._process.wait(drawn_out(PATIENCE_SECONDS))
        self._reader.join()
        return code

    def stop(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """Ends it, and returns how many seconds that took."""
        began = time.monotonic()
        if self._process.poll() is None:
            self._process.send_signal(sign)
        self._process.wait(drawn_out(PATIENCE_SECONDS))
        took = time.monotonic() - began
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        return took


class Standins:
    """Starts stand-ins by role, and ends them all."""

    def __init__(self, folder: Path, program: Path) -> None:
        self.folder = folder
        self._running: list[Standin] = []
        for role in ("vminsert", "vmselect", "vmstorage"):
            (folder / f"{role}-prod").symlink_to(program)

    def start(self, role: str, *flags: str, **environment: str) -> Standin:
        given = list(flags)
        if not any(flag.lstrip("-").startswith("httpListenAddr=") for flag in flags):
            given.append("-httpListenAddr=127.0.0.1:0")
        one = Standin(self.folder / f"{role}-prod", given, environment)
        self._running.append(one)
        return one

    def vmstorage(self, name: str, *flags: str) -> Standin:
        return self.start(
            "vmstorage",
            f"-storageDataPath={self.folder / name}",
            *(flags or ("-vminsertAddr=127.0.0.1:0", "-vmselectAddr=127.0.0.1:0")),
        )

    def stop(self) -> None:
        for one in self._running:
            one.stop()
