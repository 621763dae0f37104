"""TLS: how the API server's certificate is checked and which certificate is shown to it."""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from vmoperator.base.errors import SettingsInvalid


def trusting(*, ca_file: Path | None = None, ca_text: str = "") -> ssl.SSLContext:
    """A context that trusts this CA, or those of the machine when none is given."""
    try:
        context = ssl.create_default_context(cafile=ca_file, cadata=ca_text or None)
    except (OSError, ValueError) as unusable:
        where = str(ca_file) if ca_file else "the given certificate-authority-data"
        raise SettingsInvalid(f"{where}: not a usable CA certificate ({unusable})") from unusable
    # Strict since Python 3.13; CAs of small distributions lack the key identifiers it asks for.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def trusting_anyone() -> ssl.SSLContext:
    """A context that takes any certificate: insecure-skip-tls-verify."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def show_certificate(context: ssl.SSLContext, *, certificate: bytes, key: bytes) -> None:
    """Log in with this client certificate and key (PEM) in connections of the context."""
    # The ssl module reads these only from files; nobody else may read it while it exists.
    file, name = tempfile.mkstemp(suffix=".pem")
    try:
        with os.fdopen(file, "wb") as stream:
            stream.write(certificate + b"\n" + key)
        # Without the callable an encrypted key would ask for its password on the terminal.
        context.load_cert_chain(name, password=lambda: "")
    finally:
        Path(name).unlink()
