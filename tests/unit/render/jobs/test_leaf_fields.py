"""Every field of every scrape kind: what it is set to shows in the jobs of the object.

The fields come from the models, so that a new one is tested as soon as it is there.
"""

from __future__ import annotations

import pytest
from tests.unit.render.agents import TARGET
from tests.unit.render.jobs.leaf_samples import AROUND, BASES, NEEDS, SAMPLES, WITHOUT_EFFECT
from tests.unit.render.leaves import Leaf
from tests.unit.render.selected_leaves import Trial, recipes

_MESH = {"name": "mesh", "relabelConfigs": [{"action": "drop", "if": "{a='b'}"}]}
TRIAL = Trial(
    recipes=recipes("VMAgent", remoteWrite=[TARGET], scrapeClasses=[_MESH]),
    around=AROUND,
    bases=BASES,
    needs=NEEDS,
    samples=SAMPLES,
    without_effect=WITHOUT_EFFECT,
)
GROUPS = TRIAL.groups()


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_every_field_acts_when_it_is_set(kind: str, fields: list[Leaf]) -> None:
    assert TRIAL.faults(kind, fields) == []


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_a_field_that_is_null_is_as_one_that_was_never_set(kind: str, fields: list[Leaf]) -> None:
    assert [it.dotted for it in fields if TRIAL.leaves_a_trace(kind, it)] == []


def test_what_is_said_to_have_no_effect_is_a_field_and_has_none() -> None:
    assert TRIAL.needless() == []
