"""Kept: a parent's specification with live values in place of those that guards refuse."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from vmoperator.api.storage import ClaimSpec, ClaimTemplate, EmbeddedObjectMetadata, StorageSpec
from vmoperator.api.vmcluster import VMCluster, VMStorage
from vmoperator.api.vmsingle import VMSingle, VMSingleSpec
from vmoperator.base.manifest import Manifest

Keeper: TypeAlias = VMCluster | VMSingle
"""Parents that keep samples."""

_RETENTION = "retentionPeriod"
_PATH = "storageDataPath"
# What the operator itself writes of a claim; the rest is the API server's.
_CLAIM_FIELDS = ("accessModes", "resources", "storageClassName")


def retention_field(parent: Keeper) -> str:
    """Path of the field that says how long samples are kept."""
    return _field(parent, _RETENTION, otherwise=f"spec.{_RETENTION}")


def place_field(parent: Keeper) -> str:
    """Path of the field that says where the data lies."""
    component = "spec.vmstorage" if isinstance(parent, VMCluster) else "spec"
    return _field(parent, _PATH, otherwise=f"{component}.storage")


def with_retention(parent: Keeper, retention: str) -> Keeper:
    """The parent with this retention, by whatever field; the program's default where empty."""
    extra = _without(_keeper(parent).extra_args, _RETENTION)
    return _changed(parent, {"extra_args": extra}, {"retention_period": retention or None})


def with_place(parent: Keeper, claim: Manifest, path: str) -> Keeper:
    """The parent with its data on this claim, or claim template, and in the folder `path`."""
    extra = _without(_keeper(parent).extra_args, _PATH)
    own = {"extra_args": extra, "storage_data_path": path}
    if isinstance(parent, VMSingle):
        kept = {key: claim["spec"][key] for key in _CLAIM_FIELDS if key in claim["spec"]}
        return _changed(parent, {**own, "storage": ClaimSpec.model_validate(kept)})
    template = ClaimTemplate(
        metadata=EmbeddedObjectMetadata.model_validate(claim["metadata"]),
        spec=ClaimSpec.model_validate(claim["spec"]),
    )
    return _changed(parent, {**own, "storage": StorageSpec(volume_claim_template=template)})


def with_nodes(
    parent: VMCluster, replicas: int, *, unwritten: Iterable[int], unread: Iterable[int]
) -> VMCluster:
    """The cluster with so many pods of vmstorage, some of which vminsert or vmselect leave out,
    beside those that the user has in maintenance; under an autoscaler with so many at most."""
    storage = parent.spec.vmstorage or VMStorage()
    update: dict[str, Any] = {
        "replica_count": replicas,
        "maintenance_insert_node_ids": _joined(storage.maintenance_insert_node_ids, unwritten),
        "maintenance_select_node_ids": _joined(storage.maintenance_select_node_ids, unread),
    }
    if storage.hpa is not None:
        del update["replica_count"]
        update["hpa"] = storage.hpa.model_copy(update={"max_replicas": replicas})
    changed = _changed(parent, update)
    assert isinstance(changed, VMCluster)
    return changed


def _keeper(parent: Keeper) -> VMStorage | VMSingleSpec:
    if isinstance(parent, VMSingle):
        return parent.spec
    return parent.spec.vmstorage or VMStorage()


def _changed(
    parent: Keeper, component: Mapping[str, Any], spec: Mapping[str, Any] | None = None
) -> Keeper:
    own = _keeper(parent).model_copy(update=dict(component))
    if isinstance(own, VMSingleSpec):
        whole: Any = own.model_copy(update=dict(spec or {}))
    else:
        whole = parent.spec.model_copy(update={**(spec or {}), "vmstorage": own})
    return parent.model_copy(update={"spec": whole})


def _field(parent: Keeper, flag: str, *, otherwise: str) -> str:
    extra = _keeper(parent).extra_args or {}
    component = "spec.vmstorage" if isinstance(parent, VMCluster) else "spec"
    given = (key for key in extra if key.lstrip("-") == flag)
    return next((f"{component}.extraArgs.{key}" for key in given), otherwise)


def _without(extra: Mapping[str, str] | None, flag: str) -> dict[str, str] | None:
    return {key: it for key, it in (extra or {}).items() if key.lstrip("-") != flag} or None


def _joined(own: Iterable[int] | None, more: Iterable[int]) -> list[int] | None:
    return sorted({*(own or ()), *more}) or None
