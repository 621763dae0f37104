"""Showing: what the program in a pod shows of what it runs, for as few pages as tell enough."""

from __future__ import annotations

from typing import Final

from vmoperator.apply.orders import Asked, Order
from vmoperator.apply.programs import Jobs, Programs, Refusal
from vmoperator.observe.loading import PAGES, Shown, mark

# Their pages are nothing but what they run, and may be megabytes.
_PLAIN: Final = ("vmagent", "vmsingle")
_PAGE_SECONDS: Final = 5.0


async def shown(programs: Programs, asked: Asked, *, patience_seconds: float = 0.0) -> Shown:
    """What a program shows that was asked for this, up to the page that decides whether it has it.

    A page of older jobs decides, or one that differs: each further one would cost a program that
    reads megabytes some of its CPU. Raises NoAnswer.
    """
    found, order = Shown(), asked.order
    for path in PAGES.get(order.program, ()):
        seen = await _seen(programs, order, path, _PAGE_SECONDS + patience_seconds)
        pages = {**found.pages, path: seen.digest}
        found = Shown(pages, found.markers | seen.markers)
        if order.is_older(found) or found.differs(asked.before):
            break
    return found


async def _seen(programs: Programs, order: Order, path: str, seconds: float) -> Jobs:
    try:
        if order.program in _PLAIN:
            return await programs.jobs(order.address, path, seconds=seconds)
        return Jobs(mark(await programs.page(order.address, path)), frozenset())
    except Refusal:
        return Jobs("", frozenset())  # a page that this program does not show
