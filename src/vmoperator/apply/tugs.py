"""Tugs: how often the replicas of one workload had to be set back, so that it does not go on."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Final

# Who sets a number again after it was set back so often in so short a time is no person.
_MOST: Final = 2
_SECONDS: Final = 600.0


@dataclass(slots=True)
class Tugs:
    """What was seen of one workload under one spec of its parent."""

    generation: int
    """Of the parent: with a new spec everybody has to say anew what they want."""
    gave_way: bool = False
    _moments: dict[str, float] = field(default_factory=dict)
    """resourceVersion of the workload with the foreign number -> when it was seen."""
    _opponent: str = ""
    _resisted: float = -_SECONDS

    def must_give_way(self, resource_version: str) -> bool:
        """Whether the number is to stay; if not, it is about to be set back."""
        moment = monotonic()
        recent = {it: at for it, at in self._moments.items() if moment - at < _SECONDS}
        self.gave_way = self.gave_way or len(recent.keys() - {resource_version}) >= _MOST
        self._moments = {**recent, resource_version: moment}
        return self.gave_way

    def resist(self, opponent: str) -> None:
        """Somebody sets a number that is never given way to, and goes on doing so."""
        self._opponent, self._resisted = opponent, monotonic()

    @property
    def opponent(self) -> str:
        """Who has set such a number lately: the next time is to be expected. Empty for nobody."""
        return self._opponent if monotonic() - self._resisted < _SECONDS else ""
