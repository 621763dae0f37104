"""Connections of a VMAlertmanager: its web server, the gossip between replicas, tracing.

Names are snake_case here, for they are those of Alertmanager's own files.
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field

from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import Rule, SpecModel

TLSVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]


def _given(*names: str) -> str:
    return "(" + " || ".join(f"has(self.{name})" for name in names) + ")"


def _snake(name: str, **more: Any) -> Any:
    return Field(default=None, alias=name, **more)


_CERTIFICATE = _given("cert_secret_ref", "cert_file")
_KEY = _given("key_secret_ref", "key_file")


class Certificate(SpecModel):
    """A certificate and its key, each from a Secret or from a file."""

    cert_secret_ref: SecretKeySelector | None = _snake("cert_secret_ref")
    """Secret that holds the certificate."""
    cert_file: str | None = _snake("cert_file")
    """The certificate as a file in the container, which you mount yourself; cert_secret_ref
    wins."""
    key_secret_ref: SecretKeySelector | None = _snake("key_secret_ref")
    """Secret that holds the key of the certificate."""
    key_file: str | None = _snake("key_file")
    """The key as a file in the container, which you mount yourself; key_secret_ref wins."""


class TLSServer(Certificate):
    """TLS of what Alertmanager serves."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            _CERTIFICATE,
            "a server needs a certificate: set cert_secret_ref, or cert_file",
            reason="FieldValueRequired",
        ),
        Rule(
            _KEY,
            "a server needs the key of its certificate: set key_secret_ref, or key_file",
            reason="FieldValueRequired",
        ),
        Rule(
            "!has(self.client_auth_type) || self.client_auth_type != 'RequireAndVerifyClientCert'"
            f" || {_given('client_ca_secret_ref', 'client_ca_file')}",
            "RequireAndVerifyClientCert needs client_ca_secret_ref, or client_ca_file",
            ".client_auth_type",
        ),
    )

    client_ca_secret_ref: SecretKeySelector | None = _snake("client_ca_secret_ref")
    """Secret that holds the authorities which certificates of clients may come from."""
    client_ca_file: str | None = _snake("client_ca_file")
    """The same as a file in the container, which you mount yourself; client_ca_secret_ref wins."""
    client_auth_type: Literal["NoClientCert", "RequireAndVerifyClientCert"] | None = _snake(
        "client_auth_type"
    )
    """Whether clients have to show a certificate; they need not when unset."""
    min_version: TLSVersion | None = _snake("min_version")
    """Oldest version of TLS; TLS12 when unset."""
    max_version: TLSVersion | None = _snake("max_version")
    """Newest version of TLS; TLS13 when unset."""
    cipher_suites: list[str] | None = _snake("cipher_suites")
    """Cipher suites up to TLS 1.2, by the names of Go's crypto/tls; all sound ones when unset."""
    curve_preferences: list[str] | None = _snake("curve_preferences")
    """Elliptic curves in order of preference, by the names of Go's crypto/tls."""
    prefer_server_cipher_suites: bool | None = _snake("prefer_server_cipher_suites")
    """Whether the server's order of cipher suites counts; true when unset."""


class TLSClient(Certificate):
    """How Alertmanager checks the certificate of a server, and the one that it shows itself."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            f"{_CERTIFICATE} == {_KEY}",
            "a certificate and its key go together: set both or neither",
        ),
    )

    ca_secret_ref: SecretKeySelector | None = _snake("ca_secret_ref")
    """Secret that holds the authorities which the server's certificate may come from."""
    ca_file: str | None = _snake("ca_file")
    """The same as a file in the container, which you mount yourself; ca_secret_ref wins."""
    insecure_skip_verify: bool | None = _snake("insecure_skip_verify")
    """Whether any certificate of the server will do."""
    server_name: str | None = _snake("server_name")
    """Name that the server's certificate must have; by default the host."""


class HTTPServer(SpecModel):
    """HTTP as Alertmanager serves it."""

    http2: bool | None = None
    """Whether HTTP/2 is spoken, which needs TLS; true when unset. A change restarts the pods."""
    headers: dict[str, str] | None = None
    """Headers of every answer: Strict-Transport-Security, X-Content-Type-Options, X-Frame-Options,
    X-XSS-Protection, Content-Security-Policy."""


class WebConfig(SpecModel):
    """Web server of Alertmanager (--web.config.file)."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.http_server_config) || !has(self.http_server_config.http2)"
            " || !self.http_server_config.http2 || has(self.tls_server_config)",
            "HTTP/2 needs TLS: set tls_server_config",
            ".http_server_config",
        ),
    )

    tls_server_config: TLSServer | None = _snake("tls_server_config")
    """TLS of the server."""
    http_server_config: HTTPServer | None = _snake("http_server_config")
    """HTTP as it is served."""
    basic_auth_users: dict[str, str] | None = _snake("basic_auth_users")
    """User names, each with the bcrypt hash of a password. The operator has no password to show, so
    a change of the configuration then replaces the pods one by one instead of reloading."""


class GossipConfig(SpecModel):
    """TLS between the replicas (--cluster.tls-config); a change restarts the pods."""

    cel: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.tls_server_config)",
            "Alertmanager takes no gossip over TLS without it",
            ".tls_server_config",
            reason="FieldValueRequired",
        ),
    )

    tls_server_config: TLSServer | None = _snake("tls_server_config")
    """What a replica shows to others that connect to it."""
    tls_client_config: TLSClient | None = _snake("tls_client_config")
    """How a replica connects to others."""


class TracingConfig(SpecModel):
    """Where Alertmanager sends traces of its own work."""

    client_type: Literal["http", "grpc"] | None = _snake("client_type")
    """Protocol; grpc when unset."""
    endpoint: str = Field(min_length=1)
    """Address, as host:port."""
    sampling_fraction: str | None = _snake("sampling_fraction", max_length=32)
    """Share of the requests that are traced, from "0" to "1"."""
    insecure: bool | None = None
    """Whether the connection goes without TLS."""
    tls_config: TLSClient | None = _snake("tls_config")
    """TLS of the connection."""
    headers: dict[str, str] | None = None
    """Headers to send along."""
    compression: Literal["gzip"] | None = None
    """Compression of what is sent; none when unset."""
    timeout: str | None = None
    """How long a batch of traces may take to send, such as "10s"."""
