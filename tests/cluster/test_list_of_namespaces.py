"""The chart for a list of namespaces: a Role in each of them, and nothing of any other."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.cluster.conftest import Namespace, Operator
from tests.cluster.installed import Installed, at_rest
from tests.cluster.rights import Use, used
from tests.cluster.stack import small_object

pytestmark = pytest.mark.cluster


SPACES = ("list-a", "list-b", "list-other")


@pytest.fixture
def release(operator: Operator) -> Iterator[Installed]:
    one = Installed(operator.cluster)
    with at_rest(operator):
        try:
            yield one
        finally:
            one.helm("uninstall", "list", "--ignore-not-found", "--wait", namespace="list-a")
            for name in SPACES:
                one.kubectl("delete", "namespace", name, "--ignore-not-found", "--wait=false")


def test_in_a_list_of_namespaces_it_works_there_and_sees_nothing_else(release: Installed) -> None:
    spaces = [Namespace(release.cluster, name) for name in SPACES]
    for one in spaces:
        release.kubectl("create", "namespace", one.name)
        one.apply(small_object("VMSingle", "demo"))
    *ours, other = spaces
    # An agent that the operator gives rights to discover, in each of its namespaces.
    ours[0].apply(small_object("VMAgent", "demo", remoteWrite=[{"url": "http://nowhere:1"}]))
    since = time.time()
    settings = ("crds.enabled=false", "watchNamespaces={list-a,list-b}")
    release.upgrade(*settings, name="list", namespace="list-a")
    for one in ours:
        one.until_status("demo", "operational", kind="vmsingle")
    ours[0].until_status("demo", "operational", kind="vmagent")
    release.upgrade(*settings, "log.level=debug", name="list", namespace="list-a")
    account = "system:serviceaccount:list-a:list-vmoperator"
    events = list(release.cluster.audit.events(since, user=account))
    assert {it.namespace for it in events if it.writes} - {it.name for it in ours} <= {""}
    # The proof of the reason that tools/generate/unused.py gives for these rights.
    group = "rbac.authorization.k8s.io"
    made = {
        Use(group, it, verb) for it in ("roles", "rolebindings") for verb in ("create", "patch")
    }
    assert made <= used(events)
    # What is cluster-scoped is asked, never listed nor made.
    outside = {
        (it.call.verb, it.call.resource) for it in events if it.call.resource and not it.namespace
    }
    assert outside <= {("create", "subjectaccessreviews"), ("get", "storageclasses")}
    assert [it for it in events if it.is_forbidden] == []
    assert other.status("demo", "vmsingle") == {}
    assert other.items("deployments") == []
