"""Rights without use: the reasons are about rights that there are, and hide none that is used."""

from __future__ import annotations

import pytest

from generate.unused import UNUSED, Unused, Use, granted, unproved


@pytest.mark.parametrize("unused", UNUSED, ids=lambda it: it.words[:30])
def test_a_reason_is_about_a_right_that_is_granted(unused: Unused) -> None:
    assert unused.uses & granted()


def test_everything_used_leaves_nothing_to_explain() -> None:
    assert unproved(granted()) == []


@pytest.mark.parametrize(
    "use",
    [
        Use("apps", "statefulsets", "patch"),
        Use("", "pods/eviction", "create"),
        Use("", "secrets", "delete"),
        Use("operator.victoriametrics.com", "vmclusters/status", "patch"),
    ],
    ids=lambda use: f"{use.verb} {use.resource}",
)
def test_what_the_operator_does_has_no_excuse_to_stay_without_use(use: Use) -> None:
    assert use in unproved(granted() - {use})
