"""Intended: objects from files, as the API server would store them if they were applied."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.askers import Kin
from vmoperator.apply.contents import Foreign
from vmoperator.apply.dry_run import DryClient
from vmoperator.apply.transport import Call
from vmoperator.apply.world import World
from vmoperator.base.errors import Invalid, NotFound
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BY_KIND, CONFIG_MAP, PARENTS, PROMETHEUS, SECRET, SELECTED
from vmoperator.observe.merging import applied, last_applied, manager_for, merge_patch
from vmoperator.observe.objects import Selectable, selectable
from vmoperator.observe.outlook import Action, Fate, fate
from vmoperator.observe.parents import trimmed

KINDS: Final = {it.kind: it for it in (*PARENTS, *SELECTED, *PROMETHEUS, SECRET, CONFIG_MAP)}
"""Objects that passes read: of other kinds a file may hold what it likes."""

_DRY: Final = {"dryRun": "All", "fieldValidation": "Strict"}
"""As kubectl asks: a field that the definition does not know is refused."""
_STRICT: Final = "strict decoding error: "


@dataclass(frozen=True, slots=True)
class Intention:
    """An object of a file: what would become of it, and as what parents select it now and then."""

    fate: Fate
    old: Selectable | None
    new: Selectable | None


async def intend(client: DryClient, world: World, manifest: Mapping[str, Any]) -> Intention:
    """Put the object into the world as the API server would store it.

    Raises the ApiError with which the API server refuses it.
    """
    wanted = applied(manifest)
    ref = ref_of(wanted)
    live = await _live(client, ref)
    try:
        stored = await client.transport.manifest(_call(ref, wanted, live))
    except Invalid as error:
        raise Invalid(_without_dump(str(error)), status=error.status) from error
    old = world.objects.get(ref)
    _put(world, ref, stored)
    return Intention(_noticed(fate(ref, live, stored)), old, world.objects.get(ref))


def concerned(world: World, intention: Intention) -> frozenset[Ref]:
    """The parents that would take notice of the object, as they were last rehearsed."""
    ref = intention.fate.ref
    if intention.old or intention.new:
        return world.choosers.concerned(intention.old, intention.new, world.namespaces)
    asked = (ref, Kin(ref.kind, ref.namespace), Kin(ref.kind, ""))
    return frozenset(parent for thing in asked for parent in world.askers.of(thing))


def _noticed(found: Fate) -> Fate:
    """Nothing, where only what kubectl and the API server note down differs."""
    return Fate(ref=found.ref, action=Action.NONE) if found.action is Action.NOTE else found


def _without_dump(message: str) -> str:
    """The refusal without the object, which the API server repeats for a field that is unknown."""
    _, mark, words = message.rpartition(_STRICT)
    return f"{words} (no such field in this version)" if mark else message


async def _live(client: DryClient, ref: Ref) -> Manifest | None:
    path = BY_KIND[ref.kind].path(ref.namespace, ref.name)
    try:
        return await client.transport.manifest(Call(method="GET", path=path, words=f"get {ref}"))
    except NotFound:
        return None


def _call(ref: Ref, wanted: Manifest, live: Manifest | None) -> Call:
    last = last_applied(live) if live else None
    path = BY_KIND[ref.kind].path(ref.namespace, ref.name)
    if last is not None:
        return Call(
            method="PATCH",
            path=path,
            words=f"apply {ref}",
            body=merge_patch(last, wanted),
            content_type="application/merge-patch+json",
            query={**_DRY, "fieldManager": "kubectl-client-side-apply"},
        )
    return Call(
        method="PATCH",
        path=path,
        words=f"apply {ref}",
        body=wanted,
        content_type="application/apply-patch+yaml",
        query={**_DRY, "fieldManager": manager_for(live), "force": "true"},
        repeatable=True,
    )


def _put(world: World, ref: Ref, stored: Manifest) -> None:
    if KINDS[ref.kind] in PARENTS:
        world.parents.put(ref, trimmed(stored))
    elif KINDS[ref.kind] in (SECRET, CONFIG_MAP):
        # One that is not there yet has no version.
        version = stored["metadata"].setdefault("resourceVersion", "0")
        world.foreign.put(ref, Foreign(version))
        world.contents.put(ref, stored)
    else:
        world.objects.put(ref, selectable(stored))
