"""Queues of a VMAgent: the volume in which samples wait until their targets take them."""

from __future__ import annotations

from pathlib import PurePosixPath

from vmoperator.api.vmagent import VMAgentSpec
from vmoperator.base.quantity import quantity
from vmoperator.render.remote_write import Queues
from vmoperator.render.workload import Storage

_VOLUME = "persistent-queue-data"
_PATH = "/tmp/vmagent-remotewrite-data"  # noqa: S108  # a path in the container
_STATEFUL_PATH = "/vmagent_pq/vmagent-remotewrite-data"


def queues(spec: VMAgentSpec) -> Queues:
    """Folder of the queues, and the room there."""
    default = _STATEFUL_PATH if spec.stateful_mode else _PATH
    given = spec.remote_write_settings and spec.remote_write_settings.tmp_data_path
    path = PurePosixPath("/", given or default)
    return Queues(path=str(path), bytes=_claimed_bytes(spec))


def storage(spec: VMAgentSpec) -> Storage:
    """The volume of the queues: a claim, an emptyDir, or one of the user's.

    A mount of the user's at the folder or above it holds the queues; ours would hide it.
    """
    path = queues(spec).path
    stored = spec.stateful_storage if spec.stateful_mode else None
    return Storage(
        volume=_VOLUME,
        mount_path=path,
        spec=stored,
        claims=tuple(spec.claim_templates or ()) if spec.stateful_mode else (),
        retention=spec.persistent_volume_claim_retention_policy if spec.stateful_mode else None,
        field="spec.statefulStorage",
        is_elsewhere=stored is None and _is_mounted(spec, path),
    )


def _is_mounted(spec: VMAgentSpec, path: str) -> bool:
    holders = {str(holder) for holder in (PurePosixPath(path), *PurePosixPath(path).parents)}
    mounts = (str(mount["mountPath"]) for mount in spec.volume_mounts or ())
    return any(str(PurePosixPath(mount)) in holders for mount in mounts)


def _claimed_bytes(spec: VMAgentSpec) -> int | None:
    stored = spec.stateful_storage if spec.stateful_mode else None
    template = stored and stored.volume_claim_template
    resources = template and template.spec and template.spec.resources
    requests = (resources and resources.requests) or {}
    return int(quantity(requests["storage"])) if requests.get("storage") else None
