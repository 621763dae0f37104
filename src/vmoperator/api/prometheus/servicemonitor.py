"""ServiceMonitor (monitoring.coreos.com/v1), read as a VMServiceScrape."""

from __future__ import annotations

from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.translation import (
    Place,
    Table,
    kept,
    lowered,
    parts,
    same_anyway,
    translated,
)
from vmoperator.base.manifest import Manifest

_ENDPOINT: Table = {
    **scraping.ENDPOINT,
    # Services have no endpoints for pods that have ended.
    "filterRunning": same_anyway,
}
_SPEC: Table = {
    "jobLabel": kept(),
    "targetLabels": kept(),
    "podTargetLabels": kept(),
    "endpoints": parts(_ENDPOINT),
    # Who picks the targets, the API server or the program: an option of our agents.
    "selectorMechanism": same_anyway,
    **scraping.SELECTORS,
    "attachMetadata": scraping.attached,
    "bodySizeLimit": scraping.size,
    "serviceDiscoveryRole": lowered("discoveryRole"),
    **scraping.LIMITS,
}


def converted(manifest: Manifest) -> Manifest:
    """The VMServiceScrape that means the same. Raises SpecInvalid, which names the field of the
    ServiceMonitor."""
    return scraping.converted("VMServiceScrape", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMServiceScrape. Raises SpecInvalid."""
    return scraping.with_size(translated(given, _SPEC, place), "endpoints")
