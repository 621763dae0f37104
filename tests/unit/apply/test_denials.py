"""What was refused is not asked again and again."""

from __future__ import annotations

from vmoperator.apply.denials import Answer, Denials
from vmoperator.base.manifest import Ref
from vmoperator.observe.verdict import Finding, Reason

PARENT, CLAIM = Ref("VMSingle", "a", "one"), Ref("PersistentVolumeClaim", "a", "data")
REFUSED = Finding(reason=Reason.REFUSED, message="over the quota")


def _answer(question: str) -> Answer:
    return Answer(question=question, findings=(REFUSED,), is_final=False)


def _pause_seconds(denials: Denials, since: float) -> float:
    """For how long the answer stands."""
    seconds = 0.0
    while denials.standing(PARENT, CLAIM, "q", now=since + seconds):
        seconds += 10
    return seconds


def test_the_same_question_is_put_less_and_less_often_and_at_least_twice_an_hour() -> None:
    denials, now, pauses = Denials(), 1_000.0, []
    for _ in range(8):
        denials.note(PARENT, CLAIM, _answer("q"), now=now)
        pauses.append(_pause_seconds(denials, now))
        now += pauses[-1]
    assert pauses == [50, 100, 200, 400, 800, 1600, 1800, 1800]


def test_another_question_is_put_at_once_and_begins_anew() -> None:
    denials = Denials()
    for now in (0.0, 60.0, 200.0):
        denials.note(PARENT, CLAIM, _answer("q"), now=now)
    assert denials.standing(PARENT, CLAIM, "other", now=201.0) is None
    denials.note(PARENT, CLAIM, _answer("q2"), now=201.0)
    assert denials.standing(PARENT, CLAIM, "q2", now=250.0) == _answer("q2")
    assert denials.standing(PARENT, CLAIM, "q2", now=252.0) is None


def test_nothing_is_kept_of_a_parent_that_is_gone() -> None:
    denials = Denials()
    denials.note(PARENT, CLAIM, _answer("q"), now=0.0)
    denials.forget(PARENT)
    assert denials.standing(PARENT, CLAIM, "q", now=1.0) is None
