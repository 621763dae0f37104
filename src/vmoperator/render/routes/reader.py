"""Reader: Secrets and files of one object, as they stand in Alertmanager's own file."""

from __future__ import annotations

import binascii
import re
import ssl
from base64 import b64decode
from dataclasses import dataclass
from typing import Any, TypeVar

from vmoperator.api.around import Around
from vmoperator.api.auth import SecretOrConfigMap
from vmoperator.api.embedded import SecretKeySelector
from vmoperator.api.model import SpecModel
from vmoperator.api.selected.vmalertmanagerconfig_http import Form
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import KeySelector, chosen_selector, is_given, text
from vmoperator.render.routes.forms import formed
from vmoperator.render.routes.options import Options, Version

Part = TypeVar("Part", bound=SpecModel)
_KEY = re.compile(
    r"-----BEGIN ((?:RSA |EC )?PRIVATE KEY)-----\s+([A-Za-z0-9+/=\s]+)-----END \1-----"
)
_CERTIFICATE = re.compile(
    r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Reader:
    """What it takes to write one object out."""

    around: Around
    namespace: str
    options: Options

    def secret(
        self, selector: KeySelector | None, *, field: str, form: Form | None = None
    ) -> str | None:
        """The content of a key in the namespace of the object; None if none is named, or if it is
        optional and missing. Raises SpecInvalid for one that is missing, empty or malformed."""
        if selector is None or not is_given(selector):
            return None
        if selector.optional and not self._is_there(selector):
            return None
        found = text(selector, field=field, around=self.around, namespace=self.namespace)
        if not found:
            raise SpecInvalid(field, f"key {selector.key} of {selector.name} is empty")
        return formed(found, form, field=field) if form else found

    def content(self, selector: SecretOrConfigMap | None, *, field: str) -> str | None:
        """The same for a key of either kind."""
        chosen = chosen_selector(selector, field=field)
        return self.secret(chosen[1], field=f"{field}.{chosen[0]}") if chosen else None

    def without_missing(self, part: Part) -> Part:
        """The part without the optional keys that are not there: they count as unset."""
        found = {name: getattr(part, name) for name in type(part).model_fields}
        kept = {name: self._unless_missing(value) for name, value in found.items()}
        changed = {name: value for name, value in kept.items() if value is not found[name]}
        return part.model_copy(update=changed) if changed else part

    def file(self, path: str | None, *, field: str) -> str | None:
        """A file in the container of Alertmanager, if objects may name any."""
        if path and self.options.denies_files:
            message = "the VMAlertmanager denies files (arbitraryFSAccessThroughSMs.deny)"
            raise SpecInvalid(field, f"{message}; name a Secret instead")
        return path or None

    def refuse_older(self, since: Version, *, field: str) -> None:
        """Raises SpecInvalid where this Alertmanager does not know a field yet."""
        there = self.options.version
        if there is not None and there < since:
            wanted, found = (".".join(map(str, it)) for it in (since, there))
            raise SpecInvalid(field, f"needs Alertmanager {wanted}; this one is {found}")

    def _unless_missing(self, value: Any) -> Any:
        if isinstance(value, SecretKeySelector):
            is_missing = is_given(value) and value.optional and not self._is_there(value)
            return None if is_missing else value
        return self.without_missing(value) if isinstance(value, SpecModel) else value

    def _is_there(self, selector: KeySelector) -> bool:
        data = self.around.secret(selector.name or "", self.namespace)
        return data is not None and selector.key in data


def refuse_no_certificate(content: str, *, field: str) -> None:
    """Raises SpecInvalid for what holds no certificate: Alertmanager would load nothing at all."""
    found = "\n".join(_CERTIFICATE.findall(content))
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=found)
    except (ssl.SSLError, ValueError):
        raise SpecInvalid(field, "holds no certificate in PEM") from None


def refuse_no_key(content: str, certificate: str | None, *, field: str) -> None:
    """Raises SpecInvalid for what holds no key, or one that is certainly not the certificate's."""
    found = _KEY.search(content)
    if found is None:
        raise SpecInvalid(field, "holds no private key in PEM without a password")
    try:
        key = b64decode(found[2])
        first = _CERTIFICATE.search(certificate or "")
        shown = ssl.PEM_cert_to_DER_cert(first[0]) if first else b""
    except (binascii.Error, ValueError):
        raise SpecInvalid(field, "holds no private key in PEM without a password") from None
    if shown and not _belongs(key, shown):
        raise SpecInvalid(field, "is not the key of the certificate")


def _belongs(key: bytes, certificate: bytes) -> bool:
    """False if no long number of the key stands in the certificate: both hold the modulus of RSA
    and the point of an elliptic curve. A key that carries no such number is believed."""
    parts = [
        part for part in _parts(key) if len(part) > _LONGEST_SECRET and len(part) != _SECRET_OF_P521
    ]
    return not parts or any(part in certificate for part in parts)


# Bytes of the secret numbers of elliptic curves; their points have 65, 97 and 133.
_LONGEST_SECRET = 64
_SECRET_OF_P521 = 66


def _parts(der: bytes) -> list[bytes]:
    """The contents of all integers and strings in a DER structure."""
    found, place = [], 0
    while place + 2 <= len(der):
        tag, length, start = der[place], der[place + 1], place + 2
        if length & 0x80:
            size = length & 0x7F
            length, start = int.from_bytes(der[start : start + size]), start + size
        content = der[start : start + length]
        is_nested = bool(tag & 0x20) or tag == 0x04
        found += _parts(content) if is_nested else [content.lstrip(b"\0")]
        place = start + length
    return found
