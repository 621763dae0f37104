"""Storage of a VMSingle: where its data lies, and the claim that keeps it."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

from vmoperator.api.storage import ClaimSpec
from vmoperator.api.vmsingle import VMSingleSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.quantity import quantity
from vmoperator.render import engine
from vmoperator.render.source import Source
from vmoperator.render.workload import Scope

VOLUME = "data"
_PATH = "/victoria-metrics-data"
_FIELD = "spec.storage"


def data_path(spec: VMSingleSpec) -> str:
    """Folder of the data (-storageDataPath), from the root."""
    return str(PurePosixPath("/", spec.storage_data_path or _PATH))


def data_volume(spec: VMSingleSpec, *, claim: str) -> tuple[Source, ...]:
    """The volume of the data, unless the user mounts one there.

    The claim of this name if there is one, a volume of the user's that is named data, or an
    emptyDir. Raises SpecInvalid for a folder of the user's choice that nothing is mounted at.
    """
    path, is_claimed = data_path(spec), has_claim(spec)
    if _is_mounted(spec, path):
        if is_claimed:
            message = f"your own volume at {path} keeps the data already: remove one of them"
            raise SpecInvalid(_FIELD, message)
        return ()
    if is_claimed:
        return (_source({"persistentVolumeClaim": {"claimName": claim}}, path),)
    if any(volume["name"] == VOLUME for volume in spec.volumes or ()):
        return (_source(None, path),)
    if path != _PATH:
        message = f"nothing is mounted at {path}: add storage, or volumes and volumeMounts"
        raise SpecInvalid("spec.storageDataPath", message)
    return (_source({"emptyDir": {}}, path),)


def has_claim(spec: VMSingleSpec) -> bool:
    """True if the operator makes a claim. Raises SpecInvalid for storage of no size."""
    if spec.storage is None:
        return False
    resources = spec.storage.resources
    size = ((resources and resources.requests) or {}).get("storage")
    if size is None:
        field = f"{_FIELD}.resources.requests.storage"
        raise SpecInvalid(field, 'say how large the volume shall be, such as "10Gi"')
    # Nothing asked for is no claim, as with the Go operator.
    return quantity(size) > 0


def data_claim(spec: VMSingleSpec, storage: ClaimSpec, scope: Scope, app: str) -> Manifest:
    """The PersistentVolumeClaim. It has no owner, so that the data outlives the object, unless the
    user wants it to go."""
    metadata = scope.metadata(app, scope.named(app), extra=spec.storage_metadata)
    if not spec.remove_pvc_after_delete:
        metadata = {key: value for key, value in metadata.items() if key != "ownerReferences"}
    made = {"accessModes": ["ReadWriteOnce"], **storage.manifest()}
    return engine.manifest("persistentvolumeclaim", metadata=metadata, spec=made)


def volume_group(spec: VMSingleSpec) -> int | None:
    """Group that the volume is given to (fsGroup), so that the program can write to it.

    A provisioner makes volumes that belong to root, as whom the image runs unless the user says
    otherwise; who does gets the group that the program runs with.
    """
    context = spec.security_context or {}
    group = context.get("runAsGroup") or context.get("runAsUser")
    return group if isinstance(group, int) and group else None


def _source(volume: dict[str, Any] | None, path: str) -> Source:
    return Source(field=_FIELD, name=VOLUME, volume=volume, mount_path=path)


def _is_mounted(spec: VMSingleSpec, path: str) -> bool:
    found = PurePosixPath(path)
    holders = {found, *found.parents}
    mounts = (str(mount["mountPath"]) for mount in spec.volume_mounts or ())
    return any(PurePosixPath(mount) in holders for mount in mounts)
