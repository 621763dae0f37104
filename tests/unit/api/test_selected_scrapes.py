"""Models of scrape objects: what comes in, what is refused, and by which field."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from tests.unit.api.scrapes import FIELDS, REFUSED, SCRAPES, scrape

from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.unknown import unknown
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref


@pytest.mark.parametrize("kind", SCRAPES)
def test_an_object_of_each_kind_is_read_with_all_its_fields(kind: str) -> None:
    read = selected(SCRAPES[kind])
    assert read.kind == kind
    assert read.spec.manifest() == SCRAPES[kind]["spec"]
    assert unknown(SCRAPES[kind], OBJECTS[kind]) == ()


@pytest.mark.parametrize("kind", FIELDS)
def test_a_specification_has_exactly_the_documented_fields(kind: str) -> None:
    spec = OBJECTS[kind].model_fields["spec"].annotation
    assert spec is not None
    aliases = [str(field.alias) for field in spec.model_fields.values()]
    assert sorted(aliases) == sorted(FIELDS[kind].split())


@pytest.mark.parametrize(("kind", "path", "value", "field", "says"), REFUSED.values(), ids=REFUSED)
def test_what_is_wrong_is_refused_by_the_name_of_its_field(
    kind: str, path: str, value: Any, field: str, says: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        selected(scrape(kind, path, value))
    assert refused.value.field == ("spec" if field == "spec" else f"spec.{field}")
    assert says in str(refused.value)


def test_the_message_about_parts_that_do_not_fit_ends_with_what_to_do() -> None:
    twice = scrape("VMScrapeConfig", "bearerTokenFile", "/token")
    with pytest.raises(SpecInvalid) as refused:
        selected(twice)
    assert str(refused.value).endswith("exclude each other: set one of them")


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("interval", ""),
        ("scrapeTimeout", ""),
        ("proxyURL", ""),
        ("bearerTokenSecret", {"key": ""}),
        ("max_scrape_size", 1024),
        ("interval", "1m30s"),
        ("interval", "1.5s"),
        ("targetPort", 8080),
        ("vm_scrape_params", {"scrape_offset": "5s", "scrape_align_interval": ""}),
    ],
    ids=str,
)
def test_what_charts_write_is_taken(path: str, value: Any) -> None:
    read = selected(scrape("VMServiceScrape", f"endpoints.0.{path}", value))
    (endpoint,) = read.spec.manifest()["endpoints"]
    assert endpoint[path] == value


def test_a_probe_may_say_what_is_older() -> None:
    targets = {"staticConfig": {"targets": ["a"]}, "ingress": {"selector": {}}}
    read = selected(scrape("VMProbe", "targets", targets))
    assert read.spec.manifest()["targets"] == targets


def test_an_object_that_another_operator_made_names_its_source() -> None:
    made = copy.deepcopy(SCRAPES["VMServiceScrape"])
    made["metadata"]["ownerReferences"] = [
        {"apiVersion": "v1", "kind": "Service", "name": "s", "uid": "1"},
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "ServiceMonitor",
            "name": "monitor",
            "uid": "2",
            "controller": True,
        },
    ]
    read = selected(made)
    assert [owner.group for owner in read.owners] == ["", "monitoring.coreos.com"]
    assert read.made_from == Ref("ServiceMonitor", "demo", "monitor")


@pytest.mark.parametrize(
    ("api_version", "kind"),
    [
        ("operator.victoriametrics.com/v1beta1", "VMAgent"),
        ("monitoring.coreos.com/v1", "Prometheus"),
        ("example.com/v1", "ServiceMonitor"),
    ],
)
def test_any_other_owner_is_no_source(api_version: str, kind: str) -> None:
    made = copy.deepcopy(SCRAPES["VMServiceScrape"])
    owner = {"apiVersion": api_version, "kind": kind, "name": "o", "uid": "1"}
    made["metadata"]["ownerReferences"] = [owner]
    assert selected(made).made_from is None


def test_an_object_without_owners_has_no_source() -> None:
    assert selected(SCRAPES["VMServiceScrape"]).made_from is None
