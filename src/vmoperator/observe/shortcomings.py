"""Shortcomings: what an object lacks to go on while one pod, or one node, is gone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from vmoperator.api.embedded import HorizontalScaling
from vmoperator.api.pod import PodFields
from vmoperator.observe.pods import Pod


class Shortcoming(NamedTuple):
    """One thing that is missing: a word in CamelCase, and a sentence that says what to do."""

    reason: str
    message: str


TOO_FEW_REPLICAS = "TooFewReplicas"
SAME_NODE = "PodsOnOneNode"
ENOUGH = 2
"""Pods of which one may be gone."""


def replicas(component: PodFields, scaling: HorizontalScaling | None = None) -> int:
    """Pods that a component has at least."""
    if scaling is not None:
        return scaling.min_replicas or 1
    return 1 if component.replica_count is None else component.replica_count


def few_replicas(app: str, count: int, *, field: str) -> Iterator[Shortcoming]:
    """Says so if a component has fewer than two pods; `field` is what to raise."""
    if count < ENOUGH:
        told = "1 replica" if count == 1 else f"{count} replicas"
        message = f"{app} has {told}: set {field} to at least {ENOUGH}"
        yield Shortcoming(TOO_FEW_REPLICAS, message)


def crowded(pods: Iterable[Pod], *, dispensable: int | None = None) -> Iterator[Shortcoming]:
    """Says so of a node whose end would take too many pods of one component away.

    `dispensable` pods may be gone; None: all but one.
    """
    nodes: dict[str, int] = {}
    for pod in pods:
        if pod.node:
            nodes[pod.node] = nodes.get(pod.node, 0) + 1
    total = sum(nodes.values())
    bound = total - 1 if dispensable is None else min(dispensable, total - 1)
    for node, count in sorted(nodes.items()):
        if total >= ENOUGH and count > bound:
            app = next(pod.app for pod in pods)
            every = f"all {total}" if count == total else f"{count} of {total}"
            message = f"{every} pods of {app} are on node {node}"
            yield Shortcoming(SAME_NODE, f"{message}: add nodes, or spread the pods over them")
