"""Which cluster the demo runs on."""

import shutil
import subprocess
from dataclasses import dataclass

AUTO = "auto"
CLUSTERS = ("local", "kind", "current")
_ENGINE_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """The cluster, and why it is this one."""

    cluster: str
    why: str


def choice(asked: str | None, *, has_engine: bool) -> Choice:
    """What was asked for; else kind if a Docker engine answers, else the local cluster."""
    if asked:
        return Choice(asked, f"CLUSTER={asked} asks for it")
    if has_engine:
        return Choice("kind", "a Docker engine answers; CLUSTER=local|current for another")
    return Choice("local", "no Docker engine answers; CLUSTER=kind|current for another")


def engine_answers() -> bool:
    """Whether `docker info` reaches an engine within some seconds."""
    docker = shutil.which("docker")
    if docker is None:
        return False
    try:
        return (
            subprocess.run(
                [docker, "info"], capture_output=True, timeout=_ENGINE_SECONDS
            ).returncode
            == 0
        )
    except subprocess.TimeoutExpired:
        return False
