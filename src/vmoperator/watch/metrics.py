"""Metrics of the operator itself: what is counted as it happens, and how it is shown.

Names and units are those of https://prometheus.io/docs/practices/naming/; no label holds the name
of an object, so that their number is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.registry import Collector

from vmoperator.apply.transport import Call
from vmoperator.base.errors import NotYet
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import CHILDREN

_CHILDREN: Final[Mapping[str, str]] = MappingProxyType({it.plural: it.kind for it in CHILDREN})
_CALL_SECONDS: Final = (0.005, 0.02, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0)
_PASS_SECONDS: Final = (0.005, 0.02, 0.1, 0.5, 1.0, 5.0, 30.0, 300.0)


class Meters:
    """What the parts of the process report to, and the page that shows it."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # it lacks its annotations
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        build = Gauge(
            "vmoperator_build_info", "1, with the version.", ["version"], registry=self._registry
        )
        build.labels(version("vmoperator")).set(1)
        self._count_passes()
        self._count_calls()
        self._restarts = self._counter(
            "task_restarts", "Tasks of the process that ended by a defect.", "task"
        )

    def _count_passes(self) -> None:
        self._passes = self._counter(
            "reconcile", "Passes: success, waiting for others, or error.", "kind", "outcome"
        )
        self._errors = self._counter(
            "reconcile_errors", "Passes that failed, by the class of the error.", "kind", "error"
        )
        self._pass_seconds = Histogram(
            "vmoperator_reconcile_duration_seconds",
            "How long passes took.",
            ["kind"],
            buckets=_PASS_SECONDS,
            registry=self._registry,
        )
        self._last_success = Gauge(
            "vmoperator_reconcile_last_success_timestamp_seconds",
            "When a pass last succeeded.",
            ["kind"],
            registry=self._registry,
        )

    def _count_calls(self) -> None:
        self._calls = self._counter(
            "api_requests",
            "Requests to the API server; code is the HTTP status, or error where none came.",
            *("verb", "resource", "code"),
        )
        self._call_seconds = Histogram(
            "vmoperator_api_request_duration_seconds",
            "Time until the API server began to answer.",
            ["verb"],
            buckets=_CALL_SECONDS,
            registry=self._registry,
        )
        self._applied = self._counter(
            "children_applied", "Children that were created or changed.", "kind"
        )
        self._deleted = self._counter(
            "children_deleted", "Children that were deleted, also to be made anew.", "kind"
        )

    def _counter(self, name: str, words: str, *labels: str) -> Counter:
        return Counter(f"vmoperator_{name}", words, labels, registry=self._registry)

    def show(self, collector: Collector) -> None:
        """Have further metrics on the page, which are looked up each time."""
        self._registry.register(collector)

    def page(self) -> bytes:
        """All metrics in the text format."""
        return generate_latest(self._registry)

    def answered(self, call: Call, status: int, seconds: float) -> None:
        """A request to the API server was answered, or not (status 0)."""
        self._calls.labels(call.verb, call.resource, str(status) if status else "error").inc()
        self._call_seconds.labels(call.verb).observe(seconds)
        kind = _CHILDREN.get(call.resource)
        if kind is None or not 200 <= status < 300 or (call.query or {}).get("dryRun"):
            return
        if call.verb == "apply":
            self._applied.labels(kind).inc()
        elif call.verb == "delete":
            self._deleted.labels(kind).inc()

    def ended(self, ref: Ref, seconds: float, error: Exception | None) -> None:
        """A pass has ended, with an error or without."""
        self._pass_seconds.labels(ref.kind).observe(seconds)
        if error is None:
            self._passes.labels(ref.kind, "success").inc()
            self._last_success.labels(ref.kind).set_to_current_time()
        elif isinstance(error, NotYet):
            self._passes.labels(ref.kind, "waiting").inc()
        else:
            self._passes.labels(ref.kind, "error").inc()
            self._errors.labels(ref.kind, type(error).__name__).inc()

    def restarted(self, task: str) -> None:
        """A task of the process has ended by a defect, and is started again."""
        self._restarts.labels(task.partition(" in ")[0]).inc()
