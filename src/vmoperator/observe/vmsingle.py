"""VMSingle: why it cannot be highly available."""

from __future__ import annotations

from collections.abc import Iterator

from vmoperator.api.around import Around
from vmoperator.api.vmsingle import VMSingle
from vmoperator.observe.shortcomings import Shortcoming


def shortcomings(_parent: VMSingle, _around: Around) -> Iterator[Shortcoming]:
    """The one that every VMSingle has."""
    message = "a VMSingle is one pod with one volume: use a VMCluster with replicationFactor 2"
    yield Shortcoming("SingleNode", message)
