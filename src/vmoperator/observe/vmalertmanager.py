"""VMAlertmanager: what it lacks to notify on while a pod is gone."""

from __future__ import annotations

from collections.abc import Iterator

from vmoperator.api.around import Around
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.observe.shortcomings import Shortcoming, few_replicas, replicas


def shortcomings(parent: VMAlertmanager, _around: Around) -> Iterator[Shortcoming]:
    """What the spec lacks. No storage is no loss: replicas get silences from each other."""
    yield from few_replicas("alertmanager", replicas(parent.spec), field="spec.replicaCount")
