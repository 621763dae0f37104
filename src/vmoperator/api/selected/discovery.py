"""Service discovery: targets from files, URLs, DNS and Kubernetes, and what all kinds share."""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from vmoperator.api.auth import Authorization, BasicAuth, OAuth2, TLSConfig
from vmoperator.api.model import SpecModel
from vmoperator.api.scalars import Checked, Labels
from vmoperator.api.scrape import AttachMetadata
from vmoperator.api.selected.endpoint import ProxyClientConfig
from vmoperator.api.selected.scalars import ProxyURL, Untold
from vmoperator.api.structural import BRIEF

SDPort: TypeAlias = Annotated[int, Field(ge=0, le=65535, json_schema_extra={"format": "int32"})]
Name: TypeAlias = Annotated[str, Field(min_length=1)]
Role: TypeAlias = Literal["node", "pod", "service", "endpoints", "endpointslice", "ingress"]


def _as_in_spec() -> Any:
    return Field(default=None, json_schema_extra={BRIEF: True})


class DiscoveryOAuth2(OAuth2):
    """Client credentials of OAuth 2.0 for a service that knows targets."""

    tls_config: Annotated[TLSConfig, Untold()] | None = Field(default=None, alias="tls_config")
    """TLS of the connection to token_url."""


class TLSDiscovery(SpecModel):
    """How the agent checks a service that knows targets."""

    tls_config: TLSConfig | None = _as_in_spec()
    """TLS of the connection; fields as in spec.tlsConfig."""


class HTTPDiscovery(TLSDiscovery):
    """How the agent reaches a service that knows targets."""

    authorization: Authorization | None = _as_in_spec()
    """The header Authorization; fields as in spec.authorization."""
    basic_auth: BasicAuth | None = _as_in_spec()
    """User name and password; fields as in spec.basicAuth."""
    oauth2: DiscoveryOAuth2 | None = _as_in_spec()
    """Client credentials of OAuth 2.0; fields as in spec.oauth2."""
    proxy_url: ProxyURL | None = Field(default=None, alias="proxyURL")
    """Proxy in front of the service."""
    proxy_client_config: Annotated[ProxyClientConfig, Untold()] | None = Field(
        default=None, alias="proxy_client_config"
    )
    """Credentials for the proxy; fields as in spec.vm_scrape_params.proxy_client_config."""
    follow_redirects: bool | None = None
    """Whether redirects are followed; true when unset."""


class Filter(SpecModel):
    """A condition on what is listed, in the words of the service."""

    name: str
    """Name of the filter."""
    values: list[str]
    """Values, one of which must fit."""


class StaticConfig(SpecModel):
    """Targets that are written down."""

    targets: list[str] | None = None
    """Addresses as HOST:PORT."""
    labels: Labels | None = None
    """Labels of all series of these targets."""


class FileSDConfig(SpecModel):
    """Targets from files in the container of the agent, which you mount yourself."""

    files: list[str] = Field(min_length=1)
    """Paths, which may hold * in the last part."""


class HTTPSDConfig(HTTPDiscovery):
    """Targets from a URL."""

    url: Annotated[
        str,
        Field(max_length=4096),
        Checked(
            lambda value: value.startswith(("http://", "https://")),
            "self.startsWith('http://') || self.startsWith('https://')",
            'must be a URL such as "http://targets:8080/all"',
        ),
    ]
    """URL that lists the targets."""


class DNSSDConfig(SpecModel):
    """Targets from DNS."""

    names: list[str] = Field(min_length=1)
    """Names to look up."""
    type: Literal["SRV", "A", "AAAA", "MX"] | None = None
    """Type of the records; SRV when unset."""
    port: SDPort | None = None
    """Port of the targets; not for SRV, which has ports."""


class NamespaceDiscovery(SpecModel):
    """Namespaces to look into; all of them when nothing is said."""

    own_namespace: bool | None = None
    """Whether the namespace of the agent is looked into."""
    names: list[str] | None = None
    """Names of the namespaces."""


class K8SSelectorConfig(SpecModel):
    """What the API server picks of one role."""

    role: Role
    """Kind of the objects that the selectors are for."""
    label: str | None = None
    """Label selector, such as app=web."""
    field: str | None = None
    """Field selector, such as status.phase=Running."""


class KubernetesSDConfig(HTTPDiscovery):
    """Targets from a Kubernetes API server."""

    api_server: str | None = None
    """URL of the API server; that of the agent's own cluster when unset."""
    role: Role
    """Kind of the objects that become targets."""
    namespaces: NamespaceDiscovery | None = None
    """Namespaces to look into."""
    attach_metadata: AttachMetadata | None = Field(default=None, alias="attach_metadata")
    """Labels of other objects that targets get."""
    selectors: list[K8SSelectorConfig] | None = Field(
        default=None,
        json_schema_extra={
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["role"],
        },
    )
    """What the API server picks, for each role."""
