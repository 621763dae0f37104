"""How targets are scraped: parameters, what VictoriaMetrics adds, and what stays out of reach."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.endpoints import FILES, KIND, WORLD, key, scraped
from tests.unit.render.jobs.scrapes import around, job, refusal, scrape, secrets_of

from vmoperator.api.around import Known


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
    assert scraped(**endpoint) == wanted


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
    assert scraped(agent=agent, interval="30s") == {"scrape_interval": wanted}


def test_a_job_without_an_interval_has_that_of_the_agent_whatever_its_bounds() -> None:
    assert scraped(agent={"minScrapeInterval": "1m"}) == {}


def test_an_agent_may_keep_labels_and_timestamps_to_itself() -> None:
    agent = {"overrideHonorLabels": True, "overrideHonorTimestamps": True}
    assert scraped(agent=agent, honorLabels=True, honorTimestamps=True) == {}


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
    assert scraped(vm_scrape_params=given) == {
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
        (
            {
                "oauth2": {
                    "client_id": {"secret": key("user")},
                    "client_secret": key("password"),
                    "token_url": "https://tokens",
                }
            },
            {
                "proxy_oauth2": {
                    "client_id": "ann",
                    "client_secret": "sesame",
                    "token_url": "https://tokens",
                }
            },
        ),
    ],
    ids=["authorization", "basic", "file", "oauth2"],
)
def test_credentials_of_a_proxy_stand_at_the_top(
    proxy: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert scraped(vm_scrape_params={"proxy_client_config": proxy}) == wanted


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
