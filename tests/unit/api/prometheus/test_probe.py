"""Probes, read as VMProbes."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.prometheus.monitors import METADATA, probe

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid


def converted(**spec: Any) -> dict[str, Any]:
    """The specification of ours, which our own door has taken."""
    found = CONVERTERS["Probe"](probe(**spec))
    assert (found["kind"], found["metadata"]) == ("VMProbe", METADATA)
    assert selected(found).kind == "VMProbe"
    taken: dict[str, Any] = found["spec"]
    return taken


def test_the_prober_is_spelled_our_way_and_its_proxy_belongs_to_the_scrape() -> None:
    prober = {
        "url": "blackbox:9115",
        "scheme": "HTTPS",
        "path": "/ask",
        "proxyUrl": "http://proxy:3128",
    }
    found = converted(prober=prober)
    assert found["vmProberSpec"] == {"url": "blackbox:9115", "scheme": "https", "path": "/ask"}
    assert found["proxyURL"] == "http://proxy:3128"


def test_static_targets_keep_labels_and_relabelling() -> None:
    static = {
        "static": ["https://a", "https://b"],
        "labels": {"site": "main"},
        "relabelingConfigs": [
            {"action": "keep"},
            {"action": "Replace", "targetLabel": "a", "replacement": "b"},
        ],
    }
    assert converted(targets={"staticConfig": static})["targets"] == {
        "static": {
            "targets": ["https://a", "https://b"],
            "labels": {"site": "main"},
            "relabelingConfigs": [{"action": "replace", "target_label": "a", "replacement": "b"}],
        }
    }


def test_ingresses_become_targets_in_kubernetes() -> None:
    ingress = {
        "selector": {"matchLabels": {"a": "b"}},
        "namespaceSelector": {"any": True},
        "relabelingConfigs": [{"sourceLabels": ["a"], "targetLabel": "b"}],
    }
    assert converted(targets={"ingress": ingress})["targets"] == {
        "kubernetes": [
            {
                "role": "ingress",
                "selector": {"matchLabels": {"a": "b"}},
                "namespaceSelector": {"any": True},
                "relabelingConfigs": [{"source_labels": ["a"], "target_label": "b"}],
            }
        ]
    }


def test_static_targets_and_ingresses_stand_beside_each_other() -> None:
    both = {"staticConfig": {"static": ["a"]}, "ingress": {}}
    found = converted(targets=both)["targets"]
    assert found == {"static": {"targets": ["a"]}, "kubernetes": [{"role": "ingress"}]}


def test_the_rest_of_a_probe_is_kept() -> None:
    found = converted(
        jobName="pages",
        module="http_2xx",
        interval="1m",
        scrapeTimeout="30s",
        sampleLimit=5,
        scrapeClass="mesh",
        params=[{"name": "a", "values": ["b", "c"]}, {"name": "d"}],
        metricRelabelings=[{"action": "LabelDrop", "regex": "x"}],
        bearerTokenSecret={"name": "s", "key": "k"},
        tlsConfig={"serverName": "web"},
    )
    assert {name: found[name] for name in found if name not in ("targets", "vmProberSpec")} == {
        "jobName": "pages",
        "module": "http_2xx",
        "interval": "1m",
        "scrapeTimeout": "30s",
        "sampleLimit": 5,
        "scrapeClass": "mesh",
        "params": {"a": ["b", "c"], "d": []},
        "metricRelabelConfigs": [{"action": "labeldrop", "regex": "x"}],
        "bearerTokenSecret": {"name": "s", "key": "k"},
        "tlsConfig": {"serverName": "web"},
    }


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ({"targets": {"someday": {}}}, "spec.targets.someday"),
        ({"prober": []}, "spec.prober"),
        ({"params": [{"values": ["a"]}]}, "spec.params[0].name"),
        ({"targets": {"ingress": {"someday": 1}}}, "spec.targets.ingress.someday"),
        ({"targets": {"staticConfig": {"targets": []}}}, "spec.targets.staticConfig.targets"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_refused_by_its_own_name(spec: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        CONVERTERS["Probe"](probe(**spec))
    assert refused.value.field == field
