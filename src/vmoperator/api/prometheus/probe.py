"""Probe (monitoring.coreos.com/v1), read as a VMProbe."""

from __future__ import annotations

from typing import Any

from vmoperator.api.prometheus import scraping
from vmoperator.api.prometheus.credentials import PROXY, http, key
from vmoperator.api.prometheus.translation import (
    CLOSED,
    Place,
    Table,
    kept,
    listed,
    lowered,
    part,
    period,
    text,
    translated,
)
from vmoperator.base.manifest import Manifest

_STATIC: Table = {
    "static": kept("targets"),
    "labels": kept(),
    "relabelingConfigs": scraping.relabelings("relabelingConfigs"),
    **CLOSED,
}
_INGRESS: Table = {
    **scraping.SELECTORS,
    "relabelingConfigs": scraping.relabelings("relabelingConfigs"),
    **CLOSED,
}
_PROBER: Table = {"url": kept(), "scheme": lowered(), "path": kept()}
_PARAM: Table = {"name": kept(), "values": kept()}


def _ingress(value: Any, place: Place, name: str) -> Manifest:
    here = place.below(name, "kubernetes[0]")
    return {"kubernetes": [{"role": "ingress", **translated(value, _INGRESS, here)}]}


def _prober(value: Any, place: Place, name: str) -> Manifest:
    # The proxy stands in front of the prober: it belongs to the prober there, to the scrape here.
    given = dict(value) if isinstance(value, dict) else value
    proxy = {it: given.pop(it) for it in PROXY if it in given} if isinstance(given, dict) else {}
    found = translated(proxy, PROXY, Place(f"{place.theirs}.{name}", place.ours, place.record))
    prober = translated(given, _PROBER, place.below(name, "vmProberSpec"))
    return {**found, "vmProberSpec": prober}


def _params(value: Any, place: Place, name: str) -> Manifest:
    here = place.below(name)
    found: dict[str, list[str]] = {}
    for number, given in enumerate(listed(value, here)):
        param = translated(given, _PARAM, here.entry(number, number))
        at_name = here.entry(number, number).below("name")
        if not param.get("name"):
            raise at_name.refusal("is required")
        found[text(param["name"], at_name)] = param.get("values", [])
    return {"params": found}


_TARGETS: Table = {"staticConfig": part(_STATIC, "static"), "ingress": _ingress, **CLOSED}
_SPEC: Table = {
    "jobName": kept(),
    "prober": _prober,
    "module": kept(),
    "targets": part(_TARGETS),
    "interval": period(),
    "scrapeTimeout": period(),
    "metricRelabelings": scraping.relabelings("metricRelabelConfigs"),
    "params": _params,
    "bearerTokenSecret": key(),
    **http("follow_redirects"),
    **scraping.LIMITS,
}


def converted(manifest: Manifest) -> Manifest:
    """The VMProbe that means the same. Raises SpecInvalid, which names the field of the Probe."""
    return scraping.converted("VMProbe", specification, manifest)


def specification(given: Any, place: Place) -> Manifest:
    """The specification of a VMProbe. Raises SpecInvalid."""
    return translated(given, _SPEC, place)
