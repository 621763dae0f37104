"""Fields of a manifest that no model knows: misspelt, or of a newer definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.api.model import Metadata, OpenModel, SpecModel, parts_of


def unknown(manifest: Mapping[str, Any], model: type[SpecModel]) -> tuple[str, ...]:
    """Sorted paths of the fields that the model does not know: "spec.vmstorage.replicacount".

    Core types, metadata and status are not looked into: the operator does not own their fields.
    """
    return tuple(sorted(_unknown(manifest, model)))


def _unknown(part: Mapping[str, Any], model: type[SpecModel]) -> list[str]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    found = [] if issubclass(model, OpenModel) else [str(k) for k in part if k not in fields]
    for alias, field in fields.items():
        for below in parts_of(field.annotation):
            if not issubclass(below, Metadata) and alias != "status":
                found += _below(part.get(alias), below, alias)
    return found


def _below(value: Any, model: type[SpecModel], path: str) -> list[str]:
    if isinstance(value, Mapping):
        return [f"{path}.{field}" for field in _unknown(value, model)]
    if isinstance(value, list):
        places = enumerate(value)
        return [found for i, item in places for found in _below(item, model, f"{path}[{i}]")]
    return []
