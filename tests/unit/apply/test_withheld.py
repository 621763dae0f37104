"""What the API server has refused is asked again seldom, told once, and taken up when it comes."""

from __future__ import annotations

import logging
from types import SimpleNamespace

import pytest

from vmoperator.apply.withheld import Withheld
from vmoperator.base.errors import Forbidden
from vmoperator.base.resource import ACCESS_REVIEW, STORAGE_CLASS, Resource


class Server:
    """Answers, or not; its clock is the one of the operator."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.time, self.asked, self.is_willing = 0.0, 0, False
        self.withheld = Withheld()
        clock = SimpleNamespace(monotonic=lambda: self.time)
        monkeypatch.setattr("vmoperator.apply.withheld.time", clock)

    def answers(self, at: float, resource: Resource = STORAGE_CLASS, *, status: int = 403) -> bool:
        self.time = at
        try:
            with self.withheld.asking(resource, "nobody knows"):
                self.asked += 1
                if not self.is_willing:
                    raise Forbidden("no such right", status=status)
        except Forbidden as error:
            assert (str(error), error.status) == ("no such right", status)
            return False
        return True


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    return Server(monkeypatch)


def test_it_is_asked_again_after_five_minutes_and_then_every_half_hour(server: Server) -> None:
    for at, asked in ((0, 1), (1, 1), (299, 1), (300, 2), (2099, 2), (2100, 3), (3899, 3)):
        assert not server.answers(at)
        assert server.asked == asked


def test_a_right_that_comes_is_used_and_one_that_goes_again_is_told_again(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    assert not any(server.answers(at) for at in (0, 300))
    words = "a right on storageclasses.storage.k8s.io is missing: nobody knows (no such right)"
    assert caplog.messages == [words]
    server.is_willing = True
    assert not server.answers(2099)
    assert all(server.answers(at) for at in (2100, 2101))
    server.is_willing = False
    assert not server.answers(2102)
    assert caplog.messages == [words, words]


def test_one_kind_says_nothing_of_another(server: Server) -> None:
    assert not server.answers(0)
    server.is_willing = True
    assert server.answers(1, ACCESS_REVIEW)


def test_what_the_operator_does_not_send_is_not_told_as_a_right_that_is_missing(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    assert not server.answers(0, status=0)
    assert caplog.messages == []
