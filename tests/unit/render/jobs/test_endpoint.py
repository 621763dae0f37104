"""How targets are scraped: parameters, credentials, classes, what VictoriaMetrics adds."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.scrapes import around, job, refusal, scrape, secrets_of

from vmoperator.api.around import Known

KIND = "VMStaticScrape"
KEYS = {"keys": {"user": b"ann\n", "password": b"sesame", "ca.crt": b"CA", "tls.key": b"KEY"}}
WORLD = around(**KEYS)
FILES = "/etc/vmagent-tls/certs"
DENIED = {"arbitraryFSAccessThroughSMs": {"deny": True}}


def key(name: str, **more: Any) -> dict[str, Any]:
    """A key of the Secret `keys`."""
    return {"name": "keys", "key": name, **more}


def _scraped(world: Known = WORLD, /, agent: dict[str, Any] | None = None, **endpoint: Any) -> Any:
    """What a job says beside its name and its targets."""
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
    found = job(KIND, spec, world, **(agent or {}))
    return {name: it for name, it in found.items() if name not in ("job_name", "static_configs")}


def _refused(agent: dict[str, Any] | None = None, **endpoint: Any) -> str:
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
    return refusal(KIND, spec, WORLD, **(agent or {}))


@pytest.mark.parametrize(
    ("endpoint", "wanted"),
    [
        pytest.param({}, {}, id="nothing"),
        pytest.param(
            {"path": "/metrics", "scheme": "HTTP", "follow_redirects": True, "honorLabels": False},
            {},
            id="what holds anyway",
        ),
        pytest.param({"path": "", "scrapeTimeout": "", "proxyURL": ""}, {}, id="empty texts"),
        pytest.param({"path": "/m", "scheme": "HTTPS"}, {"metrics_path": "/m", "scheme": "https"}),
        pytest.param({"interval": "1m"}, {"scrape_interval": "1m"}, id="interval"),
        pytest.param(
            {"interval": "1m", "scrape_interval": "5s"}, {"scrape_interval": "5s"}, id="which wins"
        ),
        pytest.param({"scrapeTimeout": "5s"}, {"scrape_timeout": "5s"}, id="timeout"),
        pytest.param({"honorLabels": True}, {"honor_labels": True}, id="labels of the target"),
        pytest.param({"honorTimestamps": True}, {"honor_timestamps": True}, id="timestamps"),
        pytest.param({"proxyURL": "http://p:3128"}, {"proxy_url": "http://p:3128"}, id="proxy"),
        pytest.param({"follow_redirects": False}, {"follow_redirects": False}, id="redirects"),
        pytest.param({"params": {"b": ["1"], "a": []}}, {"params": {"a": [], "b": ["1"]}}),
        pytest.param({"max_scrape_size": "16MiB"}, {"max_scrape_size": "16MiB"}, id="size"),
        pytest.param({"sampleLimit": 0, "seriesLimit": 0}, {"series_limit": 0}, id="no limits"),
    ],
)
def test_a_job_says_no_more_than_is_needed(
    endpoint: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert _scraped(**endpoint) == wanted


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [
        pytest.param({"minScrapeInterval": "1m"}, "1m", id="raised"),
        pytest.param({"minScrapeInterval": "5s"}, "30s", id="long enough"),
        pytest.param({"maxScrapeInterval": "10s"}, "10s", id="cut"),
        pytest.param({"maxScrapeInterval": "1h"}, "30s", id="short enough"),
        pytest.param({"minScrapeInterval": "1m", "maxScrapeInterval": "10s"}, "1m", id="both"),
    ],
)
def test_an_interval_stays_within_the_bounds_of_the_agent(
    agent: dict[str, Any], wanted: str
) -> None:
    assert _scraped(agent=agent, interval="30s") == {"scrape_interval": wanted}


def test_a_job_without_an_interval_has_that_of_the_agent_whatever_its_bounds() -> None:
    assert _scraped(agent={"minScrapeInterval": "1m"}) == {}


def test_an_agent_may_keep_labels_and_timestamps_to_itself() -> None:
    agent = {"overrideHonorLabels": True, "overrideHonorTimestamps": True}
    assert _scraped(agent=agent, honorLabels=True, honorTimestamps=True) == {}


def test_what_victoria_metrics_adds_comes_along() -> None:
    given = {
        "scrape_align_interval": "1m",
        "stream_parse": True,
        "disable_compression": True,
        "scrape_offset": "5s",
        "no_stale_markers": True,
        "disable_keep_alive": True,
        "headers": ["A: b"],
        "proxy_client_config": {"bearer_token": key("password"), "tls_config": {"caFile": "/ca"}},
    }
    assert _scraped(vm_scrape_params=given) == {
        "scrape_align_interval": "1m",
        "stream_parse": True,
        "disable_compression": True,
        "scrape_offset": "5s",
        "no_stale_markers": True,
        "disable_keepalive": True,
        "headers": ["A: b"],
        "proxy_bearer_token": "sesame",
        "proxy_tls_config": {"ca_file": "/ca"},
    }


@pytest.mark.parametrize(
    ("proxy", "wanted"),
    [
        (
            {"authorization": {"credentials": key("password")}},
            {"proxy_authorization": {"credentials": "sesame"}},
        ),
        (
            {"basic_auth": {"username": key("user"), "password": key("password")}},
            {"proxy_basic_auth": {"username": "ann", "password": "sesame"}},
        ),
        ({"bearer_token_file": "/token"}, {"proxy_bearer_token_file": "/token"}),
    ],
    ids=["authorization", "basic", "file"],
)
def test_credentials_of_a_proxy_stand_at_the_top(
    proxy: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert _scraped(vm_scrape_params={"proxy_client_config": proxy}) == wanted


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
    "a password that may be missing": (
        {"basicAuth": {"username": key("user"), "password": key("x", optional=True)}},
        {"basic_auth": {"username": "ann"}},
    ),
}


@pytest.mark.parametrize(("given", "wanted"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_credentials_stand_in_the_job_and_certificates_beside_it(
    given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert _scraped(**given) == wanted


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
    assert _refused(**given).startswith(f"spec.targetEndpoints[0].{told}")


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
def test_where_files_are_denied_an_object_that_names_one_is_refused(
    given: dict[str, Any], field: str
) -> None:
    told = _refused(DENIED, **given)
    assert told.startswith(f"spec.targetEndpoints[0].{field}: names a file of the agent")


def test_where_files_are_denied_secrets_and_the_classes_of_the_agent_still_do() -> None:
    agent = {**DENIED, "scrapeClasses": [{"name": "a", "default": True, "bearerTokenFile": "/t"}]}
    tls = {"ca": {"secret": key("ca.crt")}}
    assert _scraped(agent=agent, tlsConfig=tls) == {
        "tls_config": {"ca_file": f"{FILES}/shop_keys_ca.crt"},
        "bearer_token_file": "/t",
    }


def test_certificates_are_copied_for_the_agent() -> None:
    tls = {"ca": {"configMap": {"name": "public", "key": "a_b.crt"}}}
    both = {"keySecret": key("tls.key"), "cert": {"secret": key("ca.crt")}}
    endpoints = [{"targets": ["a:1"], "tlsConfig": it} for it in (tls, both, both)]
    world = Known(
        secrets=WORLD.secrets,
        config_maps={"shop/public": {"a_b.crt": "PUBLIC"}},
        objects=(scrape(KIND, {"targetEndpoints": endpoints}),),
    )
    made = planned(world)
    assert secrets_of(made)["tls-assets-vmagent-demo"] == {
        "shop_ConfigMap_public_a_b.crt": b"PUBLIC",
        "shop_keys_ca.crt": b"CA",
        "shop_keys_tls.key": b"KEY",
    }


@pytest.mark.parametrize(
    "endpoint",
    [
        pytest.param({"labels": {"ca_file": f"{FILES}/bank_keys_ca.crt"}}, id="in a label"),
        pytest.param({"params": {"a": [f"{FILES}/bank_keys_ca.crt"]}}, id="in a parameter"),
    ],
)
def test_nobody_gets_a_certificate_copied_by_writing_its_name(endpoint: dict[str, Any]) -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}]}
    world = Known(secrets={"bank/keys": {"ca.crt": b"CA"}}, objects=(scrape(KIND, spec),))
    made = planned(world)
    assert not any("tls-assets" in name for name in secrets_of(made))
    assert refusal(KIND, spec) == f"spec: what lies in {FILES} belongs to other objects"


def test_no_text_is_taken_for_a_variable_of_the_agents_environment() -> None:
    spec = {"targetEndpoints": [{"targets": ["a:1"], "params": {"a": ["%{SECRET}"]}}]}
    made = planned(around(scrape(KIND, spec)))
    (text,) = (it["jobs.yaml"] for name, it in secrets_of(made).items() if "-jobs-" in name)
    assert b"%{" not in text
    assert job(KIND, spec)["params"] == {"a": ["%{SECRET}"]}
