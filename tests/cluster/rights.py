"""What the audit log tells of rights: which were used, in one test or in the whole run."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from generate.unused import Use as Use
from generate.unused import granted, unproved
from localcluster.audit import OPERATOR, Event

RIGHTS = pytest.StashKey[set[Use]]()
"""What was used in this run, on the clusters that all files share."""
_ACCOUNTS = (OPERATOR, "system:serviceaccount:vmoperator:")
"""The operator as a process, and those of it that a chart installed."""


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
    return (it for it in events if it.call.user.startswith(_ACCOUNTS))


def figure(found: set[Use]) -> str:
    """How many rights were used, and which neither were nor need not be."""
    left = [f"{it.verb} {it.resource}" for it in unproved(found)]
    without = f"; without use or reason: {', '.join(left)}" if left else ", all others with reason"
    return f"rights of the operator: {len(found & granted())} of {len(granted())} used{without}"
