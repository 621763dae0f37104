"""Waits: as given on a calm machine, longer on a busy one, never for ever."""

from __future__ import annotations

import os

import pytest

from localcluster.patience import drawn_out


@pytest.mark.parametrize(
    ("load", "seconds"),
    [(0.0, 10), (4.0, 10), (8.0, 20), (400.0, 60)],
    ids=["idle", "just-busy", "twice-the-work", "hopeless"],
)
def test_a_wait_grows_with_the_load(
    monkeypatch: pytest.MonkeyPatch, load: float, seconds: float
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    monkeypatch.setattr(os, "getloadavg", lambda: (load, 0.0, 0.0))
    assert drawn_out(10) == seconds
