"""Backups: a vmbackupmanager beside a program that keeps data, and restores before it starts."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote_plus

from vmoperator.api.around import Around
from vmoperator.api.pod import PodFields
from vmoperator.api.vmbackup import VMBackup
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.settings import Settings
from vmoperator.render.credentials import checked, is_given
from vmoperator.render.flags import Flags
from vmoperator.render.pod import container
from vmoperator.render.probes import path_prefix, scheme
from vmoperator.render.program import shared_flags
from vmoperator.render.source import Source
from vmoperator.render.volumes import SECRETS, Volumes, volumes
from vmoperator.render.workload import Port, Workload

_APP = "vmbackupmanager"
_BACKUPER = "vmbackuper"
_CREDENTIALS = "/etc/vm/creds"
_VOLUME = "backup-credentials"
_RELEASE = re.compile(r"(v\d+\.\d+\.\d+)(-enterprise)?(-cluster)?")
# An init container that ends has neither of them (Kubernetes: Pod.spec.initContainers).
_OF_THE_RUNNING = ("startupProbe", "readinessProbe", "livenessProbe", "lifecycle")
_POD_NAME = {"name": "POD_NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """A backup to set up: of which program, and where its data lies."""

    backup: VMBackup
    workload: Workload
    field: str
    path: str
    is_one_of_many: bool


def backed_up(
    workload: Workload,
    backup: VMBackup | None,
    *,
    path: str,
    around: Around,
    is_one_of_many: bool = False,
) -> Workload:
    """The workload with the containers that back up its data at `path`, and restore it.

    Each pod of many backs up to a folder of its own name. Raises SpecInvalid without a licence or
    a destination, and for credentials that are not there.
    """
    if backup is None:
        return workload
    field = f"{workload.field}.vmBackup"
    job = _Job(
        backup=backup,
        workload=workload,
        field=field,
        path=path,
        is_one_of_many=is_one_of_many,
    )
    _refuse_without_licence(job)
    program = _program(job)
    mounts = Volumes(volumes=(), mounts=tuple(_mounts(job)), claims=())
    port = program.http.number
    before = [_restorer(job, program, mounts)] if _restores(backup) else []
    return replace(
        workload,
        beside=(*workload.beside, container(program, mounts)),
        before=(*workload.before, *before),
        ports=(*workload.ports, Port(name=_APP, number=port, target=port)),
        mounts=(*workload.mounts, *_credentials(job, around)),
    )


def _refuse_without_licence(job: _Job) -> None:
    if job.workload.scope.licence is None and not job.backup.accept_eula:
        message = "backups need the enterprise version: set spec.license"
        raise SpecInvalid(job.field, message)


def _restores(backup: VMBackup) -> bool:
    return bool(backup.restore and backup.restore.on_start and backup.restore.on_start.enabled)


def _program(job: _Job) -> Workload:
    """vmbackupmanager as a workload of its own, of which only the container is made."""
    backup, main = job.backup, job.workload
    is_old = main.scope.settings.uses_old_backup_port_names
    spec = PodFields(
        port=backup.port,
        image=backup.image,
        resources=backup.resources,
        use_default_resources=main.spec.use_default_resources,
        extra_args=backup.extra_args,
        extra_envs=backup.extra_envs,
        extra_envs_from=backup.extra_envs_from,
        security_context=main.spec.security_context,
        use_strict_security=main.spec.use_strict_security,
        pre_stop_sleep_seconds=0,
    )
    return replace(
        main,
        app=_APP,
        container=_BACKUPER,
        field=job.field,
        spec=spec,
        version=_version(main),
        defaults={**_flags(job), **_snapshots(job), **_schedule(backup)},
        appended={},
        ports=(),
        env=(_POD_NAME,),
        http_port_name="http" if is_old else "http-backup",
        has_liveness=True,
    )


def _restorer(job: _Job, program: Workload, mounts: Volumes) -> dict[str, Any]:
    is_old = job.workload.scope.settings.uses_old_backup_port_names
    name = "http" if is_old else "http-restore"
    restorer = replace(program, container="vmbackuper-restore", http_port_name=name)
    made = container(replace(restorer, defaults=_flags(job)), mounts)
    kept = {key: value for key, value in made.items() if key not in _OF_THE_RUNNING}
    return {**kept, "args": ["restore", *made["args"]]}


def _version(main: Workload) -> str:
    """That of the program itself; of vmbackupmanager there is no edition for clusters."""
    tag = main.spec.image and main.spec.image.tag
    release = _RELEASE.fullmatch(tag or main.version or main.scope.version or "")
    return f"{release[1]}-enterprise" if release else main.scope.settings.components[_APP].version


def _flags(job: _Job) -> Flags:
    """What backing up and restoring have in common."""
    backup, scope = job.backup, job.workload.scope
    concurrency, selector = backup.concurrency, backup.credentials_secret
    has_file = selector is not None and is_given(selector)
    return {
        **shared_flags(_APP, backup, scope),
        "eula": "true" if backup.accept_eula and scope.licence is None else None,
        "storageDataPath": job.path,
        "dst": _destination(job),
        "credsFilePath": f"{_CREDENTIALS}/{selector.key}" if selector and has_file else None,
        "customS3Endpoint": backup.custom_s3_endpoint or None,
        "concurrency": None if concurrency is None else str(concurrency),
    }


def _destination(job: _Job) -> str:
    destination = job.backup.destination
    if not destination:
        message = "say where backups go, such as s3://bucket/folder"
        raise SpecInvalid(f"{job.field}.destination", message)
    if not job.is_one_of_many or job.backup.destination_disable_suffix_add:
        return destination
    return f"{destination.rstrip('/')}/$(POD_NAME)/"


def _snapshots(job: _Job) -> Flags:
    """Where the program makes and deletes the snapshots that are backed up.

    With a URL of the user's for the one, vmbackupmanager makes the other from it.
    """
    create, delete = job.backup.snapshot_create_url, job.backup.snapshot_delete_url
    own = None if create else _snapshot_url(job)
    is_https = own is not None and own.startswith("https:")
    return {
        "snapshot.createURL": create or f"{own}",
        "snapshot.deleteURL": delete or None,
        # The certificate is that of the Service, and the pod itself is no name in it.
        "snapshot.tlsInsecureSkipVerify": "true" if is_https else None,
    }


def _snapshot_url(job: _Job) -> str:
    main = job.workload
    key = str(main.flags.get("snapshotAuthKey") or "")
    if key.startswith(("file:", "http:", "https:")):
        message = f"needs the key that {main.field}.extraArgs.snapshotAuthKey names: set the URL"
        raise SpecInvalid(f"{job.field}.snapshotCreateURL", message)
    query = f"?authKey={quote_plus(key)}" if key else ""
    address = f"{scheme(main)}://{_loopback(main.scope.settings)}:{main.http.number}"
    return f"{address}{path_prefix(main)}/snapshot/create{query}"


def _loopback(settings: Settings) -> str:
    """Host of a URL that leads to another container of the pod."""
    # A name has addresses of both families: one of them is what a pod has.
    host = settings.loopback or ("localhost" if settings.enable_tcp6 else "127.0.0.1")
    return f"[{host}]" if ":" in host else host


def _schedule(backup: VMBackup) -> Flags:
    disabled = {
        "disableHourly": backup.disable_hourly,
        "disableDaily": backup.disable_daily,
        "disableWeekly": backup.disable_weekly,
        "disableMonthly": backup.disable_monthly,
    }
    return {name: "true" if is_off else None for name, is_off in disabled.items()}


def _mounts(job: _Job) -> list[dict[str, Any]]:
    """The data and the licence, as the program has them; credentials; what the user adds."""
    key = job.workload.scope.licence and job.workload.scope.licence.key_ref
    licence = f"{SECRETS}/{key.name}" if key else None
    holders = {*_holders(job.path), licence}
    of_program = [it for it in volumes(job.workload).mounts if it["mountPath"] in holders]
    has_file = is_given(job.backup.credentials_secret)
    credentials = {"name": _VOLUME, "mountPath": _CREDENTIALS, "readOnly": True}
    users = [dict(mount) for mount in job.backup.volume_mounts or ()]
    taken = {mount["mountPath"] for mount in users}
    own = [*of_program, *([credentials] if has_file else ())]
    return [*(mount for mount in own if mount["mountPath"] not in taken), *users]


def _holders(path: str) -> tuple[str, ...]:
    """Folders at which a volume may be mounted that holds the path."""
    found = PurePosixPath(path)
    return tuple(str(folder) for folder in (found, *found.parents))


def _credentials(job: _Job, around: Around) -> list[Source]:
    selector = job.backup.credentials_secret
    if selector is None or not is_given(selector):
        return []
    field = f"{job.field}.credentialsSecret"
    checked(selector, field=field, around=around)
    secret = {"secretName": selector.name, "optional": selector.optional}
    return [Source(field=field, name=_VOLUME, volume={"secret": secret})]
