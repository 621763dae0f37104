"""Credentials of endpoints: what stands in the job, what is refused, which files are denied."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.jobs.endpoints import DENIED, FILES, key, refused, scraped

OAUTH2 = {
    "client_id": {"secret": key("user")},
    "client_secret": key("password"),
    "token_url": "https://tokens",
}
CREDENTIALS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "basic": (
        {"basicAuth": {"username": key("user"), "password": key("password")}},
        {"basic_auth": {"username": "ann", "password": "sesame"}},
    ),
    "password in a file": (
        {"basicAuth": {"username": key("user"), "password_file": "/p"}},
        {"basic_auth": {"username": "ann", "password_file": "/p"}},
    ),
    "token": ({"bearerTokenSecret": key("password")}, {"bearer_token": "sesame"}),
    "token in a file": ({"bearerTokenFile": "/t"}, {"bearer_token_file": "/t"}),
    "an unset token": ({"bearerTokenSecret": {"key": ""}}, {}),
    "header": (
        {"authorization": {"credentials": key("password")}},
        {"authorization": {"credentials": "sesame"}},
    ),
    "header of a type": (
        {"authorization": {"type": "Token", "credentialsFile": "/c"}},
        {"authorization": {"type": "Token", "credentials_file": "/c"}},
    ),
    "oauth2": (
        {"oauth2": OAUTH2},
        {
            "oauth2": {
                "client_id": "ann",
                "client_secret": "sesame",
                "token_url": "https://tokens",
            }
        },
    ),
    "oauth2 with all": (
        {
            "oauth2": {
                **OAUTH2,
                "scopes": ["a"],
                "endpoint_params": {"a": "b"},
                "proxy_url": "http://p",
                "tls_config": {"insecureSkipVerify": True},
            }
        },
        {
            "oauth2": {
                "client_id": "ann",
                "client_secret": "sesame",
                "token_url": "https://tokens",
                "scopes": ["a"],
                "endpoint_params": {"a": "b"},
                "proxy_url": "http://p",
                "tls_config": {"insecure_skip_verify": True},
            }
        },
    ),
    "tls": (
        {
            "tlsConfig": {
                "ca": {"secret": key("ca.crt")},
                "certFile": "/c",
                "keySecret": key("tls.key"),
                "serverName": "a",
            }
        },
        {
            "tls_config": {
                "ca_file": f"{FILES}/shop_keys_ca.crt",
                "cert_file": "/c",
                "key_file": f"{FILES}/shop_keys_tls.key",
                "server_name": "a",
            }
        },
    ),
    "tls that says nothing": ({"tlsConfig": {"insecureSkipVerify": False}}, {}),
    "certificates that may be missing": (
        {
            "tlsConfig": {
                "ca": {"secret": key("x", optional=True)},
                "cert": {"configMap": {"name": "absent", "key": "x", "optional": True}},
                "keySecret": {"name": "absent", "key": "x", "optional": True},
                "serverName": "a",
            }
        },
        {"tls_config": {"server_name": "a"}},
    ),
    "a certificate without its key, which may be missing": (
        {
            "tlsConfig": {
                "cert": {"secret": key("ca.crt")},
                "keySecret": key("x", optional=True),
                "serverName": "a",
            }
        },
        {"tls_config": {"server_name": "a"}},
    ),
    "a password that may be missing": (
        {"basicAuth": {"username": key("user"), "password": key("x", optional=True)}},
        {"basic_auth": {"username": "ann"}},
    ),
}


@pytest.mark.parametrize(("given", "wanted"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_credentials_stand_in_the_job_and_certificates_beside_it(
    given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert scraped(**given) == wanted


HALVES: dict[str, tuple[dict[str, Any], str]] = {
    "no Secret": (
        {"bearerTokenSecret": {"name": "absent", "key": "a"}},
        "bearerTokenSecret: Secret absent does not exist",
    ),
    "no key": (
        {"bearerTokenSecret": key("absent")},
        "bearerTokenSecret: Secret keys has no key absent; it has: ca.crt, password, tls.key, user",
    ),
    "no certificate": (
        {"tlsConfig": {"ca": {"secret": key("absent")}}},
        "tlsConfig.ca.secret: Secret keys has no key absent",
    ),
    "no ConfigMap": (
        {"tlsConfig": {"ca": {"configMap": {"name": "absent", "key": "a"}}}},
        "tlsConfig.ca.configMap: ConfigMap absent does not exist",
    ),
    "a certificate without its key": (
        {"tlsConfig": {"certFile": "/c"}},
        "tlsConfig.keySecret: a certificate and its key go together",
    ),
    "an authority twice": (
        {"tlsConfig": {"ca": {"secret": key("ca.crt")}, "caFile": "/ca"}},
        "tlsConfig.caFile: is set beside ca; set one of them",
    ),
    "a certificate twice": (
        {
            "tlsConfig": {
                "cert": {"secret": key("ca.crt")},
                "certFile": "/c",
                "keySecret": key("tls.key"),
            }
        },
        "tlsConfig.certFile: is set beside cert; set one of them",
    ),
    "a key twice": (
        {"tlsConfig": {"certFile": "/c", "keySecret": key("tls.key"), "keyFile": "/k"}},
        "tlsConfig.keyFile: is set beside keySecret; set one of them",
    ),
    "a password twice": (
        {"basicAuth": {"password": key("password"), "password_file": "/p"}},
        "basicAuth.password_file: is set beside password; set one of them",
    ),
    "credentials twice": (
        {"authorization": {"credentials": key("password"), "credentialsFile": "/c"}},
        "authorization.credentialsFile: is set beside credentials; set one of them",
    ),
    "basic credentials": (
        {"authorization": {"type": "Basic", "credentials": key("password")}},
        "authorization.type: basic takes a user name and a password: set basicAuth instead",
    ),
    "a secret of the client twice": (
        {"oauth2": {**OAUTH2, "client_secret_file": "/s"}},
        "oauth2.client_secret_file: is set beside client_secret; set one of them",
    ),
    "two ids of the client": (
        {"oauth2": {**OAUTH2, "client_id": {"secret": key("user"), "configMap": key("user")}}},
        "oauth2.client_id: set either secret or configMap",
    ),
    "an authority of two kinds": (
        {"tlsConfig": {"ca": {"secret": key("ca.crt"), "configMap": key("ca.crt")}}},
        "tlsConfig.ca: set either secret or configMap",
    ),
    "no credentials": ({"authorization": {"type": "Token"}}, "authorization.credentials: name"),
    "neither user nor password": ({"basicAuth": {}}, "basicAuth: name the Secrets"),
    "no secret of the client": (
        {"oauth2": {**OAUTH2, "client_secret": None}},
        "oauth2.client_secret: name the Secret",
    ),
    "no id of the client": ({"oauth2": {**OAUTH2, "client_id": {}}}, "oauth2.client_id: name"),
    "a bad offset": (
        {"vm_scrape_params": {"scrape_offset": "soon"}},
        'vm_scrape_params.scrape_offset: must be a time such as "30s"',
    ),
    "a proxy of tokens that is no URL": (
        {"oauth2": {**OAUTH2, "proxy_url": "::"}},
        'oauth2.proxy_url: must be a URL such as "http://proxy:3128"',
    ),
    "a proxy that is no URL": (
        {"proxyURL": "http://a b"},
        'proxyURL: must be a URL such as "http://proxy:3128"',
    ),
    "a certificate of others": (
        {"tlsConfig": {"caFile": f"/etc/../{FILES}/bank_keys_ca.crt"}},
        f"tlsConfig.caFile: what lies in {FILES} belongs to other objects",
    ),
}


@pytest.mark.parametrize(("given", "told"), HALVES.values(), ids=HALVES.keys())
def test_a_field_that_cannot_be_used_is_named(given: dict[str, Any], told: str) -> None:
    assert refused(**given).startswith(f"spec.targetEndpoints[0].{told}")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"bearerTokenFile": "/t"}, "bearerTokenFile"),
        (
            {"basicAuth": {"username": key("user"), "password_file": "/p"}},
            "basicAuth.password_file",
        ),
        (
            {"oauth2": {**OAUTH2, "client_secret": None, "client_secret_file": "/s"}},
            "oauth2.client_secret_file",
        ),
        ({"oauth2": {**OAUTH2, "tls_config": {"caFile": "/ca"}}}, "oauth2.tls_config.caFile"),
        ({"authorization": {"credentialsFile": "/c"}}, "authorization.credentialsFile"),
        ({"tlsConfig": {"caFile": "/ca"}}, "tlsConfig.caFile"),
        (
            {"vm_scrape_params": {"proxy_client_config": {"bearer_token_file": "/t"}}},
            "vm_scrape_params.proxy_client_config.bearer_token_file",
        ),
    ],
)
def test_where_files_are_denied_an_object_that_names_one_isrefused(
    given: dict[str, Any], field: str
) -> None:
    told = refused(DENIED, **given)
    assert told.startswith(f"spec.targetEndpoints[0].{field}: names a file of the agent")


def test_where_files_are_denied_secrets_and_the_classes_of_the_agent_still_do() -> None:
    agent = {**DENIED, "scrapeClasses": [{"name": "a", "default": True, "bearerTokenFile": "/t"}]}
    tls = {"ca": {"secret": key("ca.crt")}}
    assert scraped(agent=agent, tlsConfig=tls) == {
        "tls_config": {"ca_file": f"{FILES}/shop_keys_ca.crt"},
        "bearer_token_file": "/t",
    }
