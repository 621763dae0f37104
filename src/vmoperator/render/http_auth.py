"""HTTP credentials as flags: each program spells them alike, behind the prefix of the target.

Nothing secret stands in a flag: passwords, tokens and keys are files that the flag names.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from vmoperator.api.around import Around
from vmoperator.render.credentials import Files, variable
from vmoperator.render.flags import Flags
from vmoperator.render.http_credentials import Credentials, OAuth2, Used, used
from vmoperator.render.positional import positional

Values = Mapping[str, str]
"""Flag name behind the prefix, `basicAuth.passwordFile`, and its value for one target."""


def auth_values(auth: Credentials, *, field: str, around: Around, files: Files) -> Values:
    """Values of the flags of one target, without quotes; `files` gets the files that they name.

    Raises SpecInvalid below `field` for a missing Secret, for what is set twice or by halves, and
    for two kinds of credentials, over which the programs end.
    """
    credentials = used(auth, field=field, around=around, files=files)
    values = {
        "basicAuth.usernameFile": credentials.username_file,
        "basicAuth.passwordFile": credentials.password_file,
        "bearerTokenFile": credentials.bearer_token_file,
        **_oauth2(credentials.oauth2, around=around, files=files),
        **_tls(credentials),
        # lib/promauth and vmalert's flags split at this mark.
        "headers": "^^".join(credentials.headers) or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def single(prefix: str, values: Values) -> Flags:
    """The flags of a program that has one such target: `datasource.basicAuth.passwordFile`."""
    return {f"{prefix}.{name}": value for name, value in values.items()}


def listed(prefix: str, targets: Sequence[Values]) -> Flags:
    """The flags of a program with several such targets, one value for each in their order."""
    names = sorted({name for values in targets for name in values})
    return {
        f"{prefix}.{name}": positional([values.get(name) for values in targets]) for name in names
    }


def _oauth2(oauth2: OAuth2 | None, *, around: Around, files: Files) -> dict[str, str | None]:
    if oauth2 is None:
        return {}
    # The only one of them that no program reads from a file.
    client_id = variable(oauth2.client_id, field=oauth2.client_id_field, around=around, files=files)
    parameters = oauth2.endpoint_params
    return {
        "oauth2.clientID": client_id,
        "oauth2.clientSecretFile": oauth2.client_secret_file,
        "oauth2.tokenUrl": oauth2.token_url,
        "oauth2.scopes": ";".join(oauth2.scopes) or None,
        "oauth2.endpointParams": json.dumps(parameters, sort_keys=True) if parameters else None,
    }


def _tls(credentials: Used) -> dict[str, str | None]:
    tls = credentials.tls
    if tls is None:
        return {}
    return {
        "tlsCAFile": tls.ca_file,
        "tlsCertFile": tls.cert_file,
        "tlsKeyFile": tls.key_file,
        "tlsServerName": tls.server_name,
        "tlsInsecureSkipVerify": "true" if tls.insecure_skip_verify else None,
    }
