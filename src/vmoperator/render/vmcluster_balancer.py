"""Load balancer of a VMCluster: a vmauth to which the Services of vminsert and vmselect lead.

The pods of both stand behind headless Services of their own then, `vminsertinternal-N` and
`vmselectinternal-N`, which tell vmauth their addresses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from vmoperator.api.embedded import ServiceSpec
from vmoperator.api.vmcluster import LoadBalancer, LoadBalancerSpec, VMClusterSpec
from vmoperator.base import labels, names
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.render import engine
from vmoperator.render.config import Config
from vmoperator.render.documents import dumped
from vmoperator.render.images import release
from vmoperator.render.probes import path_prefix, scheme
from vmoperator.render.program import shared_flags
from vmoperator.render.services import with_missing
from vmoperator.render.shapes import objects
from vmoperator.render.strategies import deployment_strategy
from vmoperator.render.workload import Scope, Workload

APP = "vmclusterlb-vmauth-balancer"
FIELD = "spec.requestsLoadBalancer"
_BASE = "vmclusterlb"
_FILE = "config.yaml"
_PATHS = {"vminsert": "/insert/.*", "vmselect": "/.*"}
"""App -> what it answers, the narrower pattern first: vmauth takes the first that fits."""


def internal_service(cluster: VMClusterSpec, app: str, scope: Scope) -> str:
    """Name of the Service over a component's pods where its own leads to the load balancer."""
    front = cluster.requests_load_balancer or LoadBalancer()
    is_direct = {
        "vminsert": front.disable_insert_balancing,
        "vmselect": front.disable_select_balancing,
    }
    if not front.enabled or is_direct[app]:
        return ""
    return names.internal(app, scope.name, legacy=scope.is_legacy_named)


def balancer(
    cluster: VMClusterSpec, scope: Scope, components: Sequence[Workload]
) -> tuple[Workload, ...]:
    """The workload of vmauth, if the cluster has one. Raises SpecInvalid for one without work."""
    front = cluster.requests_load_balancer
    if front is None or not front.enabled:
        return ()
    behind = {it.app: it for it in components if it.pods_service}
    if not behind:
        message = "nothing is balanced: there is no vminsert or vmselect, or both are disabled"
        raise SpecInvalid(FIELD, message)
    own = replace(
        scope,
        licence=front.spec.license if front.spec else None,
        licence_field=f"{FIELD}.spec.license",
        version=release(scope.version or ""),
    )
    made = _vmauth(front.spec or LoadBalancerSpec(), own, _routes(behind))
    return (replace(made, fronts=tuple(_front(it, made) for it in behind.values())),)


def _vmauth(spec: LoadBalancerSpec, scope: Scope, routes: Sequence[Mapping[str, Any]]) -> Workload:
    config = Config(
        secret=scope.named(_BASE),
        mount_path="/opt/vmauth-config",
        files={_FILE: dumped({"unauthorized_user": {"url_map": routes}})},
    )
    return Workload(
        scope=scope,
        kind="Deployment",
        app=APP,
        base=_BASE,
        container="vmauth",
        field=f"{FIELD}.spec",
        spec=spec,
        defaults={
            **shared_flags(APP, spec, scope),
            "auth.config": config.path(_FILE),
            "configCheckInterval": "30s",
            # A pod that leaves its Services goes on serving for 15 s: long enough to be noticed.
            "discoverBackendIPsInterval": "5s",
        },
        config=config,
        version=spec.component_version,
        pod_metadata=spec.pod_metadata,
        service=_as_default(spec.service_spec),
        scrape=spec.service_scrape_spec,
        service_labels={labels.PROXY: "vmauth"},
        budget=spec.pod_disruption_budget,
        hpa=spec.hpa,
        network_policy=spec.network_policy,
        update=deployment_strategy(spec, field=f"{FIELD}.spec"),
        has_liveness=False,
    )


def _as_default(given: ServiceSpec | None) -> ServiceSpec | None:
    return given.model_copy(update={"use_as_default": True}) if given else None


def _routes(behind: Mapping[str, Workload]) -> list[dict[str, Any]]:
    """url_map of vmauth: https://docs.victoriametrics.com/victoriametrics/vmauth/#auth-config."""
    return [
        {
            "src_paths": [f"{re.escape(path_prefix(behind[app]))}{pattern}"],
            "url_prefix": _pods(behind[app]),
            "discover_backend_ips": True,
        }
        for app, pattern in _PATHS.items()
        if app in behind
    ]


def _pods(component: Workload) -> str:
    scope = component.scope
    host = names.service_address(
        component.pods_service, namespace=scope.namespace, domain=scope.domain
    )
    # Completed by the resolver's search list, as those of storage nodes are.
    return f"{scheme(component)}://{host}:{component.http.number}"


def _front(component: Workload, vmauth: Workload) -> Manifest:
    """The Service that clients of the component know, which leads to vmauth."""
    given = component.service or ServiceSpec()
    chosen = given if given.use_as_default else ServiceSpec()
    scope = component.scope
    # A headless Service leads to no other port than its own.
    spec = {key: it for key, it in (chosen.spec or {}).items() if it != "None"}
    own = {"name": "http", "port": component.http.number, "targetPort": vmauth.http.number}
    field = f"{component.field}.serviceSpec.spec.ports"
    ports = [
        _led_on(port, component, vmauth)
        for port in objects(spec.get("ports"), field=field, keys=("name",))
    ]
    made = scope.metadata(component.app, component.service_name, extra=chosen.metadata)
    return engine.manifest(
        "service",
        metadata={**made, "labels": {**made["labels"], labels.PROXY: component.app}},
        spec={
            "type": "ClusterIP",
            **spec,
            "selector": vmauth.selector,
            "ports": with_missing(ports, [{**own, "protocol": "TCP"}]),
        },
    )


def _led_on(port: Mapping[str, Any], component: Workload, vmauth: Workload) -> Mapping[str, Any]:
    """A port of the user's: where it led to the component's HTTP port it leads to vmauth's."""
    target = port.get("targetPort", port.get("port"))
    is_http = target in (component.http.number, component.http_port_name)
    return {**port, "targetPort": vmauth.http.number} if is_http else port
