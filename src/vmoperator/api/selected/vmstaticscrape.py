"""VMStaticScrape: scrapes addresses that are written down."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Labels
from vmoperator.api.selected.endpoint import Endpoint, Limit
from vmoperator.api.selected.object import SelectedObject


class TargetEndpoint(Endpoint):
    """Some addresses, and how they are scraped."""

    targets: list[str] = Field(min_length=1)
    """Addresses as HOST:PORT, or whole URLs."""
    labels: Labels | None = None
    """Labels of all series of these targets."""


class VMStaticScrapeSpec(SpecModel):
    """Which addresses are scraped, and how."""

    job_name: str | None = None
    """Value of the label job; the name of the job in the configuration when unset."""
    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    target_endpoints: list[TargetEndpoint] = Field(max_length=256)
    """Addresses to scrape."""
    sample_limit: Limit | None = None
    """sampleLimit of the endpoints that have none."""
    series_limit: Limit | None = None
    """seriesLimit of the endpoints that have none."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMStaticScrape(SelectedObject):
    """Scrapes addresses that are written down."""

    kind: Literal["VMStaticScrape"]
    spec: VMStaticScrapeSpec
    """Which addresses are scraped, and how."""
