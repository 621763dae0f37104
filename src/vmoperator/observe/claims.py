"""Volume claims of a StatefulSet: the part of it that cannot be changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmoperator.base.manifest import Manifest
from vmoperator.base.quantity import quantity


@dataclass(frozen=True, slots=True)
class KeptClaims:
    """A StatefulSet's manifest with the live claims in it, and what the user should know of it."""

    manifest: Manifest
    messages: tuple[str, ...] = ()


def kept_claims(manifest: Manifest, live: tuple[Manifest, ...]) -> KeptClaims:
    """The manifest with the live volumeClaimTemplates where they mean something else.

    The API server refuses any other update of them (StatefulSet, forbidden fields); the rest of
    the spec must not wait for that.
    """
    if manifest["kind"] != "StatefulSet":
        return KeptClaims(manifest)
    wanted = manifest["spec"].get("volumeClaimTemplates") or []
    differing = _differing(wanted, live)
    if not differing and list(map(_name, wanted)) == list(map(_name, live)):
        return KeptClaims(manifest)
    spec = {**manifest["spec"], "volumeClaimTemplates": [_sendable(claim) for claim in live]}
    kept = {**manifest, "spec": spec}
    if not differing:  # merely in another order, which is as immutable
        return KeptClaims(kept)
    message = (
        f"StatefulSet {manifest['metadata']['name']}: its volume claims stay as they are"
        f" ({_told(live)}), for those of a running StatefulSet cannot be changed to"
        f" {_told(wanted)} yet ({', '.join(differing)})"
    )
    return KeptClaims(kept, (message,))


def _differing(wanted: Sequence[Manifest], live: Sequence[Manifest]) -> tuple[str, ...]:
    """What differs, as `vmstorage-db spec.resources.requests.storage`; whole claims by name."""
    wanted_by_name = {_name(claim): claim for claim in wanted}
    live_by_name = {_name(claim): claim for claim in live}
    found = [
        f"{name} {path}"
        for name in wanted_by_name.keys() & live_by_name.keys()
        for part in ("metadata", "spec")
        for path in _apart(wanted_by_name[name][part], live_by_name[name].get(part), part)
    ]
    return tuple(sorted([*found, *(wanted_by_name.keys() ^ live_by_name.keys())]))


def _apart(wanted: Any, live: Any, path: str) -> Iterator[str]:
    """Paths of what is wanted and does not stand in the live value, whatever defaults it adds."""
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        for key, value in wanted.items():
            yield from _apart(value, live.get(key), f"{path}.{key}")
    elif not _is_same(wanted, live):
        yield path


def _is_same(wanted: Any, live: Any) -> bool:
    if wanted == live or (not wanted and live is None):
        return True
    try:
        return live is not None and quantity(wanted) == quantity(live)
    except (ValueError, TypeError):
        return False


def _name(claim: Manifest) -> str:
    return str(claim["metadata"]["name"])


def _sendable(claim: Manifest) -> Manifest:
    metadata = {
        key: claim["metadata"][key]
        for key in ("name", "labels", "annotations")
        if claim["metadata"].get(key)
    }
    return {
        **{key: claim[key] for key in ("apiVersion", "kind") if key in claim},
        "metadata": metadata,
        "spec": claim["spec"],
    }


def _told(claims: Iterable[Manifest]) -> str:
    return ", ".join(map(_size, claims)) or "none"


def _size(claim: Manifest) -> str:
    requests = (claim["spec"].get("resources") or {}).get("requests") or {}
    return f"{claim['metadata']['name']} {requests.get('storage', 'of no size')}"
