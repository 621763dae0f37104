"""The operator's own options: defaults of images, resources and naming that users may override."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a component gets where the object says nothing (go-operator.md 3.0.4)."""

    image: str
    version: str
    port: str
    limits: Mapping[str, str]
    requests: Mapping[str, str]
    grace_seconds: int = 30


def _defaults(app: str, port: str, limits: tuple[str, str], requests: tuple[str, str]) -> Defaults:
    cpu_limit, memory_limit = limits
    cpu_request, memory_request = requests
    return Defaults(
        image=f"victoriametrics/{app}",
        version="v1.150.0-cluster",
        port=port,
        limits=MappingProxyType({"cpu": cpu_limit, "memory": memory_limit}),
        requests=MappingProxyType({"cpu": cpu_request, "memory": memory_request}),
    )


_COMPONENTS = MappingProxyType(
    {
        "vmselect": _defaults("vmselect", "8481", ("500m", "1000Mi"), ("100m", "500Mi")),
        "vminsert": _defaults("vminsert", "8480", ("500m", "500Mi"), ("150m", "200Mi")),
        "vmstorage": _defaults("vmstorage", "8482", ("1000m", "1500Mi"), ("250m", "500Mi")),
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
    pre_stop_sleep_seconds: int = 15
    """Native sleep before SIGTERM (VM_ENABLE_DEFAULT_PRESTOP_HOOK); 0 for none."""
