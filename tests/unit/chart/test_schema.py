"""values.schema.json refuses a misspelt key at any depth, and the chart's own objects are sound."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest
import yaml
from tests.unit.chart.helm import CHART, CRDS_CHART, Refused, helm, only, rendered, template

from chart.root import Root
from vmoperator.api.crd import definitions
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.unknown import unknown

SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
OPEN = {
    "Global": "a parent chart sets values of other charts there",
    "extraObjects": "objects of any kind",
}
FULL: dict[str, Any] = {
    "resources": {"limits": {"cpu": 1}, "claims": [{"name": "a"}]},
    "strategy": {"rollingUpdate": {"maxSurge": "50%"}},
    "tolerations": [{"operator": "Exists"}],
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": []}},
    "topologySpreadConstraints": [
        {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}
    ],
    "env": [{"name": "a", "valueFrom": {"secretKeyRef": {"name": "b", "key": "c"}}}],
    "envFrom": [{"secretRef": {"name": "a"}}],
    "extraVolumes": [{"name": "a", "projected": {"sources": [{"secret": {"name": "b"}}]}}],
    "extraVolumeMounts": [{"name": "a", "mountPath": "/a"}],
    "extraContainers": [{"name": "a", "resources": {}, "ports": [{"containerPort": 1}]}],
    "initContainers": [{"name": "a", "volumeMounts": [{"name": "a", "mountPath": "/a"}]}],
    "lifecycle": {"preStop": {"exec": {"command": ["a"]}}},
    "dnsConfig": {"options": [{"name": "ndots", "value": "2"}]},
    "hostAliases": [{"ip": "192.0.2.1", "hostnames": ["a"]}],
    "imagePullSecrets": [{"name": "a"}],
    "livenessProbe": {"httpGet": {"port": "http", "httpHeaders": [{"name": "a", "value": "b"}]}},
    "networkPolicy": {"ingressFrom": [{"namespaceSelector": {"matchLabels": {"a": "b"}}}]},
    "webhook": {
        "objectSelector": {"matchExpressions": [{"key": "a", "operator": "Exists"}]},
        "matchConditions": [{"name": "a", "expression": "true"}],
    },
}
"""A value below every path that holds something of Kubernetes'."""
FREE = {"labels", "annotations", "commonLabels", "commonAnnotations", "nodeSelector", "matchLabels"}
FREE |= {"podLabels", "podAnnotations", "deploymentAnnotations", "limits", "requests", "global"}
"""Maps with keys of the user's, and values of other charts."""

Place = tuple[str | int, ...]


def _objects(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object" or "properties" in schema:
            yield path, schema
        for key, below in schema.items():
            yield from _objects(below, f"{path}/{key}")
    elif isinstance(schema, list):
        for number, below in enumerate(schema):
            yield from _objects(below, f"{path}/{number}")


def test_every_object_of_the_schema_says_which_keys_it_takes() -> None:
    found = list(_objects(SCHEMA))
    assert len(found) >= 100
    lax = [path for path, it in found if it.get("additionalProperties", True) is True]
    assert [path for path in lax if not OPEN.keys() & set(path.split("/"))] == []


def _places(value: Any, place: Place = ()) -> Iterator[Place]:
    """Where a key can be misspelt."""
    if isinstance(value, dict):
        yield place
        for key, below in value.items():
            if key not in FREE:
                yield from _places(below, (*place, key))
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from _places(below, (*place, number))


def _given() -> dict[str, Any]:
    """The defaults, with FULL merged into them."""
    return {
        key: {**value, **FULL[key]} if isinstance(value, dict) and key in FULL else value
        for key, value in {**DEFAULTS, **{k: v for k, v in FULL.items() if not DEFAULTS[k]}}.items()
    }


GIVEN = _given()


def test_the_values_of_the_next_test_are_taken() -> None:
    assert [it.message for it in VALIDATOR.iter_errors(GIVEN)] == []
    assert {field.alias or name for name, field in Root.model_fields.items()} == GIVEN.keys()


@pytest.mark.parametrize("place", list(_places(GIVEN)), ids=lambda it: ".".join(map(str, it)))
def test_a_misspelt_key_is_refused_at_any_depth(place: Place) -> None:
    values = copy.deepcopy(GIVEN)
    at: Any = values
    for step in place:
        at = at[step]
    at["misspelt"] = "x"
    assert any("misspelt" in str(it.message) for it in VALIDATOR.iter_errors(values))


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ("monitor: {label: {a: b}}", "label"),
        ("resources: {limit: {cpu: 1}}", "limit"),
        ("tolerations: [{efect: NoSchedule}]", "efect"),
        ("affinity: {nodeAffinity: {requiredDuringScheduling: {}}}", "requiredDuringScheduling"),
        ("env: [{name: a, valu: b}]", "valu"),
    ],
)
def test_helm_lint_names_the_misspelt_key(values: str, word: str) -> None:
    with pytest.raises(Refused, match=f"'{word}'"):
        helm("lint", "--strict", str(CHART), values=values)


@pytest.mark.parametrize("kind", ["VMServiceScrape", "ServiceMonitor"])
def test_what_scrapes_the_operator_is_sound(kind: str) -> None:
    found = rendered("monitor.enabled=true", f"monitor.kind={kind}", "monitor.labels.a=b")
    _assert_sound(only(kind, found))


@pytest.mark.parametrize("kind", ["VMRule", "PrometheusRule"])
def test_the_alerts_about_the_operator_are_sound(kind: str) -> None:
    found = rendered("rules.enabled=true", f"rules.kind={kind}", "rules.labels.a=b")
    _assert_sound(only(kind, found))


def _assert_sound(manifest: dict[str, Any]) -> None:
    """No unknown field, and what the definition of our kind demands."""
    kind = manifest["kind"]
    ours = CONVERTERS[kind](manifest) if kind in CONVERTERS else manifest
    selected(ours)
    assert unknown(ours, OBJECTS[ours["kind"]]) == ()
    definition = next(it for it in definitions() if it["spec"]["names"]["kind"] == ours["kind"])
    (version,) = definition["spec"]["versions"]
    validator = jsonschema.Draft202012Validator(version["schema"]["openAPIV3Schema"])
    assert [it.message for it in validator.iter_errors(ours)] == []


def test_the_chart_of_the_definitions_is_the_same_each_time() -> None:
    assert template(chart=CRDS_CHART) == template(chart=CRDS_CHART)


def test_in_its_own_namespace_webhooks_are_refused_by_name() -> None:
    values = "{watchOwnNamespace: true, webhook: {enabled: true}, crds: {enabled: false}}"
    with pytest.raises(Refused, match="the whole cluster's"):
        template(values=values)
