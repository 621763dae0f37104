"""VMAlertmanagers as vmalert sees them: which pods stand behind an address, or bear labels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult

from vmoperator.api.around import Around
from vmoperator.api.vmalert import DiscoverySelector
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.base import names
from vmoperator.base.manifest import Ref
from vmoperator.render.label_selector import selects

APP = "vmalertmanager"
OPERATED = "alertmanager-operated"
"""Headless Service over the pods of all VMAlertmanagers of a namespace."""
_USUAL_DOMAIN = "cluster.local"
_PORTS: Mapping[str, int] = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanagers:
    """All VMAlertmanagers, seen from one namespace."""

    around: Around
    namespace: str
    domain: str
    """DNS suffix of the Kubernetes cluster as the operator was told; empty if it was not."""
    port: str
    """Port of those that name none."""

    def pods_behind(self, url: SplitResult) -> list[SplitResult]:
        """The same URL for each pod behind it; none if it names no Service of a VMAlertmanager.

        None as well if the operator does not look after the pods: a paused VMAlertmanager.
        """
        place = _Place.of(url.hostname or "", namespace=self.namespace)
        if place is None:
            return []
        near = [it for it in self._all(place.namespace) if self._is_ours(place.domain, it)]
        if place.service == OPERATED:
            is_looked_after = any(not it.spec.paused for it in near)
            ports = [(it, url.port or self._port(it)) for it in near if is_looked_after]
        else:
            named = ((it, self._port_behind(place.service, it, url)) for it in near)
            ports = [(it, port) for it, port in named if port and not it.spec.paused]
        return [
            _at(url, host, port)
            for one, port in ports
            for host in self._hosts(one, domain=place.domain)
        ]

    def selected(self, selector: DiscoverySelector, *, field: str) -> list[SplitResult]:
        """The URL of each pod of the VMAlertmanagers that a selector means."""
        wanted, place = selector.label_selector, f"{field}.labelSelector"
        chosen = (
            one
            for namespace in self._namespaces(selector)
            for one in self._all(namespace)
            if selects(wanted, one.metadata.labels, field=place)
        )
        return [
            _at(_base(one), host, self._port(one)) for one in chosen for host in self._hosts(one)
        ]

    def _namespaces(self, selector: DiscoverySelector) -> list[str]:
        """Where a selector looks; "" means everywhere."""
        within = selector.namespace_selector
        if within is None or within.any:
            return [""]
        return sorted(set(within.match_names or [self.namespace]))

    def _all(self, namespace: str) -> list[VMAlertmanager]:
        found = self.around.neighbours("VMAlertmanager", namespace)
        return [
            one
            for one in found
            if isinstance(one, VMAlertmanager) and one.metadata.deletion_timestamp is None
        ]

    def _is_ours(self, domain: str, one: VMAlertmanager) -> bool:
        # A Service of the same name under another suffix stands in another Kubernetes cluster.
        told = {it for it in (self.domain, one.spec.cluster_domain_name) if it}
        return domain in {"", *(told or {_USUAL_DOMAIN})}

    def _hosts(self, one: VMAlertmanager, *, domain: str = "") -> Iterator[str]:
        service, namespace = _service(one), one.metadata.namespace
        suffix = domain or one.spec.cluster_domain_name or self.domain
        for ordinal in range(self._replicas(one)):
            yield names.pod_host(service, ordinal, namespace=namespace, domain=suffix)

    def _replicas(self, one: VMAlertmanager) -> int:
        wanted = 1 if one.spec.replica_count is None else one.spec.replica_count
        if not one.spec.paused:
            return wanted
        live = self.around.replicas(Ref("StatefulSet", one.metadata.namespace, _service(one)))
        return wanted if live is None else live

    def _port(self, one: VMAlertmanager) -> int:
        return int(one.spec.port or self.port)

    def _port_behind(self, service: str, one: VMAlertmanager, url: SplitResult) -> int | None:
        """Port of the pods behind a Service; None if it is no Service of this VMAlertmanager."""
        if service == _service(one):
            # It is headless: the port of the URL is one of the pods themselves.
            return url.port or self._port(one)
        given = one.spec.service_spec
        if given is None or given.use_as_default:
            return None
        name = given.metadata and given.metadata.name
        if service != (name or names.additional_service(_service(one))):
            return None
        return self._port_of_additional(given.spec or {}, one, url)

    def _port_of_additional(
        self, spec: Mapping[str, Any], one: VMAlertmanager, url: SplitResult
    ) -> int | None:
        asked, own = url.port or _PORTS[url.scheme], self._port(one)
        if spec.get("selector") or spec.get("type") == "ExternalName":
            return None
        ports = spec.get("ports") or [{"port": own}]
        found = _entry(ports, port=asked)
        if found is None:
            return None
        target = found.get("targetPort", asked)
        if isinstance(target, int):
            return target
        return own if target == (one.spec.port_name or "web") else None


def _entry(ports: Any, *, port: int) -> Mapping[str, Any] | None:
    # Whatever shape it has is the other object's concern.
    entries = ports if isinstance(ports, list) else []
    named = (it for it in entries if isinstance(it, Mapping) and it.get("port") == port)
    return next(named, None)


@dataclass(frozen=True, slots=True)
class _Place:
    """The Service that a host name means."""

    service: str
    namespace: str
    domain: str

    @classmethod
    def of(cls, host: str, *, namespace: str) -> _Place | None:
        """NAME, NAME.NAMESPACE or NAME.NAMESPACE.svc[.DOMAIN]; None for any other name."""
        parts = host.removesuffix(".").split(".")
        if not all(parts) or (len(parts) > 2 and parts[2] != "svc"):
            return None
        return cls(parts[0], (parts[1:2] or [namespace])[0], ".".join(parts[3:]))


def _service(one: VMAlertmanager) -> str:
    name = one.metadata.name
    return name if one.spec.use_legacy_naming else names.component(APP, name)


def _base(one: VMAlertmanager) -> SplitResult:
    web = one.spec.web_config
    is_tls = web is not None and web.tls_server_config is not None
    return SplitResult("https" if is_tls else "http", "", one.spec.route_prefix or "", "", "")


def _at(url: SplitResult, host: str, port: int) -> SplitResult:
    user, at, _ = url.netloc.rpartition("@")
    return url._replace(netloc=f"{user}{at}{host}:{port}")
