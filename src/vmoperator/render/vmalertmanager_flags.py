"""Flags of a VMAlertmanager."""

from __future__ import annotations

import re

from vmoperator.api.vmalertmanager import VMAlertmanagerSpec
from vmoperator.base import names
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.config import Config
from vmoperator.render.flags import Flags
from vmoperator.render.vmalertmanager_config import FILE
from vmoperator.render.vmalertmanager_service import MESH_PORT
from vmoperator.render.vmalertmanager_web import GOSSIP_FILE, WEB_FILE
from vmoperator.render.workload import Scope

DATA = "/alertmanager"
_ADDRESS = re.compile(r"\S+:[0-9]+")


def alertmanager_flags(
    spec: VMAlertmanagerSpec, scope: Scope, config: Config, *, service: str, port: int
) -> Flags:
    """Everything that Alertmanager is told at its start; `service` is the one over its pods."""
    host = "127.0.0.1" if spec.listen_local else ""
    level = (spec.log_level or "info").lower()
    return {
        "config.file": config.path(FILE),
        "storage.path": DATA,
        "data.retention": spec.retention or "120h",
        "web.listen-address": f"{host}:{port}",
        "web.route-prefix": f"/{(spec.route_prefix or '').strip('/')}",
        "web.external-url": spec.external_url or None,
        "web.config.file": config.path(WEB_FILE) if WEB_FILE in config.files else None,
        "log.level": None if level == "info" else level,
        "log.format": spec.log_format,
        **_gossip_flags(spec, scope, service=service),
        "cluster.tls-config": config.path(GOSSIP_FILE) if GOSSIP_FILE in config.files else None,
    }


def _gossip_flags(spec: VMAlertmanagerSpec, scope: Scope, *, service: str) -> Flags:
    """One peer, the headless Service over all replicas, however many there are.

    Alertmanager resolves it again every 15 s and joins every address that is no member, so scaling
    restarts no replica, and those that were lost are found. It would also call lost addresses
    themselves, for 6 h; a replica never comes back under its old one, and whoever has that by then
    would be taken for one: docs/decisions/0005-alertmanagers-find-each-other-by-one-name.md.
    """
    field = "spec.additionalPeers"
    further = tuple(
        _address(peer, field=f"{field}[{place}]")
        for place, peer in enumerate(spec.additional_peers or ())
    )
    told = spec.cluster_advertise_address
    host = names.service_address(service, namespace=scope.namespace, domain=scope.domain)
    return {
        "cluster.listen-address": f"[$(POD_IP)]:{MESH_PORT}",
        "cluster.peer": (f"{host}:{MESH_PORT}", *further),
        "cluster.advertise-address": _address(told, field="spec.clusterAdvertiseAddress")
        if told
        else None,
        "cluster.reconnect-interval": "0s",
        "cluster.reconnect-timeout": "5m",
    }


def _address(text: str, *, field: str) -> str:
    if not _ADDRESS.fullmatch(text):
        raise SpecInvalid(field, f"{text!r} is no address; write host:port")
    return text
