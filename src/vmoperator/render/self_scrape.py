"""Self-scrapes: the objects by which agents scrape the programs of a workload.

It is a VMServiceScrape of the workload's main Service, and of its name; for a DaemonSet, whose
agents look at the pods of their own node alone, a VMPodScrape.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.api.selected import selected
from vmoperator.base import labels
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest, pruned
from vmoperator.base.resource import GROUP, VERSION
from vmoperator.render import engine
from vmoperator.render.flags import is_true
from vmoperator.render.probes import path_prefix, scheme
from vmoperator.render.shapes import mapping, objects
from vmoperator.render.workload import Workload

_APP_LABEL = "victoriametrics_app"
_BESIDE = "vmbackupmanager"
"""Port of the program that runs beside those that keep data."""
_ELSEWHERE = ("file://", "http://", "https://")
# What a VMPodScrape does not know.
_OF_SERVICES = ("endpoints", "discoveryRole", "targetLabels")


def self_scrapes(workload: Workload, service: Manifest) -> list[Manifest]:
    """The object that scrapes the pods behind the workload's main Service, if there is to be one.

    Raises SpecInvalid, which names the field, for a serviceScrapeSpec that is none.
    """
    if not _is_wanted(workload):
        return []
    field = f"{workload.field}.serviceScrapeSpec"
    given = workload.scrape or {}
    endpoints = _merged(objects(given.get("endpoints"), field=f"{field}.endpoints"), workload)
    is_of_pods = workload.kind == "DaemonSet"
    made = engine.manifest(
        "selfscrape",
        api_version=f"{GROUP}/{VERSION}",
        kind="VMPodScrape" if is_of_pods else "VMServiceScrape",
        metadata=service["metadata"],
        spec={
            **_own(workload, service),
            **{key: it for key, it in given.items() if key not in (*_OF_SERVICES, "selector")},
            **_selector(
                workload, service, mapping(given.get("selector"), field=f"{field}.selector")
            ),
            **(_of_pods(endpoints) if is_of_pods else _of_services(endpoints, given)),
        },
    )
    if given:
        _refuse_wrong(made, field)
    return [made]


def _is_wanted(workload: Workload) -> bool:
    # Agents speak no proxy protocol.
    if is_true(workload.flags, "httpListenAddr.useProxyProtocol"):
        return False
    asked = workload.spec.disable_self_service_scrape
    return not (workload.scope.settings.disable_self_scrapes if asked is None else asked)


def _own(workload: Workload, service: Manifest) -> dict[str, Any]:
    """The job of pods behind a load balancer is named after the Service that clients know."""
    is_renamed = labels.PROXY_JOB in service["metadata"]["labels"]
    return {"jobLabel": labels.PROXY_JOB} if is_renamed else {}


def _selector(
    workload: Workload, service: Manifest, given: Mapping[str, Any]
) -> dict[str, Mapping[str, Any]]:
    if given.get("matchLabels") or given.get("matchExpressions"):
        return {"selector": given}
    if workload.kind == "DaemonSet":
        return {"selector": {"matchLabels": workload.selector}}
    own = service["metadata"]["labels"]
    marks = {key: own[key] for key in (labels.PROXY_JOB, labels.PROXY) if key in own}
    additional = {"key": labels.ADDITIONAL_SERVICE, "operator": "DoesNotExist"}
    matched = {**workload.service_selector, **marks}
    return {"selector": {"matchLabels": matched, "matchExpressions": [additional]}}


def _of_services(endpoints: list[Mapping[str, Any]], given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {key: it for key, it in given.items() if key in _OF_SERVICES}
    return {**kept, "endpoints": endpoints}


def _of_pods(endpoints: list[Mapping[str, Any]]) -> dict[str, Any]:
    return {"podMetricsEndpoints": endpoints}


def _merged(given: list[Mapping[str, Any]], workload: Workload) -> list[Mapping[str, Any]]:
    """The user's endpoints, with ours filled in by port, and ours that they do not name."""
    own = {it["port"]: it for it in _endpoints(workload)}
    named = {it.get("port") for it in given}
    filled = [_filled(it, own.get(str(it.get("port")), {})) for it in given]
    return [*filled, *(it for port, it in own.items() if port not in named)]


def _filled(given: Mapping[str, Any], own: Mapping[str, Any]) -> Mapping[str, Any]:
    """The endpoint with what it leaves out; its rules come behind ours."""
    merged = {**own, **{key: it for key, it in given.items() if it is not None}}
    ours, theirs = own.get("relabelConfigs"), given.get("relabelConfigs")
    if ours and isinstance(theirs, list):
        merged["relabelConfigs"] = [*ours, *theirs]
    return merged


def _endpoints(workload: Workload) -> list[Mapping[str, Any]]:
    marked = {"targetLabel": _APP_LABEL, "replacement": "true"}
    port = workload.http_port_name if workload.kind == "DaemonSet" else workload.http.name
    key = workload.flags.get("metricsAuthKey") or ""
    is_https = scheme(workload) == "https"
    main = {
        "port": port,
        "path": f"{path_prefix(workload)}/metrics",
        "scheme": "https" if is_https else None,
        # The certificate is the user's, for names that are the user's.
        "tlsConfig": {"insecureSkipVerify": True} if is_https else None,
        # A key that lies elsewhere is not known here.
        "params": {"authKey": [key]} if _is_plain(key) else None,
        "relabelConfigs": [marked],
    }
    renamed = {
        "sourceLabels": ["job"],
        "targetLabel": "job",
        "regex": "(.+)",
        "replacement": f"${{1}}-{_BESIDE}",
    }
    beside = {"port": _BESIDE, "path": "/metrics", "relabelConfigs": [marked, renamed]}
    has_beside = any(it.name == _BESIDE for it in workload.ports)
    return [pruned(main), *([beside] if has_beside else [])]


def _is_plain(key: str | tuple[str, ...]) -> bool:
    return isinstance(key, str) and bool(key) and not key.startswith(_ELSEWHERE)


def _refuse_wrong(made: Manifest, field: str) -> None:
    try:
        selected(made)
    except SpecInvalid as refused:
        path = refused.field.replace("podMetricsEndpoints", "endpoints", 1)
        message = str(refused).removeprefix(f"{refused.field}: ")
        raise SpecInvalid(field + path.removeprefix("spec"), message) from refused
