"""What credentials for a URL become in the flags of a program."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.around import Known
from vmoperator.api.auth import HTTPAuth
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.credentials import Files
from vmoperator.render.http_auth import Values, auth_values, listed, single

AROUND = Known(
    secrets={"s": {"user": b"me", "pass": b"hunter2", "token": b"t", "key": b"PEM", "id": b"i"}},
    config_maps={"c": {"ca": "PEM", "crt": "PEM", "id": "i"}},
)
FOLDER = "/etc/vm/credentials"
SECRET = {"client_id": {"secret": {"name": "s", "key": "id"}}, "token_url": "http://t"}


def _secret(key: str) -> dict[str, str]:
    return {"name": "s", "key": key}


def _values(files: Files | None = None, **auth: Any) -> Values:
    given = HTTPAuth.model_validate(auth, by_alias=True, by_name=False)
    return auth_values(given, field="spec.target", around=AROUND, files=files or Files())


def test_no_credentials_are_no_flags() -> None:
    assert _values() == {}
    empty = {"key": ""}
    assert _values(tlsConfig={"ca": {}, "cert": {}}, bearerTokenSecret=empty, headers=[]) == {}


def test_user_name_and_password_are_files() -> None:
    files = Files()
    values = _values(files, basicAuth={"username": _secret("user"), "password": _secret("pass")})
    assert values == {
        "basicAuth.usernameFile": f"{FOLDER}/s/user",
        "basicAuth.passwordFile": f"{FOLDER}/s/pass",
    }
    assert len(files.mounts) == 1


@pytest.mark.parametrize(
    ("auth", "flag", "value"),
    [
        ({"basicAuth": {"password_file": "/p"}}, "basicAuth.passwordFile", "/p"),
        ({"bearerTokenFile": "/t"}, "bearerTokenFile", "/t"),
        ({"bearerTokenSecret": _secret("token")}, "bearerTokenFile", f"{FOLDER}/s/token"),
        ({"tlsConfig": {"caFile": "/ca"}}, "tlsCAFile", "/ca"),
        (
            {"tlsConfig": {"ca": {"configMap": {"name": "c", "key": "ca"}}}},
            "tlsCAFile",
            f"{FOLDER}/configmap-c/ca",
        ),
        ({"tlsConfig": {"serverName": "n"}}, "tlsServerName", "n"),
        ({"tlsConfig": {"insecureSkipVerify": True}}, "tlsInsecureSkipVerify", "true"),
        ({"headers": ["A: b", "C:d,e"]}, "headers", "A: b^^C:d,e"),
    ],
    ids=["password", "token", "secret token", "ca file", "ca", "name", "insecure", "headers"],
)
def test_a_field_becomes_its_flag(auth: dict[str, Any], flag: str, value: str) -> None:
    assert _values(**auth) == {flag: value}


def test_a_certificate_of_the_client_goes_with_its_key() -> None:
    certificate = {"configMap": {"name": "c", "key": "crt"}}
    values = _values(tlsConfig={"cert": certificate, "keySecret": _secret("key")})
    assert values == {
        "tlsCertFile": f"{FOLDER}/configmap-c/crt",
        "tlsKeyFile": f"{FOLDER}/s/key",
    }


def test_every_scope_and_parameter_of_oauth2_reaches_the_program() -> None:
    files = Files()
    oauth2 = {
        **SECRET,
        "client_secret": _secret("pass"),
        "scopes": ["read", "write"],
        "endpoint_params": {"b": 'say "x", y', "a": "1"},
    }
    assert _values(files, oauth2=oauth2) == {
        "oauth2.clientID": "%{TARGET_OAUTH2_CLIENT_ID_SECRET}",
        "oauth2.clientSecretFile": f"{FOLDER}/s/pass",
        "oauth2.tokenUrl": "http://t",
        "oauth2.scopes": "read;write",
        "oauth2.endpointParams": '{"a": "1", "b": "say \\"x\\", y"}',
    }
    assert [one["name"] for one in files.env] == ["TARGET_OAUTH2_CLIENT_ID_SECRET"]


def test_what_has_no_flag_asks_for_no_secret() -> None:
    files = Files()
    tls = {"ca": {"secret": {"name": "gone", "key": "ca"}}}
    oauth2 = {**SECRET, "client_secret_file": "/f", "proxy_url": "http://p", "tls_config": tls}
    assert set(_values(files, oauth2=oauth2)) == {
        "oauth2.clientID",
        "oauth2.clientSecretFile",
        "oauth2.tokenUrl",
    }
    assert files.mounts == ()


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "a password in two places": (
        {"basicAuth": {"password": _secret("pass"), "password_file": "/p"}},
        ".basicAuth.password",
        "set either this or password_file",
    ),
    "a user that is nobody": ({"basicAuth": {}}, ".basicAuth", "name the Secrets"),
    "a token in two places": (
        {"bearerTokenSecret": _secret("token"), "bearerTokenFile": "/t"},
        ".bearerTokenSecret",
        "either this or bearerTokenFile",
    ),
    "an authority in two places": (
        {"tlsConfig": {"ca": {"secret": _secret("key")}, "caFile": "/ca"}},
        ".tlsConfig.ca",
        "either this or caFile",
    ),
    "a certificate without a key": (
        {"tlsConfig": {"certFile": "/c"}},
        ".tlsConfig.keySecret",
        "go together",
    ),
    "a key without a certificate": (
        {"tlsConfig": {"keySecret": _secret("key")}},
        ".tlsConfig.cert",
        "go together",
    ),
    "two kinds of credentials": (
        {"basicAuth": {"username": _secret("user")}, "bearerTokenFile": "/t"},
        "",
        "basicAuth and bearerToken exclude each other",
    ),
    "OAuth 2.0 without an id": (
        {"oauth2": {"client_id": {}, "token_url": "t", "client_secret_file": "/f"}},
        ".oauth2.client_id",
        "Secret or ConfigMap",
    ),
    "OAuth 2.0 without a secret": (
        {"oauth2": SECRET},
        ".oauth2.client_secret",
        "needs one",
    ),
    "a header without a colon": ({"headers": ["A: b", "C"]}, ".headers[1]", "Name: value"),
    "a header of two": ({"headers": ["A: b^^C: d"]}, ".headers[0]", "without ^^"),
    "a missing Secret": (
        {"bearerTokenSecret": {"name": "gone", "key": "k"}},
        ".bearerTokenSecret",
        "Secret gone does not exist",
    ),
}


@pytest.mark.parametrize(("auth", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_credentials_that_cannot_work_are_refused(
    auth: dict[str, Any], field: str, message: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        _values(**auth)
    assert refused.value.field == f"spec.target{field}"
    assert message in str(refused.value)


def test_a_single_target_has_plain_flags() -> None:
    assert single("datasource", {"headers": 'A: "b", c'}) == {"datasource.headers": 'A: "b", c'}


def test_credentials_of_one_of_several_targets_never_reach_another() -> None:
    flags = listed("remoteWrite", [{"bearerTokenFile": "/t"}, {}, {"headers": "A: b,c"}])
    assert flags == {
        "remoteWrite.bearerTokenFile": "/t,,",
        "remoteWrite.headers": ',,"A: b,c"',
    }
