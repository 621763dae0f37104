"""The definitions of all kinds: what users see of them, and what keeps them small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from vmoperator.api.crd import definitions

MAX_BYTES = 200_000


@pytest.fixture(params=definitions(), ids=lambda definition: definition["metadata"]["name"])
def definition(request: pytest.FixtureRequest) -> dict[str, Any]:
    found: dict[str, Any] = request.param
    return found


def _schema(definition: dict[str, Any]) -> dict[str, Any]:
    (version,) = definition["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def _nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    yield path, schema
    for name, below in schema.get("properties", {}).items():
        yield from _nodes(below, f"{path}.{name}")
    for key, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from _nodes(schema[key], path + mark)


def test_a_definition_fits_into_the_annotation_of_kubectl_apply(definition: dict[str, Any]) -> None:
    assert len(json.dumps(definition).encode()) <= MAX_BYTES


COLUMNS = {
    "VMCluster": {
        "INSERT COUNT": "string",
        "STORAGE COUNT": "string",
        "SELECT COUNT": "string",
        "AGE": "date",
        "STATUS": "string",
    },
    "VMSingle": {"STATUS": "string", "AGE": "date"},
    "VMAgent": {
        "SHARDS COUNT": "integer",
        "REPLICA COUNT": "integer",
        "STATUS": "string",
        "AGE": "date",
    },
    "VMAlert": {"STATUS": "string", "REPLICACOUNT": "integer", "AGE": "date"},
    "VMAlertmanager": {"REPLICACOUNT": "integer", "AGE": "date", "UPDATE STATUS": "string"},
}
OBJECT_COLUMNS = {"AGE": "date", "STATUS": "string", "SYNC ERROR": "string"}


def test_the_columns_are_those_of_the_go_operator(definition: dict[str, Any]) -> None:
    columns = definition["spec"]["versions"][0]["additionalPrinterColumns"]
    found = [(column["name"].upper(), column["type"]) for column in columns]
    kind = definition["spec"]["names"]["kind"]
    assert found == list(COLUMNS.get(kind, OBJECT_COLUMNS).items())


def test_the_status_has_an_endpoint_of_its_own(definition: dict[str, Any]) -> None:
    assert definition["spec"]["versions"][0]["subresources"]["status"] == {}


def test_scaling_a_vmagent_changes_its_shards() -> None:
    scales = {
        one["spec"]["names"]["kind"]: one["spec"]["versions"][0]["subresources"].get("scale")
        for one in definitions()
    }
    assert scales.pop("VMAgent") == {
        "specReplicasPath": ".spec.shardCount",
        "statusReplicasPath": ".status.shards",
        "labelSelectorPath": ".status.selector",
    }
    assert set(scales.values()) == {None}


def test_the_root_holds_only_what_is_allowed_there(definition: dict[str, Any]) -> None:
    schema = _schema(definition)
    assert schema.keys() == {"type", "description", "properties", "required"}
    assert schema["required"] == ["spec"]
    assert schema["properties"]["metadata"] == {"type": "object"}


UNTYPED = ("x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields")


def test_every_field_has_a_type_or_takes_any(definition: dict[str, Any]) -> None:
    bare = [
        path
        for path, node in _nodes(_schema(definition))
        if "type" not in node and not any(mark in node for mark in UNTYPED)
    ]
    assert bare == []


def test_nothing_has_a_default(definition: dict[str, Any]) -> None:
    # A default would be written into every object and could not change with the operator.
    assert [path for path, node in _nodes(_schema(definition)) if "default" in node] == []


def _is_core(path: str) -> bool:
    # Fields inside core types that are spelled out only to be checked.
    is_claim = path.rpartition(".")[2] in {"accessModes", "storageClassName", "resources"}
    return any(f".{name}." in path for name in ("resources", "volumeClaimTemplate.spec")) or (
        is_claim and path.startswith("spec.storage.")
    )


def _is_brief(path: str) -> bool:
    # Credentials of discoveries: each field points to the one that describes what is below it.
    below = path.partition("SDConfigs[].")[2]
    return "." in below and below.split(".")[0] in {
        "authorization",
        "basicAuth",
        "oauth2",
        "tlsConfig",
    }


def test_each_of_our_fields_is_described_in_one_sentence(definition: dict[str, Any]) -> None:
    spec = _schema(definition)["properties"]["spec"]
    ours = {
        path: node.get("description", "")
        for path, node in _nodes(spec, "spec")
        if not path.endswith(("[]", "{}", "[].name", "[].mountPath"))
        and not _is_core(path)
        and not _is_brief(path)
    }
    wrong = [path for path, text in ours.items() if not text.endswith(".") or "\n" in text]
    assert len(ours) > 20
    assert wrong == []


def test_core_types_carry_no_descriptions(definition: dict[str, Any]) -> None:
    described = [
        path
        for path, node in _nodes(_schema(definition))
        if "description" in node and (_is_core(path) or path.endswith("{}"))
    ]
    assert described == []


def test_every_rule_has_a_message_on_one_line(definition: dict[str, Any]) -> None:
    rules = [
        (path, rule)
        for path, node in _nodes(_schema(definition))
        for rule in node.get("x-kubernetes-validations", ())
    ]
    # The cost of rules is bounded, and no bound fits its lists in lists: patterns say it all.
    kind = definition["spec"]["names"]["kind"]
    assert len(rules) > 10 or kind in ("VMRule", "VMAlertmanagerConfig")
    bad = [path for path, rule in rules if "\n" in rule["message"] or not rule["reason"]]
    assert bad == []


def test_the_names_of_a_cluster_are_compared_with_the_old_ones() -> None:
    cluster = next(one for one in definitions() if one["spec"]["names"]["kind"] == "VMCluster")
    rules = _schema(cluster)["properties"]["spec"]["x-kubernetes-validations"]
    (rule,) = [one for one in rules if "oldSelf" in one["rule"]]
    assert rule["fieldPath"] == ".useLegacyNaming"
    assert rule["reason"] == "FieldValueForbidden"
    assert "the data would stay behind under the old names" in rule["message"]


def test_a_definition_is_the_same_on_every_call() -> None:
    assert json.dumps(definitions()) == json.dumps(definitions())
