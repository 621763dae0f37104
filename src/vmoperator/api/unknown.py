"""Fields of a manifest that no model knows: misspelt, or of a newer definition."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, get_args, get_origin

from vmoperator.api.model import Metadata, OpenModel, SpecModel


def unknown(manifest: Mapping[str, Any], model: type[SpecModel]) -> tuple[str, ...]:
    """Sorted paths of the fields that the model does not know: "spec.vmstorage.replicacount".

    Core types, metadata and status are not looked into: the operator does not own their fields.
    """
    return tuple(sorted(_unknown(manifest, model)))


def _unknown(part: Mapping[str, Any], model: type[SpecModel]) -> list[str]:
    fields = {field.alias or name: field for name, field in model.model_fields.items()}
    found = [] if issubclass(model, OpenModel) else [str(k) for k in part if k not in fields]
    for alias, field in fields.items():
        if alias != "status":
            found += _below(part.get(alias), field.annotation, alias)
    return found


def _below(value: Any, annotation: Any, path: str) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        is_ours = isinstance(value, Mapping) and not issubclass(annotation, Metadata)
        return [f"{path}.{field}" for field in _unknown(value, annotation)] if is_ours else []
    inner = get_args(annotation)
    if get_origin(annotation) is dict:
        # Its keys are those of the user.
        named = value.items() if isinstance(value, Mapping) else ()
        return [it for key, item in named for it in _below(item, inner[1], f"{path}.{key}")]
    if get_origin(annotation) is list:
        listed = enumerate(value if isinstance(value, list) else ())
        return [it for i, item in listed for it in _below(item, inner[0], f"{path}[{i}]")]
    return [it for one in inner for it in _below(value, one, path)]
