"""Template engine: one Jinja template per Kubernetes kind shows the shape, values fill it.

Templates decide nothing, and no value ever becomes text: `{{ name | value }}` leaves a mark in
the YAML, which its reader replaces by the value itself. So no content (`yes`, `: `, `#`, quotes,
`{{`) can change the shape of a manifest, and a pod is not written and read again on its way into
a StatefulSet.
"""

from __future__ import annotations

from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined, pass_context
from jinja2.runtime import Context

from vmoperator.base.manifest import Manifest, pruned

_VALUES = "values of this rendering"


class _Reader(yaml.CSafeLoader):
    """YAML in which `!value 3` is the fourth of the given values."""

    def __init__(self, text: str, values: list[Any]) -> None:
        super().__init__(text)
        self.values = values


def _given(reader: _Reader, node: yaml.ScalarNode) -> Any:
    return reader.values[int(node.value)]


_Reader.add_constructor("!value", _given)


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
    reader = _Reader(text, values)
    try:
        filled: Manifest = pruned(reader.get_single_data())
    finally:
        reader.dispose()
    return filled
