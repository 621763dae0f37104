"""Volume claims of a StatefulSet: the part of it that cannot be changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    if _alike(wanted, live):
        return KeptClaims(manifest)
    name = manifest["metadata"]["name"]
    message = (
        f"StatefulSet {name}: its volume claims stay as they are ({_told(live)}), for a claim of a"
        f" running StatefulSet cannot be changed to {_told(wanted)} yet"
    )
    spec = {**manifest["spec"], "volumeClaimTemplates": [_sendable(claim) for claim in live]}
    return KeptClaims({**manifest, "spec": spec}, (message,))


def _alike(wanted: list[Manifest], live: tuple[Manifest, ...]) -> bool:
    by_name = {claim["metadata"]["name"]: claim for claim in live}
    return len(wanted) == len(live) and all(
        _within(claim["spec"], by_name.get(claim["metadata"]["name"], {}).get("spec"))
        for claim in wanted
    )


def _within(wanted: Any, live: Any) -> bool:
    """Whether everything that is wanted stands in the live value, whatever defaults it adds."""
    if isinstance(wanted, Mapping):
        return isinstance(live, Mapping) and all(
            _within(value, live.get(key)) for key, value in wanted.items()
        )
    if wanted == live:
        return True
    try:
        return live is not None and quantity(wanted) == quantity(live)
    except (ValueError, TypeError):
        return False


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
