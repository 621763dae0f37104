"""Orders: what a pod is to load, how it is asked, and how fast it has been with that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from vmoperator.apply.programs import Address
from vmoperator.observe.loading import Shown

# vmagent v1.150 takes 15 s of CPU for 16 MB, of which the default limit gives it a fifth of a core:
# it is not asked again meanwhile, for it would read all of that once more.
_SECONDS_PER_MB: Final = 5.0
_SMALL_BYTES: Final = 200_000
# A program answers before it has read its files.
_LOOKS_SECONDS: Final = (0.01, 0.04, 0.1)
_LOOK_SECONDS_PER_MB: Final = 0.15
_LONGEST_LOOK_SECONDS: Final = 2.0
# Before so much of the time that the last reload took nothing is to be seen.
_FIRST_LOOK_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What the pod is to load, and how it is asked."""

    digest: str
    program: str
    address: Address
    size_bytes: int = 0
    """Of all files together."""
    markers: frozenset[str] | None = None
    """What tells the jobs or rules that a program shows that runs this; None if it shows none."""
    marks: frozenset[str] = frozenset()
    """One of these is shown by a program that tells a hash of its file."""
    files: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)
    """What it is to load, of which nothing is told."""

    def is_older(self, shown: Shown) -> bool:
        """Whether what is shown are not the jobs or rules of this order."""
        return None not in (self.markers, shown.markers) and shown.markers != self.markers

    def is_taken(self, shown: Shown, before: Shown) -> bool:
        """Whether a program runs this that shows the one now, and showed the other before it could
        have the files."""
        if self.marks:
            return not self.marks.isdisjoint(shown.pages.values())
        return not self.is_older(shown) and shown.differs(before)

    def is_told_by_jobs(self, other: Order) -> bool:
        """Whether the jobs or rules that are shown tell all of the other order from this one."""
        return bool(other.markers) and other.markers != self.markers and other.files == self.files


@dataclass(frozen=True, slots=True)
class Asked:
    """The reload that a program was asked for last."""

    order: Order
    before: Shown
    """What it showed before it could have the files."""

    def is_over(self, shown: Shown) -> bool:
        """Whether a program that shows this has read what it was asked to read."""
        return shown.differs(self.before) or self.order.is_taken(shown, self.before)


@dataclass(slots=True)
class Pace:
    """How fast one pod loads its files, and until when it is busy with them."""

    seconds: float = 0.0
    """What the last reload took."""
    busy_until: float = 0.0
    """In the time of the event loop; it may be done much earlier."""
    asked: Asked | None = None
    """What it is busy with."""

    def patience_seconds(self, size_bytes: int) -> float:
        """For how long to look after a reload was asked for."""
        if size_bytes < _SMALL_BYTES:
            return 0.0
        return max(1.5 * self.seconds, size_bytes / 1e6 * _SECONDS_PER_MB)

    def looks(self, patience_seconds: float, size_bytes: int) -> Iterator[float]:
        """Pauses before each look: short ones, or what it takes anyway, then such that looking
        costs little, to the end of the patience."""
        pause = min(max(0.1, size_bytes / 1e6 * _LOOK_SECONDS_PER_MB), _LONGEST_LOOK_SECONDS)
        least = _FIRST_LOOK_SHARE * self.seconds
        first = (least,) if pause < least < patience_seconds else _LOOKS_SECONDS
        yield from first
        spent = sum(first)
        while spent < patience_seconds:
            yield pause
            spent += pause
