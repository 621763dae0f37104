"""Rule health: whose rules the running vmalerts cannot evaluate, asked now and then.

What is wrong with an expression or a template may be known to vmalert, or to the database, alone;
they say so when the rule is evaluated.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vmoperator.apply.delivery import Deliveries
from vmoperator.apply.object_reports import ObjectReports
from vmoperator.apply.programs import Address, NoAnswer, Programs, Refusal
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import VM_ALERT
from vmoperator.observe.rules import PLAIN_SICK_PAGE, SICK_PAGE, sick_rules

log = logging.getLogger(__name__)

_ROUND_SECONDS: Final = 10.0
_BAD_REQUEST: Final = 400
_AT_ONCE: Final = 8
"""Pods that are asked at the same time."""


@dataclass(slots=True)
class RuleHealth:
    """Asks every pod of every VMAlert that uses objects; one for the process."""

    programs: Programs
    deliveries: Deliveries
    reports: ObjectReports
    round_seconds: float = _ROUND_SECONDS

    async def run(self) -> None:
        """Ask around until cancelled."""
        while True:
            await asyncio.sleep(self.round_seconds)
            for parent, refs in self.reports.used(VM_ALERT.kind).items():
                await self._look(parent, refs)

    async def _look(self, parent: Ref, refs: Sequence[Ref]) -> None:
        addresses = tuple(self.deliveries.addresses(parent))
        answers: list[dict[Ref, str]] = []
        for start in range(0, len(addresses), _AT_ONCE):
            batch = addresses[start : start + _AT_ONCE]
            found = await asyncio.gather(*(self._sick(parent, it, refs) for it in batch))
            answers += [it for it in found if it is not None]
        # Nobody knows better than before where no pod answers.
        if answers:
            sick = {ref: words for answer in answers for ref, words in answer.items()}
            self.reports.complain(parent, sick)

    async def _sick(
        self, parent: Ref, address: Address, refs: Sequence[Ref]
    ) -> dict[Ref, str] | None:
        try:
            page = await sick_page(self.programs, address)
        except (NoAnswer, Refusal) as silent:
            log.debug("%s: rules of %s: %s", parent, address.host, silent)
            return None
        return sick_rules(page, refs)


async def sick_page(programs: Programs, address: Address) -> str:
    """What a vmalert shows of the rules that may be sick. Raises NoAnswer or Refusal."""
    try:
        return await programs.page(address, SICK_PAGE)
    except Refusal as refused:
        if refused.status != _BAD_REQUEST:
            raise
    return await programs.page(address, PLAIN_SICK_PAGE)
