"""Store of the children; it recalls which spec of a workload its controller has seen."""

from __future__ import annotations

from operator import attrgetter

from vmoperator.apply.store import Store
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import Child
from vmoperator.observe.generations import recognized


class Offspring(Store[Child]):
    """Children, indexed by their parent."""

    def __init__(self) -> None:
        super().__init__(attrgetter("parent"))

    def put(self, ref: Ref, value: Child) -> None:
        """Take the child in."""
        super().put(ref, recognized(value, self.get(ref)))
