"""A certificate authority for one test."""

from __future__ import annotations

import datetime
import ipaddress
import ssl
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Pair:
    """A certificate and its key, PEM."""

    certificate: bytes
    key: bytes

    def into(self, folder: Path, name: str) -> tuple[Path, Path]:
        """Both as files in the folder."""
        paths = folder / f"{name}.crt", folder / f"{name}.key"
        for path, content in zip(paths, (self.certificate, self.key), strict=True):
            path.write_bytes(content)
        return paths


@dataclass(frozen=True)
class Authority:
    """Signs certificates for the loopback address, and for clients."""

    _key: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def certificate(self) -> bytes:
        """Its own certificate, PEM."""
        return self._signed(self._key, "test CA", is_authority=True).certificate

    def pair(self, name: str, *addresses: str) -> Pair:
        """A certificate for a server at these addresses, or for a client without any."""
        key = ec.generate_private_key(ec.SECP256R1())
        return self._signed(key, name, addresses=addresses)

    def server(self, folder: Path, *addresses: str, clients: bool = False) -> ssl.SSLContext:
        """The context of a server; it asks for client certificates on request."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(*self.pair("server", *addresses).into(folder, "server"))
        if clients:
            context.load_verify_locations(cadata=self.certificate.decode())
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _signed(
        self,
        key: ec.EllipticCurvePrivateKey,
        name: str,
        *,
        addresses: tuple[str, ...] = (),
        is_authority: bool = False,
    ) -> Pair:
        now = datetime.datetime.now(datetime.UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("test CA"))
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(hours=1))
            .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        )
        if addresses:
            names = x509.SubjectAlternativeName([_address(address) for address in addresses])
            builder = builder.add_extension(names, critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Pair(
            certificate.public_bytes(serialization.Encoding.PEM),
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            ),
        )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _address(address: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(address))
    except ValueError:
        return x509.DNSName(address)
