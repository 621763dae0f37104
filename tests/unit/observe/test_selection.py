"""Which objects a parent's selectors hit: every row of the Go operator's matrix."""

from __future__ import annotations

from typing import Any

import pytest

from vmoperator.api.picking import Choice
from vmoperator.apply.choosers import reach
from vmoperator.base.errors import SpecInvalid
from vmoperator.observe.selection import Hit, Reach

Selector = dict[str, Any] | None

EVERYTHING: Selector = {}
BY_LABEL: Selector = {"matchLabels": {"team": "a"}}
NAMESPACES: dict[str, dict[str, str]] = {
    "home": {},
    "near": {"env": "prod"},
    "far": {"env": "test"},
}
OBJECTS = [(namespace, team) for namespace in NAMESPACES for team in ("a", "b")]


def reached(
    objects: Selector, namespaces: Selector, *, takes_all: bool = False, is_confined: bool = False
) -> Reach:
    choice = Choice(
        kinds=("VMServiceScrape",),
        field="spec.serviceScrapeSelector",
        objects=objects,
        namespaces=namespaces,
        takes_all=takes_all,
    )
    return reach(choice, home="home", is_confined=is_confined)


def found(chosen: Reach) -> list[str]:
    return [
        f"{namespace}/{team}"
        for namespace, team in OBJECTS
        if chosen.hit({"team": team}, is_covered=chosen.covers(namespace, NAMESPACES[namespace]))
        is Hit.HIT
    ]


ALL = [f"{namespace}/{team}" for namespace, team in OBJECTS]
PROD: Selector = {"matchExpressions": [{"key": "env", "operator": "In", "values": ["prod"]}]}


@pytest.mark.parametrize("takes_all", [False, True], ids=["by-selectors", "all-by-default"])
@pytest.mark.parametrize(
    ("objects", "namespaces", "hit"),
    [
        pytest.param(BY_LABEL, None, ["home/a"], id="objects-alone-in-the-own-namespace"),
        pytest.param(EVERYTHING, None, ["home/a", "home/b"], id="all-objects-of-the-own-namespace"),
        pytest.param(None, EVERYTHING, ALL, id="all-namespaces"),
        pytest.param(None, PROD, ["near/a", "near/b"], id="matching-namespaces"),
        pytest.param(BY_LABEL, EVERYTHING, ["home/a", "near/a", "far/a"], id="label-everywhere"),
        pytest.param(BY_LABEL, PROD, ["near/a"], id="label-in-matching-namespaces"),
        pytest.param(None, {"matchLabels": {"env": "x"}}, [], id="no-namespace-matches"),
    ],
)
def test_selectors_hit_what_the_go_operator_hits(
    objects: Selector, namespaces: Selector, hit: list[str], takes_all: bool
) -> None:
    assert found(reached(objects, namespaces, takes_all=takes_all)) == hit


def test_without_selectors_nothing_is_hit_or_everything_by_default() -> None:
    assert found(reached(None, None)) == []
    assert found(reached(None, None, takes_all=True)) == ALL


@pytest.mark.parametrize("namespaces", [None, PROD, EVERYTHING], ids=["unset", "some", "all"])
def test_who_looks_after_some_namespaces_alone_takes_all_of_them(namespaces: Selector) -> None:
    chosen = reached(BY_LABEL, namespaces, is_confined=True)
    assert found(chosen) == ["home/a", "near/a", "far/a"]
    assert found(reached(None, None, is_confined=True)) == []


def test_a_namespace_that_is_not_known_yet_is_in_reach_of_those_that_take_all() -> None:
    assert reached(None, EVERYTHING).covers("new", None)
    absent: Selector = {"matchExpressions": [{"key": "env", "operator": "DoesNotExist"}]}
    assert not reached(None, absent).covers("new", None)
    assert reached(None, absent).covers("new", {})


def test_what_keeps_an_object_out_is_told() -> None:
    chosen = reached(BY_LABEL, PROD)
    assert chosen.hit({"team": "a"}, is_covered=False) is Hit.FOREIGN_NAMESPACE
    assert chosen.hit({"team": "b"}, is_covered=True) is Hit.FOREIGN_LABELS
    assert reached(None, None).hit({}, is_covered=True) is Hit.UNSELECTED


def test_a_selector_that_is_none_names_its_place() -> None:
    wrong: Selector = {"matchExpressions": [{"key": "a", "operator": "in", "values": ["b"]}]}
    with pytest.raises(SpecInvalid, match=r"^spec\.serviceScrapeSelector\.matchExpressions\[0\]"):
        reached(wrong, None)
    with pytest.raises(SpecInvalid, match=r"^spec\.serviceScrapeNamespaceSelector\.match"):
        reached(None, wrong)
