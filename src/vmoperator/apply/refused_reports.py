"""Refused reports: objects whose status could not be written are tried again after a while.

A right that comes later is told by nobody. So now and then one object of each kind and namespace is
tried; when one is written, all of them are.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from vmoperator.base.errors import ApiError
from vmoperator.base.manifest import Ref

log = logging.getLogger(__name__)

_PAUSE_SECONDS: Final = 30.0


@dataclass(slots=True)
class RefusedReports:
    """Objects whose status was refused, by what a right is given for: their kind and namespace."""

    again: Callable[[Ref], None]
    """Called when it is time to try one once more."""
    pause_seconds: float = _PAUSE_SECONDS
    _of: dict[tuple[str, str], dict[Ref, None]] = field(default_factory=dict, init=False)
    _is_waiting: bool = field(default=False, init=False)

    def add(self, ref: Ref, refused: ApiError) -> None:
        """The status of an object was refused."""
        place = (ref.kind, ref.namespace)
        level = logging.DEBUG if place in self._of else logging.WARNING
        log.log(level, "the status of %s cannot be written: %s", ref, refused)
        self._of.setdefault(place, {})[ref] = None
        self._wait()

    def written(self, ref: Ref) -> None:
        """The status of an object was written: others like it may be taken now as well."""
        for other in self._of.pop((ref.kind, ref.namespace), {}):
            self.again(other)

    def _wait(self) -> None:
        if not self._is_waiting and any(self._of.values()):
            self._is_waiting = True
            asyncio.get_running_loop().call_later(self.pause_seconds, self._try)

    def _try(self) -> None:
        self._is_waiting = False
        for known in self._of.values():
            # Refused once more it comes behind the others: it may be the only one that is wrong.
            if ref := next(iter(known), None):
                del known[ref]
                self.again(ref)
        self._wait()
