"""Credentials of monitoring.coreos.com: the same Secrets under names of ours, files rewritten."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from vmoperator.api.prometheus.translation import (
    Place,
    Step,
    Table,
    idle,
    kept,
    listed,
    part,
    same_anyway,
    text,
    translated,
    untouched,
)
from vmoperator.base.manifest import Manifest

_FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "/etc/prometheus/secrets": "/etc/vm/secrets",
        "/etc/prometheus/configmaps": "/etc/vm/configs",
    }
)
"""Where Prometheus mounts the Secrets and ConfigMaps of its users -> where our agents do."""


def path(value: str) -> str:
    """The same file in the container of an agent."""
    for theirs, ours in _FOLDERS.items():
        if value == theirs or value.startswith(f"{theirs}/"):
            return f"{ours}{value.removeprefix(theirs)}"
    return value


def file(value: Any, place: Place, name: str) -> Manifest:
    """A path in the container."""
    found = path(text(value, place.below(name)))
    return {name: found} if found else {}


def files(value: Any, place: Place, name: str) -> Manifest:
    """A list of paths in the container."""
    here = place.below(name)
    found = [path(text(it, here.entry(i, i))) for i, it in enumerate(listed(value, here))]
    return {name: found}


_KEY: Table = dict.fromkeys(("name", "key", "optional"), untouched)


def key(ours: str = "") -> Step:
    """A key of a Secret or a ConfigMap; Go clients write an unset one as `{key: ""}`."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        here = place.below(name, ours)
        given = translated(value, _KEY, here)
        return {ours or name: given} if given.get("key") else {}

    return step


_CONTENT: Table = {"secret": key(), "configMap": key()}
_SAFE_TLS: Table = {
    "ca": part(_CONTENT),
    "cert": part(_CONTENT),
    "keySecret": key(),
    "serverName": kept(),
    "insecureSkipVerify": kept(),
    "minVersion": idle,
    "maxVersion": idle,
}
TLS: Table = {**_SAFE_TLS, "caFile": file, "certFile": file, "keyFile": file}
"""TLS, with files where the kind may name them."""
PROXY: Table = {
    "proxyUrl": kept("proxyURL"),
    "noProxy": idle,
    "proxyFromEnvironment": idle,
    "proxyConnectHeader": idle,
}
"""The proxy in front of something."""
_OAUTH2: Table = {
    "clientId": part(_CONTENT, "client_id"),
    "clientSecret": key("client_secret"),
    "tokenUrl": kept("token_url"),
    "scopes": kept(),
    "endpointParams": kept("endpoint_params"),
    "tlsConfig": part(TLS, "tls_config"),
    **PROXY,
    "proxyUrl": kept("proxy_url"),
}
_BASIC_AUTH: Table = {"username": key(), "password": key()}
_AUTHORIZATION: Table = {"type": kept(), "credentials": key(), "credentialsFile": file}


def http(follow_redirects: str) -> Table:
    """Credentials and ways of a connection; `follow_redirects` is the name of that field here."""
    return {
        "authorization": part(_AUTHORIZATION),
        "basicAuth": part(_BASIC_AUTH),
        "oauth2": part(_OAUTH2),
        "tlsConfig": part(TLS),
        "followRedirects": kept(follow_redirects),
        # Two spellings, of v1 and of v1alpha1; what is asked and answered stays the same.
        "enableHttp2": same_anyway,
        "enableHTTP2": same_anyway,
    }
