"""HTTP clients of receivers, as they stand in Alertmanager's own file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.api.auth import Authorization, BasicAuth, OAuth2, TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.selected.vmalertmanagerconfig_http import Header, HTTPConfig
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render.routes.forms import refuse_long_keys, url_problem
from vmoperator.render.routes.reader import Reader, refuse_no_certificate, refuse_no_key

_PROXIES = ("http", "https", "socks5")
# Headers that Alertmanager lets nobody set (prometheus/common, config.ReservedHeaders).
_RESERVED = frozenset(
    ["authorization", "host", "content-encoding", "content-length", "content-type", "user-agent"]
    + ["connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "www-authenticate"]
    + ["accept-encoding", "x-prometheus-remote-write-version", "x-prometheus-remote-read-version"]
    + ["x-prometheus-scrape-timeout-seconds", "x-amz-date", "x-amz-security-token"]
    + ["x-amz-content-sha256"]
)


def http_config(given: HTTPConfig, reader: Reader, *, field: str) -> dict[str, Any]:
    """http_config of a receiver. Raises SpecInvalid below `field` for what does not fit."""
    _refuse_two_kinds(given, field=field)
    basic, oauth2, tls = given.basic_auth, given.oauth2, given.tls_config
    found: dict[str, Any] = pruned(
        {
            "basic_auth": _basic(basic, reader, field=f"{field}.basic_auth") if basic else None,
            "authorization": _authorization(given, reader, field=field),
            "oauth2": _oauth2(oauth2, reader, field=f"{field}.oauth2") if oauth2 else None,
            "tls_config": tls_config(tls, reader, field=f"{field}.tls_config") if tls else None,
            "follow_redirects": given.follow_redirects,
            "http_headers": _headers(given.http_headers, reader, field=f"{field}.http_headers"),
            **_proxy(given, reader, field=field),
        }
    )
    return found


def tls_config(given: TLSConfig, reader: Reader, *, field: str) -> dict[str, Any] | None:
    """tls_config with the certificates in it; None if nothing is said."""
    ca = reader.content(given.ca, field=f"{field}.ca")
    cert = reader.content(given.cert, field=f"{field}.cert")
    key = reader.secret(given.key_secret, field=f"{field}.keySecret")
    for content, below in ((ca, "ca"), (cert, "cert")):
        if content:
            refuse_no_certificate(content, field=f"{field}.{below}")
    if key:
        refuse_no_key(key, cert, field=f"{field}.keySecret")
    files = {
        "ca_file": _other(ca, given.ca_file, reader, field=f"{field}.caFile"),
        "cert_file": _other(cert, given.cert_file, reader, field=f"{field}.certFile"),
        "key_file": _other(key, given.key_file, reader, field=f"{field}.keyFile"),
    }
    if bool(cert or files["cert_file"]) != bool(key or files["key_file"]):
        raise SpecInvalid(field, "a certificate and its key go together: set both")
    told = {
        "ca": ca,
        "cert": cert,
        "key": key,
        **files,
        "server_name": given.server_name or None,
        "insecure_skip_verify": given.insecure_skip_verify,
    }
    return pruned(told) or None


def _other(content: str | None, path: str | None, reader: Reader, *, field: str) -> str | None:
    if content and path:
        raise SpecInvalid(field, "is set beside a Secret or ConfigMap; set one of them")
    return reader.file(path, field=field)


def _refuse_two_kinds(given: HTTPConfig, *, field: str) -> None:
    token = given.bearer_token_secret is not None and bool(given.bearer_token_secret.key)
    ways = {
        "basic_auth": given.basic_auth is not None,
        "oauth2": given.oauth2 is not None,
        "authorization": given.authorization is not None,
        "bearer_token_secret": token,
        "bearer_token_file": bool(given.bearer_token_file),
    }
    used = [name for name, is_used in ways.items() if is_used]
    if len(used) > 1:
        raise SpecInvalid(f"{field}.{used[1]}", f"is set beside {used[0]}; set one of them")


def _basic(given: BasicAuth, reader: Reader, *, field: str) -> dict[str, Any]:
    password = reader.secret(given.password, field=f"{field}.password")
    file = _other(password, given.password_file, reader, field=f"{field}.password_file")
    username = reader.secret(given.username, field=f"{field}.username")
    return {"username": username, "password": password, "password_file": file}


def _authorization(given: HTTPConfig, reader: Reader, *, field: str) -> dict[str, Any] | None:
    token = reader.secret(given.bearer_token_secret, field=f"{field}.bearer_token_secret")
    file = reader.file(given.bearer_token_file, field=f"{field}.bearer_token_file")
    if token or file:
        return {"type": "Bearer", "credentials": token, "credentials_file": file}
    whole: Authorization | None = given.authorization
    if whole is None:
        return None
    below = f"{field}.authorization"
    kind = (whole.type or "").strip() or "Bearer"
    if kind.lower() == "basic":
        raise SpecInvalid(f"{below}.type", "basic takes a user name: set basic_auth instead")
    secret = reader.secret(whole.credentials, field=f"{below}.credentials")
    path = _other(secret, whole.credentials_file, reader, field=f"{below}.credentialsFile")
    if not secret and not path:
        raise SpecInvalid(f"{below}.credentials", "name the Secret that holds them")
    return {"type": kind, "credentials": secret, "credentials_file": path}


def _oauth2(given: OAuth2, reader: Reader, *, field: str) -> dict[str, Any]:
    refuse_long_keys(given.endpoint_params, field=f"{field}.endpoint_params")
    client = reader.content(given.client_id, field=f"{field}.client_id")
    if client is None:
        raise SpecInvalid(f"{field}.client_id", "name the Secret or ConfigMap that holds it")
    secret = reader.secret(given.client_secret, field=f"{field}.client_secret")
    tls = given.tls_config
    return {
        "client_id": client,
        "client_secret": secret,
        "client_secret_file": _other(
            secret, given.client_secret_file, reader, field=f"{field}.client_secret_file"
        ),
        "token_url": given.token_url,
        "scopes": given.scopes or None,
        "endpoint_params": given.endpoint_params or None,
        "proxy_url": _proxy_url(given.proxy_url, field=f"{field}.proxy_url"),
        "tls_config": tls_config(tls, reader, field=f"{field}.tls_config") if tls else None,
    }


def _headers(
    given: Mapping[str, Header] | None, reader: Reader, *, field: str
) -> dict[str, Any] | None:
    if not given:
        return None
    reader.refuse_older((0, 28), field=field)
    refuse_long_keys(dict.fromkeys(given), field=field)
    for name in given:
        if name.lower() in _RESERVED:
            raise SpecInvalid(f"{field}.{name}", "is a header that Alertmanager sets itself")
    return {name: _header(it, reader, field=f"{field}.{name}") for name, it in given.items()}


def _header(given: Header, reader: Reader, *, field: str) -> dict[str, Any]:
    secrets = [
        reader.secret(it, field=f"{field}.secrets[{place}]")
        for place, it in enumerate(given.secrets or ())
    ]
    files = [
        reader.file(it, field=f"{field}.files[{place}]")
        for place, it in enumerate(given.files or ())
    ]
    return {
        "values": given.values or None,
        "secrets": [it for it in secrets if it] or None,
        "files": [it for it in files if it] or None,
    }


def _proxy(given: HTTPConfig, reader: Reader, *, field: str) -> dict[str, Any]:
    url = _proxy_url(given.proxy_url, field=f"{field}.proxyURL")
    environment = given.proxy_from_environment or None
    if environment and (url or given.no_proxy):
        message = "excludes proxyURL and noProxy"
        raise SpecInvalid(f"{field}.proxyFromEnvironment", message)
    if given.no_proxy and not url:
        raise SpecInvalid(f"{field}.noProxy", "needs proxyURL")
    header = _connect_header(given.proxy_connect_header or {}, reader, field=field)
    if header and not (url or environment):
        message = "needs proxyURL or proxyFromEnvironment"
        raise SpecInvalid(f"{field}.proxyConnectHeader", message)
    return {
        "proxy_url": url,
        "no_proxy": given.no_proxy or None,
        "proxy_from_environment": environment,
        "proxy_connect_header": header or None,
    }


def _connect_header(
    given: Mapping[str, list[SecretKeySelector]], reader: Reader, *, field: str
) -> dict[str, list[str]]:
    refuse_long_keys(dict.fromkeys(given), field=f"{field}.proxyConnectHeader")
    made = {}
    for name, selectors in given.items():
        below = f"{field}.proxyConnectHeader.{name}"
        secrets = [reader.secret(it, field=f"{below}[{n}]") for n, it in enumerate(selectors)]
        if values := [it for it in secrets if it]:
            made[name] = values
    return made


def _proxy_url(url: str | None, *, field: str) -> str | None:
    if url and url_problem(url, _PROXIES):
        raise SpecInvalid(field, url_problem(url, _PROXIES))
    return url or None
