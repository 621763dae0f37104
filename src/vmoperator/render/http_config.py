"""HTTP credentials in configuration files, as VictoriaMetrics reads them (lib/promauth)."""

from __future__ import annotations

from typing import Any

from vmoperator.api.around import Around
from vmoperator.base.manifest import pruned
from vmoperator.render.credentials import text
from vmoperator.render.http_credentials import TLS, OAuth2, Used


def client_config(used: Used, *, around: Around) -> dict[str, Any]:
    """basic_auth, bearer_token_file, oauth2, tls_config and headers, as far as they are set.

    Only the id of an OAuth 2.0 client stands in the file itself, for no program reads it from
    another. Raises SpecInvalid for an id that is not there.
    """
    basic = {"username_file": used.username_file, "password_file": used.password_file}
    found: dict[str, Any] = pruned(
        {
            "basic_auth": basic if any(basic.values()) else None,
            "bearer_token_file": used.bearer_token_file,
            "oauth2": _oauth2(used.oauth2, around=around),
            "tls_config": tls_config(used.tls),
            "headers": list(used.headers) or None,
        }
    )
    return found


def tls_config(tls: TLS | None) -> dict[str, Any] | None:
    """tls_config; None if nothing is said about TLS."""
    if tls is None:
        return None
    told = {
        "ca_file": tls.ca_file,
        "cert_file": tls.cert_file,
        "key_file": tls.key_file,
        "server_name": tls.server_name,
        "insecure_skip_verify": True if tls.insecure_skip_verify else None,
    }
    return pruned(told) or None


def _oauth2(oauth2: OAuth2 | None, *, around: Around) -> dict[str, Any] | None:
    if oauth2 is None:
        return None
    return {
        "client_id": text(oauth2.client_id, field=oauth2.client_id_field, around=around),
        "client_secret_file": oauth2.client_secret_file,
        "token_url": oauth2.token_url,
        "scopes": list(oauth2.scopes) or None,
        "endpoint_params": dict(oauth2.endpoint_params) or None,
        "proxy_url": oauth2.proxy_url,
        "tls_config": tls_config(oauth2.tls),
    }
