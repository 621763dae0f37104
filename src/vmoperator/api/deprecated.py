"""Fields that still act and that have a newer form: told to whoever writes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

_EULA = "a licence takes its place: spec.license"
_FIELDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "VMCluster": {"spec.vmstorage.vmBackup.acceptEULA": _EULA},
        "VMSingle": {
            "spec.vmBackup.acceptEULA": _EULA,
            "spec.vmAgentExternalLabelName": "its newer name is externalLabelName",
        },
        "VMAgent": {"spec.vmAgentExternalLabelName": "its newer name is externalLabelName"},
        "VMProbe": {
            "spec.targets.staticConfig": "its newer name is static",
            "spec.targets.ingress": "write an entry of kubernetes with role: ingress",
        },
    }
)
"""Kind -> path of the field -> what to write instead (go-operator.md 2, marked dep)."""


def deprecated(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """What to say of the older fields that a manifest sets: "spec.x: its newer name is y"."""
    known = _FIELDS.get(str(manifest.get("kind")), {})
    return tuple(_told(manifest, known))


def _told(manifest: Mapping[str, Any], known: Mapping[str, str]) -> Iterator[str]:
    for path, words in known.items():
        if _at(manifest, path) is not None:
            yield f"{path} is deprecated: {words}"


def _at(manifest: Any, path: str) -> Any:
    for step in path.split("."):
        manifest = manifest.get(step) if isinstance(manifest, Mapping) else None
    return manifest
