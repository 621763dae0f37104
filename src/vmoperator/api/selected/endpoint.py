"""Endpoints: how the targets of a scrape object are scraped, whatever finds them."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from vmoperator.api.auth import (
    Authorization,
    BasicAuth,
    OAuth2,
    TLSConfig,
    either,
    has_key,
    has_text,
)
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.relabeling import RelabelConfig
from vmoperator.api.scalars import Size, misfit
from vmoperator.api.selected.scalars import Headers, ProxyURL, Time

Limit: TypeAlias = Annotated[int, Field(ge=0)]
Scheme: TypeAlias = Literal["http", "https", "HTTP", "HTTPS"]


class ProxyClientConfig(SpecModel):
    """Credentials for the proxy that stands in front of targets."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(
            ("basic_auth", "has(self.basic_auth)"),
            ("authorization", "has(self.authorization)"),
            ("oauth2", "has(self.oauth2)"),
            ("bearer_token", f"({has_key('bearer_token')} || {has_text('bearer_token_file')})"),
        ),
        either(
            ("bearer_token", has_key("bearer_token")),
            ("bearer_token_file", has_text("bearer_token_file")),
        ),
    )

    oauth2: OAuth2 | None = None
    """Client credentials of OAuth 2.0."""
    basic_auth: BasicAuth | None = Field(default=None, alias="basic_auth")
    """User name and password."""
    bearer_token: SecretKeySelector | None = Field(default=None, alias="bearer_token")
    """Secret that holds a token."""
    bearer_token_file: str | None = Field(default=None, alias="bearer_token_file")
    """A token as a file in the container of the agent."""
    tls_config: TLSConfig | None = Field(default=None, alias="tls_config")
    """TLS of the connection to the proxy."""
    authorization: Authorization | None = None
    """The header Proxy-Authorization."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        token, file = _is_set(self.bearer_token), bool(self.bearer_token_file)
        _refuse_several(
            basic_auth=self.basic_auth is not None,
            authorization=self.authorization is not None,
            oauth2=self.oauth2 is not None,
            bearer_token=token or file,
        )
        _refuse_several(bearer_token=token, bearer_token_file=file)
        return self


class VMScrapeParams(SpecModel):
    """What VictoriaMetrics knows about scraping and Prometheus does not."""

    disable_compression: bool | None = Field(default=None, alias="disable_compression")
    """Whether the target is told not to compress its answer."""
    disable_keep_alive: bool | None = Field(default=None, alias="disable_keep_alive")
    """Whether each scrape has a connection of its own."""
    no_stale_markers: bool | None = Field(default=None, alias="no_stale_markers")
    """Whether series that vanish get no stale marker."""
    stream_parse: bool | None = Field(default=None, alias="stream_parse")
    """Whether the answer is read in pieces, which takes less memory for large ones."""
    scrape_align_interval: Time | None = Field(default=None, alias="scrape_align_interval")
    """Interval to whose multiples scrapes are aligned."""
    scrape_offset: str | None = Field(default=None, alias="scrape_offset")
    """Offset of scrapes from the multiples of the interval."""
    proxy_client_config: ProxyClientConfig | None = Field(default=None, alias="proxy_client_config")
    """Credentials for the proxy of proxyURL."""
    headers: Headers | None = None
    """Headers to send with each scrape, each as "Name: value"."""


class EndpointScrapeParams(SpecModel):
    """How a target is scraped."""

    path: str | None = None
    """Path of the metrics; /metrics when unset."""
    scheme: Scheme | None = None
    """Scheme of the URL; http when unset."""
    params: dict[str, list[str]] | None = None
    """Parameters of the query."""
    follow_redirects: bool | None = Field(default=None, alias="follow_redirects")
    """Whether redirects are followed; true when unset."""
    sample_limit: Limit | None = None
    """Largest number of samples of one scrape; a larger one is dropped. 0 for no limit."""
    series_limit: Limit | None = None
    """Largest number of series that a target may bring within a day. 0 for no limit."""
    interval: Time | None = None
    """Time between two scrapes; that of the agent when unset."""
    scrape_interval: Time | None = Field(default=None, alias="scrape_interval")
    """The same as interval, which it wins over."""
    scrape_timeout: Time | None = None
    """Longest time that a scrape may take."""
    proxy_url: ProxyURL | None = Field(default=None, alias="proxyURL")
    """Proxy in front of the targets."""
    honor_labels: bool | None = None
    """Whether labels of the target win over those of the scrape."""
    honor_timestamps: bool | None = None
    """Whether timestamps of the target count."""
    max_scrape_size: Size | None = Field(default=None, alias="max_scrape_size")
    """Largest answer of a target; a larger one is dropped."""
    vm_scrape_params: VMScrapeParams | None = Field(default=None, alias="vm_scrape_params")
    """What VictoriaMetrics knows beyond Prometheus."""


class EndpointAuth(SpecModel):
    """How the agent proves who it is to the targets."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(
            ("basicAuth", "has(self.basicAuth)"),
            ("authorization", "has(self.authorization)"),
            ("oauth2", "has(self.oauth2)"),
            ("bearerToken", f"({has_key('bearerTokenSecret')} || {has_text('bearerTokenFile')})"),
        ),
        either(
            ("bearerTokenSecret", has_key("bearerTokenSecret")),
            ("bearerTokenFile", has_text("bearerTokenFile")),
        ),
    )

    oauth2: OAuth2 | None = None
    """Client credentials of OAuth 2.0."""
    tls_config: TLSConfig | None = None
    """TLS of the connection."""
    bearer_token_file: str | None = None
    """A token as a file in the container of the agent."""
    bearer_token_secret: SecretKeySelector | None = None
    """Secret that holds a token."""
    basic_auth: BasicAuth | None = None
    """User name and password."""
    authorization: Authorization | None = None
    """The header Authorization."""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        secret, file = _is_set(self.bearer_token_secret), bool(self.bearer_token_file)
        _refuse_several(
            basicAuth=self.basic_auth is not None,
            authorization=self.authorization is not None,
            oauth2=self.oauth2 is not None,
            bearerToken=secret or file,
        )
        _refuse_several(bearerTokenSecret=secret, bearerTokenFile=file)
        return self


class EndpointRelabelings(SpecModel):
    """Relabelling of targets and of what they tell."""

    metric_relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the scraped series."""
    relabel_configs: list[RelabelConfig] | None = None
    """Relabelling of the targets."""


class Endpoint(EndpointScrapeParams, EndpointAuth, EndpointRelabelings):
    """How a target is scraped, with credentials and relabelling."""


def _is_set(selector: SecretKeySelector | None) -> bool:
    # Go clients write an unset selector as `{key: ""}`.
    return selector is not None and bool(selector.key)


def _refuse_several(**ways: bool) -> None:
    used = [name for name, is_used in ways.items() if is_used]
    if len(used) > 1:
        raise misfit(f"{' and '.join(used)} exclude each other: set one of them")
