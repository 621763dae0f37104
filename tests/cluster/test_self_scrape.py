"""Self-scrapes on a real node: an agent that selects everything scrapes the stack, itself too."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from localcluster import Cluster
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.stack import names, pods, small_object
from tests.cluster.targets import agent, job, running, up

pytestmark = pytest.mark.cluster

LOADED_SECONDS = 120.0
"""A bound for a busy machine; on an idle one a change is scraped after two seconds."""
SINGLE = small_object("VMSingle", "store", retentionPeriod="1")


@pytest.fixture(scope="module")
def stack(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """A database, and two agents that select whatever there is."""
    one = Namespace(cluster, f"self-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(SINGLE)
    everything: dict[str, Any] = {
        "serviceScrapeSelector": None,
        "podScrapeSelector": None,
        "scrapeInterval": "1s",
    }
    one.apply(agent(selectAllByDefault=True, **everything))
    one.until_status("store", "operational", kind="vmsingle")
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


def until_up(stack: Namespace, pods_of: dict[str, int]) -> None:
    """Until both agents scrape just so many pods of each object."""
    jobs = Counter({job("serviceScrape", stack, it): count for it, count in pods_of.items()})
    until(lambda: up(stack) == [jobs] * 2, seconds=LOADED_SECONDS, what=f"{jobs} up")


def scrapes(stack: Namespace) -> list[str]:
    return names(stack.items("vmservicescrapes"))


def test_the_stack_is_scraped_and_what_users_change_of_it_restarts_nothing(
    stack: Namespace,
) -> None:
    until_up(stack, {"vmsingle-store": 1, "vmagent-demo": 2})
    before = running(stack), names(pods(stack, "vmsingle", "store"))

    def is_used() -> bool:
        told = stack.status("vmsingle-store", "vmservicescrape")
        return bool(told.get("updateStatus") == "operational")

    until(is_used, what="the object says that it is used")

    stack.kubectl("delete", "vmservicescrape", "vmagent-demo")
    until(lambda: scrapes(stack) == ["vmagent-demo", "vmsingle-store"], what="made again")
    stack.apply({**SINGLE, "spec": {**SINGLE["spec"], "disableSelfServiceScrape": True}})
    until_up(stack, {"vmagent-demo": 2})
    assert scrapes(stack) == ["vmagent-demo"]
    assert (running(stack), names(pods(stack, "vmsingle", "store"))) == before
