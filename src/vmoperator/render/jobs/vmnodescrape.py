"""VMNodeScrape: one job for the nodes of the cluster."""

from __future__ import annotations

from typing import Any

from vmoperator.api.selected.vmnodescrape import VMNodeScrape
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.jobs.discovery import agent_picks, kubernetes, with_selectors
from vmoperator.render.jobs.matching import META, selection
from vmoperator.render.jobs.rules import Rule, copied, job_label, object_labels, said
from vmoperator.render.jobs.shape import Shape


def jobs(scrape: VMNodeScrape, shape: Shape) -> list[dict[str, Any]]:
    """The one job. Raises SpecInvalid."""
    spec, terms = scrape.spec, shape.terms
    if terms.place.namespaces:
        message = "is for an operator that looks after the whole cluster, not chosen namespaces"
        raise SpecInvalid("spec", f"VMNodeScrape {message}: nobody may list nodes there")
    selector = spec.selector if agent_picks(terms) else None
    entry = kubernetes("node", None, terms=terms)
    job = {
        "kubernetes_sd_configs": [with_selectors(entry, spec.selector, terms=terms)],
        **shape.scraping(spec, field="spec"),
        "relabel_configs": [
            *selection(selector, "node"),
            *_labels(scrape),
            *shape.targets(spec.relabel_configs, field="spec.relabelConfigs"),
            *shape.closing(),
        ],
        "metric_relabel_configs": shape.series(
            spec.metric_relabel_configs, field="spec.metricRelabelConfigs"
        ),
    }
    return [job]


def _labels(scrape: VMNodeScrape) -> list[Rule]:
    spec, metadata = scrape.spec, scrape.metadata
    return [
        copied(f"{META}node_name", "node"),
        *object_labels("node", spec.target_labels),
        said("job", f"{metadata.namespace}/{metadata.name}"),
        *job_label("node", spec.job_label),
        *_port(spec.port),
    ]


def _port(port: str | None) -> list[Rule]:
    if not port:
        return []
    if not port.isdecimal() or not 0 < int(port) < 65536:
        raise SpecInvalid("spec.port", 'must be the number of a port, such as "9100"')
    address = "__address__"
    return [
        {
            "source_labels": [address],
            "regex": "(.*):.*",
            "target_label": address,
            "replacement": f"$1:{port}",
        }
    ]
