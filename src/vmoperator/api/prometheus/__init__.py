"""Objects of the Prometheus operator, read as the kinds of ours that mean the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vmoperator.api.prometheus import (
    alertmanagerconfig,
    podmonitor,
    probe,
    prometheusrule,
    scrapeconfig,
    servicemonitor,
)
from vmoperator.base.manifest import Manifest

CONVERTERS: Mapping[str, Callable[[Manifest], Manifest]] = MappingProxyType(
    {
        "ServiceMonitor": servicemonitor.converted,
        "PodMonitor": podmonitor.converted,
        "Probe": probe.converted,
        "ScrapeConfig": scrapeconfig.converted,
        "PrometheusRule": prometheusrule.converted,
        "AlertmanagerConfig": alertmanagerconfig.converted,
    }
)
"""Kind of monitoring.coreos.com -> function from its manifest to one of ours."""

COUNTERPARTS: Mapping[str, str] = MappingProxyType(
    {
        "VMServiceScrape": "ServiceMonitor",
        "VMPodScrape": "PodMonitor",
        "VMProbe": "Probe",
        "VMScrapeConfig": "ScrapeConfig",
        "VMRule": "PrometheusRule",
        "VMAlertmanagerConfig": "AlertmanagerConfig",
    }
)
"""Kind of ours -> the kind of monitoring.coreos.com that means the same."""
