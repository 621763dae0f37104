"""Whatever the definition of a kind allows: it is rendered, or refused by the path of a field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from tests.unit.api.prometheus.definitions import outlines
from tests.unit.render.agents import TARGET
from tests.unit.render.field_paths import leads_nowhere
from tests.unit.render.jobs.schemas import Schema, own, specifications, theirs
from tests.unit.render.selected_leaves import recipes

from vmoperator.api.around import Known
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.prometheus.origins import original
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest

COUNT = 60
RECIPES = {
    **recipes("VMAgent", remoteWrite=[TARGET], scrapeClasses=[{"name": "a"}]),
    **recipes("VMAlert", datasource={"url": "http://a"}, remoteWrite={"url": "http://c"}),
    **recipes("VMAlertmanager"),
}
_KEYS = dict.fromkeys(("value", "a", "tls.crt", "tls.key", "ca.crt"), b"value")
_NAMES = [f"shop/{name}" for name in ("credentials", "client", "authorities", "a")]
WORLD = Known(
    secrets=dict.fromkeys(_NAMES, _KEYS),
    config_maps=dict.fromkeys(_NAMES, dict.fromkeys(_KEYS, "value")),
)
SCHEMAS: dict[str, Schema] = {
    **{kind: own(kind) for kind in OBJECTS},
    **{kind: theirs(kind) for kind in outlines()},
}


def _rendered(manifest: Manifest) -> None:
    """Raises SpecInvalid, with the field of the manifest itself."""
    kind = manifest["kind"]
    try:
        made = CONVERTERS[kind](manifest) if kind in CONVERTERS else manifest
        RECIPES[kind].make(selected(made), WORLD)
    except SpecInvalid as refused:
        raise original(manifest, refused) from refused


@pytest.mark.parametrize("kind", SCHEMAS)
def test_an_object_is_rendered_or_refused_by_a_field_that_it_has_or_lacks(kind: str) -> None:
    taken = refused = 0

    @settings(
        max_examples=COUNT,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(specifications(SCHEMAS[kind]))
    def look_at(spec: dict[str, Any]) -> None:
        nonlocal taken, refused
        metadata = {"name": "a", "namespace": "shop"}
        manifest = {"apiVersion": _version(kind), "kind": kind, "metadata": metadata, "spec": spec}
        try:
            _rendered(manifest)
            taken += 1
        except SpecInvalid as error:
            refused += 1
            assert leads_nowhere(error.field, spec, SCHEMAS[kind]) == "", error
            # What a check foresaw has better words.
            assert "cannot be rendered" not in str(error)

    look_at()
    assert min(taken, refused) > COUNT / 20


def _version(kind: str) -> str:
    return "operator.victoriametrics.com/v1beta1" if kind in OBJECTS else "monitoring.coreos.com/v1"


SPEC = {"endpoints": [{"port": "a", "params": {"x.y": ["z"]}}], "jobLabel": "a"}


@pytest.mark.parametrize(
    ("path", "rest"),
    [
        ("spec", ""),
        ("spec.endpoints[0].port", ""),
        ("spec.endpoints[0].targetPort", ""),
        ("spec.endpoints[0].tlsConfig.ca.secret.name", ""),
        ("spec.endpoints[0].params.x.y[0]", ""),
        ("spec.endpoints[1].port", "[1].port"),
        ("spec.endpoints[0].tls_config", ".tls_config"),
        ("spec.endpoints.port", ".port"),
        ("spec.selector.matchExpressions[0]", "[0]"),
        ("metadata.name", "metadata.name"),
    ],
)
def test_a_path_that_leads_nowhere_is_noticed(path: str, rest: str) -> None:
    assert leads_nowhere(path, SPEC, SCHEMAS["VMServiceScrape"]) == rest
