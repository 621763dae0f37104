"""Withheld: kinds of the whole cluster that this operator is told nothing of, so it asks seldom.

Whoever looks after some namespaces often has Roles alone, and the same refusal in every pass would
be of use to nobody.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from vmoperator.base.errors import Forbidden
from vmoperator.base.resource import Resource

log = logging.getLogger(__name__)

# An API server that has just started may not know all roles yet.
_FIRST_SECONDS: Final = 300.0
_AGAIN_SECONDS: Final = 1800.0


@dataclass(frozen=True, slots=True)
class _Refusal:
    words: str
    status: int
    until: float
    """Monotonic time, in seconds, from which on it is worth asking again."""


@dataclass(frozen=True, slots=True)
class Withheld:
    """What was refused, by the kind that was asked about; one for the process."""

    _refusals: dict[Resource, _Refusal] = field(default_factory=dict)

    @contextmanager
    def asking(self, resource: Resource, without: str) -> Iterator[None]:
        """Around a question; for five minutes after a refusal that one is raised in its place, and
        for half an hour after each further one.

        `without` says what becomes of those who asked: it is logged, once. Raises Forbidden.
        """
        known = self._refusals.get(resource)
        if known and time.monotonic() < known.until:
            raise Forbidden(known.words, status=known.status)
        try:
            yield
        except Forbidden as error:
            # What the operator itself keeps from being sent has been told at its start.
            if known is None and error.status:
                name = f"{resource.plural}.{resource.group}"
                log.warning("a right on %s is missing: %s (%s)", name, without, error)
            seconds = _AGAIN_SECONDS if known else _FIRST_SECONDS
            until = time.monotonic() + seconds
            self._refusals[resource] = _Refusal(str(error), error.status, until)
            raise
        self._refusals.pop(resource, None)
