"""When the operator writes no more: awaited before a test counts what is written from then on."""

from __future__ import annotations

import time

from localcluster import Cluster
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, until


def until_quiet(cluster: Cluster, *, namespace: str = "", seconds: float = 3.0) -> None:
    """Until the operator has written nothing for so long, or for longer on a busy machine.

    A word about what has just come true, or about what an earlier test left, may come late; of
    other namespaces than the one that is named it does not matter.
    """
    began, silence = time.time(), drawn_out(seconds)

    def is_quiet() -> bool:
        now = time.time()
        written = cluster.audit.writes(now - silence, now)
        return now - began >= silence and not any(namespace in ("", it.namespace) for it in written)

    until(is_quiet, seconds=90, what=f"the operator writes nothing for {silence:.0f} s")


def unrecorded(namespace: Namespace) -> list[str]:
    """StatefulSets whose last rollout is not over for their controller, which counts a while after
    the status says that all serve."""
    sets = {it["metadata"]["name"]: it["status"] for it in namespace.items("statefulsets")}
    return [
        name for name, it in sets.items() if it.get("currentRevision") != it.get("updateRevision")
    ]
