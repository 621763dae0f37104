"""Volume claims, of a StatefulSet or on their own, as they are sent: what cannot be changed in
place stays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from vmoperator.base.manifest import Manifest, pruned
from vmoperator.base.quantity import quantity


@dataclass(frozen=True, slots=True)
class KeptClaims:
    """A manifest with the live claims in it, and what the user should know of that."""

    manifest: Manifest
    messages: tuple[str, ...] = ()
    hashed: Manifest | None = None
    """What stands for it in its hash, if not itself: what others enlarge must cost no write."""


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
    if manifest["kind"] != "StatefulSet" or is_same(manifest, live):
        return KeptClaims(manifest)
    spec = {**manifest["spec"], "volumeClaimTemplates": [_sendable(claim) for claim in live]}
    return KeptClaims({**manifest, "spec": spec})


def templates(manifest: Manifest) -> tuple[Manifest, ...]:
    """The claim templates of a StatefulSet; none of any other workload."""
    return tuple(manifest["spec"].get("volumeClaimTemplates") or ())


def is_same(manifest: Manifest, live: Sequence[Manifest]) -> bool:
    """Whether the live claim templates of a StatefulSet mean what was rendered, in its order."""
    wanted = templates(manifest)
    names = [[name_of(claim) for claim in claims] for claims in (wanted, live)]
    return names[0] == names[1] and not any(
        differing(*pair) for pair in zip(wanted, live, strict=True)
    )


def differing(wanted: Manifest, live: Manifest) -> tuple[str, ...]:
    """Paths of what is wanted of a claim and does not stand in the live one, whatever else does."""
    return tuple(
        path for part in ("metadata", "spec") for path in _apart(wanted[part], live.get(part), part)
    )


def _kept_claim(manifest: Manifest, live: Manifest, fields: bytes) -> KeptClaims:
    wanted, now = manifest["spec"], live["spec"]
    owned: Manifest = orjson.loads(fields or b"{}").get("f:spec") or {}
    sent = {key for key in now if key in wanted or f"f:{key}" in owned}
    frozen = {key for key in (*wanted, *sent) if key not in _MUTABLE}
    kept = {key: now[key] for key in sorted(frozen & sent)}
    stays = sorted(
        path
        for key in frozen & wanted.keys()
        for path in _apart(wanted[key], now.get(key), f"spec.{key}")
    )
    sizes = {key: wanted[key] for key in _MUTABLE if key in wanted}
    spec, hashed = {**sizes, **kept}, {**sizes, **kept}
    if _shrinks(wanted, now) and _is_sized(owned):
        spec = hashed = {**spec, "resources": now["resources"]}
        stays.append("spec.resources.requests.storage")
    elif _shrinks(wanted, now):
        spec["resources"] = _without_size(wanted["resources"])
    words = (_stays(manifest, path, wanted=wanted, now=now) for path in stays)
    final = {**manifest, "spec": pruned(spec)}
    return KeptClaims(final, tuple(words), hashed={**manifest, "spec": hashed})


def _is_sized(owned: Manifest) -> bool:
    """Whether we gave the claim its size: others, such as autoresizers, may make it larger."""
    return "f:storage" in ((owned.get("f:resources") or {}).get("f:requests") or {})


def _without_size(resources: Manifest) -> Manifest | None:
    requests = {key: size for key, size in resources["requests"].items() if key != "storage"}
    left = {**resources, "requests": requests or None}
    return {key: value for key, value in left.items() if value} or None


def _stays(manifest: Manifest, path: str, *, wanted: Manifest, now: Manifest) -> str:
    name, steps = manifest["metadata"]["name"], path.split(".")[1:]
    return (
        f"PersistentVolumeClaim {name}: {path} stays {shown(at(now, steps))}, for that of an"
        f" existing claim cannot change to {shown(at(wanted, steps))}"
    )


def at(value: Any, steps: Sequence[str]) -> Any:
    """What lies in a manifest at the end of these keys; None where nothing does."""
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def shown(value: Any) -> str:
    """A value as a message shows it."""
    if isinstance(value, str):
        return value
    return "unset" if value is None else orjson.dumps(value).decode()


def _shrinks(wanted: Manifest, live: Manifest) -> bool:
    sizes = [at(spec, ("resources", "requests", "storage")) for spec in (wanted, live)]
    try:
        return None not in sizes and quantity(sizes[0]) < quantity(sizes[1])
    except ValueError:
        return False  # the API server says what is wrong with it


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


def name_of(claim: Manifest) -> str:
    """The name of a claim, or of a claim template."""
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
