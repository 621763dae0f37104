"""Credentials: keys of users' Secrets and ConfigMaps as files of one projected volume.

The kubelet keeps the files as the Secrets are, and the programs read them again by themselves, so
a changed password reaches a program without a restart, and no copy of it is made anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.auth import ConfigMapKeySelector, SecretOrConfigMap
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.base.errors import Dangling, SpecInvalid
from vmoperator.render.source import Source

VOLUME = "credentials"
FOLDER = "/etc/vm/credentials"

KeySelector = SecretKeySelector | ConfigMapKeySelector


@dataclass(frozen=True, slots=True, order=True)
class _File:
    """One key of a Secret or ConfigMap."""

    kind: str
    name: str
    key: str

    @property
    def path(self) -> str:
        """Where it lies below the folder of all credentials."""
        folder = self.name if self.kind == "Secret" else f"configmap-{self.name}"
        return f"{folder}/{self.key}"


class Files:
    """The files of one workload's credentials, collected while its flags are made."""

    def __init__(self) -> None:
        self._is_optional: dict[_File, bool] = {}
        self._variables: dict[str, dict[str, Any]] = {}

    def add(self, file: _File, *, is_optional: bool, field: str) -> None:
        """Take a file in; whoever needs it makes it needed. Raises SpecInvalid for a taken path."""
        for other in self._is_optional:
            if other != file and other.path == file.path:
                message = f"{file.kind} {file.name} and {other.kind} {other.name} give one file"
                raise SpecInvalid(field, f"{message}, {file.path}; rename one of them")
        self._is_optional[file] = is_optional and self._is_optional.get(file, True)

    def variable(self, selector: KeySelector, *, field: str) -> str:
        """Name of the environment variable that holds a key; made from the path of the field."""
        name = re.sub(r"[^A-Z0-9]+", "_", field.removeprefix("spec.").upper())
        is_secret = isinstance(selector, SecretKeySelector)
        source = {"secretKeyRef" if is_secret else "configMapKeyRef": selector.manifest()}
        self._variables[name] = {"name": name, "valueFrom": source}
        return name

    @property
    def env(self) -> tuple[Mapping[str, Any], ...]:
        """What no file can hold, as environment variables (Workload.env)."""
        return tuple(self._variables.values())

    @property
    def mounts(self) -> tuple[Source, ...]:
        """The volume with all files (Workload.mounts); none if there is no file."""
        if not self._is_optional:
            return ()
        volume = {"projected": {"sources": self._projections()}}
        return (
            Source(field="spec", name=VOLUME, volume=volume, mount_path=FOLDER, is_read_only=True),
        )

    def _projections(self) -> list[dict[str, Any]]:
        by_source: dict[tuple[str, str, bool], list[_File]] = {}
        for file, is_optional in sorted(self._is_optional.items()):
            by_source.setdefault((file.kind, file.name, is_optional), []).append(file)
        return [_projection(*source, files) for source, files in by_source.items()]


def _projection(kind: str, name: str, is_optional: bool, files: list[_File]) -> dict[str, Any]:
    items = [{"key": file.key, "path": file.path} for file in files]
    source = {"name": name, "items": items, "optional": True if is_optional else None}
    return {"secret" if kind == "Secret" else "configMap": source}


def is_given(selector: KeySelector | None) -> bool:
    """True if a selector names something; Go clients write an unset one as `{key: ""}`."""
    return selector is not None and bool(selector.name or selector.key)


def credential(selector: KeySelector, *, field: str, around: Around, files: Files) -> str:
    """Path in the pod of the file that holds a key of a Secret or ConfigMap; `files` gets it.

    Raises SpecInvalid, which names the Secret and the key, for one that is not there, unless the
    selector is optional.
    """
    file = _file(selector, field=field)
    if not selector.optional:
        _refuse_missing(file, _data(file, around), field=field)
    files.add(file, is_optional=bool(selector.optional), field=field)
    return f"{FOLDER}/{file.path}"


def variable(selector: KeySelector, *, field: str, around: Around, files: Files) -> str:
    """`%{NAME}`, by which flags refer to an environment variable, here one that holds a key.

    For the few values that programs read from no file. Unlike a file it stays as it was when the
    pod started. Raises SpecInvalid as `credential` does.
    """
    checked(selector, field=field, around=around)
    return f"%{{{files.variable(selector, field=field)}}}"


def content(
    selector: SecretOrConfigMap | None, *, field: str, around: Around, files: Files
) -> str | None:
    """Like `credential`, for a key of either kind; None if neither is named."""
    chosen = chosen_selector(selector, field=field)
    if chosen is None:
        return None
    below, selected = chosen
    return credential(selected, field=f"{field}.{below}", around=around, files=files)


def chosen_selector(
    selector: SecretOrConfigMap | None, *, field: str
) -> tuple[str, KeySelector] | None:
    """Which of the two is set, by the name of its field. Raises SpecInvalid for both."""
    if selector is None or (selector.secret is None and selector.config_map is None):
        return None
    if selector.secret and selector.config_map:
        raise SpecInvalid(field, "set either secret or configMap")
    if selector.secret:
        return "secret", selector.secret
    return ("configMap", selector.config_map) if selector.config_map else None


def text(selector: KeySelector, *, field: str, around: Around, namespace: str = "") -> str:
    """The content of a key, for what programs do not read from files; spaces around it are cut.

    In the parent's namespace if none is named. Raises SpecInvalid for a Secret, ConfigMap or key
    that is not there, and for what is no text.
    """
    file = _file(selector, field=field)
    data = _data(file, around, namespace)
    _refuse_missing(file, data, field=field)
    value = (data or {})[file.key]
    if isinstance(value, str):
        return value.strip()
    try:
        return value.decode().strip()
    except UnicodeDecodeError as error:
        message = f"key {file.key} of {file.kind} {file.name} is no text in UTF-8"
        raise SpecInvalid(field, message) from error


def checked(selector: KeySelector, *, field: str, around: Around, namespace: str = "") -> None:
    """Raises SpecInvalid if a Secret or ConfigMap, or its key, is missing and not optional."""
    file = _file(selector, field=field)
    if not selector.optional:
        _refuse_missing(file, _data(file, around, namespace), field=field)


def _file(selector: KeySelector, *, field: str) -> _File:
    kind = "Secret" if isinstance(selector, SecretKeySelector) else "ConfigMap"
    if not selector.name:
        raise SpecInvalid(f"{field}.name", f"name the {kind}")
    if not selector.key:
        raise SpecInvalid(f"{field}.key", f"name the key in {kind} {selector.name}")
    return _File(kind, selector.name, selector.key)


def _data(
    file: _File, around: Around, namespace: str = ""
) -> Mapping[str, bytes] | Mapping[str, str] | None:
    read = around.secret if file.kind == "Secret" else around.config_map
    return read(file.name, namespace)


def _refuse_missing(
    file: _File, data: Mapping[str, bytes] | Mapping[str, str] | None, *, field: str
) -> None:
    if data is None:
        message = f"{file.kind} {file.name} does not exist in the namespace of the object"
        raise Dangling(field, f"{message}; create it with the key {file.key}")
    if file.key not in data:
        there = ", ".join(sorted(data)) or "none"
        raise Dangling(field, f"{file.kind} {file.name} has no key {file.key}; it has: {there}")
