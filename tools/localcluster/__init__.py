"""A real Kubernetes cluster on this machine, in a network namespace of its own."""

from localcluster.cluster import Cluster

__all__ = ["Cluster"]
