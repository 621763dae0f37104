"""Scraping: the files that -promscrape.config begins with, as VMAgent and VMSingle have them.

Jobs that users write stay the text that they are, in files of their own which the main one names
(scrape_config_files): whatever the program understands, it gets. They are read here to tell the
user what is wrong with them, for the program leaves a bad job out, or ends at its start over it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.model import Metadata
from vmoperator.api.scrape import ScrapeFields
from vmoperator.base.errors import SpecInvalid
from vmoperator.render import relabel
from vmoperator.render.credentials import is_given, text
from vmoperator.render.documents import dumped, entries
from vmoperator.render.jobs.selection import RESERVED

ADDITIONAL = "additional-scrape-configs.yaml"
"""File of the jobs that additionalScrapeConfigs names."""
INLINE = "inline-scrape-config.yaml"
"""File of the jobs that stand in inlineScrapeConfig."""
_INTERVAL = "30s"
_LABEL = "prometheus"
_RELABELING = ("relabel_configs", "metric_relabel_configs")


def scrape_files(
    spec: ScrapeFields, metadata: Metadata, *, main: str, jobs: str, around: Around
) -> dict[str, str]:
    """File name -> text; `main` is the name of the file that the program is told, `jobs` the
    pattern of the files with the jobs of selected objects.

    Raises SpecInvalid, which names the field, for what no program takes and for two jobs of one
    name, over which it would refuse all of them.
    """
    written = _jobs(spec, around)
    _refuse_repeated(written)
    document = {"global": _global(spec, metadata), "scrape_config_files": [jobs, *written]}
    return {main: dumped(document), **{file: text for file, (_, text) in written.items()}}


def scrapes(spec: ScrapeFields, *, by_default: bool) -> bool:
    """True if the program scrapes at all, and so has a -promscrape.config."""
    return by_default if spec.ingest_only_mode is None else not spec.ingest_only_mode


def external_labels(spec: ScrapeFields, metadata: Metadata) -> dict[str, str]:
    """Labels of all scraped series: those of the user, and NAMESPACE/NAME of the parent.

    They say nothing about the single pod, so that copies of replicas can be told as such.
    """
    newer, older = spec.external_label_name, spec.vm_agent_external_label_name
    if newer is not None and older is not None and newer != older:
        message = "is the newer name of vmAgentExternalLabelName; set just this one"
        raise SpecInvalid("spec.externalLabelName", message)
    given = newer if newer is not None else older
    name = _LABEL if given is None else given
    own = {name: f"{metadata.namespace}/{metadata.name}"} if name else {}
    return dict(sorted({**own, **(spec.external_labels or {})}.items()))


def _global(spec: ScrapeFields, metadata: Metadata) -> dict[str, Any]:
    prefix = "spec.globalScrape"
    relabeling = relabel.rules(
        spec.global_scrape_relabel_configs or (), field=f"{prefix}RelabelConfigs"
    )
    of_metrics = relabel.rules(
        spec.global_scrape_metric_relabel_configs or (), field=f"{prefix}MetricRelabelConfigs"
    )
    found = {
        "scrape_interval": spec.scrape_interval or _INTERVAL,
        "scrape_timeout": spec.scrape_timeout,
        "sample_limit": spec.sample_limit,
        "external_labels": external_labels(spec, metadata),
        "relabel_configs": relabeling,
        "metric_relabel_configs": of_metrics,
    }
    return {key: value for key, value in found.items() if value}


def _jobs(spec: ScrapeFields, around: Around) -> dict[str, tuple[str, str]]:
    """File -> path of the field and text of its jobs; none for an empty text."""
    found = {
        ADDITIONAL: ("spec.additionalScrapeConfigs", _additional(spec, around)),
        INLINE: ("spec.inlineScrapeConfig", spec.inline_scrape_config or ""),
    }
    return {file: it for file, it in found.items() if entries(it[1], field=it[0])}


def _additional(spec: ScrapeFields, around: Around) -> str:
    selector = spec.additional_scrape_configs
    if selector is None or not is_given(selector):
        return ""
    if selector.optional and selector.key not in (around.secret(selector.name or "") or {}):
        return ""
    return text(selector, field="spec.additionalScrapeConfigs", around=around)


def _refuse_repeated(jobs: Mapping[str, tuple[str, str]]) -> None:
    seen: set[str] = set()
    for field, content in jobs.values():
        for place, job in enumerate(entries(content, field=field)):
            path = f"{field}[{place}]"
            name = job.get("job_name")
            if not isinstance(name, str) or not name:
                raise SpecInvalid(f"{path}.job_name", "a job needs a name")
            if name in seen:
                raise SpecInvalid(f"{path}.job_name", f"another job is named {name}")
            if name.startswith(RESERVED):
                message = f"{name} begins as the jobs of selected objects do; name it otherwise"
                raise SpecInvalid(f"{path}.job_name", message)
            seen.add(name)
            _refuse_relabeling(job, field=path)


def _refuse_relabeling(job: Mapping[str, Any], *, field: str) -> None:
    for key in _RELABELING:
        listed: Sequence[Any] = job.get(key) or ()
        if not isinstance(listed, list | tuple):
            raise SpecInvalid(f"{field}.{key}", "must be a list of rules")
        path = f"{field}.{key}"
        for place, rule in enumerate(listed):
            if not isinstance(rule, Mapping):
                raise SpecInvalid(f"{path}[{place}]", "must be a mapping: name: value")
        relabel.rules(relabel.parsed_rules(listed, field=path), field=path)
