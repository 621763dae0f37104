"""Credentials of a job: keys of Secrets as their values, certificates as files of the agent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Protocol

from vmoperator.api.auth import Authorization, BasicAuth, OAuth2, TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned
from vmoperator.render.jobs.proxy import proxy_url
from vmoperator.render.jobs.values import Reader


class Authenticated(Protocol):
    """What endpoints, scrape classes and objects say about credentials."""

    @property
    def oauth2(self) -> OAuth2 | None: ...
    @property
    def tls_config(self) -> TLSConfig | None: ...
    @property
    def bearer_token_file(self) -> str | None: ...
    @property
    def bearer_token_secret(self) -> SecretKeySelector | None: ...
    @property
    def basic_auth(self) -> BasicAuth | None: ...
    @property
    def authorization(self) -> Authorization | None: ...


_PAIR = ("cert", "cert_file", "key_secret", "key_file")
_AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Auth:
    """Credentials for targets, a proxy or a service that knows targets."""

    oauth2: OAuth2 | None = None
    tls_config: TLSConfig | None = None
    bearer_token_file: str | None = None
    bearer_token_secret: SecretKeySelector | None = None
    basic_auth: BasicAuth | None = None
    authorization: Authorization | None = None


def auth_config(
    given: Authenticated, *, field: str, reader: Reader, names: Mapping[str, str] = _AS_THEY_ARE
) -> dict[str, Any]:
    """tls_config, bearer_token or its file, basic_auth, oauth2 and authorization, as far as set.

    `names` says which fields have other names there. Raises SpecInvalid below `field` for a missing
    Secret, for halves, and for two kinds of credentials, of which a program would take none.
    """

    def at(name: str) -> str:
        return f"{field}.{names.get(name, name)}"

    reading = _Reading(reader)
    token = reader.value(given.bearer_token_secret, field=at("bearerTokenSecret"))
    token_file = reader.path(given.bearer_token_file, field=at("bearerTokenFile"))
    header = reading.authorization(given.authorization, field=at("authorization"))
    found: dict[str, Any] = pruned(
        {
            "tls_config": reading.tls(given.tls_config, field=at("tlsConfig")),
            "bearer_token_file": None if token else token_file,
            "bearer_token": token,
            "basic_auth": reading.basic(given.basic_auth, field=at("basicAuth")),
            "oauth2": reading.oauth2(given.oauth2, field=at("oauth2")),
            "authorization": header,
        }
    )
    kinds = [key for key in found if key != "tls_config"]
    if len(kinds) > 1:
        message = f"{' and '.join(kinds)} exclude each other: set one of them"
        raise SpecInvalid(field, message)
    return found


def tls_config(given: TLSConfig | None, *, field: str, reader: Reader) -> dict[str, Any] | None:
    """tls_config; None if nothing is said about TLS."""
    return _Reading(reader).tls(given, field=field)


@dataclass(frozen=True, slots=True)
class _Reading:
    reader: Reader

    def tls(self, given: TLSConfig | None, *, field: str) -> dict[str, Any] | None:
        if given is None:
            return None
        read, given = self.reader, self._with_a_whole_pair(given)
        ca = read.either_asset(given.ca, field=f"{field}.ca")
        cert = read.either_asset(given.cert, field=f"{field}.cert")
        key = read.asset(given.key_secret, field=f"{field}.keySecret")
        ca_file = self._file(given.ca_file, field=f"{field}.caFile", beside=("ca", ca))
        cert_file = self._file(given.cert_file, field=f"{field}.certFile", beside=("cert", cert))
        key_file = self._file(given.key_file, field=f"{field}.keyFile", beside=("keySecret", key))
        told = {
            "ca_file": ca or ca_file,
            "cert_file": cert or cert_file,
            "key_file": key or key_file,
            "server_name": given.server_name or None,
            "insecure_skip_verify": True if given.insecure_skip_verify else None,
        }
        if (told["cert_file"] is None) != (told["key_file"] is None):
            missing = "keySecret" if told["key_file"] is None else "cert"
            message = "a certificate and its key go together: set both"
            raise SpecInvalid(f"{field}.{missing}", message)
        made: dict[str, Any] = pruned(told)
        return made or None

    def _with_a_whole_pair(self, given: TLSConfig) -> TLSConfig:
        """The same without a certificate and its key where one of them is missing and may be."""
        both = given.cert
        named = (given.key_secret, *((both.secret, both.config_map) if both else ()))
        if not any(self.reader.lacks(it) for it in named):
            return given
        return given.model_copy(update=dict.fromkeys(_PAIR))

    def basic(self, given: BasicAuth | None, *, field: str) -> dict[str, Any] | None:
        if given is None:
            return None
        read = self.reader
        password = read.value(given.password, field=f"{field}.password")
        below, beside = f"{field}.password_file", ("password", password)
        found: dict[str, Any] = {
            "username": read.value(given.username, field=f"{field}.username"),
            "password": password,
            "password_file": self._file(given.password_file, field=below, beside=beside),
        }
        if not any(found.values()):
            if _may_be_missing(given.username, given.password):
                return None
            raise SpecInvalid(field, "name the Secrets of the user name and of the password")
        made: dict[str, Any] = pruned(found)
        return made

    def authorization(self, given: Authorization | None, *, field: str) -> dict[str, Any] | None:
        if given is None:
            return None
        kind = (given.type or "").strip()
        if kind.lower() == "basic":
            message = "basic takes a user name and a password: set basicAuth instead"
            raise SpecInvalid(f"{field}.type", message)
        value = self.reader.value(given.credentials, field=f"{field}.credentials")
        below, beside = f"{field}.credentialsFile", ("credentials", value)
        path = self._file(given.credentials_file, field=below, beside=beside)
        if not value and not path:
            if _may_be_missing(given.credentials):
                return None
            raise SpecInvalid(f"{field}.credentials", "name the Secret that holds them")
        made: dict[str, Any] = pruned(
            {
                "type": kind if kind not in ("", "Bearer") else None,
                "credentials": value,
                "credentials_file": path,
            }
        )
        return made

    def oauth2(self, given: OAuth2 | None, *, field: str) -> dict[str, Any] | None:
        if given is None:
            return None
        identity = self.reader.either(given.client_id, field=f"{field}.client_id")
        if not identity:
            message = "name the Secret or ConfigMap that holds it"
            raise SpecInvalid(f"{field}.client_id", message)
        secret = self.reader.value(given.client_secret, field=f"{field}.client_secret")
        below, beside = f"{field}.client_secret_file", ("client_secret", secret)
        path = self._file(given.client_secret_file, field=below, beside=beside)
        if not secret and not path:
            message = "name the Secret that holds it; OAuth 2.0 needs one"
            raise SpecInvalid(f"{field}.client_secret", message)
        made: dict[str, Any] = pruned(
            {
                "client_id": identity,
                "client_secret": secret,
                "client_secret_file": path,
                "token_url": given.token_url,
                "scopes": given.scopes or None,
                "endpoint_params": given.endpoint_params or None,
                "proxy_url": proxy_url(given.proxy_url, field=f"{field}.proxy_url"),
                "tls_config": self.tls(given.tls_config, field=f"{field}.tls_config"),
            }
        )
        return made

    def _file(self, path: str | None, *, field: str, beside: tuple[str, str | None]) -> str | None:
        """A file of the agent. Raises SpecInvalid where a Secret, in the field of the name
        `beside`, says the same as well."""
        name, value = beside
        if path and value:
            raise SpecInvalid(field, f"is set beside {name}; set one of them")
        return self.reader.path(path, field=field)


def _may_be_missing(*selectors: SecretKeySelector | None) -> bool:
    return any(it is not None and it.key and it.optional for it in selectors)
