"""Configuration of a VMAlertmanager: the user's document, with templates, tracing and the objects
that it selects added.

The document stays as it stands, down to fields that the operator never heard of; only what it adds
is written anew. Alertmanager alone can check all of it: what would end it, and is easily seen, is
refused here, so that running pods keep the last good one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.auth import ConfigMapKeySelector
from vmoperator.api.picking import Picked
from vmoperator.api.vmalertmanager import VMAlertmanagerSpec
from vmoperator.base import names
from vmoperator.base.errors import Dangling, SpecInvalid
from vmoperator.base.manifest import digest
from vmoperator.render import credentials, documents
from vmoperator.render.copies import without_copies
from vmoperator.render.credentials import Files
from vmoperator.render.routes.merging import filled, merged, slots
from vmoperator.render.routes.selection import picked_configs
from vmoperator.render.source import Source
from vmoperator.render.vmalertmanager_routes import refuse_broken
from vmoperator.render.vmalertmanager_web import tracing

FILE = "alertmanager.yaml"
TEMPLATES = "/etc/vm/templates"
_NOBODY = "blackhole"


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """The whole configuration."""

    text: str
    """Text of alertmanager.yaml."""
    picked: Picked
    """The objects that were selected for it."""


def configuration(
    spec: VMAlertmanagerSpec, *, secret: str, version: str, around: Around, files: Files
) -> Configuration:
    """The configuration; `secret` is the name under which the operator keeps it, and `version` the
    tag of Alertmanager's image.

    Raises SpecInvalid for a document that is missing, broken, or that Alertmanager would refuse.
    """
    field, text = _given(spec, secret=secret, around=around)
    document = documents.loaded(text, field=field)
    if document is None:
        document = {}
    if not isinstance(document, dict):
        raise SpecInvalid(field, "must be a mapping: route, receivers, ...")
    appended = {} if "route" in document else _receiver_of_nobody(document, field=field)
    replaced = {
        **({} if "route" in document else {"route": {"receiver": _NOBODY}}),
        **_templates(spec, document, around),
        **_tracing(spec, around, files),
    }
    whole = _merged(document, replaced, appended)
    refuse_broken(whole, field=field)
    (picked,) = without_copies([picked_configs(spec, whole, version=version, around=around)])
    pieces = merged(picked.fragments, whole, size=len(text.encode()))
    longer = {key: [*appended.get(key, ()), *more] for key, more in slots(pieces).items()}
    appended = {**appended, **longer}
    if replaced or appended:
        text = documents.amended(text, replaced=replaced, appended=appended)
    return Configuration(
        text=f"{_mark(spec, around)}{filled(text, pieces)}", picked=picked.without(pieces.refused)
    )


def template_sources(spec: VMAlertmanagerSpec) -> tuple[Source, ...]:
    """The ConfigMaps of templates, each mounted as a folder."""
    named = {one.name: place for place, one in enumerate(spec.templates or ()) if one.name}
    return tuple(
        Source(
            field=f"spec.templates[{place}]",
            name=names.volume("templates", name),
            volume={"configMap": {"name": name}},
            mount_path=f"{TEMPLATES}/{name}",
            is_read_only=True,
        )
        for name, place in named.items()
    )


def _given(spec: VMAlertmanagerSpec, *, secret: str, around: Around) -> tuple[str, str]:
    if spec.config_secret:
        field = "spec.configSecret"
        if spec.config_secret == secret:
            raise SpecInvalid(field, f"{secret} is the Secret that the operator writes itself")
        return field, _secret_text(spec.config_secret, field=field, around=around)
    return "spec.configRawYaml", spec.config_raw_yaml or ""


def _secret_text(name: str, *, field: str, around: Around) -> str:
    data = around.secret(name)
    if data is None:
        message = f"Secret {name} does not exist in the namespace of the object"
        raise Dangling(field, f"{message}; create it with the key {FILE}")
    if FILE not in data:
        there = ", ".join(sorted(data)) or "none"
        raise Dangling(field, f"Secret {name} has no key {FILE}; it has: {there}")
    try:
        return data[FILE].decode()
    except UnicodeDecodeError:
        raise SpecInvalid(field, f"key {FILE} of Secret {name} is no text in UTF-8") from None


def _receiver_of_nobody(document: Mapping[str, Any], *, field: str) -> dict[str, list[Any]]:
    receivers = document.get("receivers") or []
    if not isinstance(receivers, list):
        raise SpecInvalid(field, "receivers: must be a list")
    is_there = any(isinstance(it, dict) and it.get("name") == _NOBODY for it in receivers)
    return {} if is_there else {"receivers": [{"name": _NOBODY}]}


def _templates(
    spec: VMAlertmanagerSpec, document: Mapping[str, Any], around: Around
) -> dict[str, list[str]]:
    """The document's templates; one of the same file name gives way to the ConfigMap's."""
    if not spec.templates:
        return {}
    paths = [_path(one, place, around) for place, one in enumerate(spec.templates)]
    by_name = {PurePosixPath(path).name: path for path in paths}
    own = document.get("templates") or []
    listed = own if isinstance(own, list) else [own]
    kept = [by_name.get(PurePosixPath(str(path)).name, str(path)) for path in listed]
    return {"templates": list(dict.fromkeys([*kept, *paths]))}


def _path(selector: ConfigMapKeySelector, place: int, around: Around) -> str:
    credentials.checked(selector, field=f"spec.templates[{place}]", around=around)
    return f"{TEMPLATES}/{selector.name}/{selector.key}"


def _tracing(spec: VMAlertmanagerSpec, around: Around, files: Files) -> dict[str, Any]:
    given = spec.tracing_config
    return {"tracing": tracing(given, around=around, files=files)} if given else {}


def _merged(
    document: Mapping[str, Any], replaced: Mapping[str, Any], appended: Mapping[str, list[Any]]
) -> dict[str, Any]:
    longer = {key: [*(document.get(key) or []), *more] for key, more in appended.items()}
    return {**document, **replaced, **longer}


def _mark(spec: VMAlertmanagerSpec, around: Around) -> str:
    """A comment that changes with the templates' content.

    Alertmanager reads templates when it loads this file, and tells by a hash of this file which
    one it has loaded: without the comment a changed template would never be asked for.
    """
    if not spec.templates:
        return ""
    found = {one.name or "": around.config_map(one.name or "") or {} for one in spec.templates}
    content = {
        f"{one.name}/{one.key}": found[one.name or ""].get(one.key) for one in spec.templates
    }
    return f"# templates {digest(content)}\n"
