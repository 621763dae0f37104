"""Merging: what `kubectl apply` would change in an object that it applied before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson

from vmoperator.base.labels import MANAGER
from vmoperator.base.manifest import Manifest

_COPY: Final = "kubectl.kubernetes.io/last-applied-configuration"
_KUBECTL: Final = "kubectl"
"""Field manager of `kubectl apply --server-side`."""
_SERVERS = (
    *("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp"),
    *("selfLink", "deletionTimestamp", "deletionGracePeriodSeconds"),
)


def applied(manifest: Mapping[str, Any]) -> Manifest:
    """What a user means to apply: the manifest without what only the API server writes."""
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in _SERVERS}
    # kubectl sets one annotation of its own, so that to name none takes none of others away.
    annotations = {k: v for k, v in (metadata.get("annotations") or {}).items() if k != _COPY}
    rest = {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": {**metadata, "annotations": annotations}}


def last_applied(live: Mapping[str, Any]) -> Manifest | None:
    """What `kubectl apply` was given last time; None where it never was, or from another side."""
    text = (live["metadata"].get("annotations") or {}).get(_COPY)
    if text is None or applier(live):
        return None
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return applied(found) if isinstance(found, dict) and "metadata" in found else None


def applier(live: Mapping[str, Any]) -> str:
    """The field manager that applies this object on the server's side; empty where none does."""
    managers = [
        str(entry.get("manager"))
        for entry in live["metadata"].get("managedFields") or ()
        if entry.get("operation") == "Apply" and not entry.get("subresource")
    ]
    return next((it for it in managers if not it.startswith(MANAGER)), "")


def manager_for(live: Mapping[str, Any] | None) -> str:
    """The field manager in whose name the object would be applied."""
    return (applier(live) if live else "") or _KUBECTL


def merge_patch(last: Mapping[str, Any], wanted: Mapping[str, Any]) -> Manifest:
    """The JSON merge patch (RFC 7386) of a three-way merge: everything that is wanted, and null
    for what was applied before and no longer is."""
    gone = {key: None for key in last if key not in wanted}
    return {**gone, **{key: _patch(last.get(key), value) for key, value in wanted.items()}}


def _patch(last: Any, wanted: Any) -> Any:
    if isinstance(last, Mapping) and isinstance(wanted, Mapping):
        return merge_patch(last, wanted)
    return wanted
