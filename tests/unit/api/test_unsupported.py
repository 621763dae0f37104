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
        ("spec.requestsLoadBalancer", {"enabled": True, "spec": {"hpa": {"minReplicas": 1}}}),
        ("spec.vmstorage.vmBackup", {"destination": "s3://x"}),
        ("spec.vmselect.hpa", {"minReplicas": 1, "maxReplicas": 2}),
        ("spec.vminsert.vpa", {}),
        ("spec.vminsert.networkPolicy", {"ingress": []}),
        ("spec.vmselect.serviceScrapeSpec", {"endpoints": []}),
        ("spec.vmselect.disableSelfServiceScrape", True),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_field_that_does_not_act_is_named(path: str, value: object) -> None:
    assert unsupported(parsed(changed(path, value))) == (path,)


def test_paths_are_sorted() -> None:
    both = changed("spec.vminsert.hpa", {}, changed("spec.vmstorage.hpa", {}))
    assert unsupported(parsed(both)) == ("spec.vminsert.hpa", "spec.vmstorage.hpa")


@pytest.mark.parametrize("value", [{"enabled": False}, {}, None], ids=str)
def test_what_is_switched_off_misses_nothing(value: object) -> None:
    assert unsupported(parsed(changed("spec.requestsLoadBalancer", value))) == ()


def test_every_mark_has_a_reason_and_a_path_below_spec() -> None:
    marked = marked_fields(VMCluster)
    assert ("spec.vmstorage.vmBackup", "the operator starts no vmbackupmanager yet") in marked
    assert [path for path, why in marked if not path.startswith("spec.") or not why] == []
