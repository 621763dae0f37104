"""Manifests as plain data, and the identity of an object."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

Manifest: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Ref:
    """Identity of an object: its kind, namespace ("" when cluster-scoped) and name."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return (
            f"{self.kind} {self.namespace}/{self.name}"
            if self.namespace
            else f"{self.kind} {self.name}"
        )


def ref_of(manifest: Mapping[str, Any], kind: str = "") -> Ref:
    """The identity of a manifest; `kind` stands in where a list item carries none."""
    metadata = manifest["metadata"]
    return Ref(kind or manifest["kind"], metadata.get("namespace", ""), metadata["name"])


def pruned(value: Any) -> Any:
    """The value without nulls in maps, at any depth; empty maps and lists stay (`emptyDir: {}`)."""
    if isinstance(value, Mapping):
        return {
            # Most of what thousands of objects hold is text: it costs no call.
            key: item if type(item) is str else pruned(item)
            for key, item in value.items()
            if item is not None
        }
    if isinstance(value, list | tuple):
        return [item if type(item) is str else pruned(item) for item in value]
    return value


def digest(manifest: Mapping[str, Any]) -> str:
    """Hash of a manifest's content, the same whatever the order of its keys: 16 hex digits."""
    canonical = orjson.dumps(manifest, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(canonical).hexdigest()[:16]
