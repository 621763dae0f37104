"""When the operator writes no more: awaited before a test counts what is written from then on."""

from __future__ import annotations

import time

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import until


def until_quiet(cluster: Cluster, *, seconds: float = 3.0) -> None:
    """Until the operator has written nothing for so long, or for longer on a busy machine.

    A word about what has just come true, or about what an earlier test left, may come late.
    """
    began, silence = time.time(), drawn_out(seconds)

    def is_quiet() -> bool:
        now = time.time()
        return now - began >= silence and not cluster.audit.writes(now - silence, now)

    until(is_quiet, seconds=90, what=f"the operator writes nothing for {silence:.0f} s")
