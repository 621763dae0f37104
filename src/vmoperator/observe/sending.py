"""Sending: a rendered child in the form in which it is sent, given what is live of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, digest
from vmoperator.observe.claims import KeptClaims, kept_claims
from vmoperator.observe.facts import Child
from vmoperator.observe.ownership import Path, intrusions, uncovered
from vmoperator.observe.parents import controller, parent_of_mark
from vmoperator.observe.takeover import with_fixed

_HEADLESS = "None"
_SPARE_DIGITS = 10
_SCALED = ("StatefulSet", "Deployment")
_REPLICAS: Path = ("f:spec", "f:replicas")


def owner_uid(manifest: Mapping[str, Any]) -> str:
    """uid of the parent that the child is to belong to; empty where it outlives every parent."""
    metadata = manifest["metadata"]
    marked = parent_of_mark(metadata)
    return marked[1] if marked else str(controller(metadata).get("uid", ""))


def is_shared(manifest: Mapping[str, Any]) -> bool:
    """Whether the child belongs to several parents, none of which controls it."""
    metadata = manifest["metadata"]
    return bool(metadata.get("ownerReferences")) and not controller(metadata)


def is_replaced(manifest: Manifest, live: Child) -> bool:
    """Whether a child has to be made anew: the API server keeps a Service's clusterIP as it is,
    and the role of a binding.

    Headless or not is what a load balancer in front of a cluster changes; whoever connects in the
    few milliseconds without a Service has to look its name up again.
    """
    if "roleRef" in manifest:
        return bool(live.role != manifest["roleRef"]["name"])
    if manifest["kind"] != "Service" or manifest["spec"].get("type") == "ExternalName":
        return False
    wanted = manifest["spec"].get("clusterIP")
    return bool(live.address) and (live.address == _HEADLESS) != (wanted == _HEADLESS)


def is_autoscaled(manifest: Mapping[str, Any]) -> bool:
    """Whether the number of replicas is left to somebody else: it is rendered without one."""
    return manifest["kind"] in _SCALED and "replicas" not in manifest["spec"]


def sent(manifest: Manifest, live: Child | None, *, first_replicas: int | None = None) -> Manifest:
    """The manifest with what cannot be changed in place, its own hash, and its replicas.

    Where an autoscaler decides, it starts with `first_replicas`; the live number is sent until
    somebody else owns the field, for leaving out what only we own sets it to 1. The hash does not
    count them, so that scaling is no difference.
    """
    manifest = with_fixed(manifest, live)
    kept = kept_claims(manifest, live.claims, live.fields) if live else KeptClaims(manifest)
    final = kept.manifest
    metadata = final["metadata"]
    hashed = _digest(kept.hashed or final)
    annotations = {**metadata.get("annotations", {}), labels.HASH: hashed}
    marked = {**final, "metadata": {**metadata, "annotations": annotations}}
    if not is_autoscaled(manifest) or (live and live.is_scaled_by_others):
        return marked
    return with_replicas(marked, live.replicas if live else first_replicas)


def rehearsed(manifest: Manifest, live: Child) -> Manifest:
    """The manifest as it would be sent once the live object is gone, under a name that nothing
    has and that is as long as its own, for names have limits."""
    name = manifest["metadata"]["name"]
    tail = digest({"name": name, "uid": live.uid})[:_SPARE_DIGITS][: len(name)]
    final = sent(manifest, None, first_replicas=live.replicas)
    return {**final, "metadata": {**final["metadata"], "name": f"{name[: -len(tail)]}{tail}"}}


def _digest(manifest: Manifest) -> str:
    """Hash of the manifest; data that stands in it with a hash of its own is not hashed again."""
    if labels.CONTENT_HASH not in manifest["metadata"].get("annotations", {}):
        return digest(manifest)
    return digest({**manifest, "data": sorted(manifest["data"])})


def with_replicas(manifest: Manifest, replicas: int | None) -> Manifest:
    """The manifest with so many replicas; as it is when they are unknown."""
    if replicas is None:
        return manifest
    return {**manifest, "spec": {**manifest["spec"], "replicas": replicas}}


def is_apart(manifest: Manifest, live: Child) -> bool:
    """Whether the live child was rendered or owned differently, or was touched by others."""
    wanted = sent(manifest, live)
    return (
        live.owner_uid != owner_uid(manifest)
        or live.digest != wanted["metadata"]["annotations"][labels.HASH]
        or bool(uncovered(wanted, live.fields))
        or bool(foreign_fields(manifest, live))
    )


def foreign_fields(manifest: Manifest, live: Child) -> tuple[Path, ...]:
    """Fields that others own, alone, where only what we rendered may stand."""
    found = intrusions(live.ref.kind, live.fields, live.foreign)
    if not is_autoscaled(manifest):
        return found
    return tuple(path for path in found if path[: len(_REPLICAS)] != _REPLICAS)
