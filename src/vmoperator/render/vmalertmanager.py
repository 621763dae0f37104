"""VMAlertmanager: one StatefulSet of Alertmanagers, whose replicas gossip with each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vmoperator.api.around import Around
from vmoperator.api.storage import EmbeddedObjectMetadata
from vmoperator.api.vmalertmanager import VMAlertmanager, VMAlertmanagerSpec
from vmoperator.api.vmalertmanager_web import WebConfig
from vmoperator.base import labels
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest, digest
from vmoperator.base.settings import Settings
from vmoperator.render import kind, objects
from vmoperator.render.config import Config
from vmoperator.render.credentials import Files
from vmoperator.render.plan import Plan
from vmoperator.render.strategies import stateful_strategy
from vmoperator.render.vmalertmanager_config import FILE, configuration, template_sources
from vmoperator.render.vmalertmanager_flags import DATA, alertmanager_flags
from vmoperator.render.vmalertmanager_service import MESH_PORT, NAME, operated_service
from vmoperator.render.vmalertmanager_web import (
    GOSSIP_FILE,
    WEB_FILE,
    asks_clients,
    gossip_file,
    web_file,
)
from vmoperator.render.workload import Port, Scope, Storage, Workload, port_number

APP = "vmalertmanager"
FIELD = "spec"
FOLDER = "/etc/alertmanager/config"
_NOBODY = 65534

_POD_IP = {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}}


def plan(parent: VMAlertmanager, settings: Settings, around: Around) -> Plan:
    """The plan of a VMAlertmanager. Raises SpecInvalid naming the field."""
    spec = parent.spec
    scope = replace(
        kind.scope(parent, settings, app=APP, licence=None),
        domain=spec.cluster_domain_name or settings.cluster_domain,
    )
    account = [] if spec.service_account_name else [objects.service_account(scope, APP)]
    operated = operated_service(parent, settings, around, app=APP)
    files = Files()
    whole = configuration(
        spec,
        secret=_config_secret(scope),
        version=_tag(spec, settings),
        around=around,
        files=files,
    )
    config = _config(spec, scope, around, files, whole.text)
    made = objects.plan([_workload(spec, scope, config, files)], shared=[*account, operated])
    _refuse_rivals(made.shared)
    return replace(made, picked=(whole.picked,))


def _workload(spec: VMAlertmanagerSpec, scope: Scope, config: Config, files: Files) -> Workload:
    port = port_number(spec.port or scope.settings.components[APP].port, field=f"{FIELD}.port")
    service = scope.named(APP)
    return Workload(
        scope=scope,
        kind="StatefulSet",
        app=APP,
        container="alertmanager",
        field=FIELD,
        spec=spec,
        dashes="--",
        takes_env_flags=False,
        defaults=alertmanager_flags(spec, scope, config, service=service, port=port),
        env=(_POD_IP, *files.env),
        ports=_MESH,
        http_port_name=spec.port_name or "web",
        listens_locally=bool(spec.listen_local),
        health_path="/-/healthy",
        path_prefix_flag="web.route-prefix",
        is_tls=bool(spec.web_config and spec.web_config.tls_server_config),
        probed_port=_probed_port(spec, port),
        version=spec.component_version,
        pod_metadata=_restarting(spec, config),
        config=config,
        storage=_storage(spec, scope),
        fs_group=_NOBODY if _is_claimed(spec) else None,
        mounts=(*template_sources(spec), *files.mounts),
        service=spec.service_spec,
        scrape=spec.service_scrape_spec,
        budget=spec.pod_disruption_budget,
        vpa=spec.vpa,
        network_policy=spec.network_policy,
        update=stateful_strategy(spec),
        rolling=spec.rolling_update_strategy_behavior,
        is_headless=True,
        # Replicas look each other up by this Service as soon as they run.
        publishes_not_ready=True,
        sleeps_before_stop=False,
    )


_MESH = (
    Port(name="tcp-mesh", number=MESH_PORT, container_name="mesh-tcp"),
    Port(name="udp-mesh", number=MESH_PORT, protocol="UDP", container_name="mesh-udp"),
)


def _config_secret(scope: Scope) -> str:
    return f"{scope.named(APP)}-config"


def _tag(spec: VMAlertmanagerSpec, settings: Settings) -> str:
    wanted = spec.image and spec.image.tag
    return wanted or spec.component_version or settings.components[APP].version


def _config(
    spec: VMAlertmanagerSpec, scope: Scope, around: Around, files: Files, text: str
) -> Config:
    written = {FILE: text}
    if spec.web_config:
        written[WEB_FILE] = web_file(spec.web_config, around=around, files=files)
    if spec.gossip_config:
        written[GOSSIP_FILE] = gossip_file(spec.gossip_config, around=around, files=files)
    reload_path = "/-/reload" if _takes_requests(spec) else ""
    return Config(
        secret=_config_secret(scope), mount_path=FOLDER, files=written, reload_path=reload_path
    )


def _restarting(spec: VMAlertmanagerSpec, config: Config) -> EmbeddedObjectMetadata | None:
    """Metadata of the pods, with a hash of what Alertmanager cannot take up while it runs."""
    web, given = spec.web_config, spec.pod_metadata or EmbeddedObjectMetadata()
    http = web and web.http_server_config
    fixed: Mapping[str, object] = {
        "gossip": config.files.get(GOSSIP_FILE),
        "http2": http and http.http2,
        "config": None if config.reload_path else config.files[FILE],
    }
    set_ones = {name: value for name, value in fixed.items() if value is not None}
    if not set_ones:
        return spec.pod_metadata
    mark = {labels.STARTED_WITH: digest(set_ones)}
    return given.model_copy(update={"annotations": {**(given.annotations or {}), **mark}})


def _probed_port(spec: VMAlertmanagerSpec, port: int) -> int | None:
    if spec.listen_local:
        return MESH_PORT
    return None if _takes_requests(spec) else port


def _takes_requests(spec: VMAlertmanagerSpec) -> bool:
    """False where neither the kubelet nor the operator gets an answer: they show no password and
    no certificate, and come from outside the pod."""
    web = spec.web_config or WebConfig()
    is_closed = bool(web.basic_auth_users) or asks_clients(web.tls_server_config)
    return not (spec.listen_local or is_closed)


def _storage(spec: VMAlertmanagerSpec, scope: Scope) -> Storage:
    return Storage(
        # Never the legacy name: the claims of a VMAlertmanager that has one are called this too.
        volume=f"{APP}-{scope.name}-db",
        mount_path=DATA,
        sub_path="alertmanager-db",
        spec=spec.storage,
        claims=tuple(spec.claim_templates or ()),
        retention=spec.persistent_volume_claim_retention_policy,
    )


def _is_claimed(spec: VMAlertmanagerSpec) -> bool:
    return bool(spec.storage and spec.storage.volume_claim_template)


def _refuse_rivals(shared: tuple[Manifest, ...]) -> None:
    named = [it["metadata"]["name"] for it in shared if it["kind"] == "Service"]
    if named.count(NAME) > 1:
        message = f"{NAME} is the Service over all VMAlertmanagers of the namespace"
        raise SpecInvalid(f"{FIELD}.serviceSpec.metadata.name", message)
