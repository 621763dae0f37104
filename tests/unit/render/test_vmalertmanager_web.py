"""Web server and gossip of a VMAlertmanager: what it would not start with is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.render.alertmanagers import child, planned, template, written

from vmoperator.api.around import Known
from vmoperator.base.errors import SpecInvalid

CERTIFICATES = Known(secrets={"tls": {"crt": b"s3cret", "key": b"s3cret"}})
CERTIFICATE = {"cert_secret_ref": {"name": "tls", "key": "crt"}}
KEY = {"key_secret_ref": {"name": "tls", "key": "key"}}
SERVER = {**CERTIFICATE, **KEY}


def test_certificates_are_files_of_the_users_secret_and_copied_nowhere() -> None:
    made = planned(
        CERTIFICATES,
        webConfig={"tls_server_config": {**SERVER, "client_ca_file": "/mine/ca"}},
        gossipConfig={"tls_server_config": SERVER},
    )
    assert json.loads(written(made, "webserver_config.yaml")) == {
        "tls_server_config": {
            "cert_file": "/etc/vm/credentials/tls/crt",
            "key_file": "/etc/vm/credentials/tls/key",
            "client_ca_file": "/mine/ca",
        }
    }
    (volume,) = (it for it in template(made)["spec"]["volumes"] if it["name"] == "credentials")
    assert volume["projected"]["sources"][0]["secret"]["name"] == "tls"
    assert "s3cret" not in written(made, "gossip_config.yaml")
    assert set(child(made, "Secret", "vmalertmanager-demo-config")["data"]) == {
        "alertmanager.yaml",
        "webserver_config.yaml",
        "gossip_config.yaml",
    }


WEB, GOSSIP, TRACING = "spec.webConfig", "spec.gossipConfig", "spec.tracingConfig"
REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (
        "HTTP/2 without TLS",
        {"webConfig": {"http_server_config": {"http2": True}}},
        f"{WEB}.http_server_config.http2",
    ),
    (
        "a header of another name",
        {"webConfig": {"http_server_config": {"headers": {"X-Mine": "a"}}}},
        f"{WEB}.http_server_config.headers.X-Mine",
    ),
    (
        "a header of another value",
        {"webConfig": {"http_server_config": {"headers": {"X-Frame-Options": "DENY"}}}},
        f"{WEB}.http_server_config.headers.X-Frame-Options",
    ),
    (
        "a password as it is",
        {"webConfig": {"basic_auth_users": {"a": "s3cret"}}},
        f"{WEB}.basic_auth_users.a",
    ),
    (
        "a server without a certificate",
        {"webConfig": {"tls_server_config": KEY}},
        f"{WEB}.tls_server_config.cert_secret_ref",
    ),
    (
        "a server without a key",
        {"gossipConfig": {"tls_server_config": CERTIFICATE}},
        f"{GOSSIP}.tls_server_config.key_secret_ref",
    ),
    (
        "clients that cannot be checked",
        {
            "webConfig": {
                "tls_server_config": {**SERVER, "client_auth_type": "RequireAndVerifyClientCert"}
            }
        },
        f"{WEB}.tls_server_config.client_auth_type",
    ),
    (
        "gossip of which only one side has TLS",
        {"gossipConfig": {"tls_client_config": {"insecure_skip_verify": True}}},
        f"{GOSSIP}.tls_server_config",
    ),
    (
        "a client with half a certificate",
        {"gossipConfig": {"tls_server_config": SERVER, "tls_client_config": CERTIFICATE}},
        f"{GOSSIP}.tls_client_config",
    ),
    (
        "a Secret that is not there",
        {
            "webConfig": {
                "tls_server_config": {**SERVER, "key_secret_ref": {"name": "x", "key": "k"}}
            }
        },
        f"{WEB}.tls_server_config.key_secret_ref",
    ),
    (
        "a share above one",
        {"tracingConfig": {"endpoint": "t:1", "sampling_fraction": "1.5"}},
        f"{TRACING}.sampling_fraction",
    ),
    (
        "a share that is no number",
        {"tracingConfig": {"endpoint": "t:1", "sampling_fraction": "nan"}},
        f"{TRACING}.sampling_fraction",
    ),
]


@pytest.mark.parametrize(
    ("spec", "field"), [it[1:] for it in REFUSED], ids=[it[0] for it in REFUSED]
)
def test_what_alertmanager_would_not_start_with_is_refused(
    spec: dict[str, Any], field: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(CERTIFICATES, **spec)
    assert refused.value.field == field
    assert "s3cret" not in str(refused.value)
