"""An object of each kind that finds targets in other ways than Services do, and its jobs."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tests.cluster.definitions import MONITORING
from tests.cluster.receiver import ADDRESS
from tests.cluster.stack import API_VERSION
from tests.cluster.targets import TEAM

NODE_PORT = 18428
"""Where a program listens in the network of its node."""
LIST_PORT = 18094
LIST_URL = f"http://{ADDRESS}:{LIST_PORT}/targets.json"
"""Where a list of targets is served beside the API server."""
NAME = "sample"
FOREIGN = {"PodMonitor": "v1", "Probe": "v1", "ScrapeConfig": "v1alpha1"}
"""Kind of monitoring.coreos.com -> its version."""
_RULE = {"targetLabel": "changed", "replacement": "x"}
_WEB = {"targets": ["web:8428"]}


@dataclass(frozen=True)
class Sample:
    """An object of a kind, and what comes of it."""

    kind: str
    spec: dict[str, Any]
    rules: tuple[str | int, ...]
    """Path of its rules for targets."""
    jobs: tuple[str, ...]
    """Names of its jobs, with {} for its namespace and name."""

    @property
    def resource(self) -> str:
        """Its plural, which no other group has."""
        group = MONITORING if self.kind in FOREIGN else API_VERSION.partition("/")[0]
        return f"{self.kind.lower()}s.{group}"

    def manifest(self, *, is_changed: bool = False) -> dict[str, Any]:
        """The object; changed, its targets have a label more."""
        version = FOREIGN.get(self.kind)
        spec = copy.deepcopy(self.spec)
        if is_changed:
            *above, last = self.rules
            place: Any = spec
            for step in above:
                place = place[step]
            place[last] = [_RULE]
        return {
            "apiVersion": f"{MONITORING}/{version}" if version else API_VERSION,
            "kind": self.kind,
            "metadata": {"name": NAME, "labels": TEAM},
            "spec": spec,
        }


def job_names(samples: Iterable[Sample], namespace: str) -> list[str]:
    """Names of all jobs of the samples in a namespace."""
    return [job.format(f"{namespace}/{NAME}") for one in samples for job in one.jobs]


def samples() -> dict[str, Sample]:
    """Kind -> a sample of it; each of its jobs has one target, which is up."""
    selected = {"selector": {"matchLabels": {"app": "web"}}}
    # The program that is scraped stands for the prober: it answers whatever it is asked about.
    prober = {"path": "/metrics"}
    listed = [
        Sample(
            "VMStaticScrape",
            {"targetEndpoints": [{**_WEB, "interval": "1s"}]},
            ("targetEndpoints", 0, "relabelConfigs"),
            ("staticScrape/{}/0",),
        ),
        Sample(
            "VMNodeScrape",
            {"port": str(NODE_PORT), "interval": "1s"},
            ("relabelConfigs",),
            ("nodeScrape/{}",),
        ),
        Sample(
            "VMProbe",
            {
                "interval": "1s",
                "vmProberSpec": {"url": "web:8428", **prober},
                "module": "http_2xx",
                "targets": {
                    "static": {"targets": ["https://example.com"]},
                    "kubernetes": [{"role": "service", **selected}],
                },
            },
            ("targets", "static", "relabelingConfigs"),
            ("probe/{}", "probe/{}/1"),
        ),
        Sample(
            "VMScrapeConfig",
            {
                "scrape_interval": "1s",
                "httpSDConfigs": [{"url": LIST_URL}],
            },
            ("relabelConfigs",),
            ("scrapeConfig/{}",),
        ),
        Sample(
            "PodMonitor",
            {**selected, "podMetricsEndpoints": [{"port": "http", "interval": "1s"}]},
            ("podMetricsEndpoints", 0, "relabelings"),
            ("podMonitor/{}/0",),
        ),
        Sample(
            "Probe",
            {
                "interval": "1s",
                "prober": {"url": "web:8428", **prober},
                "targets": {"staticConfig": {"static": ["https://example.com"]}},
            },
            ("targets", "staticConfig", "relabelingConfigs"),
            ("prometheusProbe/{}",),
        ),
        Sample(
            "ScrapeConfig",
            {"scrapeInterval": "1s", "staticConfigs": [_WEB]},
            ("relabelings",),
            ("prometheusScrapeConfig/{}",),
        ),
    ]
    return {one.kind: one for one in listed}
