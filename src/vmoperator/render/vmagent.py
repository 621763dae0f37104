"""VMAgent: one agent, one for each share of the targets, or one on each node."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.vmagent import VMAgent, VMAgentSpec
from vmoperator.api.vmagent_remote_write import RemoteWriteSettings
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects, rbac
from vmoperator.render.api_token import api_token
from vmoperator.render.config import Config
from vmoperator.render.credentials import Files
from vmoperator.render.flags import Flags
from vmoperator.render.garbage import collected_rarely
from vmoperator.render.insert_ports import insert_ports
from vmoperator.render.jobs.mounts import mounts
from vmoperator.render.jobs.selection import Selected, selected_jobs
from vmoperator.render.jobs.terms import Place, terms
from vmoperator.render.plan import Plan
from vmoperator.render.program import shared_flags
from vmoperator.render.reloading import reload_flags
from vmoperator.render.remote_write import settings_flags, target_flags
from vmoperator.render.scrape import scrapes
from vmoperator.render.source import Source
from vmoperator.render.vmagent_files import CERTIFICATES, FOLDER, JOBS_FOLDER, Told, told
from vmoperator.render.vmagent_modes import is_sharded, mode, refuse_rivals, shards, strategy
from vmoperator.render.vmagent_queues import queues, storage
from vmoperator.render.workload import Scope, Workload

APP = "vmagent"


def plan(parent: VMAgent, settings: Settings, around: Around) -> Plan:
    """The plan of an agent. Raises SpecInvalid naming the field."""
    refuse_rivals(parent.spec)
    scope = kind.scope(parent, settings, app=APP, licence=parent.spec.license)
    selected = _selected(parent, scope, around)
    whole = collected_rarely(_workload(parent, scope, around, selected))
    return objects.plan(
        shards(whole, parent.spec) if is_sharded(parent.spec) else [whole],
        shared=_identity(parent.spec, scope),
        status=_status(parent.spec, scope),
        picked=selected.picked,
    )


def _selected(agent: VMAgent, scope: Scope, around: Around) -> Selected:
    spec = agent.spec
    if not scrapes(spec, by_default=True):
        return Selected()
    place = Place(
        folder=CERTIFICATES,
        # An account of the user's may have rights elsewhere.
        namespaces=() if spec.service_account_name else scope.settings.namespaces,
        is_on_every_node=bool(spec.daemon_set_mode),
        prefers_slices=scope.settings.prefers_endpoint_slices,
    )
    holding = terms(spec, agent.metadata, place, around)
    return selected_jobs(
        spec, holding, base=scope.named(APP), namespace=scope.namespace, around=around
    )


def _workload(agent: VMAgent, scope: Scope, around: Around, selected: Selected) -> Workload:
    spec, files, written = agent.spec, Files(), told(agent, around)
    ports, listeners = insert_ports(spec.insert_ports, field="spec.insertPorts")
    return Workload(
        scope=scope,
        kind=mode(spec),
        app=APP,
        field="spec",
        spec=spec,
        defaults={
            **shared_flags(APP, spec, scope),
            **listeners,
            **_remote_write(spec, around, files),
            **reload_flags(spec, around=around, files=files),
            **written.flags,
        },
        ports=ports,
        version=spec.component_version,
        pod_metadata=spec.pod_metadata,
        config=_config(spec, scope, written, selected),
        storage=storage(spec),
        mounts=(*files.mounts, *_mounts(spec, scope)),
        env=(*files.env, *_node_name(spec)),
        service=spec.service_spec,
        scrape=spec.service_scrape_spec,
        budget=spec.pod_disruption_budget,
        hpa=spec.hpa,
        vpa=spec.vpa,
        scale_target={
            "apiVersion": agent.api_version,
            "kind": agent.kind,
            "name": agent.metadata.name,
        },
        network_policy=spec.network_policy,
        update=strategy(spec),
        rolling=spec.stateful_rolling_update_strategy_behavior if spec.stateful_mode else None,
        is_headless=bool(spec.stateful_mode),
    )


def _remote_write(spec: VMAgentSpec, around: Around, files: Files) -> Flags:
    given, waiting = spec.remote_write_settings or RemoteWriteSettings(), queues(spec)
    return {
        **target_flags(spec.remote_write, given, waiting, around=around, files=files),
        **settings_flags(given, waiting),
    }


def _config(spec: VMAgentSpec, scope: Scope, written: Told, selected: Selected) -> Config | None:
    if not written.files:
        return None
    return Config(
        secret=scope.named(APP),
        mount_path=FOLDER,
        files=written.files,
        buckets=selected.buckets,
        reload_key=spec.config_reload_auth_key_secret,
    )


def _mounts(spec: VMAgentSpec, scope: Scope) -> tuple[Source, ...]:
    """What scraping takes: jobs, certificates, and the token by which targets are discovered."""
    if not scrapes(spec, by_default=True):
        return ()
    found = mounts(scope.named(APP), jobs=JOBS_FOLDER, certificates=CERTIFICATES)
    # No other container of the pod gets the token then.
    return (*found, api_token()) if spec.disable_automount_service_account_token else found


def _node_name(spec: VMAgentSpec) -> tuple[Mapping[str, Any], ...]:
    if not spec.daemon_set_mode:
        return ()
    field = {"fieldRef": {"fieldPath": "spec.nodeName"}}
    return ({"name": "KUBE_NODE_NAME", "valueFrom": field},)


def _identity(spec: VMAgentSpec, scope: Scope) -> list[Manifest]:
    """Account and rights of the pods; none for an account of the user's."""
    if spec.service_account_name:
        return []
    rights = rbac.discovery(scope, APP) if scrapes(spec, by_default=True) else []
    return [objects.service_account(scope, APP), *rights]


def _status(spec: VMAgentSpec, scope: Scope) -> dict[str, Any]:
    """Fields of the status that the scale subresource and the printer columns read."""
    selector = ",".join(f"{key}={value}" for key, value in sorted(scope.selector(APP).items()))
    count = spec.shard_count if is_sharded(spec) else 1
    replicas = 1 if spec.replica_count is None else spec.replica_count
    # Nodes decide about the number of a DaemonSet's pods.
    pods = {} if spec.daemon_set_mode else {"replicas": replicas}
    return {"shards": count, "selector": selector, **pods}
