"""Volumes: the StorageClasses of claims, and why a claim has no volume yet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import STORAGE_CLASS
from vmoperator.observe.volumes import Volume

PATIENCE_SECONDS = 20.0
"""A claim is bound within seconds, or something is missing."""
_WITHOUT: Final = "whether one lets volumes grow is not known, so it is tried"
_SELECTED_NODE: Final = "volume.kubernetes.io/selected-node"


@dataclass(frozen=True, slots=True)
class Volumes:
    """Looks at claims during one pass; a class is read at most once, and only when it matters."""

    client: Client
    world: World
    _classes: dict[str, Manifest | None] = field(default_factory=dict, init=False)

    async def may_grow(self, name: str) -> bool:
        """Whether claims of that class may grow; where that cannot be read it can be tried.

        allowVolumeExpansion: https://kubernetes.io/docs/concepts/storage/storage-classes/
        """
        found = await self._class(name)
        return found is None or bool(found.get("allowVolumeExpansion"))

    async def version(self, name: str) -> str:
        """The resourceVersion of the class; empty where it cannot be read."""
        found = await self._class(name)
        return str(found["metadata"].get("resourceVersion", "")) if found else ""

    async def pending(self, volumes: Iterable[Volume]) -> tuple[str, ...]:
        """What to say of claims that have had no volume for too long; reads events, seldom."""
        late = [it for it in volumes if it.phase == "Pending" and not it.deleting]
        said = [await self._why(it) for it in late if seconds_since(it.created) > PATIENCE_SECONDS]
        return tuple(filter(None, said))

    async def _why(self, one: Volume) -> str:
        name = one.storage_class
        if await self._waits_for_pod(one):
            return ""  # which has its own words
        inquiries = self.world.inquiries
        await inquiries.ask(self.client, one.ref, one.uid, since=one.created)
        why = inquiries.words(one.uid)
        if not name:
            why = "it names no StorageClass, and there was no default one when it was made"
        of = f" of StorageClass {name}" if name else ""
        said = f"PersistentVolumeClaim {one.ref.name} has no volume{of} yet"
        return f"{said}: {why}" if why else said

    async def _waits_for_pod(self, one: Volume) -> bool:
        found = await self._class(one.storage_class)
        if not found or found.get("volumeBindingMode") != "WaitForFirstConsumer":
            return False
        annotations: Mapping[str, str] = one.manifest["metadata"].get("annotations") or {}
        return _SELECTED_NODE not in annotations

    async def _class(self, name: str) -> Manifest | None:
        if name and name not in self._classes:
            try:
                with self.world.withheld.asking(STORAGE_CLASS, _WITHOUT):
                    found = await self.client.get(STORAGE_CLASS, Ref("StorageClass", "", name))
            except (NotFound, Forbidden):
                found = {}
            self._classes[name] = found or None
        return self._classes.get(name)
