"""Certificates over years: each is renewed in time, and never by an authority that nobody knows."""

from __future__ import annotations

import datetime

from vmoperator.apply.certificates import each, facts, is_signed_by
from vmoperator.apply.keyring import Lives, Ring

DAY = datetime.timedelta(days=1)
BEGIN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
NAMES = ("judge.home.svc",)
LIVES = Lives()


def test_over_years_what_is_shown_is_good_and_signed_by_whom_the_api_server_knew_before() -> None:
    at, told = BEGIN, ""
    ring = Ring({}).renewed(NAMES, at, LIVES, told=told)
    told, seen = ring.bundle, {ring.pair.certificate}
    for _ in range(100):
        at += 10 * DAY
        before, ring = told, ring.renewed(NAMES, at, LIVES, told=told)
        shown = ring.facts
        assert shown is not None
        assert shown.ends - at > 20 * DAY
        assert is_signed_by(ring.pair.certificate, each(before))
        told = ring.bundle
        assert all(facts(one).ends > at for one in each(told))
        seen.add(ring.pair.certificate)
    assert 14 <= len(seen) <= 20


def test_a_new_authority_signs_nothing_before_it_is_known() -> None:
    ring = Ring({}).renewed(NAMES, BEGIN, LIVES, told="")
    known, late = ring.bundle, BEGIN + 244 * DAY
    both = ring.renewed(NAMES, BEGIN + 200 * DAY, LIVES, told=known).renewed(
        NAMES, late, LIVES, told=known
    )
    assert len(each(both.bundle)) == 2
    assert is_signed_by(both.pair.certificate, each(known))
    later = both.renewed(NAMES, late + 45 * DAY, LIVES, told=both.bundle)
    assert is_signed_by(later.pair.certificate, each(both.bundle)[:1])


def test_nothing_changes_while_nothing_is_due() -> None:
    ring = Ring({}).renewed(NAMES, BEGIN, LIVES, told="")
    assert ring.renewed(NAMES, BEGIN + 59 * DAY, LIVES, told=ring.bundle).data == ring.data


def test_other_names_of_the_server_need_another_certificate_at_once() -> None:
    ring = Ring({}).renewed(NAMES, BEGIN, LIVES, told="")
    other = ring.renewed(("other.svc", "10.0.0.1"), BEGIN, LIVES, told=ring.bundle)
    assert other.facts is not None
    assert other.facts.names == {"other.svc", "10.0.0.1"}
    assert other.bundle == ring.bundle
