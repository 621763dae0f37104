"""Rights: what the operator may do covers what it does."""

from __future__ import annotations

import pytest

from vmoperator.apply.rights import RIGHTS


def _may(verb: str, group: str, resource: str) -> bool:
    return any(
        right.group == group and resource in right.resources and verb in right.verbs
        for right in RIGHTS
    )


@pytest.mark.parametrize("verb", ["get", "list", "watch", "patch", "delete"])
def test_a_pod_that_hangs_can_be_taken_away_and_a_running_one_told_of_its_configuration(
    verb: str,
) -> None:
    assert _may(verb, "", "pods")


def test_a_running_pod_is_evicted_so_that_budgets_hold() -> None:
    assert _may("create", "", "pods/eviction")


@pytest.mark.parametrize("right", RIGHTS, ids=lambda right: "-".join(right.resources)[:40] or "url")
def test_no_right_is_asked_for_everything(right: object) -> None:
    assert "*" not in str(right)
    assert "escalate" not in str(right)
