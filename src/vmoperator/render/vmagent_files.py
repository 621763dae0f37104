"""Files of a VMAgent, which it loads while it runs: scraping, relabelling, aggregation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from vmoperator.api.around import Around
from vmoperator.api.vmagent import VMAgent, VMAgentSpec
from vmoperator.api.vmagent_remote_write import RemoteWrite
from vmoperator.render.flags import Flags
from vmoperator.render.http_auth import Values, listed
from vmoperator.render.jobs.mounts import job_files
from vmoperator.render.relabel import relabeling
from vmoperator.render.remote_write import FIELD, PREFIX
from vmoperator.render.scrape import scrape_files, scrapes
from vmoperator.render.stream_aggregation import aggregation, global_flags, settings

FOLDER = "/etc/vmagent/config"
JOBS_FOLDER = "/etc/vmagent/jobs"
CERTIFICATES = "/etc/vmagent-tls/certs"
_MAIN = "vmagent.yaml"
_RELABELING = "global_relabeling.yaml"
_AGGREGATION = "global_aggregation.yaml"
_CHECK_INTERVAL = "30s"
"""How late a changed scrape configuration is noticed where nobody can ask for a reload."""


@dataclass(frozen=True, slots=True)
class Told:
    """Files, and the flags that tell the agent of them."""

    files: Mapping[str, str] = field(default_factory=dict)
    flags: Flags = field(default_factory=dict)


def told(agent: VMAgent, around: Around) -> Told:
    """All files of an agent. Raises SpecInvalid, which names the field, for what it cannot load."""
    parts = (
        _scraping(agent, around),
        _relabeling(agent.spec, around),
        _aggregation(agent.spec, around),
        _per_target(agent.spec.remote_write, around),
    )
    return Told(
        {name: text for part in parts for name, text in part.files.items()},
        {name: value for part in parts for name, value in part.flags.items()},
    )


def _scraping(agent: VMAgent, around: Around) -> Told:
    if not scrapes(agent.spec, by_default=True):
        return Told()
    files = scrape_files(
        agent.spec, agent.metadata, main=_MAIN, jobs=job_files(JOBS_FOLDER), around=around
    )
    flags = {
        "promscrape.config": _path(_MAIN),
        "promscrape.configCheckInterval": _CHECK_INTERVAL,
    }
    return Told(files, flags)


def _relabeling(spec: VMAgentSpec, around: Around) -> Told:
    fields = ("spec.relabelConfig", "spec.inlineRelabelConfig")
    text = relabeling(spec.relabel_config, spec.inline_relabel_config, fields=fields, around=around)
    if text is None:
        return Told()
    return Told({_RELABELING: text}, {"remoteWrite.relabelConfig": _path(_RELABELING)})


def _aggregation(spec: VMAgentSpec, around: Around) -> Told:
    config = spec.stream_aggr_config
    text = aggregation(config, field="spec.streamAggrConfig", around=around)
    if text is None:
        return Told({}, global_flags(config, path=None))
    return Told({_AGGREGATION: text}, global_flags(config, path=_path(_AGGREGATION)))


def _per_target(targets: list[RemoteWrite], around: Around) -> Told:
    every = [_of_target(place, target, around) for place, target in enumerate(targets)]
    files = {name: text for found, _ in every for name, text in found.items()}
    return Told(files, listed(PREFIX, [values for _, values in every]))


def _of_target(place: int, target: RemoteWrite, around: Around) -> tuple[Mapping[str, str], Values]:
    path = f"{FIELD}[{place}]"
    fields = (f"{path}.urlRelabelConfig", f"{path}.inlineUrlRelabelConfig")
    own, named = target.inline_url_relabel_config, target.url_relabel_config
    texts = {
        f"url_relabeling-{place}.yaml": relabeling(named, own, fields=fields, around=around),
        f"url_aggregation-{place}.yaml": aggregation(
            target.stream_aggr_config, field=f"{path}.streamAggrConfig", around=around
        ),
    }
    flags = dict(zip(("urlRelabelConfig", "streamAggr.config"), texts, strict=True))
    found = {name: text for name, text in texts.items() if text is not None}
    said = {f"streamAggr.{key}": it for key, it in settings(target.stream_aggr_config).items()}
    paths = {flag: _path(name) for flag, name in flags.items() if name in found}
    return found, {**{name: it for name, it in said.items() if it is not None}, **paths}


def _path(name: str) -> str:
    return f"{FOLDER}/{name}"
