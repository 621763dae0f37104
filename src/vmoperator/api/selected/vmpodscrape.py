"""VMPodScrape: scrapes pods, whether or not they have a Service."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import IntOrString
from vmoperator.api.scrape import AttachMetadata
from vmoperator.api.selected.endpoint import Endpoint, Limit
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.targets import LabelSelector, NamespaceSelector, PodPort


class PodEndpoint(Endpoint):
    """One port of the pods, and how it is scraped."""

    port: str | None = None
    """Name of a port of the pod; wins over portNumber and targetPort. All ports when all three
    are unset."""
    port_number: PodPort | None = None
    """Number of a port of the pod; wins over targetPort."""
    target_port: IntOrString | None = None
    """Name or number of a port of the pod."""
    filter_running: bool | None = None
    """Whether pods that have failed or succeeded are left out; true when unset."""
    attach_metadata: AttachMetadata | None = Field(default=None, alias="attach_metadata")
    """Labels of other objects that targets get; wins over that of the whole object."""


class VMPodScrapeSpec(SpecModel):
    """Which pods are scraped, and how."""

    job_label: str | None = None
    """Label of the pod whose value becomes the label job; NAMESPACE/NAME of this object when
    unset or empty."""
    pod_target_labels: list[str] | None = None
    """Labels of the pods that series get."""
    # A bound on lists whose entries have rules: the API server bounds the cost of rules by it.
    pod_metrics_endpoints: list[PodEndpoint] = Field(max_length=256)
    """Ports to scrape."""
    selector: LabelSelector | None = None
    """Labels of the pods; all of them when unset."""
    namespace_selector: NamespaceSelector | None = None
    """Namespaces of the pods; that of this object when unset."""
    sample_limit: Limit | None = None
    """sampleLimit of the endpoints that have none."""
    series_limit: Limit | None = None
    """seriesLimit of the endpoints that have none."""
    attach_metadata: AttachMetadata | None = Field(default=None, alias="attach_metadata")
    """Labels of other objects that targets get."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMPodScrape(SelectedObject):
    """Scrapes pods, whether or not they have a Service."""

    kind: Literal["VMPodScrape"]
    spec: VMPodScrapeSpec
    """Which pods are scraped, and how."""
