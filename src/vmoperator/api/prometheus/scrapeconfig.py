"""ScrapeConfig (monitoring.coreos.com/v1alpha1), read as a VMScrapeConfig."""

from __future__ import annotations

from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.credentials import PROXY, http
from vmoperator.api.prometheus.discovery import DISCOVERIES
from vmoperator.api.prometheus.translation import (
    OTHERS,
    Place,
    Table,
    idle,
    kept,
    lowered,
    narrowing,
    period,
    same_anyway,
    text,
    translated,
    unknown,
)
from vmoperator.base.manifest import Manifest


def _job_name(value: Any, place: Place, name: str) -> Manifest:
    # A job of ours has a name that no other object can have; this one is for the label job. A
    # dollar sign in a replacement would begin the name of a group.
    job = text(value, place.below(name, "relabelConfigs[0]")).replace("$", "$$")
    return {"jobName": {"target_label": "job", "replacement": job}} if job else {}


def _compression(value: Any, place: Place, name: str) -> Manifest:
    place.below(name, "vm_scrape_params")
    return {} if value else {"vm_scrape_params": {"disable_compression": True}}


def _other(value: Any, place: Place, name: str) -> Manifest:
    # A discovery that is left out leaves its targets out.
    is_discovery = str(name).endswith("SDConfigs")
    return (narrowing if is_discovery else unknown)(value, place, name)


_SPEC: Table = {
    "jobName": _job_name,
    **DISCOVERIES,
    "metricsPath": kept("path"),
    "scrapeInterval": period("scrape_interval"),
    "scrapeTimeout": period(),
    "honorTimestamps": kept(),
    "trackTimestampsStaleness": idle,
    "honorLabels": kept(),
    "params": kept(),
    "scheme": lowered(),
    "enableCompression": _compression,
    "bodySizeLimit": scraping.size,
    "metricRelabelings": scraping.relabelings("metricRelabelConfigs"),
    "nameValidationScheme": same_anyway,
    "nameEscapingScheme": idle,
    **http("follow_redirects"),
    **PROXY,
    **scraping.LIMITS,
    OTHERS: _other,
}


def converted(manifest: Manifest) -> Manifest:
    """The VMScrapeConfig that means the same. Raises SpecInvalid, which names the field of the
    ScrapeConfig."""
    return scraping.converted("VMScrapeConfig", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMScrapeConfig. Raises SpecInvalid."""
    is_named = isinstance(given, dict) and bool(given.get("jobName"))
    rules = scraping.relabelings("relabelConfigs", behind=1 if is_named else 0)
    found = translated(given, {**_SPEC, "relabelings": rules}, place)
    if not is_named:
        return found
    rest = {name: value for name, value in found.items() if name != "jobName"}
    return {**rest, "relabelConfigs": [found["jobName"], *found.get("relabelConfigs", ())]}
