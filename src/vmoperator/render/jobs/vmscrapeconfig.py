"""VMScrapeConfig: one job with all discoveries that it names."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.selected.discovery import HTTPDiscovery, KubernetesSDConfig, TLSDiscovery
from vmoperator.api.selected.vmscrapeconfig import VMScrapeConfig, VMScrapeConfigSpec
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.jobs.auth import Auth, auth_config, tls_config
from vmoperator.render.jobs.endpoint import proxy_auth
from vmoperator.render.jobs.proxy import proxy_url
from vmoperator.render.jobs.shape import Shape
from vmoperator.render.jobs.values import Reader

_SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "static_configs": "static_configs",
        "file_sd_configs": "file_sd_configs",
        "http_sd_configs": "http_sd_configs",
        "kubernetes_sd_configs": "kubernetes_sd_configs",
        "consul_sd_configs": "consul_sd_configs",
        "dns_sd_configs": "dns_sd_configs",
        "ec2_sd_configs": "ec2_sd_configs",
        "azure_sd_configs": "azure_sd_configs",
        "gce_sd_configs": "gce_sd_configs",
        "openstack_sd_configs": "openstack_sd_configs",
        "digital_ocean_sd_configs": "digitalocean_sd_configs",
        "hetzner_sd_configs": "hetzner_sd_configs",
        "eureka_sd_configs": "eureka_sd_configs",
        "puppet_db_sd_configs": "puppetdb_sd_configs",
        # The program's own spelling.
        "vultr_sd_configs": "vultr_configs",
        "kuma_sd_configs": "kuma_sd_configs",
        "ovhcloud_sd_configs": "ovhcloud_sd_configs",
        "nomad_sd_configs": "nomad_sd_configs",
        "consul_agent_sd_configs": "consulagent_sd_configs",
        "docker_sd_configs": "docker_sd_configs",
        "docker_swarm_sd_configs": "dockerswarm_sd_configs",
        "marathon_sd_configs": "marathon_sd_configs",
        "yandex_cloud_sd_configs": "yandexcloud_sd_configs",
    }
)
"""Field of the specification -> key of the job."""
_RENAMED = MappingProxyType({"token_ref": "token"})
_LOWERED = frozenset({"role", "scheme", "availability", "service"})
_WORDS = MappingProxyType({"cloud": "hcloud", "dedicatedserver": "dedicated_server"})
"""Values that the Go operator's definition has and the program spells otherwise."""
_COMMON = frozenset((*HTTPDiscovery.model_fields, *TLSDiscovery.model_fields))


def jobs(config: VMScrapeConfig, shape: Shape) -> list[dict[str, Any]]:
    """The one job. Raises SpecInvalid."""
    spec = config.spec
    job = {
        **shape.scraping(spec, field="spec"),
        "relabel_configs": [
            *shape.targets(spec.relabel_configs, field="spec.relabelConfigs"),
            *shape.closing(),
        ],
        "metric_relabel_configs": shape.series(
            spec.metric_relabel_configs, field="spec.metricRelabelConfigs"
        ),
        **{
            key: _section(spec, name, shape.reader)
            for name, key in _SECTIONS.items()
            if getattr(spec, name)
        },
    }
    return [job]


def _section(spec: VMScrapeConfigSpec, name: str, reader: Reader) -> list[dict[str, Any]]:
    field = f"spec.{VMScrapeConfigSpec.model_fields[name].alias}"
    entries: list[SpecModel] = getattr(spec, name)
    return [
        _entry(entry, field=f"{field}[{place}]", reader=reader)
        for place, entry in enumerate(entries)
    ]


def _entry(given: SpecModel, *, field: str, reader: Reader) -> dict[str, Any]:
    own = (name for name in type(given).model_fields if name not in _COMMON)
    found = {
        _RENAMED.get(name, name): _value(given, name, field=field, reader=reader) for name in own
    }
    # Charts like to write an empty text for what they leave open.
    said = {key: value for key, value in found.items() if value not in (None, "", [], {})}
    return {**said, **_client(given, field=field, reader=reader)}


def _value(given: SpecModel, name: str, *, field: str, reader: Reader) -> Any:
    value = getattr(given, name)
    path = f"{field}.{type(given).model_fields[name].alias}"
    if isinstance(value, SecretKeySelector):
        return reader.value(value, field=path)
    if name == "files":
        return [reader.path(it, field=f"{path}[{place}]") for place, it in enumerate(value)]
    if name in _LOWERED and isinstance(value, str):
        return _WORDS.get(value.lower(), value.lower())
    return _plain(value)


def _plain(value: Any) -> Any:
    """Parts of a discovery as data, in the program's spelling."""
    if isinstance(value, SpecModel):
        found = value.model_dump(by_alias=False, exclude_none=True)
        return {key: it for key, it in found.items() if it not in ("", [])}
    if isinstance(value, list):
        return [_plain(it) for it in value]
    return value


def _client(given: SpecModel, *, field: str, reader: Reader) -> dict[str, Any]:
    """How the agent reaches the service that knows the targets."""
    if not isinstance(given, HTTPDiscovery):
        if not isinstance(given, TLSDiscovery):
            return {}
        tls = tls_config(given.tls_config, field=f"{field}.tlsConfig", reader=reader)
        return {"tls_config": tls} if tls else {}
    auth = Auth(
        oauth2=given.oauth2,
        tls_config=given.tls_config,
        basic_auth=given.basic_auth,
        authorization=given.authorization,
    )
    if isinstance(given, KubernetesSDConfig) and given.proxy_client_config is not None:
        message = "agents have no credentials for a proxy in front of an API server"
        raise SpecInvalid(f"{field}.proxy_client_config", message)
    proxy = proxy_url(given.proxy_url, field=f"{field}.proxyURL")
    return {
        **auth_config(auth, field=field, reader=reader),
        **({"proxy_url": proxy} if proxy else {}),
        **proxy_auth(
            given.proxy_client_config, field=f"{field}.proxy_client_config", reader=reader
        ),
        **({"follow_redirects": False} if given.follow_redirects is False else {}),
    }
