"""What the audit log tells of rights: which were used, in one test or in the whole run."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import pytest

from generate.unused import Use as Use
from generate.unused import granted, unproved
from localcluster.audit import OPERATOR, Event, is_of

RIGHTS = pytest.StashKey[set[Use]]()
"""What was used in this run, on the clusters that all files share."""
_WEBHOOKS = "validatingwebhookconfigurations"
"""An upgrade that switches webhooks off takes the right to them from pods that are yet to go."""
_WITHOUT: list[tuple[float, float]] = []
"""From when to when (seconds since 1970) a test had taken rights away."""


def used(events: Iterable[Event]) -> set[Use]:
    """What was allowed, as rights name it; an apply that makes an object creates it, too."""
    found = set()
    for it in events:
        if it.is_forbidden:
            continue
        resource = "/".join(filter(None, (it.call.resource, it.call.subresource)))
        found.add(Use(it.group, resource, it.call.verb))
        if (it.call.verb, it.code) == ("patch", 201):
            found.add(Use(it.group, resource, "create"))
    return found


def of_the_operator(events: Iterable[Event]) -> Iterable[Event]:
    """The calls of the operator, however it runs."""
    return (it for it in events if is_of(it, OPERATOR))


@contextmanager
def taken_away() -> Iterator[None]:
    """Meanwhile calls of the operator may be refused: the test takes rights away, or starts the API
    server anew, which at first knows no role."""
    began = time.time()
    try:
        yield
    finally:
        _WITHOUT.append((began, time.time()))


def refused(events: Iterable[Event]) -> list[str]:
    """Calls for which a right lacked though no test had taken it away."""
    return sorted(
        {
            f"{it.call.verb} {it.group}/{it.call.resource}/{it.call.subresource}"
            f" {it.namespace}/{it.name}"
            for it in events
            if it.is_forbidden
            and it.call.resource != _WEBHOOKS
            and not any(began <= it.seconds <= ended for began, ended in _WITHOUT)
        }
    )


def figure(found: set[Use]) -> str:
    """How many rights were used, and which neither were nor need not be."""
    left = [f"{it.verb} {it.resource}" for it in unproved(found)]
    without = f"; without use or reason: {', '.join(left)}" if left else ", all others with reason"
    return f"rights of the operator: {len(found & granted())} of {len(granted())} used{without}"
