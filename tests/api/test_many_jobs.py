"""A VMAgent that selects thousands of jobs: what its status says of shards, over HTTP."""

from __future__ import annotations

from typing import Any

from tests.api.room import running
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import GROUP

Tree = dict[str, Any]

AGENT = Ref("VMAgent", "default", "demo")
ADVICE = (
    "; more than 2000 jobs for each agent: spec.shardCount divides the targets, not the reading"
)


def _object(kind: str, name: str = "demo", **spec: Any) -> Tree:
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": f"{GROUP}/v1beta1", "kind": kind, "metadata": metadata, "spec": spec}


def _agent(**spec: Any) -> Tree:
    spec = {"remoteWrite": [{"url": "http://a:8428"}], "disableSelfServiceScrape": True, **spec}
    return _object("VMAgent", selectAllByDefault=True, **spec)


def _scrape(number: int) -> Tree:
    """Makes 250 jobs."""
    endpoints = [{"targets": [f"a:{port}"]} for port in range(250)]
    return _object("VMStaticScrape", f"s{number}", targetEndpoints=endpoints)


async def test_an_agent_with_thousands_of_jobs_says_what_shards_would_do(api: FakeApi) -> None:
    for number in range(9):
        await api.put(_scrape(number))
    await api.put(_agent())
    async with running(api) as room:

        def told() -> str:
            return str(room.condition(AGENT, "ObjectsSelected").get("message", ""))

        await until(lambda: told() == f"selects 9 VMStaticScrape{ADVICE}")
        assert room.condition(AGENT, "ObjectsSelected")["status"] == "True"
        await api.put(_agent(shardCount=2))
        await until(lambda: told() == "selects 9 VMStaticScrape")
        await api.put(_agent())
        await until(lambda: told() == f"selects 9 VMStaticScrape{ADVICE}")
        await api.remove(ref_of(_scrape(8)))
        await until(lambda: told() == "selects 8 VMStaticScrape")
