"""Growth: which claims shall become larger, which changes of claims are refused, how far it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vmoperator.base.labels import ALLOW_STORAGE_CHANGE, ALLOW_STORAGE_CLASS
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.claims import at, differing, name_of, shown, templates
from vmoperator.observe.database import TEMPLATE
from vmoperator.observe.facts import Child
from vmoperator.observe.volumes import Volume, bytes_of, volume

_SIZE = ("spec", "resources", "requests", "storage")
_CLASS = ("spec", "storageClassName")
# What of a claim may change while it is in use.
_IN_PLACE = ("metadata.", "spec.resources.requests.storage", "spec.volumeAttributesClassName")
_BY_HAND = "docs/storage.md says how to move the data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted of the claims of one template, or of one claim on its own."""

    name: str
    """As messages call it: the program, `vmstorage`; with the template where there are several."""
    wanted: Manifest
    """The claim, or the template of the claims."""
    volumes: tuple[Volume, ...]
    """Those that exist, for the pods that there shall be."""

    @property
    def size(self) -> str:
        """The size that is wanted, as a quantity; empty for none."""
        return str(at(self.wanted, _SIZE) or "")

    @property
    def short(self) -> tuple[Volume, ...]:
        """The claims that ask for less than is wanted, and can be asked to grow."""
        size = bytes_of(self.size)
        return tuple(
            it
            for it in self.volumes
            if bytes_of(it.requested) < size and it.phase == "Bound" and not it.deleting
        )


def wishes(
    name: str, manifest: Manifest, known: Callable[[Ref], Child | None], replicas: int
) -> tuple[Wish, ...]:
    """What the templates of a StatefulSet ask of the claims of so many pods.

    `known` gives the live claim of an identity. Claims of pods that were scaled away are left
    alone until there are such pods again.
    """
    metadata, wanted = manifest["metadata"], templates(manifest)
    return tuple(
        Wish(
            name=name if len(wanted) == 1 else f"{name} {name_of(template)}",
            wanted=template,
            volumes=tuple(
                volume(claim)
                for number in range(replicas)
                if (claim := known(claim_ref(metadata, name_of(template), number)))
            ),
        )
        for template in wanted
    )


def claim_ref(metadata: Mapping[str, Any], template: str, number: int) -> Ref:
    """The claim of one pod, as Kubernetes names it after template, StatefulSet and pod."""
    name = f"{template}-{metadata['name']}-{number}"
    return Ref("PersistentVolumeClaim", metadata["namespace"], name)


def refusals(
    manifest: Manifest, live: Child, wanted: Iterable[Wish], allowances: Mapping[str, str]
) -> tuple[str, ...]:
    """Why the claim templates of a StatefulSet cannot become what was rendered; none if they can.

    Everything that is refused would leave data behind, or is nothing that Kubernetes can do.
    `allowances` are the annotations of the parent, with which the user accepts some of it.
    """
    name = manifest["metadata"]["name"]
    former = {name_of(claim): claim for claim in live.claims}
    told = list(_replaced(manifest, former, allowances.get(ALLOW_STORAGE_CHANGE, "")))
    for wish in wanted:
        before = former.get(name_of(wish.wanted))
        if before is None:
            continue
        told.extend(_shrunk(wish, before))
        told.extend(
            f"StatefulSet {name}: {name_of(wish.wanted)} {path} stays {shown(at(before, steps))},"
            f" for that of existing claims cannot change to {shown(at(wish.wanted, steps))}:"
            f" {_way(path, wish)}{_BY_HAND}"
            for path in differing(wish.wanted, before)
            if (steps := path.split(".")) and not _is_allowed(path, wish, allowances)
        )
    return tuple(told)


def allowed_class(allowances: Mapping[str, str]) -> str:
    """The StorageClass that the user accepts for claims to come; empty for none."""
    return allowances.get(ALLOW_STORAGE_CLASS, "")


def _is_allowed(path: str, wish: Wish, allowances: Mapping[str, str]) -> bool:
    if path == ".".join(_CLASS):
        return bool(at(wish.wanted, _CLASS) == allowed_class(allowances))
    return path.startswith(_IN_PLACE)


def _replaced(manifest: Manifest, former: Iterable[str], left: str) -> Iterator[str]:
    name, wanted = manifest["metadata"]["name"], [name_of(it) for it in templates(manifest)]
    is_left = left.removeprefix(f"{TEMPLATE}/").split("/")[0]
    removed = [it for it in former if it not in (*wanted, is_left)]
    added = [it for it in wanted if it not in former]
    pods = manifest["spec"]["template"]["spec"]
    takes_over = added or any("emptyDir" in it for it in pods.get("volumes") or ())
    if removed and takes_over:
        yield (
            f"StatefulSet {name} keeps its claims {', '.join(removed)}, for without them its pods"
            f" would start with empty volumes: {_BY_HAND}"
        )
    strategy = (manifest["spec"].get("updateStrategy") or {}).get("type")
    if added and strategy == "RollingUpdate":
        yield (
            f"StatefulSet {name}: Kubernetes cannot add the claims {', '.join(added)} in a rolling"
            " update: leave rollingUpdateStrategy unset until every pod has its own"
        )


def _way(path: str, wish: Wish) -> str:
    if path != ".".join(_CLASS):
        return ""
    return f'annotate with {ALLOW_STORAGE_CLASS}: "{at(wish.wanted, _CLASS)}" for claims to come; '


def _shrunk(wish: Wish, before: Manifest) -> Iterator[str]:
    size = bytes_of(wish.size)
    if size >= bytes_of(str(at(before, _SIZE) or "")):
        return  # claims that others have made larger are no shrinking of the spec
    larger = [it for it in wish.volumes if bytes_of(it.requested) > size]
    if larger:
        most = max((it.requested for it in larger), key=bytes_of)
        yield (
            f"{wish.name}: its claims stay as large as they are, for no volume can shrink to"
            f" {wish.size}: set storage to {most} or more ({_names(larger)})"
        )


def cannot_grow(wish: Wish, volumes: Iterable[Volume], storage_class: str) -> str:
    """What to say of claims that should grow, but whose StorageClass does not let them."""
    found = tuple(volumes)
    sizes = ", ".join(sorted({it.requested for it in found}, key=bytes_of))
    return (
        f"{wish.name}: {_names(found)} cannot grow from {sizes} to {wish.size}, for StorageClass"
        f" {storage_class or 'none'} does not allow it: set its allowVolumeExpansion to true if its"
        f" driver can, or take the size back; {_BY_HAND}"
    )


def growing(wanted: Iterable[Wish]) -> tuple[str, ...]:
    """How far the claims are that were asked to grow; nothing of those that are large enough."""
    return tuple(filter(None, map(_progress, wanted)))


def _progress(wish: Wish) -> str:
    size = bytes_of(wish.size)
    asked = [it for it in wish.volumes if it.capacity and bytes_of(it.requested) >= size]
    small = [it for it in asked if bytes_of(it.capacity) < size]
    if not small:
        return ""
    hindered = (f"; {it.ref.name}: {_told(it.hindrance)}" for it in small if it.hindrance)
    done = (
        f"{wish.name}: {len(asked) - len(small)} of {len(asked)} claims have grown to {wish.size}"
    )
    return "".join((done, *hindered))


def elsewhere(wanted: Iterable[Wish]) -> tuple[str, ...]:
    """What to say of claims of another StorageClass than those that are made from now on."""
    return tuple(
        f"{wish.name}: {_names(former)} of another StorageClass stay, new claims are of"
        f" {storage_class}: {_BY_HAND}"
        for wish in wanted
        if (storage_class := at(wish.wanted, _CLASS))
        and (former := [it for it in wish.volumes if it.storage_class != storage_class])
    )


def changes_in_place(wish: Wish, one: Volume, selector: Mapping[str, str]) -> Manifest:
    """The merge patch that gives a claim what its template has gained beside the size."""
    wanted, live = wish.wanted, one.manifest
    patch: Manifest = {}
    for key in ("labels", "annotations"):
        has = live["metadata"].get(key) or {}
        lacks = {
            name: value
            for name, value in (wanted["metadata"].get(key) or {}).items()
            if has.get(name) != value and name not in selector
        }
        if lacks:
            patch.setdefault("metadata", {})[key] = lacks
    attributes = wanted["spec"].get("volumeAttributesClassName")
    if attributes and attributes != live["spec"].get("volumeAttributesClassName"):
        patch["spec"] = {"volumeAttributesClassName": attributes}
    return patch


def _names(volumes: Iterable[Volume]) -> str:
    names = [it.ref.name for it in volumes]
    kind = "PersistentVolumeClaim" if len(names) == 1 else "PersistentVolumeClaims"
    return f"{kind} {', '.join(names)}"


def _told(words: str) -> str:
    # The kubelet's and the driver's tries have numbers that differ in each.
    return re.sub(r"\s+", " ", words)[:300]
