"""The page of metrics of an operator at work: its values, and the form that Prometheus asks for."""

from __future__ import annotations

import asyncio
import re
import time
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.api.room import Room, running
from tests.fake_api import FakeApi, Fault
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref

Tree = dict[str, Any]

WORKERS = 8
AGENTS = tuple(Ref("VMAgent", "default", f"a{number}") for number in range(WORKERS + 4))
SCRAPE = Ref("VMStaticScrape", "default", "one")
BUDGET = Ref("PodDisruptionBudget", "default", "vmagent-a0")
OTHERS = ("process_", "python_")
"""Metrics of the process itself, which the library names."""


def _agent(ref: Ref, **spec: Any) -> Tree:
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": ref.kind,
        "metadata": {"name": ref.name, "namespace": ref.namespace},
        "spec": {"remoteWrite": [{"url": "http://x:8428/api/v1/write"}], **spec},
    }


def _scrape(action: str) -> Tree:
    rule = {"action": action, "regex": "a"}
    return {
        "apiVersion": "operator.victoriametrics.com/v1beta1",
        "kind": SCRAPE.kind,
        "metadata": {"name": SCRAPE.name, "namespace": SCRAPE.namespace},
        "spec": {"targetEndpoints": [{"targets": ["a:1"], "relabelConfigs": [rule]}]},
    }


def _calls(room: Room, **labels: str) -> float:
    return room.metric("vmoperator_api_requests_total", **labels)


async def test_what_waits_and_what_runs_is_shown_while_the_api_server_is_slow(api: FakeApi) -> None:
    async with running(api) as room:
        api.faults.append(Fault(503, times=10**6, method="PATCH", delay_seconds=2))
        for ref in AGENTS:
            await api.put(_agent(ref))
        await until(lambda: room.metric("vmoperator_queue_running") == WORKERS)
        await until(lambda: 0 < room.metric("vmoperator_queue_depth") <= len(AGENTS) - WORKERS)
        assert room.metric("vmoperator_queue_running") > 0
        assert room.metric("vmoperator_queue_oldest_waiting_seconds") > 0
        assert room.metric("vmoperator_queue_longest_running_seconds") > 0
        await until(lambda: _calls(room, verb="apply", code="503") > 0)
        api.faults.clear()
        await room.until_operational(*AGENTS)
        await until(lambda: room.metric("vmoperator_queue_depth") == 0)
        errors = room.metric("vmoperator_reconcile_errors_total", kind="VMAgent")
        assert errors == room.metric("vmoperator_reconcile_total", kind="VMAgent", outcome="error")
        assert errors > 0


async def test_children_calls_and_objects_are_counted(api: FakeApi) -> None:
    async with running(api) as room:
        budget = {"podDisruptionBudget": {"minAvailable": 1}}
        await api.put(_agent(AGENTS[0], **budget))
        await api.put(_agent(AGENTS[1]))
        await room.until_operational(*AGENTS[:2])
        await room.at_rest()
        assert room.metric("vmoperator_children_applied_total", kind="Deployment") == 2
        assert _calls(room, verb="apply", resource="deployments", code="201") == 2
        assert _calls(room, verb="apply", resource="deployments") == 2
        assert room.metric("vmoperator_objects", kind="VMAgent", status="operational") == 2
        assert room.metric("vmoperator_children_deleted_total") == 0
        assert api.find(BUDGET) is not None
        await api.put(_agent(AGENTS[0]))
        await until(lambda: api.find(BUDGET) is None)
        await room.at_rest()
        assert room.metric("vmoperator_children_deleted_total") == 1
        assert room.metric("vmoperator_children_deleted_total", kind=BUDGET.kind) == 1
        assert _calls(room, verb="delete", code="200") == 1
        await api.remove(AGENTS[1])
        await until(lambda: room.metric("vmoperator_objects", kind="VMAgent") == 1)


async def test_an_object_counts_as_rejected_until_it_is_mended(api: FakeApi) -> None:
    def rejected() -> float:
        return room.metric("vmoperator_rejected_objects", kind=SCRAPE.kind)

    async with running(api) as room:
        await api.put(_agent(AGENTS[0], selectAllByDefault=True))
        await api.put(_scrape("nonsense"))
        await until(lambda: rejected() == 1)
        assert room.metric("vmoperator_selectable_objects", kind=SCRAPE.kind) == 1
        await api.put(_scrape("labeldrop"))
        await until(lambda: rejected() == 0)
        assert room.metric("vmoperator_selectable_objects", kind=SCRAPE.kind) == 1


async def test_a_watch_ages_while_nothing_is_heard_of_it(api: FakeApi) -> None:
    def age() -> float:
        return room.metric("vmoperator_watch_age_seconds", kind="VMAgent")

    async with running(api) as room:
        await api.put(_agent(AGENTS[0]))
        await room.until_operational(AGENTS[0])
        await room.at_rest()
        young = age()
        assert young > 0
        await until(lambda: age() > young)
        before = time.monotonic() - age()
        await api.put(_agent(AGENTS[0], replicaCount=2))
        await until(lambda: time.monotonic() - age() > before)


async def test_a_loop_that_stood_still_shows_for_a_minute(api: FakeApi) -> None:
    async with running(api) as room:
        room.heart.beat_seconds = 0.01
        beating = asyncio.create_task(room.heart.run())
        await until(lambda: room.heart.pulse.at > 0 and room.metric("vmoperator_ready") == 1)
        time.sleep(0.5)  # the loop does not turn
        await until(lambda: room.metric("vmoperator_loop_lag_seconds") > 0.4)
        assert room.metric("vmoperator_leader") == 1
        beating.cancel()


@pytest.fixture
async def page(api: FakeApi) -> str:
    """All metrics after some work."""
    async with running(api) as room:
        await api.put(_agent(AGENTS[0], selectAllByDefault=True))
        await api.put(_scrape("nonsense"))
        await room.until_operational(AGENTS[0])
        await until(lambda: room.metric("vmoperator_rejected_objects") == 1)
        await api.remove(Ref("Service", "default", "vmagent-a0"))
        await until(lambda: room.metric("vmoperator_reconcile_total", outcome="success") > 1)
        return room.machine.meters.page().decode()


async def test_the_page_has_the_form_and_the_names_that_prometheus_asks_for(page: str) -> None:
    families = {it.name: it for it in text_string_to_metric_families(page)}
    assert len([name for name in families if name.startswith("vmoperator_")]) >= 20
    for name, family in families.items():
        assert name.startswith(("vmoperator_", *OTHERS)), name
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name), name
        assert family.documentation.strip(), f"{name} has no HELP"
        assert family.type in ("counter", "gauge", "histogram"), f"{name} has no TYPE"
        assert not re.search(r"_(ms|millis\w*|minutes|hours|kb|mb|percent)(_|$)", name), name
        if re.search(r"duration|age|lag|waiting|timestamp|running_", name):
            assert name.endswith("_seconds"), f"{name} has no unit"
        _assert_samples(name, family)


def _assert_samples(name: str, family: Any) -> None:
    """Names by the type, and every series once."""
    series = [(it.name, tuple(sorted(it.labels.items()))) for it in family.samples]
    assert len(series) == len(set(series)), name
    for sample in family.samples:
        told = sample.name.removeprefix(name)
        if family.type == "counter":
            assert told == "_total", sample.name
            assert sample.value >= 0
        elif family.type == "histogram":
            assert told in ("_bucket", "_sum", "_count"), sample.name
        else:
            assert (told, name.endswith(("_total", "_count", "_sum"))) == ("", False), name


async def test_every_family_is_headed_by_its_help_and_its_type(page: str) -> None:
    headed: set[str] = set()
    for line in page.splitlines():
        kind, name = (line.split() if line.startswith("# ") else ("", "", line))[1:3]
        if kind == "TYPE":
            assert f"HELP {name}" in headed, line
        if kind:
            assert f"{kind} {name}" not in headed, f"{line} stands twice"
            headed.add(f"{kind} {name}")
        else:
            base = re.sub(r"_(bucket|sum|count)$", "", re.split(r"[{ ]", line)[0])
            assert {f"TYPE {base}", f"TYPE {re.split(r'[{ ]', line)[0]}"} & headed, line


LABELS = {"kind", "outcome", "error", "verb", "resource", "code", "status", "le", "version"}
LABELS |= {"scope", "reason", "task"}
MANY = 80


async def test_many_objects_are_counted_and_none_is_named(api: FakeApi) -> None:
    """Neither memory nor the database grows with the number of objects."""

    def series() -> dict[str, Any]:
        page = room.machine.meters.page().decode()
        assert "crowd" not in page
        families = text_string_to_metric_families(page)
        samples = [it for family in families for it in family.samples]
        own = [it for it in samples if it.name.startswith("vmoperator_")]
        assert {label for it in own for label in it.labels} <= LABELS
        return {f"{it.name}{it.labels}": it.value for it in own}

    async with running(api) as room:
        for ref in AGENTS[:2]:
            await api.put(_agent(ref, selectAllByDefault=True))
        await api.put(_scrape("nonsense"))
        await room.until_operational(*AGENTS[:2])
        await until(lambda: room.metric("vmoperator_rejected_objects", kind=SCRAPE.kind) == 1)
        await room.at_rest()
        few = series()
        for number in range(MANY):
            about = {"name": f"crowd-{number}", "namespace": f"crowd-of-{number % 7}"}
            await api.put({**_scrape("nonsense"), "metadata": about})
        await until(
            lambda: room.metric("vmoperator_rejected_objects", kind=SCRAPE.kind) == MANY + 1,
            seconds=60,
        )
        await room.at_rest()
        # Another outcome or code of what was asked before, maybe; nothing for each of them.
        assert len(series().keys() - few.keys()) < MANY / 4
