"""VMNodeScrape: scrapes the nodes of the cluster."""

from __future__ import annotations

from typing import Literal

from vmoperator.api.selected.endpoint import Endpoint
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.targets import LabelSelector


class VMNodeScrapeSpec(Endpoint):
    """Which nodes are scraped, and how."""

    job_label: str | None = None
    """Label of the node whose value becomes the label job; NAMESPACE/NAME of this object when
    unset or empty."""
    target_labels: list[str] | None = None
    """Labels of the node that series get."""
    port: str | None = None
    """Number of the port to scrape; that of the kubelet when unset."""
    selector: LabelSelector | None = None
    """Labels of the nodes; all of them when unset."""
    scrape_class: str | None = None
    """Name of the scrape class of the agent to use."""


class VMNodeScrape(SelectedObject):
    """Scrapes the nodes of the cluster; only for an operator that may read all of it."""

    kind: Literal["VMNodeScrape"]
    spec: VMNodeScrapeSpec
    """Which nodes are scraped, and how."""
