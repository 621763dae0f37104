"""Files of a VMSingle, which it loads while it runs: scraping, relabelling, aggregation."""

from __future__ import annotations

from collections.abc import Mapping

from vmoperator.api.around import Around
from vmoperator.api.vmsingle import VMSingle, VMSingleSpec
from vmoperator.render.flags import Flags
from vmoperator.render.jobs.mounts import job_files
from vmoperator.render.relabel import relabeling
from vmoperator.render.scrape import scrape_files, scrapes
from vmoperator.render.stream_aggregation import aggregation, global_flags

FOLDER = "/etc/vm/config"
JOBS_FOLDER = "/etc/vm/jobs"
CERTIFICATES = "/etc/vm-tls/certs"
_SCRAPING = "scrape.yaml"
_RELABELING = "relabeling.yaml"
_AGGREGATION = "aggregation.yaml"
_CHECK_INTERVAL = "30s"
"""How late a changed scrape configuration is noticed where nobody can ask for a reload."""


def files(single: VMSingle, around: Around) -> dict[str, str]:
    """File name -> text. Raises SpecInvalid, which names the field, for what cannot be loaded."""
    spec = single.spec
    fields = ("spec.relabelConfig", "spec.inlineRelabelConfig")
    texts = {
        _RELABELING: relabeling(
            spec.relabel_config, spec.inline_relabel_config, fields=fields, around=around
        ),
        _AGGREGATION: aggregation(
            spec.stream_aggr_config, field="spec.streamAggrConfig", around=around
        ),
    }
    found = {name: text for name, text in texts.items() if text is not None}
    if not discovers(spec):
        return found
    scraping = scrape_files(
        spec, single.metadata, main=_SCRAPING, jobs=job_files(JOBS_FOLDER), around=around
    )
    return {**scraping, **found}


def discovers(spec: VMSingleSpec) -> bool:
    """True if the program scrapes; of itself a VMSingle only takes in what is written to it."""
    return scrapes(spec, by_default=False)


def file_flags(spec: VMSingleSpec, written: Mapping[str, str]) -> Flags:
    """The flags that tell the program of its files, and how it aggregates."""
    paths = {name: f"{FOLDER}/{name}" for name in written}
    is_scraping = _SCRAPING in written
    return {
        "promscrape.config": paths.get(_SCRAPING),
        "promscrape.configCheckInterval": _CHECK_INTERVAL if is_scraping else None,
        "relabelConfig": paths.get(_RELABELING),
        **global_flags(spec.stream_aggr_config, path=paths.get(_AGGREGATION)),
    }
