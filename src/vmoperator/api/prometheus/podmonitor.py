"""PodMonitor (monitoring.coreos.com/v1), read as a VMPodScrape."""

from __future__ import annotations

from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.translation import (
    Place,
    Table,
    kept,
    parts,
    same_anyway,
    translated,
)
from vmoperator.base.manifest import Manifest

_ENDPOINT: Table = {**scraping.ENDPOINT, "portNumber": kept(), "filterRunning": kept()}
_SPEC: Table = {
    "jobLabel": kept(),
    "podTargetLabels": kept(),
    "podMetricsEndpoints": parts(_ENDPOINT),
    # Who picks the targets, the API server or the program: an option of our agents.
    "selectorMechanism": same_anyway,
    **scraping.SELECTORS,
    "attachMetadata": scraping.attached,
    "bodySizeLimit": scraping.size,
    **scraping.LIMITS,
}


def converted(manifest: Manifest) -> Manifest:
    """The VMPodScrape that means the same. Raises SpecInvalid, which names the field of the
    PodMonitor."""
    return scraping.converted("VMPodScrape", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMPodScrape. Raises SpecInvalid."""
    return scraping.with_size(translated(given, _SPEC, place), "podMetricsEndpoints")
