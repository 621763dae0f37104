"""Back-off: how long to wait after the nth failure in a row."""

from __future__ import annotations

import random
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential, with full jitter, so that many who fail together do not return together."""

    first_seconds: float
    longest_seconds: float

    def seconds(self, failures: int) -> float:
        """A random delay of at most `first_seconds` doubled for each further failure."""
        return random.uniform(0, self.ceiling_seconds(failures))

    def ceiling_seconds(self, failures: int) -> float:
        """The longest delay that `seconds` may give after that many failures in a row."""
        # The exponent is bounded: 2**1024 is no float any more.
        doublings = min(max(failures, 1) - 1, 60)
        return min(self.longest_seconds, self.first_seconds * 2.0**doublings)
