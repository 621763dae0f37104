"""Objects of monitoring.coreos.com, as charts write them."""

from __future__ import annotations

from typing import Any

V1 = "monitoring.coreos.com/v1"
V1ALPHA1 = "monitoring.coreos.com/v1alpha1"
METADATA = {
    "name": "web",
    "namespace": "demo",
    "uid": "5",
    "generation": 3,
    "labels": {"release": "prometheus"},
}


def service_monitor(endpoint: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A ServiceMonitor with one endpoint."""
    given = {"selector": {}, "endpoints": [endpoint or {"port": "http"}], **spec}
    return {"apiVersion": V1, "kind": "ServiceMonitor", "metadata": METADATA, "spec": given}


def pod_monitor(endpoint: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """A PodMonitor with one endpoint."""
    given = {"selector": {}, "podMetricsEndpoints": [endpoint or {"port": "http"}], **spec}
    return {"apiVersion": V1, "kind": "PodMonitor", "metadata": METADATA, "spec": given}


def probe(**spec: Any) -> dict[str, Any]:
    """A Probe of one page."""
    targets = {"staticConfig": {"static": ["https://example.com"]}}
    given = {"prober": {"url": "blackbox:9115"}, "targets": targets, **spec}
    return {"apiVersion": V1, "kind": "Probe", "metadata": METADATA, "spec": given}


def scrape_config(**spec: Any) -> dict[str, Any]:
    """A ScrapeConfig."""
    return {"apiVersion": V1ALPHA1, "kind": "ScrapeConfig", "metadata": METADATA, "spec": spec}
