"""Verdicts: metrics of the webhooks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.registry import Collector

from vmoperator.base.resource import BY_KIND

_SECONDS: Final = (0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 5.0)


@dataclass(slots=True)
class Verdicts:
    """What the server of the webhooks reports to; `show` puts each metric on the page."""

    show: Callable[[Collector], None]
    _requests: Counter = field(init=False)
    _duration: Histogram = field(init=False)
    _ends: Gauge = field(init=False)
    _is_certified: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        self._requests = Counter(
            "vmoperator_admission_requests",
            "Objects that the API server asked about: allowed, warned, refused, or failed.",
            ["kind", "outcome"],
            registry=None,
        )
        self._duration = Histogram(
            "vmoperator_admission_duration_seconds",
            "Until such a question was answered.",
            buckets=_SECONDS,
            registry=None,
        )
        self._ends = Gauge(
            "vmoperator_webhook_certificate_expiry_timestamp_seconds",
            "When the certificate ends that the webhooks show.",
            registry=None,
        )
        for metric in (self._requests, self._duration):
            self.show(metric)

    def judged(self, kind: str, outcome: str, seconds: float) -> None:
        """A question was answered."""
        self._requests.labels(kind if kind in BY_KIND else "other", outcome).inc()
        self._duration.observe(seconds)

    def certified(self, ends: float) -> None:
        """A certificate is shown that ends at this time, in seconds since 1970."""
        self._ends.set(ends)
        if not self._is_certified:
            self._is_certified = True
            self.show(self._ends)
