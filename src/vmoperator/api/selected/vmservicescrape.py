"""VMServiceScrape: scrapes the endpoints of Services."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import IntOrString
from vmoperator.api.scrape import AttachMetadata
from vmoperator.api.selected.endpoint import Endpoint, Limit
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.targets import LabelSelector, NamespaceSelector


class ServiceEndpoint(Endpoint):
    """One port of the Services, and how it is scraped."""

    port: str | None = None
    """Name of a port of the Service; wins over targetPort. All ports when both are unset."""
    target_port: IntOrString | None = None
    """Name or number of a port of the pods."""
    attach_metadata: AttachMetadata | None = Field(default=None, alias="attach_metadata")
    """Labels of other objects that targets get; wins over that of the whole object."""


class VMServiceScrapeSpec(SpecModel):
    """Which Services are scraped, and how."""

    discovery_role: Literal["endpoints", "service", "endpointslices", "endpointslice"] | None = None
    """Where targets are found; endpoints when unset. With service, the Service itself is the
    target."""
    job_label: str | None = None
    """Label of the Service whose value becomes the label job; the name of the Service when unset
    or empty."""
    target_labels: list[str] | None = None
    """Labels of the Service that series get."""
    pod_target_labels: list[str] | None = None
    """Labels of the pods that series get."""
    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    endpoints: list[ServiceEndpoint] = Field(max_length=256)
    """Ports to scrape."""
    selector: LabelSelector | None = None
    """Labels of the Services; all of them when unset."""
    namespace_selector: NamespaceSelector | None = None
    """Namespaces of the Services; that of this object when unset."""
    sample_limit: Limit | None = None
    """sampleLimit of the endpoints that have none."""
    series_limit: Limit | None = None
    """seriesLimit of the endpoints that have none."""
    attach_metadata: AttachMetadata | None = Field(default=None, alias="attach_metadata")
    """Labels of other objects that targets get."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMServiceScrape(SelectedObject):
    """Scrapes the endpoints of Services."""

    kind: Literal["VMServiceScrape"]
    spec: VMServiceScrapeSpec
    """Which Services are scraped, and how."""
