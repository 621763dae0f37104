"""HTTP credentials as the programs use them: files for what is secret, whoever gave them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vmoperator.api import auth
from vmoperator.api.around import Around
from vmoperator.api.auth import BasicAuth, OAuth2Credentials, SecretOrConfigMap, TLSConfig
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import (
    Files,
    KeySelector,
    chosen_selector,
    content,
    credential,
    is_given,
)


class Credentials(Protocol):
    """What a user may say about the credentials for one URL."""

    @property
    def basic_auth(self) -> BasicAuth | None: ...
    @property
    def bearer_token_secret(self) -> SecretKeySelector | None: ...
    @property
    def oauth2(self) -> OAuth2Credentials | None: ...
    @property
    def tls_config(self) -> TLSConfig | None: ...
    @property
    def headers(self) -> list[str] | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TLS:
    """TLS of a connection."""

    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuth2:
    """Client credentials of OAuth 2.0; no program reads the client's id from a file."""

    client_id: KeySelector
    client_id_field: str
    client_secret_file: str
    token_url: str
    scopes: tuple[str, ...] = ()
    endpoint_params: Mapping[str, str] = field(default_factory=dict)
    proxy_url: str | None = None
    tls: TLS | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Credentials for one URL."""

    username_file: str | None = None
    password_file: str | None = None
    bearer_token_file: str | None = None
    oauth2: OAuth2 | None = None
    tls: TLS | None = None
    headers: tuple[str, ...] = ()


def used(given: Credentials, *, field: str, around: Around, files: Files) -> Used:
    """The credentials of one URL; `files` gets the files that they name.

    Raises SpecInvalid below `field` for a missing Secret, for what is set twice or by halves, and
    for two kinds of credentials.
    """
    reader = _Reader(around, files)
    path = getattr(given, "bearer_token_file", None)
    ways = (f"{field}.bearerTokenSecret", f"{field}.bearerTokenFile")
    bearer_token_file = reader.secret(given.bearer_token_secret, path, fields=ways)
    _refuse_two_kinds(given, bearer_token_file, field=field)
    basic, below = given.basic_auth, f"{field}.basicAuth"
    return Used(
        username_file=reader.username(basic, field=below),
        password_file=reader.password(basic, field=below),
        bearer_token_file=bearer_token_file,
        oauth2=reader.oauth2(given.oauth2, field=f"{field}.oauth2"),
        tls=reader.tls(given.tls_config, field=f"{field}.tlsConfig"),
        headers=_headers(given.headers, field=f"{field}.headers"),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """What it takes to turn the selectors of one workload into files."""

    around: Around
    files: Files

    def secret(
        self, selector: SecretKeySelector | None, path: str | None, *, fields: tuple[str, str]
    ) -> str | None:
        """The file of the one that is set: a key of a Secret, or a path in the container."""
        if selector is None or not is_given(selector):
            return path or None
        if path:
            raise _both(*fields)
        return credential(selector, field=fields[0], around=self.around, files=self.files)

    def content(
        self, selector: SecretOrConfigMap | None, path: str | None, *, fields: tuple[str, str]
    ) -> str | None:
        """The same for a key of a Secret or ConfigMap."""
        found = content(selector, field=fields[0], around=self.around, files=self.files)
        if path and found:
            raise _both(*fields)
        return found or path or None

    def username(self, basic: BasicAuth | None, *, field: str) -> str | None:
        """The file of the user name."""
        selector = basic.username if basic else None
        return self.secret(selector, None, fields=(f"{field}.username", ""))

    def password(self, basic: BasicAuth | None, *, field: str) -> str | None:
        """The file of the password."""
        if basic is None:
            return None
        fields = (f"{field}.password", f"{field}.password_file")
        found = self.secret(basic.password, basic.password_file, fields=fields)
        if found is None and not is_given(basic.username):
            raise SpecInvalid(field, "name the Secrets of the user name and of the password")
        return found

    def oauth2(self, given: OAuth2Credentials | None, *, field: str) -> OAuth2 | None:
        """Client credentials."""
        if given is None:
            return None
        chosen = chosen_selector(given.client_id, field=f"{field}.client_id")
        if chosen is None:
            raise SpecInvalid(f"{field}.client_id", "name the Secret or ConfigMap that holds it")
        fields = (f"{field}.client_secret", f"{field}.client_secret_file")
        secret = self.secret(given.client_secret, given.client_secret_file, fields=fields)
        if secret is None:
            raise SpecInvalid(fields[0], "name the Secret that holds it; OAuth 2.0 needs one")
        below, selector = chosen
        # Flags know neither proxy nor TLS of token_url.
        whole = given if isinstance(given, auth.OAuth2) else None
        return OAuth2(
            client_id=selector,
            client_id_field=f"{field}.client_id.{below}",
            client_secret_file=secret,
            token_url=given.token_url,
            scopes=tuple(given.scopes or ()),
            endpoint_params=given.endpoint_params or {},
            proxy_url=whole.proxy_url if whole else None,
            tls=self.tls(whole.tls_config, field=f"{field}.tls_config") if whole else None,
        )

    def tls(self, config: TLSConfig | None, *, field: str) -> TLS | None:
        """TLS of a connection."""
        if config is None:
            return None
        ca = (f"{field}.ca", f"{field}.caFile")
        cert = (f"{field}.cert", f"{field}.certFile")
        key = (f"{field}.keySecret", f"{field}.keyFile")
        made = TLS(
            ca_file=self.content(config.ca, config.ca_file, fields=ca),
            cert_file=self.content(config.cert, config.cert_file, fields=cert),
            key_file=self.secret(config.key_secret, config.key_file, fields=key),
            server_name=config.server_name or None,
            insecure_skip_verify=bool(config.insecure_skip_verify),
        )
        if (made.cert_file is None) != (made.key_file is None):
            missing = key[0] if made.key_file is None else cert[0]
            raise SpecInvalid(missing, "a certificate and its key go together: set both")
        return made


def _both(field: str, other: str) -> SpecInvalid:
    return SpecInvalid(field, f"set either this or {other.rpartition('.')[2]}")


def _refuse_two_kinds(given: Credentials, bearer_token_file: str | None, *, field: str) -> None:
    every = {
        "basicAuth": given.basic_auth,
        "oauth2": given.oauth2,
        "bearerToken": bearer_token_file,
    }
    kinds = [name for name, value in every.items() if value is not None]
    if len(kinds) > 1:
        raise SpecInvalid(field, f"{' and '.join(kinds)} exclude each other: set one of them")


def _headers(given: list[str] | None, *, field: str) -> tuple[str, ...]:
    for place, header in enumerate(given or ()):
        name, colon, _ = header.partition(":")
        if not colon or not name.strip() or "^^" in header or "\n" in header:
            message = "write it as Name: value, in one line and without ^^"
            raise SpecInvalid(f"{field}[{place}]", message)
    return tuple(given or ())
