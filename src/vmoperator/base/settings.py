"""The operator's own options: defaults of images, resources and naming that users may override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a component gets where the object says nothing (go-operator.md 3.0.4)."""

    version: str
    port: str
    limits: Mapping[str, str]
    requests: Mapping[str, str]
    image: str = ""
    """Repository of the image."""
    grace_seconds: int = 30


_CLUSTER = "v1.150.0-cluster"
_VERSION = "v1.150.0"


def _defaults(
    version: str, port: str, limits: tuple[str, str], requests: tuple[str, str], **other: Any
) -> Defaults:
    cpu_limit, memory_limit = limits
    cpu_request, memory_request = requests
    return Defaults(
        version=version,
        port=port,
        limits=MappingProxyType({"cpu": cpu_limit, "memory": memory_limit}),
        requests=MappingProxyType({"cpu": cpu_request, "memory": memory_request}),
        **other,
    )


def _programs() -> dict[str, Defaults]:
    small, single = ("200m", "500Mi"), ("50m", "200Mi")
    return {
        "vmselect": _defaults(_CLUSTER, "8481", ("500m", "1000Mi"), ("100m", "500Mi")),
        "vminsert": _defaults(_CLUSTER, "8480", ("500m", "500Mi"), ("150m", "200Mi")),
        "vmstorage": _defaults(_CLUSTER, "8482", ("1000m", "1500Mi"), ("250m", "500Mi")),
        "vmsingle": _defaults(
            _VERSION,
            "8429",
            ("1200m", "1500Mi"),
            ("150m", "500Mi"),
            image="victoriametrics/victoria-metrics",
        ),
        "vmagent": _defaults(_VERSION, "8429", small, single),
        "vmalert": _defaults(_VERSION, "8080", small, single),
        "vmalertmanager": _defaults(
            "v0.31.1",
            "9093",
            ("100m", "256Mi"),
            ("30m", "56Mi"),
            image="prom/alertmanager",
            grace_seconds=120,
        ),
        "vmclusterlb-vmauth-balancer": _defaults(
            _VERSION,
            "8427",
            ("200m", "300Mi"),
            ("50m", "100Mi"),
            image="victoriametrics/vmauth",
        ),
        "vmbackupmanager": _defaults(
            f"{_VERSION}-enterprise", "8300", ("500m", "500Mi"), ("150m", "200Mi")
        ),
    }


_COMPONENTS = MappingProxyType(
    {
        app: defaults if defaults.image else replace(defaults, image=f"victoriametrics/{app}")
        for app, defaults in _programs().items()
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Options of the operator process that change what is rendered."""

    components: Mapping[str, Defaults] = field(default_factory=lambda: _COMPONENTS)
    container_registry: str = ""
    """Prefix for images whose repository names no registry (VM_CONTAINERREGISTRY)."""
    cluster_domain: str = ""
    """DNS suffix of the Kubernetes cluster (VM_CLUSTERDOMAINNAME); empty: the search list."""
    use_strict_security: bool = False
    use_default_resources: bool = True
    enable_tcp6: bool = False
    loopback: str = ""
    """Host by which containers of a pod reach each other (VM_LOOPBACK); empty: 127.0.0.1, with
    IPv6 localhost."""
    uses_old_backup_port_names: bool = False
    """Whether ports of vmbackupmanager are named http (VM_USE_OLD_BACKUP_RESTORE_PORT_NAMES)."""
    prefers_endpoint_slices: bool = False
    """Whether targets of a ServiceMonitor that names no role are found by EndpointSlices
    (VM_VMSERVICESCRAPEDEFAULT_ENFORCEENDPOINTSLICES)."""
    pre_stop_sleep_seconds: int = 15
    """Native sleep before SIGTERM (VM_ENABLE_DEFAULT_PRESTOP_HOOK); 0 for none."""
    common_labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Labels of every object that the operator makes; those of an object's spec win."""
    common_annotations: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Annotations of every object that the operator makes; those of an object's spec win."""
    disable_self_scrapes: bool = False
    """Whether no VMServiceScrape is made for what the operator runs, unless an object asks for
    one (VM_DISABLESELFSERVICESCRAPECREATION)."""
    shards_at_once: str = "25%"
    """How many shards of a VMAgent change side by side: a number, or a share, which is rounded up
    and at least 2."""
    resync_seconds: int = 0
    """All objects are gone through again so often, also if nothing has changed; 0: never
    (VM_FORCERESYNCINTERVAL)."""
    unread_kinds: tuple[str, ...] = ()
    """Kinds of the Prometheus operator that are left alone (VM_ENABLEDPROMETHEUSCONVERTER_...)."""
    namespaces: tuple[str, ...] = ()
    """Namespaces that the operator looks after; none named: all of them."""
