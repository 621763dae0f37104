"""Buckets are made once for as long as their pieces are the same, and then let go."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from vmoperator.api.picking import Fragment
from vmoperator.base.manifest import Ref
from vmoperator.render.buckets import JOBS, Bucket, packed
from vmoperator.render.rules.files import rule_files

LARGE_BYTES = 500_000
ONE, OTHER = b'{"name":"a"}\n', b'{"name":"b"}\n'


def _jobs(content: bytes, base: str = "vmagent-demo", namespace: str = "a") -> Bucket:
    fragment = Fragment(ref=Ref("VMStaticScrape", "shop", "web"), content=content)
    (found,) = packed([fragment], form=JOBS, base=base, namespace=namespace).buckets
    return found


def _rules(content: bytes, base: str = "vmalert-demo", namespace: str = "a") -> Bucket:
    fragment = Fragment(ref=Ref("VMRule", "shop", "web"), content=content)
    (found,) = rule_files([fragment], base=base, namespace=namespace).buckets
    return found


EITHER = pytest.mark.parametrize("make", [_jobs, _rules], ids=["jobs", "rules"])


@EITHER
def test_parents_of_one_name_in_two_namespaces_do_not_drive_each_other_out(
    make: Callable[..., Bucket],
) -> None:
    ours, theirs = make(ONE, namespace="a"), make(OTHER, namespace="b")
    assert make(ONE, namespace="a") is ours
    assert make(OTHER, namespace="b") is theirs
    assert ours.secret == theirs.secret


@EITHER
def test_the_buckets_of_a_hundred_parents_are_made_once(make: Callable[..., Bucket]) -> None:
    first = [make(ONE, base=f"base{number}") for number in range(100)]
    assert [make(ONE, base=f"base{number}") for number in range(100)] == first
    again = (make(ONE, base=f"base{number}") for number in range(100))
    assert all(one is before for one, before in zip(again, first, strict=True))


@EITHER
def test_what_a_bucket_held_before_takes_no_memory(make: Callable[..., Bucket]) -> None:
    tracemalloc.start()
    try:
        for number in range(40):
            make(f'{{"name":"{number}","text":"{"x" * LARGE_BYTES}"}}\n'.encode())
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 4 * LARGE_BYTES
