"""NetworkPolicy of a workload's pods."""

from __future__ import annotations

from vmoperator.api.embedded import NetworkPolicy
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.workload import Workload


def network_policy(workload: Workload, policy: NetworkPolicy) -> Manifest:
    """The NetworkPolicy; a direction that the user does not name stays open."""
    given = {"Ingress": policy.ingress, "Egress": policy.egress}
    return engine.manifest(
        "networkpolicy",
        metadata=workload.scope.metadata(workload.app, workload.service_name),
        selector=workload.service_selector,
        types=[name for name, rules in given.items() if rules is not None],
        policy=policy,
    )
