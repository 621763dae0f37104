"""Where a case runs, and how large it is."""

from dataclasses import dataclass
from pathlib import Path

from bench.api import Api

Figures = dict[str, object]


@dataclass(frozen=True, slots=True)
class Run:
    """Where a case runs, its size, and its limits in seconds."""

    api: Api
    namespace: str
    seconds: float
    timeout: float
    number: int = 0
    """Objects, where a case makes many."""
    replicas: int = 0
    """Pods of the VMAgent that selects them."""
    log: Path | None = None
    """The operator's log, where there is one to read."""
