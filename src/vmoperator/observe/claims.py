"""Volume claims, of a StatefulSet or on their own: what of them cannot be changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vmoperator.base.manifest import Manifest
from vmoperator.base.quantity import quantity


@dataclass(frozen=True, slots=True)
class KeptClaims:
    """A manifest with the live claims in it, and what the user should know of that."""

    manifest: Manifest
    messages: tuple[str, ...] = ()


# A claim's size may grow, and its class of attributes may change; everything else stays.
_MUTABLE = ("resources", "volumeAttributesClassName")


def kept_claims(manifest: Manifest, live: tuple[Manifest, ...], fields: bytes = b"") -> KeptClaims:
    """The manifest with the live claims where those mean something else.

    The API server refuses any other update of a StatefulSet's volumeClaimTemplates, and of a
    claim but for its growth; the rest must not wait for that. `fields` are those that are ours
    (fieldsV1): what was sent once is sent again, for to leave it out would be a change too.
    """
    if manifest["kind"] == "PersistentVolumeClaim":
        return _kept_claim(manifest, live[0], fields) if live else KeptClaims(manifest)
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


def _kept_claim(manifest: Manifest, live: Manifest, fields: bytes) -> KeptClaims:
    wanted, now = manifest["spec"], live["spec"]
    owned = (orjson.loads(fields or b"{}").get("f:spec") or {}).keys()
    sent = {key for key in now if key in wanted or f"f:{key}" in owned}
    frozen = {key for key in (*wanted, *sent) if key not in _MUTABLE}
    kept = {key: now[key] for key in sorted(frozen & sent)}
    stays = sorted(
        path
        for key in frozen & wanted.keys()
        for path in _apart(wanted[key], now.get(key), f"spec.{key}")
    )
    if _shrinks(wanted, now):
        kept["resources"] = now["resources"]
        stays.append("spec.resources.requests.storage")
    spec = {**{key: wanted[key] for key in _MUTABLE if key in wanted}, **kept}
    words = (_stays(manifest, path, wanted=wanted, now=now) for path in stays)
    return KeptClaims({**manifest, "spec": spec}, tuple(words))


def _stays(manifest: Manifest, path: str, *, wanted: Manifest, now: Manifest) -> str:
    name, steps = manifest["metadata"]["name"], path.split(".")[1:]
    return (
        f"PersistentVolumeClaim {name}: {path} stays {_shown(_at(now, steps))}, for that of an"
        f" existing claim cannot change to {_shown(_at(wanted, steps))}"
    )


def _at(value: Any, steps: Sequence[str]) -> Any:
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "unset" if value is None else orjson.dumps(value).decode()


def _shrinks(wanted: Manifest, live: Manifest) -> bool:
    sizes = [_at(spec, ("resources", "requests", "storage")) for spec in (wanted, live)]
    try:
        return None not in sizes and quantity(sizes[0]) < quantity(sizes[1])
    except ValueError:
        return False  # the API server says what is wrong with it


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
