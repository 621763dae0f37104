"""Credentials of HTTP clients: passwords, tokens, certificates, each kept in a Secret or a file.

What is set twice (a Secret and a file, two kinds of credentials) is refused: the programs end at
their start over some of it, and choose silently over the rest.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import Rule, SpecModel
from vmoperator.api.unsupported import MARK

NO_FLAG = "the program has no flag for it; scrapes and notifiers, which lie in files, take it"


def either(*ways: tuple[str, str], path: str = "") -> Rule:
    """The rule that at most one of some ways (name, expression that it is set) is used."""
    names = [name for name, _ in ways]
    count = " + ".join(f"({is_set} ? 1 : 0)" for _, is_set in ways)
    message = f"{', '.join(names[:-1])} and {names[-1]} exclude each other"
    return Rule(f"{count} <= 1", message, path, reason="FieldValueForbidden")


def has_text(field: str) -> str:
    """Expression: a text is set and not empty."""
    return f"(has(self.{field}) && self.{field} != '')"


def has_key(field: str) -> str:
    """Expression: a selector of a key is set."""
    # Go clients write an unset selector as `{key: ""}`.
    return f"(has(self.{field}) && self.{field}.key != '')"


def has_content(field: str) -> str:
    """Expression: a Secret or a ConfigMap is set."""
    return f"(has(self.{field}) && (has(self.{field}.secret) || has(self.{field}.configMap)))"


class ConfigMapKeySelector(SpecModel):
    """One key of a ConfigMap in the namespace of the parent."""

    name: str | None = None
    """Name of the ConfigMap."""
    key: str
    """Key in it."""
    optional: bool | None = None
    """Whether the ConfigMap or its key may be missing."""


class SecretOrConfigMap(SpecModel):
    """One key of a Secret or of a ConfigMap in the namespace of the parent."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(("secret", "has(self.secret)"), ("configMap", "has(self.configMap)")),
    )

    secret: SecretKeySelector | None = None
    """Key of a Secret."""
    config_map: ConfigMapKeySelector | None = None
    """Key of a ConfigMap."""


class TLSConfig(SpecModel):
    """How a client checks the server's certificate, and the certificate that it shows itself."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(("ca", has_content("ca")), ("caFile", has_text("caFile"))),
        either(("cert", has_content("cert")), ("certFile", has_text("certFile"))),
        either(("keySecret", has_key("keySecret")), ("keyFile", has_text("keyFile"))),
    )

    ca: SecretOrConfigMap | None = None
    """Certificates of the authorities that the server's certificate may come from."""
    ca_file: str | None = None
    """The same as a file in the container, which you mount yourself."""
    cert: SecretOrConfigMap | None = None
    """Certificate of the client."""
    cert_file: str | None = None
    """The same as a file in the container, which you mount yourself."""
    key_secret: SecretKeySelector | None = None
    """Key of the client's certificate."""
    key_file: str | None = None
    """The same as a file in the container, which you mount yourself."""
    server_name: str | None = None
    """Name that the server's certificate must have; by default the host of the URL."""
    insecure_skip_verify: bool | None = None
    """Whether any certificate of the server will do."""


class BasicAuth(SpecModel):
    """User name and password."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(("password", has_key("password")), ("password_file", has_text("password_file"))),
    )

    username: SecretKeySelector | None = None
    """Secret that holds the user name."""
    password: SecretKeySelector | None = None
    """Secret that holds the password."""
    password_file: str | None = Field(default=None, alias="password_file")
    """The password as a file in the container, which you mount yourself."""


class BearerAuth(SpecModel):
    """A token that is sent as `Authorization: Bearer`."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(
            ("bearerTokenSecret", has_key("bearerTokenSecret")),
            ("bearerTokenFile", has_text("bearerTokenFile")),
        ),
    )

    bearer_token_secret: SecretKeySelector | None = None
    """Secret that holds the token."""
    bearer_token_file: str | None = None
    """The token as a file in the container, which you mount yourself."""


class OAuth2Credentials(SpecModel):
    """Client credentials of OAuth 2.0 (RFC 6749, section 4.4), without their proxy and TLS."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(
            ("client_secret", has_key("client_secret")),
            ("client_secret_file", has_text("client_secret_file")),
        ),
    )

    client_id: SecretOrConfigMap = Field(alias="client_id")
    """Secret or ConfigMap that holds the client's id."""
    client_secret: SecretKeySelector | None = Field(default=None, alias="client_secret")
    """Secret that holds the client's secret."""
    client_secret_file: str | None = Field(default=None, alias="client_secret_file")
    """The client's secret as a file in the container, which you mount yourself."""
    token_url: str = Field(alias="token_url", min_length=1)
    """URL that hands out the tokens."""
    scopes: list[str] | None = None
    """Scopes to ask for."""
    endpoint_params: dict[str, str] | None = Field(default=None, alias="endpoint_params")
    """Parameters to add to each request for a token."""


class OAuth2(OAuth2Credentials):
    """Client credentials of OAuth 2.0 (RFC 6749, section 4.4)."""

    proxy_url: str | None = Field(default=None, alias="proxy_url")
    """Proxy in front of token_url."""
    tls_config: TLSConfig | None = Field(default=None, alias="tls_config")
    """TLS of the connection to token_url."""


class OAuth2Flags(OAuth2Credentials):
    """Client credentials of OAuth 2.0 (RFC 6749, section 4.4)."""

    proxy_url: str | None = Field(
        default=None, alias="proxy_url", json_schema_extra={MARK: NO_FLAG}
    )
    """Proxy in front of token_url."""
    tls_config: TLSConfig | None = Field(
        default=None, alias="tls_config", json_schema_extra={MARK: NO_FLAG}
    )
    """TLS of the connection to token_url."""


class Authorization(SpecModel):
    """The header Authorization, of any type but basic."""

    cel: ClassVar[tuple[Rule, ...]] = (
        either(
            ("credentials", has_key("credentials")),
            ("credentialsFile", has_text("credentialsFile")),
        ),
        Rule(
            "!has(self.type) || self.type.trim().lowerAscii() != 'basic'",
            "basic takes a user name and a password: set basicAuth instead",
            ".type",
        ),
    )

    type: str | None = Field(default=None, max_length=64)
    """Type of the credentials; Bearer when unset."""
    credentials: SecretKeySelector | None = None
    """Secret that holds the credentials."""
    credentials_file: str | None = None
    """The credentials as a file in the container, which you mount yourself."""


_ONE_OF_THREE = either(
    ("basicAuth", "has(self.basicAuth)"),
    ("oauth2", "has(self.oauth2)"),
    (
        "bearerToken",
        f"({has_key('bearerTokenSecret')} || {has_text('bearerTokenFile')})",
    ),
)


class HTTPAuth(BearerAuth):
    """How a client proves who it is to one URL, as far as flags can say it."""

    cel: ClassVar[tuple[Rule, ...]] = (_ONE_OF_THREE,)

    basic_auth: BasicAuth | None = None
    """User name and password."""
    oauth2: OAuth2Flags | None = None
    """Client credentials of OAuth 2.0."""
    tls_config: TLSConfig | None = None
    """TLS of the connection."""
    headers: list[str] | None = None
    """Headers to send with each request, each as "Name: value"."""


class FileAuth(BearerAuth):
    """How a client proves who it is to one URL, in a configuration file."""

    cel: ClassVar[tuple[Rule, ...]] = (_ONE_OF_THREE,)

    basic_auth: BasicAuth | None = None
    """User name and password."""
    oauth2: OAuth2 | None = None
    """Client credentials of OAuth 2.0."""
    tls_config: TLSConfig | None = None
    """TLS of the connection."""
    headers: list[str] | None = None
    """Headers to send with each request, each as "Name: value"."""
