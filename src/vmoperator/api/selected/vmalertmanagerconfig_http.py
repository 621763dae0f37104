"""HTTP clients of receivers, and how a field of a receiver stands in Alertmanager's own file."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field

from vmoperator.api.auth import Authorization, BasicAuth, OAuth2, TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.selected.scalars import Untold


class Form(StrEnum):
    """What the text of a field has to be; Alertmanager ends over anything else."""

    URL = "URL"
    """An address, http or https, with a host."""
    TEMPLATED_URL = "templated URL"
    """The same, or a template that gives one."""
    SECONDS = "seconds"
    """A time with the units of Prometheus, for a field of Alertmanager that knows no days."""
    GO_DURATION = "Go duration"
    """A time without days."""
    PERIOD = "period"
    """A time with the units of Prometheus."""
    HOST_PORT = "host and port"
    """host:port."""


@dataclass(frozen=True, slots=True)
class As:
    """Annotation of a field: its name in Alertmanager's file where that is another, its form."""

    name: str = ""
    form: Form | None = None
    says_only_yes: bool = False
    """Whether false is left out: older Alertmanagers do not know the field."""


class SnakeModel(SpecModel):
    """A part whose fields are spelled as in Alertmanager's file: in snake_case."""

    model_config = ConfigDict(alias_generator=str)


class Header(SnakeModel):
    """Values of one header."""

    values: list[str] | None = None
    """Values that are no secrets."""
    secrets: list[SecretKeySelector] | None = None
    """Secrets that hold values."""
    files: list[str] | None = None
    """Files in the container of Alertmanager that hold values."""


class HTTPConfig(SnakeModel):
    """How a receiver is reached over HTTP."""

    # The definition does not list these fields, so a typing error would go unnoticed.
    model_config = ConfigDict(extra="forbid")

    basic_auth: BasicAuth | None = None
    """User name and password."""
    bearer_token_secret: SecretKeySelector | None = None
    """Secret that holds a token."""
    bearer_token_file: str | None = None
    """A token as a file in the container of Alertmanager."""
    tls_config: TLSConfig | None = None
    """TLS of the connection."""
    authorization: Authorization | None = None
    """The header Authorization."""
    oauth2: OAuth2 | None = None
    """Client credentials of OAuth 2.0."""
    follow_redirects: bool | None = None
    """Whether redirects are followed; true when unset."""
    http_headers: dict[str, Header] | None = None
    """Further headers."""
    proxy_url: str | None = Field(default=None, alias="proxyURL")
    """Proxy in front of the receiver."""
    no_proxy: str | None = Field(default=None, alias="noProxy")
    """Addresses that are reached without the proxy, divided by commas."""
    proxy_from_environment: bool | None = Field(default=None, alias="proxyFromEnvironment")
    """Whether the proxy comes from the environment of Alertmanager."""
    proxy_connect_header: dict[str, list[SecretKeySelector]] | None = Field(
        default=None, alias="proxyConnectHeader"
    )
    """Headers for the proxy, from Secrets."""


Client: TypeAlias = Annotated[HTTPConfig, Untold()] | None


class Notifier(SnakeModel):
    """One way to notify."""

    send_resolved: bool | None = None
    """Whether it is told that an alert is over; what Alertmanager does for it when unset."""


class HTTPNotifier(Notifier):
    """One way to notify over HTTP."""

    http_config: Client = None
    """How the receiver is reached: basic_auth, bearer_token_secret, tls_config, authorization,
    oauth2, follow_redirects, http_headers, proxyURL, noProxy, proxyFromEnvironment and
    proxyConnectHeader; docs/vmalertmanagerconfig.md."""
