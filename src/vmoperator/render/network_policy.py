"""NetworkPolicy of a workload's pods."""

from __future__ import annotations

from collections.abc import Iterator

from vmoperator.api.embedded import NetworkPolicy
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.workload import Workload


def network_policies(workload: Workload) -> Iterator[Manifest]:
    """The NetworkPolicy of a workload, if it would change anything.

    `policyTypes` is always spelled out: where it is missing, Kubernetes closes the way in of pods
    for which the user merely named what they may connect to. As in Kubernetes, `ingress: []` lets
    nobody in, and `egress: []` says nothing.
    """
    policy = workload.network_policy
    types = _types(policy) if policy else []
    if policy and types:
        yield engine.manifest(
            "networkpolicy",
            metadata=workload.scope.metadata(workload.app, workload.service_name),
            selector=workload.service_selector,
            types=types,
            ingress=policy.ingress,
            egress=policy.egress or None,
        )


def _types(policy: NetworkPolicy) -> list[str]:
    ways = {"Ingress": policy.ingress is not None, "Egress": bool(policy.egress)}
    return [name for name, is_named in ways.items() if is_named]
