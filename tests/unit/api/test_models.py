"""Spelling and strictness of the models."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pydantic import ValidationError
from tests.unit.api.documented import DOCUMENTED

from vmoperator.api.embedded import InsertPorts
from vmoperator.api.model import Metadata, SpecModel, parts_of
from vmoperator.api.pod import PodFields
from vmoperator.api.storage import ClaimSpec
from vmoperator.api.vmalert import VMAlert
from vmoperator.api.vmcluster import VMCluster, VMStorage


def _reachable(model: type[SpecModel]) -> Iterator[type[SpecModel]]:
    yield model
    for field in model.model_fields.values():
        for part in parts_of(field.annotation):
            yield from _reachable(part)


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_a_model_has_exactly_the_documented_fields(model: type[SpecModel]) -> None:
    aliases = [field.alias for field in model.model_fields.values()]
    assert sorted(map(str, aliases)) == sorted(DOCUMENTED[model].split())


@pytest.mark.parametrize("kind", [VMCluster, VMAlert], ids=lambda kind: kind.__name__)
def test_every_model_of_a_kind_is_compared_with_the_documents(kind: type[SpecModel]) -> None:
    assert set(_reachable(kind)) - {Metadata} - DOCUMENTED.keys() == set()


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_an_attribute_has_the_documented_name_in_snake_case(model: type[SpecModel]) -> None:
    def squeezed(name: str) -> str:
        return name.replace("_", "").lower()

    older = {"host_aliases_underscore"}
    wrong = [
        name
        for name, field in model.model_fields.items()
        if name not in older and squeezed(name) != squeezed(str(field.alias))
    ]
    assert wrong == []


@pytest.mark.parametrize("model", DOCUMENTED, ids=lambda model: model.__name__)
def test_nothing_has_a_default_but_what_is_required(model: type[SpecModel]) -> None:
    set_by_us = {
        name: field.default
        for name, field in model.model_fields.items()
        if not field.is_required() and field.default not in (None, "")
    }
    assert set_by_us == {}


def test_a_model_cannot_be_changed() -> None:
    storage = VMStorage(replica_count=2)
    with pytest.raises(ValidationError, match="frozen"):
        storage.replica_count = 3  # type: ignore[misc]  # the point of the test


def test_attribute_names_serve_in_python_and_aliases_in_manifests() -> None:
    assert InsertPorts(open_tsdb_http_port="4242").manifest() == {"openTSDBHTTPPort": "4242"}


def test_the_older_spelling_of_host_aliases_is_a_field_of_its_own() -> None:
    both = {"hostAliases": [{"ip": "10.0.0.1"}], "host_aliases": [{"ip": "10.0.0.2"}]}
    pods = PodFields.model_validate(both, by_alias=True, by_name=False)
    assert pods.host_aliases == [{"ip": "10.0.0.1"}]
    assert pods.host_aliases_underscore == [{"ip": "10.0.0.2"}]


def test_a_core_type_keeps_fields_that_we_never_heard_of() -> None:
    manifest = {"accessModes": ["ReadWriteOnce"], "someday": {"deep": [1]}}
    assert ClaimSpec.model_validate(manifest).manifest() == manifest
