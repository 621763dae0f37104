"""Scraping in the words of monitoring.coreos.com: what its kinds have in common."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

from vmoperator.api.prometheus.credentials import PROXY, file, http, key
from vmoperator.api.prometheus.translation import (
    CLOSED,
    Place,
    Record,
    Step,
    Table,
    idle,
    kept,
    listed,
    lowered,
    parts,
    period,
    same_anyway,
    text,
    translated,
    untouched,
    verbatim,
    whole,
)
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import BY_KIND

Specification: TypeAlias = Callable[[Any, Place], Manifest]
"""Specification of the original, and where it stands -> that of ours."""

_NEEDS_SOURCE = frozenset({"keep", "drop", "hashmod"})
_ATTACHED: Table = {"node": kept()}
_SIZE = re.compile(r"([0-9]*\.?[0-9]+)([KMGTPE]?)i?B|0")
_LIMIT = "max_scrape_size"
_UNITS = " KMGTPE"

_RULE: Table = {
    "sourceLabels": kept("source_labels"),
    "separator": verbatim,
    "targetLabel": kept("target_label"),
    "regex": kept(),
    "modulus": kept(),
    "replacement": verbatim,
    "action": lowered(),
    **CLOSED,
}


def relabelings(ours: str, *, behind: int = 0) -> Step:
    """Rules of relabelling, to stand behind a number of others. Those that need source labels and
    name none are left out: our agents take no such rule (lib/promrelabel)."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        here = place.below(name, ours)
        found: list[Manifest] = []
        for number, given in enumerate(listed(value, here)):
            rule = translated(given, _RULE, here.entry(number, behind + len(found)))
            if rule.get("action") not in _NEEDS_SOURCE or rule.get("source_labels"):
                found.append(rule)
        return {ours: found}

    return step


def size(value: Any, place: Place, name: str) -> Manifest:
    """The largest answer of a target; units of Prometheus are powers of 1024 with and without i."""
    here = place.below(name, _LIMIT)
    given = text(value, here)
    match = _SIZE.fullmatch(given)
    if match is None:
        raise here.refusal(f'must be a size such as "15MB", not {given!r}')
    number, unit = match.groups()
    count = int(Decimal(number or 0) * 1024 ** (_UNITS.index(unit) if unit else 0))
    return {_LIMIT: str(count)} if count else {}


LIMITS: Table = {
    "sampleLimit": kept(),
    "targetLimit": idle,
    "labelLimit": idle,
    "labelNameLengthLimit": idle,
    "labelValueLengthLimit": idle,
    "keepDroppedTargets": same_anyway,
    "scrapeProtocols": same_anyway,
    "fallbackScrapeProtocol": same_anyway,
    "nativeHistogramBucketLimit": idle,
    "nativeHistogramMinBucketFactor": idle,
    "scrapeNativeHistograms": idle,
    "scrapeClassicHistograms": idle,
    "convertClassicHistogramsToNHCB": idle,
    "scrapeClass": kept(),
}
"""Limits and protocols of all targets of an object."""
ENDPOINT: Table = {
    "targetPort": kept(),
    "port": kept(),
    "path": kept(),
    "scheme": lowered(),
    "params": kept(),
    "interval": period(),
    "scrapeTimeout": period(),
    "honorLabels": kept(),
    "honorTimestamps": kept(),
    "trackTimestampsStaleness": idle,
    "metricRelabelings": relabelings("metricRelabelConfigs"),
    "relabelings": relabelings("relabelConfigs"),
    "bearerTokenSecret": key(),
    "bearerTokenFile": file,
    **http("follow_redirects"),
    **PROXY,
}
"""One port of the targets of a ServiceMonitor or a PodMonitor."""


_EXPRESSION: Table = {**dict.fromkeys(("key", "operator", "values"), untouched), **CLOSED}
SELECTORS: Table = {
    "selector": whole(
        {"matchLabels": untouched, "matchExpressions": parts(_EXPRESSION), **CLOSED},
    ),
    "namespaceSelector": whole({"any": untouched, "matchNames": untouched, **CLOSED}),
}
"""Which objects are meant, by their labels and namespaces."""


def converted(kind: str, specification: Specification, manifest: Manifest) -> Manifest:
    """The object of ours that means the same, with the metadata of the original.

    Raises SpecInvalid, which names the field of the original.
    """
    return {
        "apiVersion": BY_KIND[kind].api_version,
        "kind": kind,
        "metadata": dict(manifest["metadata"]),
        "spec": specification(manifest.get("spec", {}), start(Record())),
    }


def with_size(spec: Manifest, endpoints: str) -> Manifest:
    """The specification with the largest answer at each endpoint, where ours has it, rather than
    once for all."""
    limit = {name: value for name, value in spec.items() if name == _LIMIT}
    rest = {name: value for name, value in spec.items() if name != _LIMIT}
    if endpoints not in rest:
        return rest
    return {**rest, endpoints: [{**limit, **endpoint} for endpoint in rest[endpoints]]}


def start(record: Record) -> Place:
    """The place at which the specification of every object begins."""
    return Place("spec", "spec", record)


def attached(value: Any, place: Place, name: str) -> Manifest:
    """Labels of other objects that targets get."""
    here = place.below(name, "attach_metadata")
    return {"attach_metadata": translated(value, _ATTACHED, here)}
