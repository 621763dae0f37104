"""The surroundings of an object where there is no cluster: what lies in the same files."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vmoperator.api import KINDS, parsed
from vmoperator.api.around import Known
from vmoperator.api.parent import Parent
from vmoperator.api.prometheus import CONVERTERS
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.errors import SpecInvalid

NO_UID = "00000000-0000-0000-0000-000000000000"

CONTENTS = ("Secret", "ConfigMap")
"""Kinds that are no objects of ours but that ours may name."""


def placed(document: Mapping[str, Any], namespace: str) -> dict[str, Any]:
    """The object with its namespace, and with a uid as the API server would have given it."""
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        return dict(document)
    return {**document, "metadata": {"namespace": namespace, "uid": NO_UID, **metadata}}


def known(objects: Sequence[Mapping[str, Any]], namespace: str) -> Known:
    """The Secrets and ConfigMaps of a namespace, and the sound parents, and objects that parents
    select, of all of them.

    What has no shape that Kubernetes would take is left out.
    """
    inside = [it for it in objects if _named(it) and it["metadata"].get("namespace") == namespace]
    found = list(_selected(objects))
    return Known(
        secrets={it["metadata"]["name"]: _secret(it) for it in inside if it["kind"] == "Secret"},
        config_maps={
            it["metadata"]["name"]: _texts(it.get("data"))
            for it in inside
            if it["kind"] == "ConfigMap"
        },
        parents=tuple(_sound(objects)),
        objects=tuple(it for kind, it in found if kind not in CONVERTERS),
        foreign=tuple(one for one in found if one[0] in CONVERTERS),
    )


def _named(manifest: Mapping[str, Any]) -> bool:
    metadata = manifest.get("metadata")
    is_named = isinstance(metadata, Mapping) and isinstance(metadata.get("name"), str)
    return is_named and isinstance(manifest.get("kind"), str)


def _secret(manifest: Mapping[str, Any]) -> dict[str, bytes]:
    plain = {key: text.encode() for key, text in _texts(manifest.get("stringData")).items()}
    return {**_decoded(_texts(manifest.get("data"))), **plain}


def _decoded(data: Mapping[str, str]) -> dict[str, bytes]:
    found = {}
    for key, text in data.items():
        try:
            found[key] = b64decode(text, validate=True)
        except NotBase64:
            continue
    return found


def _texts(data: Any) -> dict[str, str]:
    if not isinstance(data, Mapping):
        return {}
    return {key: text for key, text in data.items() if isinstance(text, str)}


def _sound(objects: Iterable[Mapping[str, Any]]) -> Iterable[Parent]:
    for manifest in objects:
        if manifest.get("kind") not in KINDS:
            continue
        try:
            yield parsed(manifest)
        except SpecInvalid:
            continue


def _selected(objects: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, SelectedObject]]:
    """Kind as it is written, and the object as it is read; without those that are wrong."""
    for manifest in objects:
        if not _named(manifest) or not is_selected(manifest["kind"]):
            continue
        try:
            yield manifest["kind"], read(manifest)
        except SpecInvalid:
            continue


def is_selected(kind: str) -> bool:
    """Whether parents select objects of this kind."""
    return kind in OBJECTS or kind in CONVERTERS


def read(manifest: Mapping[str, Any]) -> SelectedObject:
    """The typed object of a kind that parents select, whoever's it is. Raises SpecInvalid."""
    convert = CONVERTERS.get(manifest["kind"])
    return selected(convert(dict(manifest)) if convert else manifest)
