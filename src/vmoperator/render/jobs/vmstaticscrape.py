"""VMStaticScrape: one job for each list of addresses."""

from __future__ import annotations

from typing import Any

from vmoperator.api.selected.vmstaticscrape import TargetEndpoint, VMStaticScrape
from vmoperator.base.manifest import pruned
from vmoperator.render.jobs.rules import said
from vmoperator.render.jobs.shape import Shape, limited


def jobs(scrape: VMStaticScrape, shape: Shape) -> list[dict[str, Any]]:
    """The jobs of the lists. Raises SpecInvalid."""
    return [
        _job(scrape, endpoint, f"spec.targetEndpoints[{place}]", shape)
        for place, endpoint in enumerate(scrape.spec.target_endpoints)
    ]


def _job(
    scrape: VMStaticScrape, endpoint: TargetEndpoint, field: str, shape: Shape
) -> dict[str, Any]:
    spec = scrape.spec
    targets = {"targets": endpoint.targets, "labels": endpoint.labels or None}
    return {
        "static_configs": [pruned(targets)],
        **limited(shape.scraping(endpoint, field=field), spec),
        "relabel_configs": [
            *([said("job", spec.job_name)] if spec.job_name else []),
            *shape.targets(endpoint.relabel_configs, field=f"{field}.relabelConfigs"),
            *shape.closing(),
        ],
        "metric_relabel_configs": shape.series(
            endpoint.metric_relabel_configs, field=f"{field}.metricRelabelConfigs"
        ),
    }
