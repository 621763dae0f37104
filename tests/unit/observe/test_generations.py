"""Generations: which new generation of a workload has a spec that its controller has seen."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.unit.observe.live import metadata, rollout

from vmoperator.observe.facts import Child, child
from vmoperator.observe.generations import recognized

TEMPLATE = {"spec": {"containers": [{"name": "x", "image": "x:1"}]}}
SPEC = {"replicas": 2, "template": TEMPLATE}


def _deployment(generation: int, described: int, **spec: Any) -> Child:
    return child(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata("vminsert", generation=generation),
            "spec": {**SPEC, **spec},
            "status": {"observedGeneration": described},
        }
    )


@pytest.mark.parametrize(
    ("spec", "is_seen"),
    [
        pytest.param({}, True, id="an annotation"),
        pytest.param({"revisionHistoryLimit": 3}, True, id="a field that no pod depends on"),
        pytest.param({"strategy": {"type": "Recreate"}}, True, id="the steps of a next change"),
        pytest.param({"replicas": 3}, False, id="another number of pods"),
        pytest.param({"minReadySeconds": 5}, False, id="availability means something else"),
        pytest.param(
            {"template": {"spec": {"containers": [{"name": "x", "image": "x:2"}]}}},
            False,
            id="another template",
        ),
    ],
)
def test_a_generation_counts_as_seen_where_its_pods_are_those_of_the_one_before(
    spec: dict[str, Any], is_seen: bool
) -> None:
    now = recognized(_deployment(2, 1, **spec), _deployment(1, 1))
    assert rollout(now).observed is is_seen


def test_several_annotations_in_a_row_count_as_seen() -> None:
    second = recognized(_deployment(2, 1), _deployment(1, 1))
    third = recognized(_deployment(3, 1), second)
    assert rollout(third).observed


def test_a_change_that_is_taken_back_is_not_seen_until_the_controller_says_so() -> None:
    """The counts may be those of the spec in between."""
    changed = recognized(_deployment(2, 1, replicas=3), _deployment(1, 1))
    back = recognized(_deployment(3, 1), changed)
    assert not rollout(back).observed
    assert not rollout(recognized(_deployment(3, 2), _deployment(1, 1))).observed


def test_another_object_of_that_name_has_not_been_seen() -> None:
    before = replace(_deployment(1, 1), uid="former")
    assert not rollout(recognized(_deployment(2, 1), before)).observed
    assert not rollout(recognized(_deployment(2, 1), None)).observed


def test_what_has_no_pods_stays_as_it_is() -> None:
    service = child({"apiVersion": "v1", "kind": "Service", "metadata": metadata()})
    assert recognized(service, service) is service
