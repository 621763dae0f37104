"""A real Kubernetes cluster on this machine, in a network namespace of its own."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcluster.cluster import Cluster

__all__ = ["Cluster"]


def __getattr__(name: str) -> Any:
    # Imported when asked for: the forwarder needs nothing of it, and each MB counts at rest.
    if name == "Cluster":
        from localcluster.cluster import Cluster

        return Cluster
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
