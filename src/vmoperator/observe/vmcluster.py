"""VMCluster: what it lacks to lose a pod of each component without losing data or answers."""

from __future__ import annotations

from collections.abc import Iterator

from vmoperator.api.around import Around
from vmoperator.api.vmcluster import LoadBalancer, LoadBalancerSpec, VMCluster, VMClusterSpec
from vmoperator.observe.shortcomings import ENOUGH, Shortcoming, few_replicas, replicas

_DATA = "vmstorage-db"


def shortcomings(parent: VMCluster, _around: Around) -> Iterator[Shortcoming]:
    """What the spec of a cluster lacks."""
    spec = parent.spec
    yield from _few(spec)
    yield from _unreplicated(spec)
    yield from _homeless(spec)


def dispensable(parent: VMCluster) -> int:
    """Pods of vmstorage that may be gone while every sample is still there once."""
    return max(0, (parent.spec.replication_factor or 1) - 1)


def _few(spec: VMClusterSpec) -> Iterator[Shortcoming]:
    if spec.vmstorage is not None:
        scaling = spec.vmstorage.hpa
        # Its autoscaler never takes pods away, so what it starts with stays.
        count = max(replicas(spec.vmstorage), (scaling and scaling.min_replicas) or 0)
        yield from few_replicas("vmstorage", count, field="spec.vmstorage.replicaCount")
    front = spec.requests_load_balancer or LoadBalancer()
    vmauth = (front.spec or LoadBalancerSpec()) if front.enabled else None
    for app, component, field in (
        ("vmselect", spec.vmselect, "spec.vmselect"),
        ("vminsert", spec.vminsert, "spec.vminsert"),
        ("the load balancer", vmauth, "spec.requestsLoadBalancer.spec"),
    ):
        if component is not None:
            scaling = component.hpa
            bound = "hpa.minReplicas" if scaling else "replicaCount"
            yield from few_replicas(app, replicas(component, scaling), field=f"{field}.{bound}")


def _unreplicated(spec: VMClusterSpec) -> Iterator[Shortcoming]:
    if spec.vmstorage is not None and (spec.replication_factor or 1) < ENOUGH:
        message = (
            "each sample lies in one vmstorage pod only, so that queries are incomplete while it"
            f" is gone: set spec.replicationFactor to {ENOUGH}"
        )
        yield Shortcoming("NotReplicated", message)


def _homeless(spec: VMClusterSpec) -> Iterator[Shortcoming]:
    storage = spec.vmstorage
    if storage is None or (storage.storage and storage.storage.volume_claim_template):
        return
    if storage.storage is None and any(it["name"] == _DATA for it in storage.volumes or ()):
        return
    message = (
        "vmstorage keeps its data in a folder that goes with the pod:"
        " set spec.vmstorage.storage.volumeClaimTemplate"
    )
    yield Shortcoming("NoPersistentStorage", message)
