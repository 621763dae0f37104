"""Shape: a job from what its kind says about targets, and what all kinds have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vmoperator.api.relabeling import RelabelConfig
from vmoperator.api.scrape import ScrapeClass
from vmoperator.render.jobs.endpoint import (
    Limited,
    authenticated,
    limits,
    scraped,
    victoria_metrics,
)
from vmoperator.render.jobs.rules import Rule, brief, said, users
from vmoperator.render.jobs.terms import Terms
from vmoperator.render.jobs.values import Reader


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """What it takes to finish the jobs of one object."""

    kind: str
    namespace: str
    chosen: ScrapeClass
    terms: Terms
    reader: Reader
    role: str = "endpoints"
    """How targets of Services are found where the object does not say."""

    def scraping(self, given: Any, *, field: str) -> dict[str, Any]:
        """Keys that say how targets are scraped, and with which credentials."""
        params = f"{field}.vm_scrape_params"
        return {
            **scraped(given, field=field, terms=self.terms),
            **victoria_metrics(given.vm_scrape_params, field=params, reader=self.reader),
            **authenticated(given, self.chosen, field=field, reader=self.reader),
        }

    def targets(self, given: Sequence[RelabelConfig] | None, *, field: str) -> list[Rule]:
        """Rules for targets: of the class, then of the user."""
        return [
            *users(self.chosen.relabel_configs, field="spec.scrapeClass"),
            *users(given, field=field),
        ]

    def closing(self) -> list[Rule]:
        """Rules of the parent behind all others."""
        return _last(self.kind, self.namespace, self.terms)

    def series(self, given: Sequence[RelabelConfig] | None, *, field: str) -> list[Rule]:
        """Rules for scraped series: of the class, then of the user."""
        rules = [
            *users(self.chosen.metric_relabel_configs, field="spec.scrapeClass"),
            *users(given, field=field),
        ]
        return _of_metrics(rules, self.terms)

    def enforced(self, job: dict[str, Any]) -> dict[str, Any]:
        """The job with the enforced label behind all that may change it once series are scraped:
        rules like labelmap, and what targets say themselves."""
        label, rules = self.terms.enforced_label, job.get("metric_relabel_configs") or []
        if not label or not (rules or job.get("honor_labels")):
            return job
        return {**job, "metric_relabel_configs": [*rules, said(label, self.namespace)]}


def limited(job: Mapping[str, Any], given: Limited) -> dict[str, Any]:
    """The job with limits of the whole object, where the endpoint has none. Raises SpecInvalid."""
    whole = limits(given, field="spec")
    return {**{key: it for key, it in whole.items() if it is not None}, **job}


def _last(kind: str, namespace: str, terms: Terms) -> list[Rule]:
    """The parent's rules for all targets of a kind, and the label that nobody may change."""
    enforced = [said(terms.enforced_label, namespace)] if terms.enforced_label else []
    return [*map(brief, terms.templates.get(kind, ())), *enforced]


def _of_metrics(rules: Sequence[Rule], terms: Terms) -> list[Rule]:
    """Rules for scraped series, but for those that would change the enforced label."""
    label = terms.enforced_label
    return [rule for rule in rules if not label or rule.get("target_label") != label]
