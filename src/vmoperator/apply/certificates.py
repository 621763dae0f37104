"""Certificates: an authority of our own and what it signs, as PEM; needs `cryptography`."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_EARLIER: Final = datetime.timedelta(minutes=5)
"""Clocks differ: a certificate is good a little before it is made."""
_NAME: Final = "vmoperator webhooks"


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a certificate says."""

    begins: datetime.datetime
    ends: datetime.datetime
    names: frozenset[str]
    """DNS names and addresses of the server."""

    @property
    def due(self) -> datetime.datetime:
        """From when on there should be another one: after two thirds of its life."""
        return self.begins + (self.ends - self.begins) * 2 / 3


def authority(at: datetime.datetime, life: datetime.timedelta) -> Pair:
    """A new authority, good from now on for so long."""
    key = ec.generate_private_key(ec.SECP256R1())
    # Two authorities of one name could be taken for each other while one takes the other's place.
    name = _name(f"{_NAME} {x509.random_serial_number():x}"[:64])
    builder = _builder(name, name, key, (at - _EARLIER, at + life)).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    return _pair(builder.add_extension(_usage(signs=True), critical=True).sign(key, _hash()), key)


def leaf(by: Pair, names: Iterable[str], at: datetime.datetime, life: datetime.timedelta) -> Pair:
    """A certificate of a server at these names and addresses, which ends before its authority."""
    signer = x509.load_pem_x509_certificate(by.certificate.encode())
    signing = serialization.load_pem_private_key(by.key.encode(), None)
    if not isinstance(signing, ec.EllipticCurvePrivateKey):
        raise ValueError("the key of the authority is of another kind than it was made")
    key = ec.generate_private_key(ec.SECP256R1())
    span = (at - _EARLIER, min(at + life, signer.not_valid_after_utc))
    builder = (
        _builder(_name(_NAME), signer.subject, key, span)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signing.public_key()),
            critical=False,
        )
        .add_extension(
            x509.SubjectAlternativeName([_address(it) for it in sorted(names)]), critical=False
        )
    )
    return _pair(builder.sign(signing, _hash()), key)


def facts(certificate: str) -> Facts:
    """What a certificate says, the first one of several. Raises ValueError for what is none."""
    found = x509.load_pem_x509_certificate(certificate.encode())
    return Facts(
        begins=found.not_valid_before_utc, ends=found.not_valid_after_utc, names=_names(found)
    )


def each(bundle: str) -> Sequence[str]:
    """The certificates of a bundle, one by one. Raises ValueError for what is none."""
    if not bundle.strip():
        return ()
    return [_text(it) for it in x509.load_pem_x509_certificates(bundle.encode())]


def is_signed_by(certificate: str, signers: Iterable[str]) -> bool:
    """Whether one of these authorities has signed a certificate."""
    one = x509.load_pem_x509_certificate(certificate.encode())
    names = (x509.load_pem_x509_certificate(it.encode()).subject for it in signers)
    return one.issuer in names


def matches(pair: Pair) -> bool:
    """Whether the key is that of the certificate. Raises ValueError for what is no such thing."""
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    key = serialization.load_pem_private_key(pair.key.encode(), None)
    return certificate.public_key() == key.public_key()


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    span: tuple[datetime.datetime, datetime.datetime],
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(span[0])
        .not_valid_after(span[1])
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )


def _pair(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Pair:
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return Pair(_text(certificate), private.decode())


def _text(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _names(certificate: x509.Certificate) -> frozenset[str]:
    try:
        kind = x509.SubjectAlternativeName
        found = certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return frozenset()
    hosts = found.get_values_for_type(x509.DNSName)
    return frozenset((*hosts, *map(str, found.get_values_for_type(x509.IPAddress))))


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _address(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _hash() -> hashes.SHA256:
    return hashes.SHA256()
