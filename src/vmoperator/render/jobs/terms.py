"""Terms: what a parent says about the jobs of all objects that it selects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.model import Metadata
from vmoperator.api.scrape import APIServerConfig, ScrapeClass, ScrapeFields
from vmoperator.base.duration import duration_seconds
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import digest
from vmoperator.render.jobs.auth import Auth, auth_config
from vmoperator.render.jobs.rules import users
from vmoperator.render.jobs.values import Reader

TEMPLATES = {
    "VMServiceScrape": "service_scrape",
    "VMPodScrape": "pod_scrape",
    "VMProbe": "probe_scrape",
    "VMNodeScrape": "node_scrape",
    "VMStaticScrape": "static_scrape",
    "VMScrapeConfig": "scrape_config",
}
"""Kind -> how the fields that hold for its objects begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the agent runs, as far as its jobs depend on it."""

    folder: str
    """Where it finds the certificates of all objects."""
    namespaces: tuple[str, ...] = ()
    """Namespaces that it may look into; none named: all of them."""
    is_on_every_node: bool = False
    """Whether each agent scrapes the pods of its own node."""
    prefers_slices: bool = False
    """Whether targets of a ServiceMonitor that names no role are found by EndpointSlices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for all jobs of a parent."""

    place: Place
    api_server: Mapping[str, Any]
    """Keys of each kubernetes_sd_configs entry that say which API server is asked."""
    templates: Mapping[str, tuple[Mapping[str, Any], ...]]
    """Kind -> relabelling of all its targets."""
    shared_assets: int = 0
    """Certificates that each of these entries names."""
    classes: tuple[ScrapeClass, ...] = ()
    shortest: str | None = None
    """minScrapeInterval"""
    longest: str | None = None
    """maxScrapeInterval"""
    enforced_label: str = ""
    is_own_namespace: bool = False
    """ignoreNamespaceSelectors"""
    uses_api_selectors: bool = False
    denies_files: bool = False
    overrides_labels: bool = False
    overrides_timestamps: bool = False

    def key(self, kind: str) -> str:
        """Hash of everything that the jobs of a kind depend on."""
        return digest(
            {
                "place": [self.place.folder, *self.place.namespaces],
                "flags": [
                    self.place.is_on_every_node,
                    self.place.prefers_slices,
                    self.is_own_namespace,
                    self.uses_api_selectors,
                    self.denies_files,
                    self.overrides_labels,
                    self.overrides_timestamps,
                ],
                "texts": [self.shortest, self.longest, self.enforced_label],
                "api_server": dict(self.api_server),
                "template": list(self.templates.get(kind, ())),
                "classes": [it.manifest() for it in self.classes],
            }
        )

    def interval(self, given: str) -> str:
        """The interval that an object asks for, within the parent's bounds."""
        if self.shortest and _seconds(given) <= _seconds(self.shortest):
            return self.shortest
        if self.longest and _seconds(given) > _seconds(self.longest):
            return self.longest
        return given


def terms(spec: ScrapeFields, metadata: Metadata, place: Place, around: Around) -> Terms:
    """The terms of a parent. Raises SpecInvalid, which names the field, for what makes no sense."""
    classes = tuple(spec.scrape_classes or ())
    _refuse_odd_classes(classes)
    for field, value in (
        ("spec.minScrapeInterval", spec.min_scrape_interval),
        ("spec.maxScrapeInterval", spec.max_scrape_interval),
    ):
        _refuse_odd_interval(value, field=field)
    reader = Reader(around=around, namespace=metadata.namespace, folder=place.folder)
    access = spec.arbitrary_fs_access_through_sms
    api_server = _api_server(spec.api_server_config, reader)
    return Terms(
        place=place,
        api_server=api_server,
        shared_assets=len(reader.assets),
        templates={kind: _template(spec, prefix) for kind, prefix in TEMPLATES.items()},
        classes=classes,
        shortest=spec.min_scrape_interval or None,
        longest=spec.max_scrape_interval or None,
        enforced_label=spec.enforced_namespace_label or "",
        is_own_namespace=bool(spec.ignore_namespace_selectors),
        uses_api_selectors=bool(spec.enable_kubernetes_api_selectors),
        denies_files=bool(access and access.deny),
        overrides_labels=bool(spec.override_honor_labels),
        overrides_timestamps=bool(spec.override_honor_timestamps),
    )


def _api_server(given: APIServerConfig | None, reader: Reader) -> dict[str, Any]:
    if given is None:
        return {}
    field = "spec.apiServerConfig"
    auth = Auth(
        tls_config=given.tls_config,
        basic_auth=given.basic_auth,
        authorization=given.authorization,
        bearer_token_file=given.bearer_token_file,
    )
    found = auth_config(auth, field=field, reader=reader)
    if given.bearer_token:
        if set(found) - {"tls_config"}:
            raise SpecInvalid(field, "bearerToken excludes other credentials: set one of them")
        found["bearer_token"] = given.bearer_token
    return {"api_server": given.host, **found}


def _template(spec: ScrapeFields, prefix: str) -> tuple[Mapping[str, Any], ...]:
    words = prefix.split("_")
    field = f"spec.{words[0]}{''.join(it.title() for it in words[1:])}RelabelTemplate"
    given = getattr(spec, f"{prefix}_relabel_template") or ()
    return tuple(users(given, field=field))


def _refuse_odd_classes(classes: tuple[ScrapeClass, ...]) -> None:
    field = "spec.scrapeClasses"
    names = [it.name for it in classes]
    for place, it in enumerate(classes):
        if it.name in names[:place]:
            raise SpecInvalid(f"{field}[{place}].name", f"another class is named {it.name}")
        if it.default and any(other.default for other in classes[:place]):
            raise SpecInvalid(f"{field}[{place}].default", "another class is the default")
        for name, rules in (
            ("relabelConfigs", it.relabel_configs),
            ("metricRelabelConfigs", it.metric_relabel_configs),
        ):
            users(rules, field=f"{field}[{place}].{name}")


def _refuse_odd_interval(value: str | None, *, field: str) -> None:
    try:
        duration_seconds(value or "0")
    except ValueError:
        raise SpecInvalid(field, 'must be a time such as "30s" or "1m30s"') from None


def _seconds(text: str) -> Decimal:
    return duration_seconds(text)
