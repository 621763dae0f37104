"""Whatever stands in an object of monitoring.coreos.com, it is taken or refused by name."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api.prometheus.monitors import (
    pod_monitor,
    probe,
    scrape_config,
    service_monitor,
)

from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import original, without_effect
from vmoperator.api.selected import selected
from vmoperator.base.errors import SpecInvalid

_KEY = {"name": "a", "key": "b"}
_ENDPOINT = {
    "port": "a",
    "scheme": "HTTP",
    "interval": "5s",
    "params": {"a": ["b"]},
    "bearerTokenFile": "/a",
    "relabelings": [{"sourceLabels": ["a"], "action": "Keep", "regex": "a"}],
    "oauth2": {"clientId": {"secret": _KEY}, "clientSecret": _KEY, "tokenUrl": "a"},
    "tlsConfig": {"ca": {"secret": _KEY}, "insecureSkipVerify": True},
}
_RICH = {
    "ServiceMonitor": service_monitor(
        _ENDPOINT, bodySizeLimit="5MB", attachMetadata={"node": True}
    ),
    "PodMonitor": pod_monitor(_ENDPOINT, namespaceSelector={"any": True}, sampleLimit=5),
    "Probe": probe(
        params=[{"name": "a", "values": ["b"]}],
        prober={"url": "a", "proxyUrl": "http://a"},
        targets={"staticConfig": {"static": ["a"]}, "ingress": {"selector": {}}},
    ),
    "ScrapeConfig": scrape_config(
        jobName="a",
        enableCompression=False,
        fileSDConfigs=[{"files": ["/a"]}],
        kubernetesSDConfigs=[{"role": "Pod", "selectors": [{"role": "Pod"}]}],
        consulSDConfigs=[{"server": "a", "tokenRef": _KEY, "nodeMeta": {"a": "b"}}],
        relabelings=[{"targetLabel": "a"}],
    ),
}
_ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    entries: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list):
        entries = list(enumerate(value))
    below = [place for key, inner in entries for place in _places(inner, (*path, key))]
    return [path, *below] if path else below


@st.composite
def _spoiled(draw: st.DrawFn, manifest: dict[str, Any]) -> dict[str, Any]:
    """The object with something else in one place of its specification."""
    changed = copy.deepcopy(manifest)
    *above, last = draw(st.sampled_from(_places(manifest["spec"])))
    place = changed["spec"]
    for step in above:
        place = place[step]
    place[last] = draw(_ANY)
    return changed


@pytest.mark.parametrize("kind", _RICH)
@given(data=st.data())
def test_an_object_is_taken_or_refused_by_the_name_of_a_field(kind: str, data: Any) -> None:
    manifest = data.draw(_spoiled(_RICH[kind]))
    without_effect(manifest)
    try:
        assert selected(CONVERTERS[kind](manifest)).metadata.name == "web"
    except SpecInvalid as refused:
        assert original(manifest, refused).field.startswith("spec")
