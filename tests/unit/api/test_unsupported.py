"""Fields that are set and do not act yet are named, and only those."""

from __future__ import annotations

import pytest
from tests.unit.api.refused import changed, example

from vmoperator.api import parsed
from vmoperator.api.unsupported import marked_fields, unsupported
from vmoperator.api.vmcluster import VMCluster


def test_the_example_sets_nothing_that_does_not_act() -> None:
    assert unsupported(parsed(example())) == ()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("spec.vmselect.serviceScrapeSpec", {"endpoints": []}),
        ("spec.vmselect.disableSelfServiceScrape", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_does_not_act_is_named(path: str, value: object) -> None:
    assert unsupported(parsed(changed(path, value))) == (path,)


def test_paths_are_sorted() -> None:
    fields = ("spec.vminsert.serviceScrapeSpec", "spec.vmstorage.serviceScrapeSpec")
    both = changed(fields[0], {}, changed(fields[1], {}))
    assert unsupported(parsed(both)) == fields


@pytest.mark.parametrize(
    "value", [{"enabled": False, "spec": {"serviceScrapeSpec": {}}}, {}, None], ids=str
)
def test_what_is_switched_off_misses_nothing(value: object) -> None:
    assert unsupported(parsed(changed("spec.requestsLoadBalancer", value))) == ()


def test_a_field_of_what_is_switched_on_is_named() -> None:
    front = {"enabled": True, "spec": {"serviceScrapeSpec": {}}}
    named = unsupported(parsed(changed("spec.requestsLoadBalancer", front)))
    assert named == ("spec.requestsLoadBalancer.spec.serviceScrapeSpec",)


def test_every_mark_has_a_reason_and_a_path_below_spec() -> None:
    marked = marked_fields(VMCluster)
    why = "the operator makes no scrape objects for its own programs yet"
    assert ("spec.requestsLoadBalancer.spec.serviceScrapeSpec", why) in marked
    assert [path for path, why in marked if not path.startswith("spec.") or not why] == []
