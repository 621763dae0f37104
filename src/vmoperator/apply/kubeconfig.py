"""Kubeconfig: the files that kubectl uses, read the way kubectl reads them."""

from __future__ import annotations

import base64
import binascii
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from vmoperator.apply.connection import Connection
from vmoperator.apply.tls import show_certificate, trusting, trusting_anyone
from vmoperator.apply.tokens import CalledToken, FileToken, FixedToken, TokenSource
from vmoperator.base.errors import SettingsInvalid

_REFUSED_KEYS = {
    "username": "the API server has not taken passwords since Kubernetes 1.19",
    "password": "the API server has not taken passwords since Kubernetes 1.19",
    "as": "acting as another user is not supported",
    "as-uid": "acting as another user is not supported",
    "as-groups": "acting as another user is not supported",
    "as-user-extra": "acting as another user is not supported",
}


def from_kubeconfig(paths: Sequence[Path], *, context: str = "") -> Connection:
    """The connection that these files describe; where two name the same thing, the first wins.

    `context` is the name of one, "" for current-context. SettingsInvalid names file and key.
    """
    merged = _Merged.of(paths)
    name = context or merged.current_context
    if not name:
        raise SettingsInvalid(f"{merged.files}: current-context is not set; name one (--context)")
    chosen = merged.entry("contexts", "context", name)
    cluster = merged.entry("clusters", "cluster", chosen.text("cluster", required=True))
    user_name = chosen.text("user")
    user = merged.entry("users", "user", user_name) if user_name else chosen.empty()
    server = cluster.text("server", required=True)
    if not server.startswith(("https://", "http://")):
        raise cluster.wrong("server", f'"{server}" is no http:// or https:// URL')
    return Connection(
        server=server.rstrip("/"),
        tls=_tls(cluster, user) if server.startswith("https://") else None,
        tokens=_tokens(user, paths, name),
        namespace=chosen.text("namespace") or "default",
        server_name=cluster.text("tls-server-name"),
        proxy=cluster.text("proxy-url"),
        source=f"kubeconfig {chosen.file}, context {name}",
    )


@dataclass(frozen=True, slots=True)
class _Entry:
    """One named cluster, user or context, with the file that it stands in."""

    file: Path
    where: str
    values: Mapping[str, Any]

    def text(self, key: str, *, required: bool = False) -> str:
        value = self.values.get(key)
        if value is None or value == "":
            if required:
                raise self.wrong(key, "is missing")
            return ""
        if not isinstance(value, str):
            raise self.wrong(key, "must be a string")
        return value

    def path(self, key: str) -> Path | None:
        # kubectl takes relative paths from the folder of the file that names them.
        value = self.text(key)
        return self.file.parent / value if value else None

    def content(self, key: str) -> bytes:
        """What `<key>-data` holds, else what the file named in `<key>` holds, else nothing."""
        data, path = self.text(f"{key}-data"), self.path(key)
        if data:
            try:
                return base64.b64decode(data, validate=False)
            except binascii.Error as wrong:
                raise self.wrong(f"{key}-data", "is not base64") from wrong
        if path is None:
            return b""
        try:
            return path.read_bytes()
        except OSError as unreadable:
            message = f"{path} cannot be read: {unreadable.strerror}"
            raise self.wrong(key, message) from unreadable

    def empty(self) -> _Entry:
        return _Entry(self.file, self.where, {})

    def wrong(self, key: str, message: str) -> SettingsInvalid:
        return SettingsInvalid(f"{self.file}: {self.where}.{key}: {message}")


@dataclass(frozen=True, slots=True)
class _Merged:
    """Several kubeconfig files as one."""

    files: str
    documents: tuple[tuple[Path, Mapping[str, Any]], ...]

    @classmethod
    def of(cls, paths: Sequence[Path]) -> _Merged:
        existing = [path for path in paths if path.exists()]
        if not existing:
            searched = ", ".join(str(path) for path in paths)
            raise SettingsInvalid(f"{searched}: no such file")
        documents = tuple((path, _document(path)) for path in existing)
        return cls(", ".join(str(path) for path in existing), documents)

    @property
    def current_context(self) -> str:
        found = (document.get("current-context") for _, document in self.documents)
        return next((str(name) for name in found if name), "")

    def entry(self, section: str, key: str, name: str) -> _Entry:
        known: list[str] = []
        for file, document in self.documents:
            for item in document.get(section) or ():
                if item.get("name") == name:
                    return _Entry(file, f'{section}["{name}"].{key}', item.get(key) or {})
                known.append(str(item.get("name")))
        listed = ", ".join(known) or "none"
        raise SettingsInvalid(f'{self.files}: {section}: no "{name}"; there are: {listed}')


def _document(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as unreadable:
        raise SettingsInvalid(f"{path} cannot be read: {unreadable.strerror}") from unreadable
    except UnicodeDecodeError as wrong:
        raise SettingsInvalid(f"{path}: not UTF-8") from wrong
    except yaml.YAMLError as wrong:
        # The error quotes the line, which may hold a token: only its place is told.
        mark = getattr(wrong, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark else ""
        raise SettingsInvalid(f"{path}: not YAML{place}") from None
    if not isinstance(document, dict):
        raise SettingsInvalid(f"{path}: not a kubeconfig: its content is no map")
    return document


def _tls(cluster: _Entry, user: _Entry) -> ssl.SSLContext:
    authority = cluster.content("certificate-authority")
    if cluster.values.get("insecure-skip-tls-verify"):
        if authority:
            key = "insecure-skip-tls-verify"
            raise cluster.wrong(key, "cannot stand beside a certificate-authority")
        context = trusting_anyone()
    else:
        context = _trusting(cluster, authority)
    certificate, key_content = user.content("client-certificate"), user.content("client-key")
    if bool(certificate) != bool(key_content):
        missing = "client-key" if certificate else "client-certificate"
        raise user.wrong(missing, "is missing: certificate and key go together")
    if certificate:
        try:
            show_certificate(context, certificate=certificate, key=key_content)
        except (OSError, ValueError) as refused:
            message = "this and client-key are no matching, unencrypted PEM pair"
            raise user.wrong("client-certificate", message) from refused
    return context


def _trusting(cluster: _Entry, authority: bytes) -> ssl.SSLContext:
    try:
        return trusting(ca_text=authority.decode("ascii"))
    except (UnicodeDecodeError, SettingsInvalid) as wrong:
        raise cluster.wrong("certificate-authority", "is not a PEM certificate") from wrong


def _tokens(user: _Entry, paths: Sequence[Path], context: str) -> TokenSource:
    for key, reason in _REFUSED_KEYS.items():
        if user.values.get(key):
            raise user.wrong(key, reason)
    file = user.path("tokenFile")
    if file:
        return FileToken(file)
    token = user.text("token")
    if token:
        return FixedToken(token)
    for key in ("exec", "auth-provider"):
        if user.values.get(key):
            return CalledToken(_plugin(user, key, paths, context), cached_seconds=300)
    return FixedToken()


def _plugin(user: _Entry, key: str, paths: Sequence[Path], context: str) -> Callable[[], str]:
    try:
        from vmoperator.apply.plugins import fetched_token
    except ImportError as missing:
        message = (
            "log-ins by plugin need the package kubernetes: pip install 'vmoperator[kubeconfig]'"
        )
        raise user.wrong(key, message) from missing
    return fetched_token(paths, context)
