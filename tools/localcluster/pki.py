"""The certificates and kubeconfigs of a cluster, made once per cluster."""

import base64
import datetime
import ipaddress
import shutil
from dataclasses import dataclass
from pathlib import Path

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from localcluster import network

VALID_DAYS = 3650
API_NAMES = (
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
    "localhost",
    "127.0.0.1",
    "10.96.0.1",
    network.MASTER,
)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a certificate speaks for: Kubernetes takes CN as the user and O as the group."""

    user: str
    group: str | None = None
    names: tuple[str, ...] = ()


IDENTITIES = {
    "admin": Identity("admin", "system:masters"),
    "operator": Identity("vmoperator"),
    "apiserver": Identity("kube-apiserver", names=API_NAMES),
    "apiserver-kubelet": Identity("kube-apiserver-kubelet", "system:masters"),
    "controller-manager": Identity("system:kube-controller-manager"),
    "scheduler": Identity("system:kube-scheduler"),
    "proxy": Identity("system:kube-proxy"),
    "dns": Identity("localcluster:dns"),
    "provisioner": Identity("localcluster:provisioner"),
}


def node_identity(node: str, address: str) -> Identity:
    """The identity of a kubelet, for both of its roles."""
    return Identity(f"system:node:{node}", "system:nodes", (node, address, "127.0.0.1"))


def ensure(pki: Path, kube: Path, port: int, nodes: dict[str, str]) -> None:
    """Makes what is missing: authority, certificates, kubeconfigs (`nodes`: name -> address).

    The authority's folder appears whole or not at all, so an interrupted run leaves nothing half.
    """
    if not (pki / "ca.crt").exists():
        temporary = pki.with_suffix(".tmp")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True, mode=0o700)
        _make_authority(temporary)
        temporary.rename(pki)
    kube.mkdir(exist_ok=True, mode=0o700)
    wanted = IDENTITIES | {n: node_identity(n, address) for n, address in nodes.items()}
    for name, identity in wanted.items():
        if not (pki / f"{name}.crt").exists():
            _issue(pki, name, identity)
        if not (kube / f"{name}.conf").exists():
            _write(kube / f"{name}.conf", kubeconfig(pki, name, port).encode())


def kubeconfig(pki: Path, user: str, port: int) -> str:
    """A kubeconfig whole in itself; the address is the same inside and outside the namespace."""
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "local",
            "contexts": [{"name": "local", "context": {"cluster": "local", "user": user}}],
            "clusters": [
                {
                    "name": "local",
                    "cluster": {
                        "server": f"https://127.0.0.1:{port}",
                        "certificate-authority-data": _base64(pki / "ca.crt"),
                    },
                }
            ],
            "users": [
                {
                    "name": user,
                    "user": {
                        "client-certificate-data": _base64(pki / f"{user}.crt"),
                        "client-key-data": _base64(pki / f"{user}.key"),
                    },
                }
            ],
        },
        sort_keys=False,
    )


def _base64(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def _make_authority(pki: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(Identity("localcluster-ca"))
    basic = x509.BasicConstraints(ca=True, path_length=None)
    certificate = (_builder(name, name, key.public_key()).add_extension(basic, critical=True)).sign(
        key, hashes.SHA256()
    )
    _write(pki / "ca.key", _pem(key))
    _write(pki / "ca.crt", certificate.public_bytes(serialization.Encoding.PEM))
    tokens = ec.generate_private_key(ec.SECP256R1())
    _write(pki / "sa.key", _pem(tokens))
    public = tokens.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    _write(pki / "sa.pub", public)


def _issue(pki: Path, name: str, identity: Identity) -> None:
    authority = x509.load_pem_x509_certificate((pki / "ca.crt").read_bytes())
    signer = serialization.load_pem_private_key((pki / "ca.key").read_bytes(), None)
    assert isinstance(signer, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _builder(_name(identity), authority.subject, key.public_key())
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if identity.names:
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
        names = x509.SubjectAlternativeName([_general(n) for n in identity.names])
        builder = builder.add_extension(names, critical=False)
    builder = builder.add_extension(x509.ExtendedKeyUsage(usages), critical=False)
    certificate = builder.sign(signer, hashes.SHA256())
    _write(pki / f"{name}.key", _pem(key))
    _write(pki / f"{name}.crt", certificate.public_bytes(serialization.Encoding.PEM))


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _name(identity: Identity) -> x509.Name:
    parts = [x509.NameAttribute(NameOID.COMMON_NAME, identity.user)]
    if identity.group:
        parts.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, identity.group))
    return x509.Name(parts)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=VALID_DAYS))
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _write(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(data)
    temporary.chmod(0o600)
    temporary.rename(path)
