"""What a request is called in the figures."""

from __future__ import annotations

import pytest

from vmoperator.apply.transport import Call
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import CLUSTER_ROLE, NAMESPACE, POD, VM_CLUSTER


@pytest.mark.parametrize(
    ("path", "resource"),
    [
        (POD.path(), "pods"),
        (POD.path("default"), "pods"),
        (POD.path("default", "a", "eviction"), "pods/eviction"),
        (VM_CLUSTER.path("default", "a", "status"), "vmclusters/status"),
        (CLUSTER_ROLE.path("", "a"), "clusterroles"),
        (NAMESPACE.path(), "namespaces"),
        (NAMESPACE.path("", "default"), "namespaces"),
    ],
)
def test_names_and_namespaces_are_not_part_of_the_resource(path: str, resource: str) -> None:
    call = Call(method="GET", path=path, words=f"get {Ref('Pod', 'default', 'a')}")
    assert (call.verb, call.resource) == ("get", resource)
