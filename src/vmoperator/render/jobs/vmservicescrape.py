"""VMServiceScrape: one job for each port of the Services."""

from __future__ import annotations

from typing import Any

from vmoperator.api.selected.vmservicescrape import ServiceEndpoint, VMServiceScrape
from vmoperator.render.jobs.discovery import agent_picks, kubernetes, namespaces, with_selectors
from vmoperator.render.jobs.matching import META, equals, selection
from vmoperator.render.jobs.rules import Rule, copied, job_label, object_labels, said
from vmoperator.render.jobs.scrape_class import attached
from vmoperator.render.jobs.shape import Shape, limited

_ROLES = {"endpointslices": "endpointslice"}
_PORT_NAMES = {
    "endpoints": f"{META}endpoint_port_name",
    "endpointslice": f"{META}endpointslice_port_name",
    "service": f"{META}service_port_name",
}
_ADDRESSES = {
    "endpoints": f"{META}endpoint_address",
    "endpointslice": f"{META}endpointslice_address",
}


def jobs(scrape: VMServiceScrape, shape: Shape) -> list[dict[str, Any]]:
    """The jobs of the endpoints. Raises SpecInvalid."""
    return [
        _job(scrape, endpoint, f"spec.endpoints[{place}]", shape)
        for place, endpoint in enumerate(scrape.spec.endpoints)
    ]


def _job(
    scrape: VMServiceScrape, endpoint: ServiceEndpoint, field: str, shape: Shape
) -> dict[str, Any]:
    spec, terms = scrape.spec, shape.terms
    role = _ROLES.get(spec.discovery_role or "", spec.discovery_role or shape.role)
    attach = attached(
        endpoint.attach_metadata,
        shape.chosen.attach_metadata,
        spec.attach_metadata,
    )
    searched = namespaces(spec.namespace_selector, shape.namespace, terms=terms)
    entry = kubernetes(role, searched, terms=terms, attach=attach)
    selector = spec.selector if agent_picks(terms) else None
    return {
        "kubernetes_sd_configs": [with_selectors(entry, spec.selector, terms=terms)],
        **limited(shape.scraping(endpoint, field=field), spec),
        "relabel_configs": [
            *selection(selector, "service", *_port(endpoint, role)),
            *_labels(scrape, endpoint, role),
            *shape.targets(endpoint.relabel_configs, field=f"{field}.relabelConfigs"),
            *shape.closing(),
        ],
        "metric_relabel_configs": shape.series(
            endpoint.metric_relabel_configs, field=f"{field}.metricRelabelConfigs"
        ),
    }


def _port(endpoint: ServiceEndpoint, role: str) -> list[str]:
    if endpoint.port:
        return [equals(_PORT_NAMES[role], endpoint.port)]
    port = endpoint.target_port
    # Behind the Service itself there is no pod with a port.
    if not port or role == "service":
        return []
    kind = "number" if str(port).isdecimal() else "name"
    return [equals(f"{META}pod_container_port_{kind}", str(port))]


def _labels(scrape: VMServiceScrape, endpoint: ServiceEndpoint, role: str) -> list[Rule]:
    spec = scrape.spec
    of_pods = role != "service"
    port = endpoint.port or endpoint.target_port
    return [
        *(_pod(role) if of_pods else []),
        copied(f"{META}namespace", "namespace"),
        copied(f"{META}service_name", "service"),
        *object_labels("service", spec.target_labels),
        *(object_labels("pod", spec.pod_target_labels) if of_pods else []),
        copied(f"{META}service_name", "job"),
        *job_label("service", spec.job_label),
        *([said("endpoint", str(port))] if port else []),
    ]


def _pod(role: str) -> list[Rule]:
    address = _ADDRESSES[role]
    # A target is a pod or a node; that it is a pod, discovery says by the name of the pod too.
    on_node = {"if": f"{{{equals(f'{address}_target_kind', 'Node')}}}"}
    return [
        {**on_node, **copied(f"{address}_target_name", "node")},
        copied(f"{META}pod_name", "pod"),
        copied(f"{META}pod_container_name", "container"),
    ]
