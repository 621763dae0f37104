"""Gauges: metrics that are looked up in the parts of the process each time somebody asks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vmoperator.watch.company import DENIED, State
from vmoperator.watch.heart import Heart
from vmoperator.watch.machine import Machine

_DEGRADED = (*DENIED, State.UNREACHABLE)


@dataclass(frozen=True, slots=True, eq=False)
class Gauges(Collector):
    """What is seen of a machine and its heart; asked in the loop in which they run."""

    machine: Machine
    heart: Heart

    def collect(self) -> Iterator[Metric]:
        """The metrics of this moment."""
        yield from self._queue()
        yield from self._watches()
        yield from self._objects()
        yield _gauge(
            "loop_lag_seconds", "Longest delay of the event loop within a minute.", self._lag
        )
        ready = float(not self.heart.pulse.obstacles)
        yield _gauge("ready", "1 while /readyz is good.", ready)
        leads = float(self.machine.is_leading)
        yield _gauge("leader", "1 while this process may write, 0 while it stands by.", leads)
        yield self._scope(leads)
        starts = CounterMetricFamily("vmoperator_kopf_starts", "How often kopf was started.")
        starts.add_metric([], self.machine.shell.starts)
        yield starts

    def _scope(self, leads: float) -> Metric:
        words = "The same for each namespace that is looked after; * for all of them."
        family = GaugeMetricFamily("vmoperator_leader_scope", words, labels=["scope"])
        for scope in self.machine.shell.namespaces or ("*",):
            family.add_metric([scope], leads)
        return family

    @property
    def _lag(self) -> float:
        return self.heart.lag_seconds

    def _queue(self) -> Iterator[Metric]:
        counts = self.machine.queue.counts()
        yield _gauge("queue_depth", "Objects that are due and wait for a worker.", counts.depth)
        yield _gauge(
            "queue_oldest_waiting_seconds",
            "For how long the first of them has been due.",
            counts.oldest_waiting_seconds,
        )
        yield _gauge("queue_running", "Passes in progress.", counts.running)
        yield _gauge(
            "queue_longest_running_seconds",
            "For how long the oldest pass has been running.",
            counts.longest_running_seconds,
        )

    def _watches(self) -> Iterator[Metric]:
        age = GaugeMetricFamily(
            "vmoperator_watch_age_seconds",
            "Since the API server last said anything about a kind; it sends a bookmark a minute.",
            labels=["kind"],
        )
        degraded = GaugeMetricFamily(
            "vmoperator_watch_degraded",
            "Watches that cannot be had, by reason: forbidden, missing, failing, unreachable.",
            labels=["kind", "reason"],
        )
        now, ages, sick = time.monotonic(), dict[str, float](), Counter[tuple[str, str]]()
        for it in self.machine.informers:
            kind = it.resource.kind
            if it.state is State.MISSING and it.resource.is_optional:
                continue  # it is not installed, and need not be
            ages[kind] = max(ages.get(kind, 0.0), now - it.last_heard)
            if it.state in _DEGRADED:
                sick[kind, str(it.state)] += 1
        for kind, seconds in sorted(ages.items()):
            age.add_metric([kind], seconds)
        for (kind, reason), number in sorted(sick.items()):
            degraded.add_metric([kind, reason], number)
        yield from (age, degraded)

    def _objects(self) -> Iterator[Metric]:
        objects = GaugeMetricFamily(
            "vmoperator_objects",
            "Objects that the operator looks after, by their updateStatus.",
            labels=["kind", "status"],
        )
        found: Counter[tuple[str, str]] = Counter(
            (ref.kind, (manifest.get("status") or {}).get("updateStatus") or "none")
            for ref, manifest in self.machine.world.parents.all().items()
        )
        for labels, number in sorted(found.items()):
            objects.add_metric(labels, number)
        yield objects
        selectable = Counter(ref.kind for ref in self.machine.world.objects.all())
        yield _by_kind("selectable_objects", "Objects that parents may select.", selectable)
        rejected = Counter(ref.kind for ref in self.machine.reports.rejected())
        words = "Objects that some parent refuses, sick rules included."
        yield _by_kind("rejected_objects", words, rejected)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(f"vmoperator_{name}", words, value=value)


def _by_kind(name: str, words: str, numbers: Counter[str]) -> Metric:
    family = GaugeMetricFamily(f"vmoperator_{name}", words, labels=["kind"])
    for kind, number in sorted(numbers.items()):
        family.add_metric([kind], number)
    return family
