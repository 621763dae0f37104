"""What is said of selected objects: in their own status, and in that of their parents."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Told
from vmoperator.observe.selection import Hit
from vmoperator.observe.usage import ignored, miss, objects_selected, usage

MONITOR = Ref("ServiceMonitor", "shop", "web")
INSTEAD = "its original ServiceMonitor shop/web is selected instead"
A, B = "VMAgent/default/a", "VMAgent/default/b"


@pytest.mark.parametrize(
    ("verdicts", "told"),
    [
        pytest.param(
            {},
            Told(word="ignored", reason="selected by no object that would use it"),
            id="selected-by-nobody",
        ),
        pytest.param({A: "", B: ""}, Told(word="operational", parents=(A, B)), id="used-by-two"),
        pytest.param({A: "spec: x", B: "spec: x"}, Told(word="failed", reason="spec: x"), id="bad"),
        pytest.param(
            {A: "spec: x", B: ""},
            Told(word="operational", reason=f"refused by {A}: spec: x", parents=(B,)),
            id="used-by-one-and-refused-by-the-other",
        ),
        pytest.param({A: MONITOR, B: MONITOR}, Told(word="ignored", reason=INSTEAD), id="replaced"),
        pytest.param(
            {A: MONITOR, B: ""}, Told(word="operational", parents=(B,)), id="used-by-the-other"
        ),
        pytest.param(
            {A: MONITOR, B: "spec: x"}, Told(word="failed", reason="spec: x"), id="refused"
        ),
    ],
)
def test_the_status_of_an_object_says_what_its_parents_make_of_it(
    verdicts: dict[str, str | Ref], told: Told
) -> None:
    assert usage(verdicts) == told


PARENT = Ref("VMAgent", "monitoring", "demo")
NOBODY = "selected by no object that would use it"


@pytest.mark.parametrize(
    ("namespaces", "hit", "words"),
    [
        ({}, Hit.FOREIGN_LABELS, "spec.serviceScrapeSelector does not match its labels"),
        (
            {},
            Hit.FOREIGN_NAMESPACE,
            "spec.serviceScrapeNamespaceSelector does not match its namespace",
        ),
        (
            None,
            Hit.FOREIGN_NAMESPACE,
            "spec.serviceScrapeNamespaceSelector is not set, and it is in another namespace",
        ),
        (None, Hit.UNSELECTED, "spec.serviceScrapeSelector is not set"),
    ],
    ids=["labels", "namespace", "other-namespace", "unset"],
)
def test_an_object_that_nobody_selects_is_told_which_field_keeps_it_out(
    namespaces: dict[str, str] | None, hit: Hit, words: str
) -> None:
    choice = replace(picked().choice, namespaces=namespaces)
    assert miss(PARENT, choice, hit) == f"VMAgent/monitoring/demo: {words}"


def test_of_many_parents_that_do_not_select_an_object_three_are_named() -> None:
    misses = [f"VMAgent/default/a{number}: spec.x is not set" for number in range(9)]
    told = ignored(misses, Told())
    assert told == Told(word="ignored", reason=f"{NOBODY}: {'; '.join(misses[:3])}; and others")
    assert ignored([], Told()) == Told(word="ignored", reason=NOBODY)
    long = [f"VMAgent/{'n' * 63}/{number}{'m' * 250}: {'w' * 100}" for number in range(9)]
    assert len(ignored(long, Told()).reason) <= 1000


def test_what_is_still_true_of_an_ignored_object_is_not_written_anew() -> None:
    before = ignored(["a: x", "b: y"], Told())
    assert ignored(["a: w", "a: x", "b: y", "c: z"], before) is before
    assert ignored(["a: x", "c: z"], before).reason == f"{NOBODY}: a: x; c: z"
    assert ignored([], before).reason == NOBODY


def picked(
    sound: int = 0, refused: int = 0, *, existing: int | None = None, **counts: Any
) -> Picked:
    choice = Choice(
        kinds=("VMServiceScrape",),
        field="spec.serviceScrapeSelector",
        objects=counts.pop("objects", {}),
        namespaces=None,
    )
    fragments = [
        Fragment(ref=Ref("VMServiceScrape", "shop", f"s{number}"), content=b"", refusal=words)
        for number, words in enumerate(["spec.endpoints[0].port: wrong"] * refused + [""] * sound)
    ]
    return Picked(
        choice=choice,
        fragments=tuple(fragments),
        existing=sound + refused if existing is None else existing,
        **counts,
    )


@pytest.mark.parametrize(
    ("chosen", "status", "reason", "words"),
    [
        pytest.param(picked(12), "True", "Selected", "selects 12 VMServiceScrape", id="every-one"),
        pytest.param(
            picked(2, existing=5, foreign_labels=3),
            "True",
            "Selected",
            "selects 2 VMServiceScrape",
            id="some",
        ),
        pytest.param(
            picked(existing=12, foreign_namespaces=12),
            "False",
            "NothingSelected",
            "selects 0 of 12 VMServiceScrape: namespace not matched (spec.serviceScrapeSelector)",
            id="no-namespace",
        ),
        pytest.param(
            picked(existing=3, foreign_namespaces=1, foreign_labels=2),
            "False",
            "NothingSelected",
            "selects 0 of 3 VMServiceScrape: namespace of 1 not matched, labels of 2 not matched"
            " (spec.serviceScrapeSelector)",
            id="neither",
        ),
        pytest.param(
            picked(), "False", "NothingSelected", "there is no VMServiceScrape", id="none-there"
        ),
        pytest.param(
            picked(1, 1),
            "False",
            "Refused",
            "selects 2 VMServiceScrape; 1 refused:"
            " VMServiceScrape shop/s0: spec.endpoints[0].port: wrong",
            id="one-refused",
        ),
    ],
)
def test_a_parent_says_what_it_selects(
    chosen: Picked, status: str, reason: str, words: str
) -> None:
    remark = objects_selected([chosen])
    assert remark is not None
    assert (remark.status, remark.reason, remark.message) == (status, reason, words)


def test_of_many_that_are_refused_ten_are_named() -> None:
    remark = objects_selected([picked(0, 25)])
    assert remark is not None
    assert remark.message.count("wrong") == 10
    assert remark.message.endswith("and 15 more")


@pytest.mark.parametrize(
    ("jobs", "is_unsharded", "tells"),
    [(2000, True, False), (2001, True, True), (2001, False, False)],
    ids=["few", "many", "many-in-shards"],
)
def test_an_agent_with_many_jobs_is_told_what_shards_do(
    jobs: int, is_unsharded: bool, tells: bool
) -> None:
    one = picked(1)
    fragment = replace(one.fragments[0], content=b"{}\n" * jobs)
    remark = objects_selected([replace(one, fragments=(fragment,))], is_unsharded=is_unsharded)
    words = "; more than 2000 jobs for each agent: spec.shardCount divides the targets, not the"
    told = f"{words} reading" if tells else ""
    assert remark is not None
    assert (remark.reason, remark.message) == ("Selected", f"selects 1 VMServiceScrape{told}")


def test_a_parent_that_is_to_select_nothing_says_nothing() -> None:
    assert objects_selected([picked(existing=12, objects=None)]) is None


SICK = {
    Ref("VMServiceScrape", "shop", "s0"): "spec.groups: unknown function",
    Ref("VMServiceScrape", "shop", "gone"): "spec.groups: used no longer",
}


def test_a_parent_names_what_its_programs_cannot_evaluate() -> None:
    remark = objects_selected([picked(2)], SICK)
    assert remark is not None
    assert (remark.status, remark.reason) == ("False", "NotEvaluated")
    assert remark.message == (
        "selects 2 VMServiceScrape; 1 in use that cannot be evaluated:"
        " VMServiceScrape shop/s0: spec.groups: unknown function"
    )


def test_what_programs_cannot_evaluate_stands_until_they_were_asked_again() -> None:
    told = objects_selected([picked(2)], SICK)
    assert objects_selected([picked(2)], None, previous=told) == told
    mended = objects_selected([picked(2)], {}, previous=told)
    assert mended is not None
    assert mended.reason == "Selected"
    unused = objects_selected([picked(0)], None, previous=told)
    assert unused is not None
    assert unused.reason == "NothingSelected"


def test_a_parent_names_fields_of_foreign_objects_that_have_no_effect() -> None:
    ref = Ref("ServiceMonitor", "shop", "web")
    fragment = Fragment(ref=ref, content=b"x", idle=("spec.a", "spec.b"))
    remark = objects_selected([replace(picked(1), fragments=(fragment,))])
    assert remark is not None
    assert (remark.status, remark.reason) == ("True", "Selected")
    assert remark.message.endswith(
        "1 with fields that have no effect here: ServiceMonitor shop/web: spec.a, spec.b"
    )
