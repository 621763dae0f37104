"""VMSingle: victoria-metrics as one workload with its claim, its files and its rights."""

from __future__ import annotations

from collections.abc import Mapping

from vmoperator.api.around import Around
from vmoperator.api.vmsingle import VMSingle, VMSingleSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects, rbac, retention
from vmoperator.render.api_token import api_token
from vmoperator.render.config import Config
from vmoperator.render.credentials import Files
from vmoperator.render.flags import Flags
from vmoperator.render.insert_ports import insert_ports
from vmoperator.render.jobs.mounts import mounts
from vmoperator.render.jobs.selection import Selected, selected_jobs
from vmoperator.render.jobs.terms import Place, terms
from vmoperator.render.plan import Plan
from vmoperator.render.program import shared_flags
from vmoperator.render.reloading import reload_flags
from vmoperator.render.source import Source
from vmoperator.render.vmbackup import backed_up
from vmoperator.render.vmsingle_files import (
    CERTIFICATES,
    FOLDER,
    JOBS_FOLDER,
    discovers,
    file_flags,
    files,
)
from vmoperator.render.vmsingle_storage import (
    data_claim,
    data_path,
    data_volume,
    has_claim,
    volume_group,
)
from vmoperator.render.workload import Port, Scope, Workload, port_number

APP = "vmsingle"
_KNOWN_PORT = 8428
"""Where victoria-metrics listens of itself, and where people look for it."""


def plan(parent: VMSingle, settings: Settings, around: Around) -> Plan:
    """The plan of a VMSingle. Raises SpecInvalid naming the field."""
    spec = parent.spec
    if (spec.replica_count or 0) > 1:
        message = "a volume serves one pod; for more use a VMCluster"
        raise SpecInvalid("spec.replicaCount", message)
    scope = kind.scope(parent, settings, app=APP, licence=spec.license)
    selected = _selected(parent, scope, around)
    workload = _workload(parent, scope, around, selected)
    backed = backed_up(workload, spec.vm_backup, path=data_path(spec), around=around)
    shared = [*_identity(spec, scope), *_claim(spec, scope)]
    return objects.plan([backed], shared=shared, picked=selected.picked)


def _selected(single: VMSingle, scope: Scope, around: Around) -> Selected:
    spec = single.spec
    if not discovers(spec):
        return Selected()
    # An account of the user's may have rights elsewhere.
    namespaces = () if spec.service_account_name else scope.settings.namespaces
    place = Place(
        folder=CERTIFICATES,
        namespaces=namespaces,
        prefers_slices=scope.settings.prefers_endpoint_slices,
    )
    holding = terms(spec, single.metadata, place, around)
    return selected_jobs(
        spec, holding, base=scope.named(APP), namespace=scope.namespace, around=around
    )


def _workload(single: VMSingle, scope: Scope, around: Around, selected: Selected) -> Workload:
    spec, keys, written = single.spec, Files(), files(single, around)
    protocols, listeners = insert_ports(spec.insert_ports, field="spec.insertPorts")
    return Workload(
        scope=scope,
        kind="Deployment",
        app=APP,
        field="spec",
        spec=spec,
        defaults={
            **shared_flags(APP, spec, scope),
            **listeners,
            **_storage_flags(spec),
            **file_flags(spec, written),
            **reload_flags(spec, around=around, files=keys),
        },
        # Two pods cannot write to one volume, so the old one goes first.
        update={"type": "Recreate"},
        ports=(*_alias(spec, scope, protocols), *protocols),
        version=spec.component_version,
        pod_metadata=spec.pod_metadata,
        config=_config(spec, scope, written, selected),
        mounts=(*data_volume(spec, claim=scope.named(APP)), *keys.mounts, *_scraping(spec, scope)),
        env=keys.env,
        service=spec.service_spec,
        scrape=spec.service_scrape_spec,
        vpa=spec.vpa,
        network_policy=spec.network_policy,
        fs_group=volume_group(spec),
        # It may take long to open its data.
        has_liveness=False,
        # Nobody serves in its place while it sleeps.
        sleeps_before_stop=False,
    )


def _storage_flags(spec: VMSingleSpec) -> Flags:
    return {
        "storageDataPath": data_path(spec),
        "retentionPeriod": spec.retention_period,
        **retention.deduplication(spec.downsampling, spec.license),
        **retention.filters(
            spec.retention_filters,
            spec.license,
            field="spec.retentionFilters",
            whole=spec.retention_period,
        ),
    }


def _alias(spec: VMSingleSpec, scope: Scope, others: tuple[Port, ...]) -> tuple[Port, ...]:
    """A further port of the Service, at the number that the program's documents name."""
    number = port_number(spec.port or scope.settings.components[APP].port, field="spec.port")
    if _KNOWN_PORT in (number, *(port.number for port in others)):
        return ()
    return (Port(name="http-alias", number=_KNOWN_PORT, target=number),)


def _config(
    spec: VMSingleSpec, scope: Scope, written: Mapping[str, str], selected: Selected
) -> Config | None:
    if not written:
        return None
    return Config(
        secret=scope.named(APP),
        mount_path=FOLDER,
        files=written,
        buckets=selected.buckets,
        reload_key=spec.config_reload_auth_key_secret,
    )


def _scraping(spec: VMSingleSpec, scope: Scope) -> tuple[Source, ...]:
    """What scraping takes: jobs, certificates, and the token by which targets are discovered."""
    if not discovers(spec):
        return ()
    found = mounts(scope.named(APP), jobs=JOBS_FOLDER, certificates=CERTIFICATES)
    # No other container of the pod gets the token then.
    return (*found, api_token()) if spec.disable_automount_service_account_token else found


def _identity(spec: VMSingleSpec, scope: Scope) -> list[Manifest]:
    """Account and rights of the pod; none for an account of the user's."""
    if spec.service_account_name:
        return []
    rights = rbac.discovery(scope, APP) if discovers(spec) else []
    return [objects.service_account(scope, APP), *rights]


def _claim(spec: VMSingleSpec, scope: Scope) -> list[Manifest]:
    if spec.storage is None or not has_claim(spec):
        return []
    return [data_claim(spec, spec.storage, scope, APP)]
