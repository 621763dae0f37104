"""Every leaf of a specification, from the models: where it stands, and values that it may have."""

from __future__ import annotations

import copy
import types
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo
from tests.unit.render.leaf_samples import SAMPLES

from vmoperator.api.model import SpecModel
from vmoperator.api.unsupported import MARK
from vmoperator.base.manifest import Manifest

Path = tuple[str, ...]
_ENTRY = "0"
_STEPS: Mapping[Any, Path] = {list: (_ENTRY,), dict: ("sample",)}


@dataclass(frozen=True)
class Leaf:
    """A field of a specification that holds no other model."""

    path: Path
    models: tuple[tuple[Path, type[SpecModel]], ...]
    """The models on the way to it, by the path at which each stands."""
    annotation: Any
    is_required: bool

    @property
    def dotted(self) -> str:
        """The path without the numbers of list entries."""
        return ".".join(step for step in self.path if not step.isdecimal())

    @property
    def names(self) -> tuple[str, ...]:
        """By what tables may name it, from narrow to wide: an end of its path, `Model:field`, its
        last step."""
        steps = self.dotted.split(".")
        ends = (".".join(steps[place:]) for place in range(len(steps) - 1))
        return (*ends, _of_model(self.models[-1][1], self.path[-1]), self.path[-1])

    def places(self, name: str) -> Iterator[Path]:
        """Where something belongs that a table says of a field, or of a model on the way to it:
        beside the field, and in the model. `Model:field.field` is a way through a model."""
        if name in self.names:
            yield self.path[:-1]
        model_name, _, way = name.partition(":")
        for path, model in self.models:
            if model.__name__ == model_name and self._leads(path, way):
                yield path

    def _leads(self, path: Path, way: str) -> bool:
        """Whether the way from a path to the field begins with some steps."""
        steps = [step for step in self.path[len(path) :] if not step.isdecimal()]
        wanted = way.split(".") if way else []
        return steps[: len(wanted)] == wanted

    @property
    def values(self) -> Sequence[Any]:
        """Values that it may have."""
        return _values(self.names, self.annotation)


def leaves(model: type[SpecModel], at: Path = ("spec",)) -> Iterator[Leaf]:
    """The leaves below a model, those left out that are marked as unsupported."""
    yield from _below(model, at, ((at, model),))


def _below(
    model: type[SpecModel], at: Path, models: tuple[tuple[Path, type[SpecModel]], ...]
) -> Iterator[Leaf]:
    for name, field in model.model_fields.items():
        path = (*at, field.alias or name)
        if _is_marked(field):
            continue
        inner, steps = _model(field.annotation)
        if inner is None:
            yield Leaf(path, models, field.annotation, field.is_required())
            continue
        place = (*path, *steps)
        yield from _below(inner, place, (*models, (place, inner)))


def with_leaf(manifest: Manifest, leaf: Leaf, value: Any) -> Manifest:
    """The manifest with a value at the leaf, and what the models on the way to it require."""
    changed = with_place(manifest, leaf)
    _at(changed, leaf.path[:-1])[leaf.path[-1]] = value
    return changed


def with_place(manifest: Manifest, leaf: Leaf) -> Manifest:
    """The manifest in which the leaf could be set but is not."""
    changed = copy.deepcopy(manifest)
    for path, model in leaf.models:
        place = _made(changed, path)
        for name, value in _required(model).items():
            place.setdefault(name, value)
    _at(changed, leaf.path[:-1]).pop(leaf.path[-1], None)
    return changed


def add(manifest: Manifest, path: Path, needed: Mapping[str, Any]) -> None:
    """Put more into the manifest: at the path, or what is below `spec.` at its top."""
    place: Any = _at(manifest, path)
    _merge(place, {key: value for key, value in needed.items() if key != "spec."})
    _merge(manifest["spec"], needed.get("spec.", {}))


def _merge(into: Any, more: Mapping[str, Any]) -> None:
    for key, value in more.items():
        if isinstance(value, Mapping) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = copy.deepcopy(value)


def _made(manifest: Any, path: Path) -> Any:
    """What stands at a path, empty where nothing stood there before."""
    for step, following in zip(path, (*path[1:], ""), strict=True):
        empty: Any = [] if following == _ENTRY else {}
        if isinstance(manifest, dict):
            manifest.setdefault(step, empty)
        elif not manifest:
            manifest.append(empty)
        manifest = _at(manifest, (step,))
    return manifest


def _at(manifest: Any, path: Path) -> Any:
    for step in path:
        manifest = manifest[int(step)] if isinstance(manifest, list) else manifest[step]
    return manifest


def _required(model: type[SpecModel]) -> dict[str, Any]:
    """A value for each field that the model requires."""
    return {
        alias: _example((_of_model(model, alias), alias), field)
        for name, field in model.model_fields.items()
        for alias in (field.alias or name,)
        if field.is_required()
    }


def _example(names: tuple[str, ...], field: FieldInfo) -> Any:
    inner, steps = _model(field.annotation)
    if inner is None:
        return copy.deepcopy(_values(names, field.annotation)[0])
    made: Any = _required(inner)
    for step in reversed(steps):
        made = [made] if step == _ENTRY else {step: made}
    return made


def _is_marked(field: FieldInfo) -> bool:
    return isinstance(field.json_schema_extra, dict) and MARK in field.json_schema_extra


def _model(annotation: Any) -> tuple[type[SpecModel] | None, Path]:
    """The model that a field holds, and the way to it through lists and maps."""
    if isinstance(annotation, type) and issubclass(annotation, SpecModel):
        return annotation, ()
    step = _STEPS.get(get_origin(annotation), ())
    found = (_model(inner) for inner in get_args(annotation))
    return next(((model, (*step, *steps)) for model, steps in found if model), (None, ()))


def _of_model(model: type[SpecModel], field: str) -> str:
    return f"{model.__name__}:{field}"


def _values(names: Sequence[str], annotation: Any) -> Sequence[Any]:
    known = [name for name in names if name in SAMPLES]
    return SAMPLES[known[0]] if known else _typed(annotation)


def _typed(annotation: Any) -> Sequence[Any]:
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return list(reversed(inner))
    if origin in (Union, types.UnionType):
        return [value for part in inner if part is not type(None) for value in _typed(part)]
    if origin in (list, tuple):
        return [[value] for value in _typed(inner[0])]
    if origin is dict or annotation is dict:
        return [{"k": value} for value in (_typed(inner[1]) if inner else ["v"])]
    if inner:  # Annotated
        return _typed(inner[0])
    plain: dict[Any, Sequence[Any]] = {
        bool: [True, False],
        int: [7, 3],
        str: ["sample", "other"],
    }
    return plain.get(annotation, ["sample", "other"])
