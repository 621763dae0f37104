"""Orders: what a pod is to load, how it is asked, and how fast it has been with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from vmoperator.apply.programs import Address

# vmagent v1.150 takes 15 s of CPU for 16 MB, of which the default limit gives it a fifth of a core:
# it is not asked again meanwhile, for it would read all of that once more.
_SECONDS_PER_MB: Final = 5.0
_SMALL_BYTES: Final = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the pod is to load, and how it is asked."""

    digest: str
    program: str
    address: Address
    size_bytes: int = 0
    """Of all files together."""
    markers: frozenset[str] | None = None
    """Names of jobs of which a program that runs this shows just these; None if it shows none."""
    marks: frozenset[str] = frozenset()
    """One of these is shown by a program that tells a hash of its file."""
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """What it is to load, of which nothing is told."""


@dataclass(slots=True)
class Pace:
    """How fast one pod loads its files, and until when it is busy with them."""

    seconds: float = 0.0
    """What the last reload took."""
    busy_until: float = 0.0
    """In the time of the event loop."""

    def patience_seconds(self, size_bytes: int) -> float:
        """For how long to look after a reload was asked for."""
        if size_bytes < _SMALL_BYTES:
            return 0.0
        return max(1.5 * self.seconds, size_bytes / 1e6 * _SECONDS_PER_MB)
