"""Remedies: what the work queue does about each error, in one table."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from vmoperator.base.errors import (
    ApiError,
    Conflict,
    Dangling,
    Forbidden,
    Gone,
    Invalid,
    NamespaceTerminating,
    NotFound,
    NotLeading,
    NotYet,
    Overdue,
    SettingsInvalid,
    SpecInvalid,
    Unavailable,
    Unread,
    Unreadable,
    VMOperatorError,
)
from vmoperator.watch.backoff import Backoff


@dataclass(frozen=True, slots=True)
class Remedy:
    """When to try again, and how loudly to say so."""

    seconds: Callable[[VMOperatorError, int], float]
    """Until the next try, from the error and the number of failures in a row."""
    level: int


UNEXPECTED: Final = Backoff(0.5, 60.0)
"""For outages, and for defects of our own."""
# What we read was old: the next look helps at once, unless something is wrong with us.
_STALE: Final = Backoff(0.02, 60.0)
# A person must act; what they change wakes the key, this is for what sends no event (quotas,
# roles, admission policies).
_SLOW_SECONDS: Final = (60.0, 90.0)


def _at_once(error: VMOperatorError, failures: int) -> float:
    del error
    return _STALE.seconds(failures)


def _when_told(error: VMOperatorError, failures: int) -> float:
    after_seconds = error.after_seconds if isinstance(error, Unavailable) else 0.0
    return after_seconds + UNEXPECTED.seconds(failures)


def _when_there(error: VMOperatorError, failures: int) -> float:
    del failures
    return error.after_seconds if isinstance(error, NotYet) else _SLOW_SECONDS[0]


def _slowly(error: VMOperatorError, failures: int) -> float:
    del error, failures
    return random.uniform(*_SLOW_SECONDS)


REMEDIES: Final[Mapping[type[VMOperatorError], Remedy]] = MappingProxyType(
    {
        NotFound: Remedy(_at_once, logging.INFO),
        Conflict: Remedy(_at_once, logging.INFO),
        Gone: Remedy(_at_once, logging.INFO),
        NotYet: Remedy(_when_there, logging.INFO),
        Unread: Remedy(_at_once, logging.INFO),
        Overdue: Remedy(_when_told, logging.ERROR),
        Unavailable: Remedy(_when_told, logging.WARNING),
        NotLeading: Remedy(_when_told, logging.INFO),
        ApiError: Remedy(_when_told, logging.WARNING),
        VMOperatorError: Remedy(_when_told, logging.WARNING),
        # The pass has told the user already, in the status.
        Invalid: Remedy(_slowly, logging.WARNING),
        SpecInvalid: Remedy(_slowly, logging.WARNING),
        Dangling: Remedy(_slowly, logging.WARNING),
        Forbidden: Remedy(_slowly, logging.WARNING),
        Unreadable: Remedy(_slowly, logging.WARNING),
        NamespaceTerminating: Remedy(_slowly, logging.INFO),
        SettingsInvalid: Remedy(_slowly, logging.ERROR),
    }
)


def remedy(error: VMOperatorError) -> Remedy:
    """What to do about this error: the row of its class, or of the nearest class above it."""
    known = next(kind for kind in type(error).__mro__ if kind in REMEDIES)
    return REMEDIES[known]
