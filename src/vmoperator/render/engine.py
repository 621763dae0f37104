"""Template engine: one Jinja template per Kubernetes kind, filled with values, read as YAML.

Templates decide nothing. Every value goes through `tojson`, and JSON is YAML, so that no
content (`yes`, `: `, `#`, quotes, `{{`) can change the shape of a manifest.
"""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from jinja2 import Environment, PackageLoader, StrictUndefined, Undefined

from vmoperator.base.manifest import Manifest, pruned

_NOT_PLAIN = re.compile(r"[^\x20-\x7e]")


def _escape(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _json(value: Any) -> str:
    """JSON in plain ASCII that YAML reads back as the same value.

    The escapes are YAML's: JSON writes an emoji as two surrogates, which YAML takes for two
    characters.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, default=_refused)
    return _NOT_PLAIN.sub(_escape, text)


def _refused(value: Any) -> str:
    # A value that was not given raises jinja2's own error, which names it.
    if isinstance(value, Undefined):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no place in a manifest: {value!r}")


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("vmoperator.render"),
        undefined=StrictUndefined,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    environment.filters["tojson"] = _json
    return environment


_TEMPLATES = _environment()


def manifest(template: str, **values: Any) -> Manifest:
    """The manifest that `templates/<template>.yaml.j2` gives for these values, without nulls.

    Raises jinja2.UndefinedError when the template names a value that was not given.
    """
    text = _TEMPLATES.get_template(f"{template}.yaml.j2").render(values)
    filled: Manifest = pruned(yaml.load(text, Loader=yaml.CSafeLoader))
    return filled
