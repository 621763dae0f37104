"""Template engine: one Jinja template per Kubernetes kind shows the shape, values fill it.

Templates decide nothing, and no value ever becomes text: `{{ name | value }}` leaves a mark in
the YAML, and what is read from that has the value itself in its place. So no content (`yes`,
`: `, `#`, quotes, `{{`) can change the shape of a manifest, and a pod is not written and read
again on its way into a StatefulSet. A shape is read once: without the values there are few of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context

from vmoperator.base.manifest import Manifest, pruned

_VALUES = "values of this rendering"


@dataclass(frozen=True, slots=True)
class _Slot:
    """The place of a value."""

    number: int


class _Reader(yaml.CSafeLoader):
    """YAML in which `!value 3` is the place of the fourth of the given values."""


def _slot(reader: _Reader, node: yaml.ScalarNode) -> _Slot:
    del reader
    return _Slot(int(node.value))


_Reader.add_constructor("!value", _slot)


@lru_cache(maxsize=1000)
def _shape(text: str) -> Any:
    reader = _Reader(text)
    try:
        return reader.get_single_data()
    finally:
        reader.dispose()


def _filled(shape: Any, values: Sequence[Any]) -> Any:
    """The shape with the values in their places, without nulls in maps."""
    if isinstance(shape, _Slot):
        return pruned(values[shape.number])
    if isinstance(shape, dict):
        items = ((_filled(key, values), _filled(item, values)) for key, item in shape.items())
        return {key: item for key, item in items if item is not None}
    if isinstance(shape, list):
        return [_filled(item, values) for item in shape]
    return shape


@pass_context
def _mark(context: Context, value: Any) -> str:
    if isinstance(value, Undefined):
        return str(value)  # raises jinja2's own error, which names what was not given
    values: list[Any] = context[_VALUES]
    values.append(value)
    return f"!value {len(values) - 1}"


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vmoperator.render"), undefined=StrictUndefined, auto_reload=False
    )
    environment.filters["value"] = _mark
    return environment


_TEMPLATES = _environment()


def manifest(template: str, **given: Any) -> Manifest:
    """The manifest that `templates/<template>.yaml.j2` gives for these values, without nulls.

    Raises jinja2.UndefinedError when the template names a value that was not given.
    """
    values: list[Any] = []
    text = _TEMPLATES.get_template(f"{template}.yaml.j2").render({**given, _VALUES: values})
    filled: Manifest = _filled(_shape(text), values)
    return filled
