"""Rule health: whose rules the running vmalerts cannot evaluate, asked now and then.

What is wrong with an expression or a template may be known to vmalert, or to the database, alone;
they say so when the rule is evaluated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from vmoperator.apply.programs import Address, NoAnswer, Programs, Refusal
from vmoperator.base.manifest import Ref
from vmoperator.observe.rules import SICK_PAGE, sick_rules

log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 10.0
_AT_ONCE: Final = 8
"""Pods that are asked at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A VMAlert, the objects whose rules it has, and its pods."""

    parent: Ref
    refs: tuple[Ref, ...]
    addresses: tuple[Address, ...]


@dataclass(slots=True)
class RuleHealth:
    """Asks every pod of every VMAlert that evaluates rules of objects; one for the process."""

    programs: Programs
    asked: Callable[[], Iterable[Asked]]
    complain: Callable[[Ref, Mapping[Ref, str]], None]
    """Called with the objects whose rules are sick, and why; with none when all are well."""
    round_seconds: float = _ROUND_SECONDS

    async def run(self) -> None:
        """Ask around until cancelled."""
        while True:
            await asyncio.sleep(self.round_seconds)
            for one in tuple(self.asked()):
                await self._look(one)

    async def _look(self, one: Asked) -> None:
        answers: list[dict[Ref, str]] = []
        for start in range(0, len(one.addresses), _AT_ONCE):
            batch = one.addresses[start : start + _AT_ONCE]
            found = await asyncio.gather(*(self._sick(one, it) for it in batch))
            answers += [it for it in found if it is not None]
        # Nobody knows better than before where no pod answers.
        if answers:
            self.complain(one.parent, {ref: it for sick in answers for ref, it in sick.items()})

    async def _sick(self, one: Asked, address: Address) -> dict[Ref, str] | None:
        try:
            page = await self.programs.page(address, SICK_PAGE)
        except (NoAnswer, Refusal) as silent:
            log.debug("%s: rules of %s: %s", one.parent, address.host, silent)
            return None
        return sick_rules(page, one.refs)
