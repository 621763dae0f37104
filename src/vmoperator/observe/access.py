"""Access: which rights the discovery of targets needs, and what to say when some are missing.

The programs list and watch what the roles of their kubernetes_sd_configs name
(https://docs.victoriametrics.com/victoriametrics/sd_configs/#kubernetes_sd_configs).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

import orjson
import yaml

from vmoperator.api.model import SpecModel
from vmoperator.observe.verdict import Aspect, Remark

VERBS: Final = ("get", "list", "watch")
_SERVICES, _PODS = ("", "services"), ("", "pods")
_SLICES = ("discovery.k8s.io", "endpointslices")
_ROLES: Final[Mapping[str, tuple[tuple[str, str], ...]]] = {
    "node": (("", "nodes"),),
    "service": (_SERVICES,),
    "pod": (_PODS,),
    "endpoints": (("", "endpoints"), _SERVICES, _PODS),
    "endpointslice": (_SLICES, _SERVICES, _PODS),
    "endpointslices": (_SLICES, _SERVICES, _PODS),
    "ingress": (("networking.k8s.io", "ingresses"),),
}
# Selectors whose objects are discovered: by the role that their jobs have.
_SELECTED: Final[Mapping[str, tuple[str, ...]]] = {
    "service_scrape": ("endpoints",),
    "service_monitor": ("endpoints",),
    "pod_scrape": ("pod",),
    "node_scrape": ("node",),
    "probe": ("ingress",),
}
_DISCOVERS = "kubernetes_sd_configs"
_NO_ACCOUNT = "ServiceAccountMissing"
_PAGE = "docs/discovery-rights.md"


class Question(NamedTuple):
    """May the account do this? In the whole cluster if no namespace is named."""

    verb: str
    group: str
    resource: str
    namespace: str = ""


class Account(NamedTuple):
    """A service account."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"service account {self.namespace}/{self.name}"


def questions(spec: SpecModel, files: Iterable[str], *, namespace: str) -> frozenset[Question]:
    """What the account must be allowed so that everything is discovered that the spec selects,
    and that the files of a program's configuration name; nothing where they discover nothing.

    `namespace` is that of the pods, for jobs that look no further.
    """
    found = {(role, "") for role in _selected_roles(spec)}
    for text in files:
        if _DISCOVERS in text:
            found.update(_roles_of_jobs(_document(text), namespace))
    return frozenset(
        # Nodes are in no namespace.
        Question(verb, group, resource, "" if resource == "nodes" else where)
        for role, where in found
        for group, resource in _ROLES.get(role, ())
        for verb in VERBS
    )


def allowed(account: Account, missing: Iterable[Question], *, exists: bool) -> Remark:
    """The condition DiscoveryAllowed."""
    words = "; ".join(_lacks(missing))
    remedy = f"bind a role with these rights to it, see {_PAGE}" if words else ""
    if not exists:
        told = f"{account} does not exist, so no pod can be created with it"
        rest = f"; it may not {words}: {remedy}" if words else ""
        return Remark(Aspect.DISCOVERY_ALLOWED, "False", _NO_ACCOUNT, told + rest)
    if words:
        message = f"{account} may not {words}: {remedy}"
        return Remark(Aspect.DISCOVERY_ALLOWED, "False", "RightsMissing", message)
    message = f"{account} may read what is to be discovered"
    return Remark(Aspect.DISCOVERY_ALLOWED, "True", "Allowed", message)


def has_come(before: Remark | None, now: Remark) -> bool:
    """Whether the account was missing, and is there now."""
    was_missing = before is not None and before.reason == _NO_ACCOUNT
    return was_missing and now.status != "Unknown" and now.reason != _NO_ACCOUNT


def unknown(account: Account, why: str) -> Remark:
    """The condition DiscoveryAllowed where the operator cannot ask."""
    message = f"the rights of {account} cannot be seen: {why}"
    return Remark(Aspect.DISCOVERY_ALLOWED, "Unknown", "NotAsked", message)


def _selected_roles(spec: SpecModel) -> Iterator[str]:
    for prefix, roles in _SELECTED.items():
        names = ("selector", "namespace_selector")
        chosen = [getattr(spec, f"{prefix}_{name}", None) is not None for name in names]
        if any(chosen) or getattr(spec, "select_all_by_default", None):
            yield from roles


def _document(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return yaml.load(text, Loader=yaml.CSafeLoader)


def _roles_of_jobs(document: Any, namespace: str) -> Iterator[tuple[str, str]]:
    jobs = document.get("scrape_configs") if isinstance(document, Mapping) else document
    for job in jobs or ():
        for discovery in job.get(_DISCOVERS) or ():
            # With an API server of its own it is not this cluster's rights that count.
            if not discovery.get("api_server"):
                role = str(discovery.get("role", ""))
                for where in _namespaces(discovery.get("namespaces") or {}, namespace):
                    yield role, where


def _namespaces(chosen: Mapping[str, Any], own: str) -> list[str]:
    names = [str(name) for name in chosen.get("names") or ()]
    return [*names, own] if chosen.get("own_namespace") else names or [""]


def _lacks(missing: Iterable[Question]) -> Iterator[str]:
    """`list, watch pods, services in namespace a`, one for each combination."""
    verbs: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in missing:
        verbs[one.namespace, _resource(one)].add(one.verb)
    alike: dict[tuple[str, tuple[str, ...]], list[str]] = defaultdict(list)
    for (where, resource), found in sorted(verbs.items()):
        alike[where, tuple(verb for verb in VERBS if verb in found)].append(resource)
    for (where, lacking), resources in sorted(alike.items()):
        place = f" in namespace {where}" if where else ""
        yield f"{', '.join(lacking)} {', '.join(resources)}{place}"


def _resource(one: Question) -> str:
    return f"{one.resource}.{one.group}" if one.group else one.resource
