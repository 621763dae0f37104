"""What the status of a VMAgent says of the objects that it selects, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from tests.api.room import Room, running
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import BY_KIND, GROUP

Tree = dict[str, Any]

AGENT = Ref("VMAgent", "default", "demo")
ADVICE = (
    "; more than 2000 jobs for each agent: spec.shardCount divides the targets, not the reading"
)


def _object(kind: str, name: str = "demo", **spec: Any) -> Tree:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": f"{GROUP}/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _agent(**spec: Any) -> Tree:
    writes: Tree = {"remoteWrite": [{"url": "http://a:8428"}], "disableSelfServiceScrape": True}
    return _object("VMAgent", **writes, **(spec or {"selectAllByDefault": True}))


def _namespace(**labels: str) -> Tree:
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "default", "labels": labels},
    }


def _told(room: Room) -> str:
    return str(room.condition(AGENT, "ObjectsSelected").get("message", ""))


def _scrape(number: int, jobs: int = 250, **endpoint: Any) -> Tree:
    endpoints = [{"targets": [f"a:{port}"], **endpoint} for port in range(jobs)]
    return _object("VMStaticScrape", f"s{number}", targetEndpoints=endpoints)


async def test_an_agent_with_thousands_of_jobs_says_what_shards_would_do(api: FakeApi) -> None:
    for number in range(9):
        await api.put(_scrape(number))
    await api.put(_agent())
    async with running(api) as room:
        await until(lambda: _told(room) == f"selects 9 VMStaticScrape{ADVICE}")
        assert room.condition(AGENT, "ObjectsSelected")["status"] == "True"
        await api.put(_agent(selectAllByDefault=True, shardCount=2))
        await until(lambda: _told(room) == "selects 9 VMStaticScrape")
        await api.put(_agent())
        await until(lambda: _told(room) == f"selects 9 VMStaticScrape{ADVICE}")
        await api.remove(ref_of(_scrape(8)))
        await until(lambda: _told(room) == "selects 8 VMStaticScrape")


async def test_a_parent_says_how_many_it_selects_and_names_those_that_it_refuses(
    api: FakeApi,
) -> None:
    chosen = {"staticScrapeNamespaceSelector": {"matchLabels": {"team": "a"}}}
    for manifest in (_namespace(), *(_scrape(it, jobs=1) for it in range(12))):
        await api.put(manifest)
    await api.put(_agent(staticScrapeSelector={}, **chosen))
    async with running(api) as room:
        none = "selects 0 of 12 VMStaticScrape: namespace not matched (spec.staticScrapeSelector)"
        await until(lambda: _told(room) == none)
        await api.put(_namespace(team="a"))
        await until(lambda: _told(room) == "selects 12 VMStaticScrape")
        await api.put(_scrape(7, jobs=1, metricRelabelConfigs=[{"action": "dorp"}]))
        refused = "selects 12 VMStaticScrape; 1 refused: VMStaticScrape default/s7: spec.targetEnd"
        await until(lambda: _told(room).startswith(refused))
        assert "metricRelabelConfigs[0].action" in _told(room)
        assert room.condition(AGENT, "ObjectsSelected")["status"] == "False"
        await api.put(_scrape(7, jobs=1))
        await until(lambda: _told(room) == "selects 12 VMStaticScrape")


STRANGE: dict[str, tuple[Tree, str, Tree, str]] = {
    "VMAgent": (
        {"remoteWrite": [{"url": "http://a:8428"}]},
        "ServiceMonitor",
        {"endpoints": [{"port": "http", "someday": 1}]},
        "spec.endpoints[0].someday",
    ),
    "VMSingle": (
        {"ingestOnlyMode": False},
        "ServiceMonitor",
        {"endpoints": [{"port": "http", "someday": 1}]},
        "spec.endpoints[0].someday",
    ),
    "VMAlert": (
        {"datasource": {"url": "http://a:8428"}, "notifier": {"url": "http://b:9093"}},
        "PrometheusRule",
        {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "up", "someday": 1}]}]},
        "spec.groups[0].rules[0].someday",
    ),
    "VMAlertmanager": (
        {},
        "AlertmanagerConfig",
        {
            "route": {"receiver": "hook"},
            "receivers": [
                {"name": "hook", "webhookConfigs": [{"url": "http://a", "someday": 1}]},
            ],
        },
        "spec.receivers[0].webhookConfigs[0].someday",
    ),
}


@pytest.mark.parametrize("parent", STRANGE)
async def test_an_object_with_a_field_of_a_newer_definition_is_used_and_the_field_named(
    api: FakeApi, parent: str
) -> None:
    asks, kind, spec, field = STRANGE[parent]
    theirs = {**_object(kind, "web", **spec), "apiVersion": BY_KIND[kind].api_version}
    await api.put(theirs)
    quiet: Tree = {"selectAllByDefault": True, "disableSelfServiceScrape": True}
    await api.put(_object(parent, **asks, **quiet))
    ref = Ref(parent, "default", "demo")
    told = (
        f"; 1 with fields that have no effect here: {kind} default/web:"
        f" {field} (unknown to this version)"
    )
    async with running(api) as room:
        await until(lambda: told in room.condition(ref, "ObjectsSelected").get("message", ""))
        found = room.condition(ref, "ObjectsSelected")
        assert (found["status"], found["reason"]) == ("True", "Selected")
        assert found["message"].startswith("selects 1 ")
        assert "refused" not in found["message"]
