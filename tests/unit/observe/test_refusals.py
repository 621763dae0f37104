"""What is told of a child that the API server does not take, or would not take."""

from __future__ import annotations

import pytest

from vmoperator.base.errors import Forbidden, Invalid
from vmoperator.base.manifest import Ref
from vmoperator.observe.refusals import is_of_rehearsals, refused_rehearsal
from vmoperator.observe.verdict import Reason

SET = Ref("StatefulSet", "default", "vmstorage-demo")
_COUNTED = "exceeded quota: few, requested: count/statefulsets.apps=1, used: {}, limited: {}"


@pytest.mark.parametrize(
    ("kind", "reason"), [(Invalid, Reason.REFUSED), (Forbidden, Reason.FORBIDDEN)]
)
def test_what_is_refused_under_a_spare_name_is_told_of_the_object(
    kind: type[Invalid] | type[Forbidden], reason: Reason
) -> None:
    error = kind('StatefulSet.apps "vmst0123456789" is not taken')
    found = refused_rehearsal(SET, "vmst0123456789", error)
    words = 'StatefulSet.apps "vmstorage-demo" is not taken'
    assert (found.reason, found.message) == (reason, words)


@pytest.mark.parametrize(
    ("used", "limit", "is_free"),
    [(3, 3, True), (2, 3, True), (3, 2, False), (13, 9, False)],
)
def test_a_quota_is_no_refusal_if_the_former_one_makes_room(
    used: int, limit: int, is_free: bool
) -> None:
    key = "count/statefulsets.apps"
    words = _COUNTED.format(f"{key}={used}", f"{key}={limit}")
    assert is_of_rehearsals(words) is is_free


def test_a_quota_of_something_else_is_a_refusal() -> None:
    assert not is_of_rehearsals(_COUNTED.format("requests.cpu=1", "requests.cpu=1"))
