"""Commands that need no cluster: `render` shows what an object becomes, `crds` the definitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

import yaml

from vmoperator.api import KINDS, parsed
from vmoperator.api.around import Around
from vmoperator.api.crd import definitions
from vmoperator.api.prometheus.origins import original, without_effect
from vmoperator.api.selected import OBJECTS
from vmoperator.api.unknown import unknown
from vmoperator.api.unsupported import unsupported
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.files import Unreadable, documents
from vmoperator.offline import CONTENTS, is_selected, known, placed, read
from vmoperator.render import plan

_WIDTH = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Streams:
    """Where a command reads, writes and complains."""

    stdin: TextIO
    stdout: TextIO
    stderr: TextIO


@dataclass(frozen=True, slots=True)
class _Desk:
    """Where `render` writes, and the settings that it renders by."""

    streams: Streams
    settings: Settings


def render(
    paths: Sequence[str], *, namespace: str, streams: Streams, settings: Settings | None = None
) -> int:
    """Writes every child of the objects in the files; exit code 1 if any object or file is bad.

    Secrets, ConfigMaps and parents of the same namespace that the files hold are what an object
    finds in its namespace; it selects all objects of the files that parents select, of all labels.
    """
    exit_code, found, desk = 0, [], _Desk(streams, settings or Settings())
    for path in paths:
        name = "stdin" if path == "-" else path
        try:
            found += [(name, document) for document in documents(path, streams.stdin)]
        except Unreadable as error:
            streams.stderr.write(f"{name}: {error}\n")
            exit_code = 1
    objects = [(name, placed(it, namespace) if _is_object(it) else it) for name, it in found]
    world = [it for _, it in objects if _is_object(it)]
    for name, document in objects:
        exit_code |= _render_one(document, world, name, desk)
    return exit_code


def crds(streams: Streams) -> int:
    """Writes the CustomResourceDefinitions of all kinds."""
    _write(definitions(), streams.stdout)
    return 0


def _is_object(document: Any) -> bool:
    return isinstance(document, Mapping)


def _render_one(document: Any, world: Sequence[Mapping[str, Any]], path: str, desk: _Desk) -> int:
    streams = desk.streams
    if not _is_object(document):
        streams.stderr.write(f"{path}: a document is no object with kind and metadata\n")
        return 1
    kind, metadata = document.get("kind"), document.get("metadata")
    if kind in CONTENTS:
        return 0
    if isinstance(kind, str) and is_selected(kind) and isinstance(metadata, Mapping):
        return _read_selected(
            document, f"{path}: {kind} {metadata.get('name', '(no name)')}", streams
        )
    if not isinstance(kind, str) or kind not in KINDS:
        known_kinds = ", ".join(KINDS)
        it = kind or "an object without a kind"
        streams.stderr.write(f"{path}: skipped {it}: not {known_kinds}\n")
        return 0
    if not isinstance(metadata, Mapping):
        streams.stderr.write(f"{path}: {kind}: metadata: must be an object\n")
        return 1
    label = f"{path}: {kind} {metadata['namespace']}/{metadata.get('name', '(no name)')}"
    return _render_parent(document, known(world, metadata["namespace"]), label, desk)


def _read_selected(document: Mapping[str, Any], label: str, streams: Streams) -> int:
    kind = document["kind"]
    try:
        read(document)
    except SpecInvalid as error:
        streams.stderr.write(f"{label}: {original(document, error)}\n")
        return 1
    for field in unknown(document, OBJECTS[kind]) if kind in OBJECTS else ():
        streams.stderr.write(f"{label}: {field} is no field of a {kind}\n")
    for field in without_effect(document):
        streams.stderr.write(f"{label}: {field} has no effect here\n")
    return 0


def _render_parent(document: Mapping[str, Any], around: Around, label: str, desk: _Desk) -> int:
    streams = desk.streams
    try:
        parent = parsed(document)
        made = plan(parent, desk.settings, around)
    except SpecInvalid as error:
        streams.stderr.write(f"{label}: {error}\n")
        return 1
    for field in unknown(document, KINDS[parent.kind]):
        streams.stderr.write(f"{label}: {field} is no field of a {parent.kind}\n")
    for field in unsupported(parent):
        streams.stderr.write(f"{label}: {field} does not act yet\n")
    _write(made.manifests, streams.stdout)
    refused = [it for picked in made.picked for it in picked.fragments if it.refusal]
    for fragment in refused:
        streams.stderr.write(f"{label}: {fragment.ref}: {fragment.refusal}\n")
    return 1 if refused else 0


def _write(manifests: Iterable[Manifest], stream: TextIO) -> None:
    yaml.dump_all(
        manifests,
        stream,
        Dumper=yaml.CSafeDumper,
        explicit_start=True,
        sort_keys=False,
        allow_unicode=True,
        width=_WIDTH,
    )
