"""VMScrapeConfig: what an agent is told of each discovery, in which order, and of whom it asks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.discoveries import EVERY, KEY, ORDER, TLS, TLS_MADE
from tests.unit.render.jobs.scrapes import around, job, jobs, refusal, refusals, scrape, secrets_of
from tests.unit.render.jobs.test_program import told, written

from vmoperator.api.selected.discovery import HTTPDiscovery
from vmoperator.api.selected.vmscrapeconfig import VMScrapeConfigSpec

KIND = "VMScrapeConfig"
KEYS = {"cloud": {"token": b"sesame\n", "ca.crt": b"CA", "tls.crt": b"CERT", "tls.key": b"KEY"}}
WORLD = around(**KEYS)
GIVEN = {field: given for field, _, given, _ in EVERY}
FIELD = {key: field for field, key, *_ in EVERY}


SECRETS = [(field, name) for field in GIVEN for name, it in GIVEN[field].items() if it == KEY]


def _is_http(field: Any) -> bool:
    """Whether the entries of a field are asked for by HTTP."""
    (listed, *_) = field.annotation.__args__
    return issubclass(listed.__args__[0], HTTPDiscovery)


OF_HTTP = [
    str(it.alias)
    for it in VMScrapeConfigSpec.model_fields.values()
    if it.alias in GIVEN and _is_http(it)
]
HTTP = {
    "basicAuth": {"username": KEY, "password_file": "/password"},
    "tlsConfig": {
        **TLS,
        "cert": {"secret": {"name": "cloud", "key": "tls.crt"}},
        "keySecret": {"name": "cloud", "key": "tls.key"},
    },
    "proxyURL": "http://proxy:3128",
    "followRedirects": False,
}
CERTS = "/etc/vmagent-tls/certs/shop_cloud_"
HTTP_MADE = {
    "basic_auth": {"username": "sesame", "password_file": "/password"},
    "tls_config": {**TLS_MADE, "cert_file": f"{CERTS}tls.crt", "key_file": f"{CERTS}tls.key"},
    "proxy_url": "http://proxy:3128",
    "follow_redirects": False,
}
PROXY = {"basic_auth": {"username": KEY, "password": KEY}, "tls_config": TLS}
PROXY_MADE = {
    "proxy_basic_auth": {"username": "sesame", "password": "sesame"},
    "proxy_tls_config": TLS_MADE,
}
OAUTH2 = {
    "client_id": {"secret": KEY},
    "client_secret": KEY,
    "token_url": "https://tokens",
    "scopes": ["read"],
    "endpoint_params": {"a": "b"},
    "proxy_url": "http://proxy:3128",
    "tls_config": TLS,
}
OAUTH2_MADE = {
    "client_id": "sesame",
    "client_secret": "sesame",
    "token_url": "https://tokens",
    "scopes": ["read"],
    "endpoint_params": {"a": "b"},
    "proxy_url": "http://proxy:3128",
    "tls_config": TLS_MADE,
}


def _section(field: str, given: dict[str, Any]) -> dict[str, Any]:
    """The only entry of the only section of a job, which says nothing else."""
    found = job(KIND, {field: [given]}, WORLD)
    assert found.pop("job_name") == "scrapeConfig/shop/web"
    ((key, (entry,)),) = found.items()
    assert FIELD[key] == field
    made: dict[str, Any] = entry
    return made


def test_every_discovery_is_looked_at() -> None:
    fields = {str(info.alias) for info in VMScrapeConfigSpec.model_fields.values()}
    lists = {name for name in fields if name.endswith("Configs")}
    assert lists - {"relabelConfigs", "metricRelabelConfigs"} == set(GIVEN)
    assert len(GIVEN) == len(ORDER) == 23
    assert len(OF_HTTP) == 16


@pytest.mark.parametrize(
    ("field", "given", "wanted"),
    [pytest.param(field, given, made, id=field) for field, _, given, made in EVERY],
)
def test_the_agent_is_told_all_that_a_discovery_says(
    field: str, given: dict[str, Any], wanted: dict[str, Any]
) -> None:
    assert _section(field, given) == wanted


@pytest.mark.parametrize("field", OF_HTTP)
def test_how_a_service_is_asked_is_told_for_every_discovery(field: str) -> None:
    plain = _section(field, GIVEN[field])
    assert _section(field, {**GIVEN[field], **HTTP}) == {**plain, **HTTP_MADE}
    oauth2 = {**GIVEN[field], "oauth2": OAUTH2, "followRedirects": True}
    assert _section(field, oauth2) == {**plain, "oauth2": OAUTH2_MADE}
    token = {"authorization": {"type": "Token", "credentials": KEY}}
    assert _section(field, {**GIVEN[field], **token}) == {
        **plain,
        "authorization": {"type": "Token", "credentials": "sesame"},
    }
    if field != "kubernetesSDConfigs":
        assert _section(field, {**GIVEN[field], "proxy_client_config": PROXY}) == {
            **plain,
            **PROXY_MADE,
        }


def test_certificates_of_discoveries_are_copied_to_the_agent() -> None:
    made = planned(
        around(scrape(KIND, {"httpSDConfigs": [{**GIVEN["httpSDConfigs"], **HTTP}]}), **KEYS)
    )
    copies = [data for data in secrets_of(made).values() if "shop_cloud_ca.crt" in data]
    assert copies == [
        {
            "shop_cloud_ca.crt": b"CA",
            "shop_cloud_tls.crt": b"CERT",
            "shop_cloud_tls.key": b"KEY",
        }
    ]


def test_an_agent_has_no_credentials_for_a_proxy_in_front_of_an_api_server() -> None:
    entry = {**GIVEN["kubernetesSDConfigs"], "proxy_client_config": PROXY}
    why = refusal(KIND, {"kubernetesSDConfigs": [entry]}, WORLD)
    assert why.startswith("spec.kubernetesSDConfigs[0].proxy_client_config: ")


def test_sections_follow_each_other_in_a_fixed_order_behind_the_relabelling() -> None:
    rule = {"target_label": "a", "replacement": "b"}
    backwards = {field: [GIVEN[field]] for field in reversed(GIVEN)}
    spec = {**backwards, "relabelConfigs": [rule], "metricRelabelConfigs": [rule]}
    keys = list(job(KIND, {**spec, "interval": "15s"}, WORLD))
    leading = ("job_name", "scrape_interval", "relabel_configs", "metric_relabel_configs")
    assert tuple(keys) == (*leading, *ORDER)


def test_entries_of_a_section_keep_their_order() -> None:
    urls = [{"url": f"http://{host}"} for host in "bac"]
    assert job(KIND, {"httpSDConfigs": urls})["http_sd_configs"] == urls


def test_rules_of_the_object_come_before_those_of_the_agent() -> None:
    own, ours = ({"target_label": name, "replacement": "x"} for name in ("own", "ours"))
    agent = {"scrapeConfigRelabelTemplate": [ours], "enforcedNamespaceLabel": "tenant"}
    found = job(KIND, {"staticConfigs": [{"targets": ["a:1"]}], "relabelConfigs": [own]}, **agent)
    assert found["relabel_configs"] == [
        own,
        ours,
        {"target_label": "tenant", "replacement": "shop"},
    ]


def test_texts_that_are_empty_count_as_unset() -> None:
    entry = {"server": "consul:8500", "datacenter": "", "services": [], "tagSeparator": ""}
    assert _section("consulSDConfigs", entry) == {"server": "consul:8500"}


@pytest.mark.parametrize(
    ("role", "wanted"),
    [("robot", "robot"), ("Robot", "robot"), ("hcloud", "hcloud"), ("Cloud", "hcloud")],
)
def test_both_spellings_of_a_role_of_hetzner_reach_the_agent(role: str, wanted: str) -> None:
    assert _section("hetznerSDConfigs", {"role": role}) == {"role": wanted}


@pytest.mark.parametrize(
    ("service", "wanted"),
    [("VPS", "vps"), ("DedicatedServer", "dedicated_server"), ("vps", "vps")],
)
def test_both_spellings_of_a_service_of_ovh_reach_the_agent(service: str, wanted: str) -> None:
    entry = {**GIVEN["ovhcloudSDConfigs"], "service": service}
    assert _section("ovhcloudSDConfigs", entry)["service"] == wanted


@pytest.mark.parametrize("zone", ["a", ["a", "b"]], ids=["one", "several"])
def test_zones_are_one_or_several(zone: Any) -> None:
    assert _section("gceSDConfigs", {"project": "p", "zone": zone})["zone"] == zone


@pytest.mark.parametrize(
    ("field", "given", "below"),
    [
        *(
            (it, {"basicAuth": {"password_file": "/p"}}, "basicAuth.password_file")
            for it in OF_HTTP
        ),
        ("httpSDConfigs", {"tlsConfig": {"caFile": "/c"}}, "tlsConfig.caFile"),
        ("openstackSDConfigs", {"tlsConfig": {"caFile": "/c"}}, "tlsConfig.caFile"),
        (
            "consulSDConfigs",
            {"authorization": {"credentialsFile": "/c"}},
            "authorization.credentialsFile",
        ),
        (
            "nomadSDConfigs",
            {"proxy_client_config": {"bearer_token_file": "/t"}},
            "proxy_client_config.bearer_token_file",
        ),
        ("fileSDConfigs", {"files": ["/etc/passwd"]}, "files[0]"),
    ],
)
def test_where_files_are_denied_no_discovery_may_name_one(
    field: str, given: dict[str, Any], below: str
) -> None:
    denied = {"arbitraryFSAccessThroughSMs": {"deny": True}}
    why = refusal(KIND, {field: [{**GIVEN[field], **given}]}, WORLD, **denied)
    assert why.startswith(f"spec.{field}[0].{below}: names a file of the agent")


@pytest.mark.parametrize(("field", "name"), SECRETS)
def test_a_secret_that_is_not_there_is_named_by_its_field(field: str, name: str) -> None:
    gone = {**GIVEN[field], name: {"name": "none", "key": "token"}}
    why = refusal(KIND, {field: [GIVEN[field], gone]}, WORLD)
    assert why.startswith(f"spec.{field}[1].{name}: Secret none does not exist")


@pytest.mark.parametrize("field", [*GIVEN])
def test_the_program_takes_every_discovery(field: str, tmp_path: Path) -> None:
    given = {**GIVEN[field], **(HTTP if field in OF_HTTP else {})}
    made = planned(around(scrape(KIND, {field: [given]}), **KEYS))
    assert refusals(made) == []
    assert told(written(made, tmp_path)) == ""


def test_a_config_without_discoveries_has_no_targets() -> None:
    assert jobs(KIND, {}) == [{"job_name": "scrapeConfig/shop/web"}]
