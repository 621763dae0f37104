"""The clock, in the form that Kubernetes writes times."""

from __future__ import annotations

import datetime
import time

_FORM = "%Y-%m-%dT%H:%M:%SZ"
_PRECISE = "%Y-%m-%dT%H:%M:%S.%fZ"


def now() -> str:
    """This moment, RFC 3339, to the second."""
    return datetime.datetime.now(datetime.UTC).strftime(_FORM)


def precise_now() -> str:
    """This moment, RFC 3339 with microseconds (metav1.MicroTime)."""
    return datetime.datetime.now(datetime.UTC).strftime(_PRECISE)


def uninterrupted_seconds() -> float:
    """Seconds of a clock that goes on while the process is stopped, and the machine asleep.

    Other machines go on meanwhile; the ordinary monotonic clock stands still in a suspended one
    (clock_gettime(2), CLOCK_BOOTTIME, which Linux alone has).
    """
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def seconds_since(moment: str) -> float:
    """Seconds since a time that Kubernetes wrote; 0 for one that is not given."""
    if not moment:
        return 0.0
    then = datetime.datetime.strptime(moment, _FORM).replace(tzinfo=datetime.UTC)
    return (datetime.datetime.now(datetime.UTC) - then).total_seconds()
