"""The operator as a process that outlives the demo, found again by pid and start time."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from demo.errors import DemoFailed
from localcluster.processes import Process, Records, alive, kill, spawn

_PART = "operator"
_STOP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Launch:
    """How a place starts it: what goes before the program, its options, its environment."""

    options: Sequence[str]
    prefix: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


@dataclass(frozen=True, slots=True)
class OperatorProcess:
    """The operator of one demo; record and log lie in `folder`."""

    folder: Path

    @property
    def log(self) -> Path:
        return self.folder / "operator.log"

    def start(self, launch: Launch) -> bool:
        """Starts it; False if it runs already. Raises DemoFailed."""
        records = Records(self.folder)
        if records.running(_PART) is not None:
            return False
        program = Path(sys.executable).parent / "vmoperator"
        if not program.exists():
            raise DemoFailed(f"{program} is missing: run `make setup` first")
        self.folder.mkdir(parents=True, exist_ok=True)
        self.log.unlink(missing_ok=True)
        # On the host of a demo port 8080 is likely to be somebody else's.
        port = ("--http-address", "127.0.0.1:0")
        command = [*launch.prefix, str(program), "run", *port, *launch.options]
        records.write(_PART, spawn(command, self.log, dict(launch.environment)))
        return True

    def process(self) -> Process | None:
        """The running process."""
        return Records(self.folder).running(_PART)

    def is_alive(self) -> bool:
        process = self.process()
        return process is not None and alive(process)

    def stop(self) -> bool:
        """Ends it and waits; False if it did not run."""
        process = self.process()
        if process is not None:
            kill([process], patience_seconds=_STOP_SECONDS)
        Records(self.folder).forget(_PART)
        return process is not None
