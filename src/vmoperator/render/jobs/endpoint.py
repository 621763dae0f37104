"""Endpoints: the keys of a job that say how its targets are scraped, whatever finds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Protocol

from vmoperator.api.auth import TLSConfig
from vmoperator.api.scrape import ScrapeClass
from vmoperator.api.selected.endpoint import (
    EndpointAuth,
    EndpointScrapeParams,
    ProxyClientConfig,
    VMScrapeParams,
)
from vmoperator.base.duration import duration_seconds
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render.jobs.auth import Auth, auth_config
from vmoperator.render.jobs.proxy import proxy_url
from vmoperator.render.jobs.scrape_class import NO_CLASS, with_class
from vmoperator.render.jobs.terms import Terms
from vmoperator.render.jobs.values import Reader

_MOST = 2**63 - 1
# An agent sets two bytes aside for each series that a target may bring (lib/bloomfilter).
_MOST_SERIES = 2**31 - 1
_PROXY_NAMES: Mapping[str, str] = MappingProxyType(
    {
        "tlsConfig": "tls_config",
        "basicAuth": "basic_auth",
        "bearerTokenSecret": "bearer_token",
        "bearerTokenFile": "bearer_token_file",
    }
)
_AUTH = tuple(EndpointAuth.model_fields)


class Limited(Protocol):
    """What endpoints and objects say about limits."""

    @property
    def sample_limit(self) -> int | None: ...
    @property
    def series_limit(self) -> int | None: ...


def scraped(given: EndpointScrapeParams, *, field: str, terms: Terms) -> dict[str, Any]:
    """How targets are scraped, as far as it is not what holds anyway. Raises SpecInvalid."""
    interval = given.scrape_interval or given.interval
    scheme = (given.scheme or "").lower()
    found: dict[str, Any] = pruned(
        {
            "honor_labels": given.honor_labels and not terms.overrides_labels or None,
            "honor_timestamps": given.honor_timestamps and not terms.overrides_timestamps or None,
            "scrape_interval": terms.interval(interval) if interval else None,
            "scrape_timeout": given.scrape_timeout or None,
            "metrics_path": given.path if given.path not in ("", "/metrics") else None,
            "proxy_url": proxy_url(given.proxy_url, field=f"{field}.proxyURL"),
            "follow_redirects": False if given.follow_redirects is False else None,
            "params": dict(sorted((given.params or {}).items())) or None,
            "scheme": scheme if scheme == "https" else None,
            "max_scrape_size": _size(given.max_scrape_size),
            **limits(given, field=field),
        }
    )
    return found


def authenticated(
    given: EndpointAuth, chosen: ScrapeClass, *, field: str, reader: Reader
) -> dict[str, Any]:
    """Credentials for the targets: the object's own, and what its class adds."""
    if chosen is NO_CLASS and not any(getattr(given, name) for name in _AUTH):
        return {}
    if reader.denies_files:
        _refuse_files(given, field=field, reader=reader)
        # What the class says is the parent's own.
        reader = replace(reader, denies_files=False)
    return auth_config(with_class(given, chosen), field=field, reader=reader)


def victoria_metrics(given: VMScrapeParams | None, *, field: str, reader: Reader) -> dict[str, Any]:
    """What VictoriaMetrics knows beyond Prometheus."""
    if given is None:
        return {}
    found: dict[str, Any] = pruned(
        {
            "scrape_align_interval": given.scrape_align_interval or None,
            "stream_parse": given.stream_parse or None,
            "disable_compression": given.disable_compression or None,
            "scrape_offset": _offset(given.scrape_offset, field=f"{field}.scrape_offset"),
            "no_stale_markers": given.no_stale_markers,
            "disable_keepalive": given.disable_keep_alive or None,
            "headers": given.headers or None,
            **proxy_auth(
                given.proxy_client_config, field=f"{field}.proxy_client_config", reader=reader
            ),
        }
    )
    return found


def proxy_auth(given: ProxyClientConfig | None, *, field: str, reader: Reader) -> dict[str, Any]:
    """Credentials for a proxy, each key beginning with proxy_."""
    if given is None:
        return {}
    auth = Auth(
        oauth2=given.oauth2,
        tls_config=given.tls_config,
        bearer_token_file=given.bearer_token_file,
        bearer_token_secret=given.bearer_token,
        basic_auth=given.basic_auth,
        authorization=given.authorization,
    )
    found = auth_config(auth, field=field, reader=reader, names=_PROXY_NAMES)
    return {f"proxy_{key}": value for key, value in found.items()}


def limits(given: Limited, *, field: str) -> dict[str, int | None]:
    """How much a target may bring. Raises SpecInvalid for numbers over which agents end, or read
    none of a file."""
    return {
        "sample_limit": _within(_MOST, given.sample_limit, field=f"{field}.sampleLimit") or None,
        "series_limit": _within(_MOST_SERIES, given.series_limit, field=f"{field}.seriesLimit"),
    }


def _within(most: int, given: int | None, *, field: str) -> int | None:
    if given is not None and given > most:
        raise SpecInvalid(field, f"must be at most {most}")
    return given


def _size(given: int | str | None) -> str | None:
    return None if given in (None, "", 0, "0") else str(given)


def _offset(given: str | None, *, field: str) -> str | None:
    try:
        duration_seconds(given or "0")
    except ValueError:
        raise SpecInvalid(field, 'must be a time such as "30s" or "1m30s"') from None
    return given if given not in ("", "0") else None


def _refuse_files(given: EndpointAuth, *, field: str, reader: Reader) -> None:
    basic, oauth2, header = given.basic_auth, given.oauth2, given.authorization
    named = {
        "bearerTokenFile": given.bearer_token_file,
        "basicAuth.password_file": basic.password_file if basic else None,
        "oauth2.client_secret_file": oauth2.client_secret_file if oauth2 else None,
        "authorization.credentialsFile": header.credentials_file if header else None,
        **_files_of_tls("tlsConfig", given.tls_config),
        **_files_of_tls("oauth2.tls_config", oauth2.tls_config if oauth2 else None),
    }
    for name, path in named.items():
        reader.path(path, field=f"{field}.{name}")


def _files_of_tls(name: str, given: TLSConfig | None) -> dict[str, str | None]:
    if given is None:
        return {}
    return {
        f"{name}.caFile": given.ca_file,
        f"{name}.certFile": given.cert_file,
        f"{name}.keyFile": given.key_file,
    }
