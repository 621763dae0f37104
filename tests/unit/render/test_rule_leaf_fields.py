"""Every field of a VMRule: what it is set to shows in the rules that a vmalert gets."""

from __future__ import annotations

import pytest
from tests.unit.render.leaves import Leaf
from tests.unit.render.selected_leaves import Trial, recipes

_TIMES = ["30s", "1m"]
TRIAL = Trial(
    recipes=recipes(
        "VMAlert",
        datasource={"url": "http://a"},
        notifier={"url": "http://b"},
        remoteWrite={"url": "http://c"},
        extraArgs={"clusterMode": "true"},
        license={"key": "k"},
    ),
    bases={"VMRule": {"groups": [{"name": "a", "rules": [{"alert": "a", "expr": "up"}]}]}},
    needs=[("GroupRule:record", {"alert": None}), ("RuleGroup:eval_offset", {"interval": "1h"})],
    samples={
        "interval": _TIMES,
        "for": _TIMES,
        "keep_firing_for": _TIMES,
        "eval_offset": _TIMES,
        "eval_delay": _TIMES,
        "tenant": ["1", "1:2"],
        "headers": [["a: b"]],
        "notifier_headers": [["a: b"]],
    },
    without_effect={},
)
GROUPS = TRIAL.groups()


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_every_field_acts_when_it_is_set(kind: str, fields: list[Leaf]) -> None:
    assert TRIAL.faults(kind, fields) == []


@pytest.mark.parametrize(("kind", "fields"), GROUPS.values(), ids=GROUPS)
def test_a_field_that_is_null_is_as_one_that_was_never_set(kind: str, fields: list[Leaf]) -> None:
    assert [it.dotted for it in fields if TRIAL.leaves_a_trace(kind, it)] == []
