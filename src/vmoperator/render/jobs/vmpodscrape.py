"""VMPodScrape: one job for each port of the pods."""

from __future__ import annotations

from typing import Any

from vmoperator.api.selected.vmpodscrape import PodEndpoint, VMPodScrape
from vmoperator.render.jobs.discovery import agent_picks, kubernetes, namespaces, with_selectors
from vmoperator.render.jobs.matching import META, equals, selection
from vmoperator.render.jobs.rules import Rule, copied, job_label, object_labels, said
from vmoperator.render.jobs.scrape_class import attached
from vmoperator.render.jobs.shape import Shape, limited

_GOES_ON = f"{META}pod_phase!~'Failed|Succeeded'"


def jobs(scrape: VMPodScrape, shape: Shape) -> list[dict[str, Any]]:
    """The jobs of the endpoints. Raises SpecInvalid."""
    return [
        _job(scrape, endpoint, f"spec.podMetricsEndpoints[{place}]", shape)
        for place, endpoint in enumerate(scrape.spec.pod_metrics_endpoints)
    ]


def _job(scrape: VMPodScrape, endpoint: PodEndpoint, field: str, shape: Shape) -> dict[str, Any]:
    spec, terms = scrape.spec, shape.terms
    attach = attached(
        endpoint.attach_metadata,
        shape.chosen.attach_metadata,
        spec.attach_metadata,
    )
    searched = namespaces(spec.namespace_selector, shape.namespace, terms=terms)
    entry = kubernetes("pod", searched, terms=terms, attach=attach)
    selector = spec.selector if agent_picks(terms) else None
    return {
        "kubernetes_sd_configs": [with_selectors(entry, spec.selector, terms=terms)],
        **limited(shape.scraping(endpoint, field=field), spec),
        "relabel_configs": [
            *selection(selector, "pod", *_conditions(endpoint)),
            *_labels(scrape, endpoint),
            *shape.targets(endpoint.relabel_configs, field=f"{field}.relabelConfigs"),
            *shape.closing(),
        ],
        "metric_relabel_configs": shape.series(
            endpoint.metric_relabel_configs, field=f"{field}.metricRelabelConfigs"
        ),
    }


def _conditions(endpoint: PodEndpoint) -> list[str]:
    goes_on = [] if endpoint.filter_running is False else [_GOES_ON]
    if endpoint.port:
        return [*goes_on, equals(f"{META}pod_container_port_name", endpoint.port)]
    port = endpoint.port_number or endpoint.target_port
    if not port:
        return goes_on
    kind = "number" if str(port).isdecimal() else "name"
    return [*goes_on, equals(f"{META}pod_container_port_{kind}", str(port))]


def _labels(scrape: VMPodScrape, endpoint: PodEndpoint) -> list[Rule]:
    spec, metadata = scrape.spec, scrape.metadata
    port = endpoint.port or endpoint.port_number or endpoint.target_port
    return [
        copied(f"{META}namespace", "namespace"),
        copied(f"{META}pod_container_name", "container"),
        copied(f"{META}pod_name", "pod"),
        *object_labels("pod", spec.pod_target_labels),
        said("job", f"{metadata.namespace}/{metadata.name}"),
        *job_label("pod", spec.job_label),
        *([said("endpoint", str(port))] if port else []),
    ]
