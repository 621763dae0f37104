"""Origins: the field of monitoring.coreos.com that a field of ours comes from, and what is lost."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from vmoperator.api.prometheus import (
    alertmanagerconfig,
    podmonitor,
    probe,
    prometheusrule,
    scrapeconfig,
    servicemonitor,
)
from vmoperator.api.prometheus.scraping import Specification, start
from vmoperator.api.prometheus.translation import Record
from vmoperator.base.errors import SpecInvalid

_RENAMED: Mapping[str, Specification] = MappingProxyType(
    {
        "ServiceMonitor": servicemonitor.specification,
        "PodMonitor": podmonitor.specification,
        "Probe": probe.specification,
        "ScrapeConfig": scrapeconfig.specification,
        "AlertmanagerConfig": alertmanagerconfig.specification,
    }
)
"""Kinds whose fields are called otherwise here."""
_SPECIFICATIONS: Mapping[str, Specification] = MappingProxyType(
    {**_RENAMED, "PrometheusRule": prometheusrule.specification}
)
_LAST = re.compile(r"(\.[^.\[]+|\[\d+\])$")
_SNAKE = re.compile(r"_([a-z])")
_MISSING = (
    (re.compile(r"(?<=^spec\.)vmProberSpec(?=$|\.)"), "prober"),
    (re.compile(r"(?<=\.staticConfig\.)targets$"), "static"),
    (re.compile(r"(\.pagerDutyImageConfigs\[\d+\])\.source$"), r"\1.src"),
    (re.compile(r"(\.discordConfigs\[\d+\])\.webhookUrl(?:Secret)?$"), r"\1.apiURL"),
    (re.compile(r"(\.msteamsConfigs\[\d+\])\.webhookUrlSecret$"), r"\1.webhookUrl"),
    (re.compile(r"(\.msteamsv2Configs\[\d+\])\.webhookUrl(?:Secret)?$"), r"\1.webhookURL"),
    (re.compile(r"(\.(?:slack|wechat)Configs\[\d+\]\.api)Url$"), r"\1URL"),
    (re.compile(r"(\.(?:wechat|webex|telegram|rocketchat)Configs\[\d+\]\.\w+)Id$"), r"\1ID"),
)
"""Fields that something needs and that its author left out, as they would be called."""


def original(manifest: Mapping[str, Any], refused: SpecInvalid) -> SpecInvalid:
    """The refusal of an object, with the field that its author wrote; as it is for kinds whose
    fields are called the same here."""
    if manifest.get("kind") not in _RENAMED:
        return refused
    names = _record(manifest).names
    known, rest = refused.field, ""
    while known and known not in names:
        last = _LAST.search(known)
        cut = last.start() if last else 0
        known, rest = known[:cut], known[cut:] + rest
    # What is not there has no origin, but its author would write it in camelCase.
    below = _SNAKE.sub(lambda match: match[1].upper(), rest)
    field = names.get(known, "") + below
    for pattern, theirs in _MISSING:
        field = pattern.sub(theirs, field)
    return SpecInvalid(field, str(refused).removeprefix(f"{refused.field}: "))


def without_effect(manifest: Mapping[str, Any]) -> tuple[str, ...]:
    """Sorted paths of the fields that are set and do nothing here: "spec.targetLimit"; those of a
    newer definition say that they are unknown to this version."""
    return tuple(sorted(_record(manifest).idle))


def _record(manifest: Mapping[str, Any]) -> Record:
    """What the translation of a manifest finds; nothing for a kind without tables."""
    record = Record()
    specification = _SPECIFICATIONS.get(manifest.get("kind", ""))
    if specification is not None:
        try:
            specification(manifest.get("spec", {}), start(record))
        except SpecInvalid:
            # Refused by the translation itself, which names the original already.
            return record
    return record
