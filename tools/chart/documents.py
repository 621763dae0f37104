"""values.yaml, values.schema.json and the table of values, from the model of the values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from textwrap import wrap
from typing import Any

from pydantic.fields import FieldInfo

from chart.kubernetes_types import with_kubernetes_types
from chart.root import Root
from chart.values import Values
from generate.yaml_text import HEADER, yaml_text


def schema() -> str:
    """values.schema.json: every key that is not in the model, or not Kubernetes', is refused."""
    found = with_kubernetes_types(Root.model_json_schema(by_alias=True))
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_without_titles(found),
        "title": "Values of the chart vmoperator",
    }
    return json.dumps(document, indent=1) + "\n"


def values_yaml() -> str:
    """values.yaml: each default with its words above it."""
    return HEADER + "\n".join(_group(Root(), 0)) + "\n"


def table() -> str:
    """The table of values for the README."""
    rows = (f"| `{path}` | `{_shown(value)}` | {words} |" for path, value, words in rows_of(Root()))
    return "| value | default | what it is |\n|---|---|---|\n" + "\n".join(rows) + "\n"


def rows_of(values: Values, path: str = "") -> Iterator[tuple[str, Any, str]]:
    """Path, default and words of every value below a group."""
    for name, key, field in _fields(values):
        value = getattr(values, name)
        if isinstance(value, Values):
            yield from rows_of(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value, _words(field)


def _group(values: Values, depth: int) -> Iterator[str]:
    indent = "  " * depth
    for name, key, field in _fields(values):
        value = getattr(values, name)
        width = 98 - len(indent)
        yield from (f"{indent}# {line}" for line in wrap(_words(field), width))
        if isinstance(value, Values):
            yield f"{indent}{key}:"
            yield from _group(value, depth + 1)
        else:
            text = yaml_text({key: value}).rstrip("\n")
            yield from (indent + line for line in text.splitlines())


def _fields(values: Values) -> Iterator[tuple[str, str, FieldInfo]]:
    for name, field in type(values).model_fields.items():
        yield name, field.alias or name, field


def _words(field: FieldInfo) -> str:
    return " ".join((field.description or "").split())


def _shown(value: Any) -> str:
    return json.dumps(value)


def _without_titles(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: it for key, it in value.items() if key != "title" or not isinstance(it, str)}
        return {key: _without_titles(it) for key, it in kept.items()}
    return [_without_titles(it) for it in value] if isinstance(value, list) else value
