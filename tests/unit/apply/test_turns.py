"""Turns: so many shards change side by side, and a shard that is stuck is mended at once."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.observe.live import counts, pod, pods, sight

from vmoperator.apply.turns import turns
from vmoperator.observe.rollout import Sight
from vmoperator.render.plan import Stage

WELL = sight(counts(2), pods("a", "a"))
ROLLING = sight(counts(2, update="b"), pods("a", "b"))
SICK = sight(counts(2), (pod("s-0"), pod("s-1", ready=False)))
MISSING = sight(None, ())


def _stages(number: int) -> list[Stage]:
    common: dict[str, Any] = {"app": "vmagent", "workload": {}, "services": ()}
    return [
        Stage(
            name=f"shard {place}",
            shard=str(place),
            max_unavailable=1,
            waits=False,
            shards_at_once="25%",
            **common,
        )
        for place in range(number)
    ]


def _changed(seen: list[Sight], *, is_resharded: bool = False) -> list[int]:
    """Shards whose change goes out in one pass, when all of them have changed."""
    stages = _stages(len(seen))
    by_name = dict(zip((one.name for one in stages), seen, strict=True))
    found = turns(stages, lambda stage: by_name[stage.name], is_resharded=is_resharded)
    went = []
    for place, stage in enumerate(stages):
        goes = not found.must_wait(stage)
        went += [place] if goes else []
        found.note(stage, is_complete=not goes)
    return went


@pytest.mark.parametrize(
    ("seen", "went"),
    [
        pytest.param([WELL] * 3, [0, 1], id="at least two"),
        pytest.param([WELL] * 8, [0, 1], id="a quarter of them"),
        pytest.param([WELL] * 4 + [ROLLING] + [WELL] * 3, [0, 4], id="one that rolls counts"),
        pytest.param(
            [WELL] * 6 + [ROLLING] * 2, [6, 7], id="those that roll take up a mended spec"
        ),
        pytest.param([WELL] * 6 + [SICK] * 2, [6, 7], id="a change that fails goes no further"),
        pytest.param([WELL] * 7 + [MISSING], list(range(8)), id="all when there are more shards"),
    ],
)
def test_shards_that_change_now(seen: list[Sight], went: list[int]) -> None:
    assert _changed(seen) == went


def test_all_change_at_once_when_there_are_fewer_shards() -> None:
    assert _changed([WELL] * 8, is_resharded=True) == list(range(8))


def test_what_is_no_shard_does_not_wait_for_turns() -> None:
    whole = Stage(name="s", app="a", workload={}, services=(), max_unavailable=1)
    assert not turns([whole], lambda stage: ROLLING, is_resharded=False).must_wait(whole)
