"""What is counted of requests and passes, and that every metric is in the book."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vmoperator.apply.transport import Call
from vmoperator.base.errors import NotYet, Overdue
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import STATEFUL_SET, VM_CLUSTER, Resource
from vmoperator.watch.metrics import Meters

BOOK = Path(__file__).parents[3] / "docs/monitoring.md"
DEMO = Ref("VMCluster", "default", "demo")


def _samples(meters: Meters) -> dict[str, float]:
    """Name and values of the labels, in the order of their names, of each sample -> its value."""
    families = text_string_to_metric_families(meters.page().decode())
    return {
        " ".join([it.name, *(it.labels[key] for key in sorted(it.labels))]): it.value
        for family in families
        for it in family.samples
    }


def _call(words: str, resource: Resource, **query: str) -> Call:
    path = resource.path("default", "secret-name")
    return Call(method="PATCH", path=path, words=words, query=query)


def test_requests_are_counted_by_verb_resource_and_code() -> None:
    meters = Meters()
    meters.answered(_call("apply StatefulSet default/secret-name", STATEFUL_SET), 200, 0.01)
    meters.answered(_call("apply StatefulSet default/secret-name", STATEFUL_SET), 0, 30.0)
    samples = _samples(meters)
    assert samples["vmoperator_api_requests_total 200 statefulsets apply"] == 1
    assert samples["vmoperator_api_requests_total error statefulsets apply"] == 1
    assert samples["vmoperator_api_request_duration_seconds_count apply"] == 2
    assert "secret-name" not in meters.page().decode()


@pytest.mark.parametrize(
    ("words", "status", "query", "applied", "deleted"),
    [
        ("apply it", 201, {}, 1, 0),
        ("delete it", 200, {}, 0, 1),
        ("apply it", 200, {"dryRun": "All"}, 0, 0),
        ("apply it", 422, {}, 0, 0),
        ("get it", 200, {}, 0, 0),
    ],
    ids=["applied", "deleted", "dry run", "refused", "read"],
)
def test_children_count_when_they_were_written(
    words: str, status: int, query: dict[str, str], applied: int, deleted: int
) -> None:
    meters = Meters()
    meters.answered(_call(words, STATEFUL_SET, **query), status, 0.01)
    meters.answered(_call(words, VM_CLUSTER, **query), status, 0.01)
    samples = _samples(meters)
    assert samples.get("vmoperator_children_applied_total StatefulSet", 0) == applied
    assert samples.get("vmoperator_children_deleted_total StatefulSet", 0) == deleted
    assert "vmoperator_children_applied_total VMCluster" not in samples


def test_a_pass_succeeds_waits_or_fails() -> None:
    meters = Meters()
    for error in (None, NotYet("the former one"), Overdue("too long"), KeyError("x")):
        meters.ended(DEMO, 0.1, error)
    samples = _samples(meters)
    assert samples["vmoperator_reconcile_total VMCluster success"] == 1
    assert samples["vmoperator_reconcile_total VMCluster waiting"] == 1
    assert samples["vmoperator_reconcile_total VMCluster error"] == 2
    assert samples["vmoperator_reconcile_errors_total Overdue VMCluster"] == 1
    assert samples["vmoperator_reconcile_errors_total KeyError VMCluster"] == 1
    assert samples["vmoperator_reconcile_duration_seconds_count VMCluster"] == 4


def test_a_task_is_counted_without_its_namespace() -> None:
    meters = Meters()
    meters.restarted("watch of pods in team-a")
    meters.restarted("watch of pods in team-b")
    assert _samples(meters)["vmoperator_task_restarts_total watch of pods"] == 2


def test_every_metric_of_the_source_is_in_the_book_and_the_other_way_round() -> None:
    source = BOOK.parents[1] / "src/vmoperator/watch"
    files = ("metrics.py", "gauges.py", "verdicts.py")
    text = "".join((source / name).read_text() for name in files)
    told = set(re.findall(r"`vmoperator_([a-z_]+)`", BOOK.read_text()))
    named = re.findall(r'(?:_counter|_gauge|_by_kind)\(\s*"([a-z_]+)"|"vmoperator_([a-z_]+)"', text)
    known = {name for pair in named for name in pair if name}
    known = {name.removesuffix("_total").removeprefix("vmoperator_") for name in known}
    assert {name.removesuffix("_total") for name in told} == known
