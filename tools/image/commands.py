"""Commands that the build runs, and what is told when one fails."""

from __future__ import annotations

import subprocess
from pathlib import Path

from localcluster.errors import BuildFailed

_SHOWN_LINES = 15


def run(*command: str, folder: Path | None = None) -> str:
    """What the command prints; raises BuildFailed with the end of it."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        end = "\n".join(done.stdout.splitlines()[-_SHOWN_LINES:])
        raise BuildFailed(f"{' '.join(command[:2])} failed:\n{end}")
    return done.stdout
