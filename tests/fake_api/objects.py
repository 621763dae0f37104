"""The objects of the fake API server, their versions, and the history that watches replay."""

from __future__ import annotations

import copy
import datetime
import itertools
import uuid
from bisect import bisect
from dataclasses import dataclass, field
from typing import Any

from tests.fake_api import fields
from tests.fake_api.fields import Path
from vmoperator.base.resource import PARENTS

Manifest = dict[str, Any]
Key = tuple[str, str, str]
"""Collection (`apps/statefulsets`), namespace, name."""

_WITH_STATUS = {
    *(resource.kind for resource in PARENTS),
    *("StatefulSet", "Deployment", "DaemonSet", "Pod", "PodDisruptionBudget", "Service"),
    *("PersistentVolumeClaim", "HorizontalPodAutoscaler"),
}
_SCALED = ("StatefulSet", "Deployment")


@dataclass(frozen=True)
class Change:
    """One entry of the history; `before` is the object as it was, if it was."""

    version: int
    type: str
    key: Key
    object: Manifest
    before: Manifest | None


@dataclass
class Objects:
    """What etcd and the registry are to a real API server."""

    live: dict[Key, Manifest] = field(default_factory=dict)
    owners: dict[Key, dict[tuple[str, str, str], set[Path]]] = field(default_factory=dict)
    """Per object: (manager, operation, subresource) -> paths."""
    history: list[Change] = field(default_factory=list)
    denied: set[tuple[str, str]] = field(default_factory=set)
    """Verbs and resources that no service account may."""
    oldest: int = 0
    """Watches from before this version are told that it is gone."""
    _versions: itertools.count[int] = field(default_factory=lambda: itertools.count(101))
    version: int = 100

    def write(
        self, key: Key, manifest: Manifest, *, manager: str, subresource: str = ""
    ) -> Manifest:
        """Store the whole object, as PUT, POST and plain PATCH do."""
        before = self.live.get(key)
        after = self._kept(before, manifest, subresource)
        owners = self.owners.setdefault(key, {})
        changed = self._changed_paths(before, after)
        for owned in owners.values():
            owned -= changed
        current = fields.paths(after)
        writer = (manager, "Update", subresource)
        owners[writer] = (owners.get(writer, set()) | changed) & current
        return self._store(key, before, after)

    def apply(
        self, key: Key, manifest: Manifest, *, manager: str, force: bool, subresource: str = ""
    ) -> Manifest | list[str]:
        """Server-side apply; without force, the managers in conflict come back instead."""
        before = self.live.get(key)
        wanted = {k: v for k, v in manifest.items() if k != "status" or subresource}
        if subresource:
            wanted = {k: v for k, v in manifest.items() if k != "spec"}
        owners = self.owners.setdefault(key, {})
        writer = (manager, "Apply", subresource)
        new, old = fields.paths(wanted), owners.get(writer, set())
        after = fields.merged(before or {}, wanted)
        conflicts = self._conflicts(before, after, new, owners, writer)
        if conflicts and not force:
            return conflicts
        others = set().union(*(owned for who, owned in owners.items() if who != writer))
        after = fields.without(after, old - new - others)
        changed = self._changed_paths(before, after)
        for who, owned in owners.items():
            if who != writer:
                owned -= changed & new
        owners[writer] = new
        return self._store(key, before, after)

    def delete(self, key: Key) -> Manifest:
        """Take the object out, its dependents too (there is no garbage collector to wait for).

        A dependent with another owner loses no more than the reference.
        """
        gone = self.live.pop(key)
        self.owners.pop(key, None)
        self._record("DELETED", key, gone, gone)
        uid = gone["metadata"]["uid"]
        for other, manifest in list(self.live.items()):
            references = manifest["metadata"].get("ownerReferences") or ()
            left = [reference for reference in references if reference.get("uid") != uid]
            if other not in self.live or len(left) == len(references):
                continue
            if left:
                metadata = {**manifest["metadata"], "ownerReferences": left}
                self.write(other, {**manifest, "metadata": metadata}, manager="garbage-collector")
            else:
                self.delete(other)
        return gone

    def since(self, version: int) -> list[Change]:
        """What happened after that version, in order."""
        return self.history[bisect(self.history, version, key=lambda change: change.version) :]

    def _kept(self, before: Manifest | None, manifest: Manifest, subresource: str) -> Manifest:
        """The manifest with those parts that this kind of write must not change."""
        after = copy.deepcopy(manifest)
        if before is not None and subresource == "status":
            return {**copy.deepcopy(before), "status": after.get("status")}
        if after["kind"] in _WITH_STATUS and before is not None:
            after.pop("status", None)
            if "status" in before:
                after["status"] = copy.deepcopy(before["status"])
        return after

    def _store(self, key: Key, before: Manifest | None, after: Manifest) -> Manifest:
        metadata = after.setdefault("metadata", {})
        metadata.setdefault("name", key[2])
        if after["kind"] in _SCALED:
            after.get("spec", {}).setdefault("replicas", 1)
        if key[1]:
            metadata.setdefault("namespace", key[1])
        old = (before or {}).get("metadata", {})
        metadata["uid"] = old.get("uid") or str(uuid.uuid4())
        metadata["creationTimestamp"] = old.get("creationTimestamp") or _now()
        same = before is not None and _generated(before) == _generated(after)
        metadata["generation"] = old.get("generation", 0) + (0 if same else 1)
        metadata["resourceVersion"] = old.get("resourceVersion", "")
        metadata["managedFields"] = self._managed_fields(key, after["apiVersion"])
        if before == after:
            return before
        self._record("MODIFIED" if before else "ADDED", key, after, before)
        self.live[key] = after
        return after

    def _record(self, kind: str, key: Key, manifest: Manifest, before: Manifest | None) -> None:
        self.version = next(self._versions)
        recorded = {
            **manifest,
            "metadata": {**manifest["metadata"], "resourceVersion": str(self.version)},
        }
        manifest["metadata"]["resourceVersion"] = str(self.version)
        self.history.append(Change(self.version, kind, key, recorded, before))

    def _managed_fields(self, key: Key, api_version: str) -> list[Manifest]:
        return [
            {
                "manager": manager,
                "operation": operation,
                "apiVersion": api_version,
                "fieldsType": "FieldsV1",
                "fieldsV1": fields.as_tree(owned),
                **({"subresource": subresource} if subresource else {}),
            }
            for (manager, operation, subresource), owned in self.owners.get(key, {}).items()
            if owned
        ]

    @staticmethod
    def _changed_paths(before: Manifest | None, after: Manifest) -> set[Path]:
        flat_before, flat_after = _flat(before or {}), _flat(after)
        return {
            path
            for path in flat_before.keys() | flat_after.keys()
            if flat_before.get(path, ...) != flat_after.get(path, ...)
        }

    @classmethod
    def _conflicts(
        cls,
        before: Manifest | None,
        after: Manifest,
        new: set[Path],
        owners: dict[tuple[str, str, str], set[Path]],
        writer: tuple[str, str, str],
    ) -> list[str]:
        if before is None:
            return []
        changed = cls._changed_paths(before, after) & new
        return [who[0] for who, owned in owners.items() if who != writer and owned & changed]


def _flat(manifest: Manifest) -> dict[Path, Any]:
    return {path: _at(manifest, path) for path in fields.paths(manifest)}


def _at(value: Any, path: Path) -> Any:
    for index, part in enumerate(path):
        if part == ".":
            return True
        if part.startswith("k:"):
            field_name = path[index - 1].removeprefix("f:")
            value = next(item for item in value if fields._item(field_name, item) == part)
        else:
            value = value[part.removeprefix("f:")]
    return value


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _generated(manifest: Manifest) -> tuple[Any, Any]:
    """What makes a new generation where it changes: of a Deployment its annotations as well."""
    notes = (manifest.get("metadata") or {}).get("annotations") or {}
    return manifest.get("spec"), notes if manifest["kind"] == "Deployment" else {}
