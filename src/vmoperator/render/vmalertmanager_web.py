"""Files of a VMAlertmanager's connections: web server, gossip; and the block of its tracing.

Certificates and keys are files of the users' Secrets, which Alertmanager reads again for each
connection. Of the web server's file it reads everything again but http2, of the other nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from vmoperator.api.around import Around
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.vmalertmanager_web import (
    Certificate,
    GossipConfig,
    TLSClient,
    TLSServer,
    TracingConfig,
    WebConfig,
)
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render import documents
from vmoperator.render.credentials import Files, credential, is_given

WEB_FILE = "webserver_config.yaml"
GOSSIP_FILE = "gossip_config.yaml"

_WEB, _GOSSIP, _TRACING = "spec.webConfig", "spec.gossipConfig", "spec.tracingConfig"
_HASH = re.compile(r"\$2[abxy]?\$[0-9]{2}\$[./A-Za-z0-9]{53}")
# Alertmanager ends at its start over any other (exporter-toolkit, web/handler.go).
_HEADERS: Mapping[str, tuple[str, ...]] = {
    "Content-Security-Policy": (),
    "Strict-Transport-Security": (),
    "X-Content-Type-Options": ("nosniff",),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-XSS-Protection": (),
}


def web_file(web: WebConfig, *, around: Around, files: Files) -> str:
    """Text of webserver_config.yaml (exporter-toolkit, docs/web-configuration.md).

    Raises SpecInvalid for what Alertmanager would not start with.
    """
    server, http = web.tls_server_config, web.http_server_config
    if http and http.http2 and server is None:
        raise SpecInvalid(f"{_WEB}.http_server_config.http2", "needs TLS: set tls_server_config")
    _refuse_headers((http and http.headers) or {})
    _refuse_passwords(web.basic_auth_users or {})
    tls = _server(server, field=f"{_WEB}.tls_server_config", around=around, files=files)
    return documents.dumped(
        pruned(
            {
                "tls_server_config": tls,
                "http_server_config": http.manifest() if http else None,
                "basic_auth_users": web.basic_auth_users,
            }
        )
    )


def gossip_file(gossip: GossipConfig, *, around: Around, files: Files) -> str:
    """Text of gossip_config.yaml. Raises SpecInvalid for what Alertmanager would not start with."""
    server, client = gossip.tls_server_config, gossip.tls_client_config
    if server is None:
        message = "Alertmanager takes no gossip over TLS without it"
        raise SpecInvalid(f"{_GOSSIP}.tls_server_config", message)
    field = f"{_GOSSIP}.tls_client_config"
    parts = {
        "tls_server_config": _server(
            server, field=f"{_GOSSIP}.tls_server_config", around=around, files=files
        ),
        "tls_client_config": _client(client, field=field, around=around, files=files),
    }
    return documents.dumped(pruned(parts))


def tracing(given: TracingConfig, *, around: Around, files: Files) -> dict[str, Any]:
    """The block `tracing` of alertmanager.yaml. Raises SpecInvalid naming the field."""
    field = f"{_TRACING}.tls_config"
    headers = {name: {"values": [value]} for name, value in (given.headers or {}).items()}
    block: dict[str, Any] = pruned(
        {
            "client_type": given.client_type,
            "endpoint": given.endpoint,
            "sampling_fraction": _share(given.sampling_fraction),
            "insecure": given.insecure,
            "tls_config": _client(given.tls_config, field=field, around=around, files=files),
            "headers": headers or None,
            "compression": given.compression,
            "timeout": given.timeout,
        }
    )
    return block


def asks_clients(server: TLSServer | None) -> bool:
    """True if only clients with a certificate are let in."""
    return server is not None and server.client_auth_type == "RequireAndVerifyClientCert"


def _server(
    tls: TLSServer | None, *, field: str, around: Around, files: Files
) -> dict[str, Any] | None:
    if tls is None:
        return None
    pair = _pair(tls, field=field, around=around, files=files)
    for key in ("cert", "key"):
        if not pair[f"{key}_file"]:
            message = f"a server needs it: set {key}_secret_ref, or {key}_file"
            raise SpecInvalid(f"{field}.{key}_secret_ref", message)
    authorities = _path(
        tls.client_ca_secret_ref,
        tls.client_ca_file,
        field=f"{field}.client_ca_secret_ref",
        around=around,
        files=files,
    )
    if asks_clients(tls) and not authorities:
        message = "RequireAndVerifyClientCert needs client_ca_secret_ref, or client_ca_file"
        raise SpecInvalid(f"{field}.client_auth_type", message)
    named = ("client_auth_type", "min_version", "max_version", "cipher_suites")
    further = ("curve_preferences", "prefer_server_cipher_suites")
    as_given = {name: getattr(tls, name) for name in (*named, *further)}
    return {**pair, "client_ca_file": authorities, **as_given}


def _client(
    tls: TLSClient | None, *, field: str, around: Around, files: Files
) -> dict[str, Any] | None:
    if tls is None:
        return None
    pair = _pair(tls, field=field, around=around, files=files)
    if (pair["cert_file"] is None) != (pair["key_file"] is None):
        raise SpecInvalid(field, "a certificate and its key go together: set both or neither")
    authorities = _path(
        tls.ca_secret_ref,
        tls.ca_file,
        field=f"{field}.ca_secret_ref",
        around=around,
        files=files,
    )
    return {
        **pair,
        "ca_file": authorities,
        "insecure_skip_verify": tls.insecure_skip_verify,
        "server_name": tls.server_name or None,
    }


def _pair(tls: Certificate, *, field: str, around: Around, files: Files) -> dict[str, str | None]:
    chosen = {
        "cert": (tls.cert_secret_ref, tls.cert_file),
        "key": (tls.key_secret_ref, tls.key_file),
    }
    return {
        f"{key}_file": _path(
            selector, file, field=f"{field}.{key}_secret_ref", around=around, files=files
        )
        for key, (selector, file) in chosen.items()
    }


def _path(
    selector: SecretKeySelector | None,
    file: str | None,
    *,
    field: str,
    around: Around,
    files: Files,
) -> str | None:
    if selector is not None and is_given(selector):
        return credential(selector, field=field, around=around, files=files)
    return file or None


def _share(text: str | None) -> float | None:
    if not text:
        return None
    field = f"{_TRACING}.sampling_fraction"
    try:
        share = float(text)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        raise SpecInvalid(field, f'{text!r} is not a share from "0" to "1"')
    return share


def _refuse_headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        field = f"{_WEB}.http_server_config.headers.{name}"
        if name not in _HEADERS:
            message = f"Alertmanager sets no such header; it knows: {', '.join(_HEADERS)}"
            raise SpecInvalid(field, message)
        allowed = _HEADERS[name]
        if allowed and value not in allowed:
            raise SpecInvalid(field, f"must be {' or '.join(allowed)}, not {value!r}")


def _refuse_passwords(users: Mapping[str, str]) -> None:
    for name, password in users.items():
        if not _HASH.fullmatch(password):
            message = "must be the bcrypt hash of the password (`htpasswd -nBC 10 NAME` makes one)"
            raise SpecInvalid(f"{_WEB}.basic_auth_users.{name}", message)
