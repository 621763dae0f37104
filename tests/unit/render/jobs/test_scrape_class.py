"""Scrape classes: what objects take from them, and what they keep of their own."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.agents import planned
from tests.unit.render.jobs.scrapes import around, job, refusal, rules

from vmoperator.base.errors import SpecInvalid

WORLD = around(keys={"a": b"ann", "b": b"bob"})
A, B = {"name": "keys", "key": "a"}, {"name": "keys", "key": "b"}
RULE = {"target_label": "from", "replacement": "class"}
OWN = {"target_label": "from", "replacement": "object"}


def _job(given: dict[str, Any], endpoint: dict[str, Any], name: str | None = "mesh") -> Any:
    spec = {"targetEndpoints": [{"targets": ["a:1"], **endpoint}], "scrapeClass": name}
    classes = [{"name": "mesh", **given}, {"name": "other", "bearerTokenFile": "/other"}]
    return job("VMStaticScrape", spec, WORLD, scrapeClasses=classes)


def test_an_object_takes_credentials_from_the_class_that_it_names() -> None:
    found = _job({"bearerTokenSecret": A, "tlsConfig": {"serverName": "a"}}, {})
    assert (found["bearer_token"], found["tls_config"]) == ("ann", {"server_name": "a"})


@pytest.mark.parametrize("name", [None, ""])
def test_an_object_that_names_none_takes_the_default_class(name: str | None) -> None:
    assert _job({"bearerTokenFile": "/t", "default": True}, {}, name)["bearer_token_file"] == "/t"
    assert "bearer_token_file" not in _job({"bearerTokenFile": "/t"}, {}, name)


FILLED: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "certificate of the authority": (
        {"tlsConfig": {"caFile": "/class", "serverName": "class", "insecureSkipVerify": True}},
        {"tlsConfig": {"caFile": "/own"}},
        {"tls_config": {"ca_file": "/own", "server_name": "class", "insecure_skip_verify": True}},
    ),
    "an own no": (
        {"tlsConfig": {"insecureSkipVerify": True, "serverName": "class"}},
        {"tlsConfig": {"insecureSkipVerify": False}},
        {"tls_config": {"server_name": "class"}},
    ),
    "fields of oauth2": (
        {
            "oauth2": {
                "client_id": {"secret": B},
                "client_secret": B,
                "token_url": "http://class",
                "scopes": ["class"],
            }
        },
        {"oauth2": {"client_id": {"secret": A}, "client_secret": A, "token_url": "http://own"}},
        {
            "oauth2": {
                "client_id": "ann",
                "client_secret": "ann",
                "token_url": "http://own",
                "scopes": ["class"],
            }
        },
    ),
    "an own file keeps out a Secret": (
        {"tlsConfig": {"ca": {"secret": A}}},
        {"tlsConfig": {"caFile": "/own"}},
        {"tls_config": {"ca_file": "/own"}},
    ),
    "password": (
        {"basicAuth": {"username": B, "password": B}},
        {"basicAuth": {"username": A}},
        {"basic_auth": {"username": "ann", "password": "bob"}},
    ),
    "an own password file keeps out a Secret": (
        {"basicAuth": {"username": B, "password": B}},
        {"basicAuth": {"password_file": "/own"}},
        {"basic_auth": {"username": "bob", "password_file": "/own"}},
    ),
    "type of the header": (
        {"authorization": {"type": "Token", "credentials": B}},
        {"authorization": {"credentials": A}},
        {"authorization": {"type": "Token", "credentials": "ann"}},
    ),
    "another kind of credentials": (
        {"basicAuth": {"username": B, "password": B}},
        {"bearerTokenSecret": A},
        {"bearer_token": "ann"},
    ),
    "a token beside a user": (
        {"bearerTokenSecret": B},
        {"basicAuth": {"username": A}},
        {"basic_auth": {"username": "ann"}},
    ),
    "an own token file keeps out a Secret": (
        {"bearerTokenSecret": B},
        {"bearerTokenFile": "/own"},
        {"bearer_token_file": "/own"},
    ),
}


@pytest.mark.parametrize(("given", "own", "wanted"), FILLED.values(), ids=FILLED.keys())
def test_what_an_object_says_itself_wins_over_its_class(
    given: dict[str, Any], own: dict[str, Any], wanted: dict[str, Any]
) -> None:
    found = _job(given, own)
    assert {key: found.get(key) for key in wanted} == wanted
    assert {"bearer_token", "basic_auth", "authorization"} & found.keys() == {
        key for key in wanted if key in ("bearer_token", "basic_auth", "authorization")
    }


def test_rules_of_the_class_come_before_those_of_the_object() -> None:
    given = {"relabelConfigs": [RULE], "metricRelabelConfigs": [RULE]}
    found = _job(given, {"relabelConfigs": [OWN], "metricRelabelConfigs": [OWN]})
    assert rules(found) == [RULE, OWN]
    assert found["metric_relabel_configs"] == [RULE, OWN]


def test_a_class_attaches_labels_to_what_is_probed() -> None:
    spec = {"vmProberSpec": {"url": "p"}, "targets": {"kubernetes": [{"role": "pod"}]}}
    classes = [{"name": "a", "default": True, "attachMetadata": {"node": True}}]
    found = job("VMProbe", spec, scrapeClasses=classes)
    assert found["kubernetes_sd_configs"][0]["attach_metadata"] == {"node": True}


def test_rules_of_the_class_hold_for_probes_too() -> None:
    targets = {"static": {"targets": ["a"], "relabelingConfigs": [OWN]}}
    spec = {"vmProberSpec": {"url": "p"}, "targets": targets, "scrapeClass": "mesh"}
    found = job("VMProbe", spec, scrapeClasses=[{"name": "mesh", "relabelConfigs": [RULE]}])
    assert rules(found)[1:3] == [RULE, OWN]


@pytest.mark.parametrize(
    ("endpoint", "spec", "wanted"),
    [
        pytest.param({}, {}, {"node": True}, id="of the class"),
        pytest.param(
            {}, {"attach_metadata": {"node": False}}, {"node": True}, id="over the object"
        ),
        pytest.param({"attach_metadata": {"node": False}}, {}, None, id="under the endpoint"),
    ],
)
def test_labels_are_attached_as_endpoint_class_and_object_say_in_this_order(
    endpoint: dict[str, Any], spec: dict[str, Any], wanted: dict[str, Any] | None
) -> None:
    scrape = {"endpoints": [{"port": "a", **endpoint}], **spec}
    classes = [{"name": "a", "default": True, "attachMetadata": {"node": True}}]
    found = job("VMServiceScrape", scrape, scrapeClasses=classes)
    assert found["kubernetes_sd_configs"][0].get("attach_metadata") == wanted


def test_a_class_that_there_is_not_is_named_with_those_that_there_are() -> None:
    told = refusal("VMNodeScrape", {"scrapeClass": "mesh"}, scrapeClasses=[{"name": "a"}])
    assert told == "spec.scrapeClass: there is no class mesh; there are: a"


@pytest.mark.parametrize(
    ("classes", "told"),
    [
        ([{"name": "a"}, {"name": "a"}], r"\[1\].name: another class is named a"),
        (
            [{"name": "a", "default": True}, {"name": "b", "default": True}],
            r"\[1\].default: another class is the default",
        ),
        ([{"name": "a", "relabelConfigs": [{"action": "kepe"}]}], r"\[0\].relabelConfigs\[0\]"),
    ],
    ids=["one name twice", "two defaults", "a bad rule"],
)
def test_classes_that_contradict_each_other_are_refused(
    classes: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(SpecInvalid, match=rf"^spec.scrapeClasses{told}"):
        planned(scrapeClasses=classes)
