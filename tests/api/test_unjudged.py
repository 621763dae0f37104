"""The annotation skip-validation, for each kind: webhooks let the object pass, and say so."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from tests.api.test_admission import Stand, asked, review
from tests.fake_api import FakeApi
from tests.fake_api.waiting import until

from vmoperator.api import KINDS
from vmoperator.api.selected import OBJECTS
from vmoperator.apply.client import Client
from vmoperator.base.labels import SKIP_VALIDATION
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import GROUP

RULES = {"relabelConfigs": [{"action": "replce", "targetLabel": "a"}]}
GROUPS = [{"name": "g", "rules": [{"alert": "A", "expr": "sum("}]}]
BROKEN: dict[str, dict[str, Any]] = {
    "VMCluster": {"retentionPeriod": "4 months"},
    "VMSingle": {"retentionPeriod": "4 months"},
    "VMAgent": {"remoteWrite": [{"url": "http://x"}], "inlineRelabelConfig": [{"action": "x"}]},
    "VMAlert": {"datasource": {"url": "http://x"}, "notifiers": 3},
    "VMAlertmanager": {"configRawYaml": "route: ["},
    "VMServiceScrape": {"selector": {}, "endpoints": [RULES]},
    "VMPodScrape": {"selector": {}, "podMetricsEndpoints": [RULES]},
    "VMProbe": {
        "vmProberSpec": {"url": "x"},
        "targets": {"static": {"targets": ["a"]}},
        "metricRelabelConfigs": RULES["relabelConfigs"],
    },
    "VMNodeScrape": RULES,
    "VMStaticScrape": {"targetEndpoints": [{"targets": ["a"], **RULES}]},
    "VMScrapeConfig": {"staticConfigs": [{"targets": ["a"]}], **RULES},
    "VMRule": {"groups": GROUPS},
    "VMAlertmanagerConfig": {"route": {"receiver": "gone"}, "receivers": []},
}
"""Kind -> a spec that is refused."""


def manifest(kind: str, **annotations: str) -> Manifest:
    metadata = {"name": "demo", "namespace": "ns", "uid": "u", "annotations": annotations}
    api_version = f"{GROUP}/v1beta1"
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": BROKEN[kind]}


@pytest.fixture
def stand(api: FakeApi, client: Client) -> Stand:
    one = Stand(api, client)
    one.clock.time = datetime.datetime.now(datetime.UTC)
    return one


def test_no_kind_is_left_out() -> None:
    assert BROKEN.keys() == {*KINDS, *OBJECTS}


async def test_an_object_of_any_kind_passes_unjudged_where_it_asks_for_it(stand: Stand) -> None:
    await stand.register(url="https://127.0.0.1/validate")
    async with stand.replica() as one:
        await until(lambda: stand.told)

        async def answer(kind: str, **annotations: str) -> dict[str, Any]:
            body = review(manifest(kind, **annotations))
            _, said = await asked(one.port, body, stand.told)
            response: dict[str, Any] = said["response"]
            return response

        for kind in BROKEN:
            refused = await answer(kind)
            assert (kind, refused["allowed"]) == (kind, False)
            for other in ("false", "True", ""):
                assert await answer(kind, **{SKIP_VALIDATION: other}) == refused
            passed = await answer(kind, **{SKIP_VALIDATION: "true"})
            assert (kind, passed["allowed"]) == (kind, True)
            (words,) = passed["warnings"]
            assert words == (
                f"{kind} ns/demo: not judged, by its annotation skip-validation: its status tells"
                " what is wrong"
            )
