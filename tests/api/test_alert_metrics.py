"""What alerts and panels ask for, names and labels, stands on the page of an operator at work."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.objects import vmcluster
from tests.api.room import Room, running
from tests.api.test_aftercare import agent
from tests.fake_api import Denied, FakeApi, Fault
from tests.fake_api.waiting import until

from chart.alerts import ALERTS
from chart.dashboard import PANELS
from vmoperator.base.manifest import Ref
from vmoperator.watch.verdicts import Verdicts

TARGET = {"cluster", "namespace", "pod", "job", "instance"}
"""Labels that whoever scrapes it adds."""
EXPRESSIONS = {
    **{alert.name: alert.expr for alert in ALERTS},
    **{f"{panel[0]}, {legend}": expr for panel in PANELS for expr, legend in panel[2]},
}
SELF_SCRAPE = Ref("VMServiceScrape", "default", "vmagent-demo")
Page = Mapping[str, set[str]]


def sample_labels(page: str) -> Page:
    """Name of each sample -> the labels that it carries."""
    found: dict[str, set[str]] = defaultdict(set)
    for family in text_string_to_metric_families(page):
        for one in family.samples:
            found[one.name] |= set(one.labels)
    return found


def asked(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each metric of the operator's in it, and the labels that it is asked to have."""
    grouped = {
        label
        for labels in re.findall(r"\b(?:by|on) \(([^)]*)\)", expression)
        for label in re.split(r",\s*", labels)
    }
    for name, matchers in re.findall(r"(vmoperator_\w+)(?:\{([^}]*)\})?", expression):
        yield name, (set(re.findall(r"(\w+)\s*[=!]", matchers)) | grouped) - TARGET


@pytest.fixture
async def room(api: FakeApi) -> AsyncIterator[Room]:
    """An operator that has met everything that its alerts tell of."""
    broken = {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": "VMServiceScrape",
        "metadata": {"name": "broken", "namespace": "default"},
        "spec": {
            "selector": {},
            "endpoints": [{"port": "http", "relabelConfigs": [{"action": "drop", "regex": "a"}]}],
        },
    }
    for manifest in (broken, vmcluster(), agent(selectAllByDefault=True)):
        await api.put(manifest)
    api.denied.append(Denied("policy", "poddisruptionbudgets"))
    api.faults.append(Fault(500, times=2, method="PATCH", path="/statefulsets"))
    async with running(api) as one:
        verdicts = Verdicts(one.machine.meters.show)
        verdicts.certified(1e10)
        verdicts.judged("VMAgent", "allowed", 0.01)
        one.machine.meters.restarted("work")
        await until(lambda: one.metric("vmoperator_rejected_objects", kind="VMServiceScrape"))
        await until(lambda: one.metric("vmoperator_reconcile_errors_total"))
        await until(lambda: one.metric("vmoperator_watch_degraded"))
        await until(lambda: api.find(SELF_SCRAPE))
        await api.put(agent(selectAllByDefault=True, disableSelfServiceScrape=True))
        await until(lambda: one.metric("vmoperator_children_deleted_total"))
        yield one


async def test_each_metric_is_there_with_the_labels_that_it_is_asked_by(room: Room) -> None:
    page = sample_labels(room.machine.meters.page().decode())
    missing = {
        (about, name, label)
        for about, expression in EXPRESSIONS.items()
        for name, labels in asked(expression)
        for label in ({"(the metric itself)"} if name not in page else labels - page[name])
    }
    assert missing == set()


def test_labels_are_found_in_expressions() -> None:
    expression = 'sum by (kind, namespace) (rate(vmoperator_a{code=~"5..",x!="1"}[5m])) > 0'
    assert list(asked(expression)) == [("vmoperator_a", {"kind", "code", "x"})]
