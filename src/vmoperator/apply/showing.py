"""Showing: what the program in a pod shows of what it runs, for as few pages as tell enough."""

from __future__ import annotations

from typing import Final

from vmoperator.apply.orders import Asked, Order
from vmoperator.apply.programs import Programs, Refusal
from vmoperator.observe.loading import JOBS_PAGE, PAGES, RULES_PAGE, Shown, mark, markers_of_rules

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
        try:
            digest, markers = await _seen(programs, order, path, _PAGE_SECONDS + patience_seconds)
        except Refusal:
            digest, markers = "", None  # a page that this program does not show, or not to us
        known = found.markers if markers is None else markers
        found = Shown({**found.pages, path: digest}, known)
        if order.is_older(found) or found.differs(asked.before):
            break
    return found


async def _seen(
    programs: Programs, order: Order, path: str, seconds: float
) -> tuple[str, frozenset[str] | None]:
    """What tells the page from others, and what tells its jobs or rules if it has such."""
    if order.program in _PLAIN:
        jobs = await programs.jobs(order.address, path, seconds=seconds)
        return jobs.digest, jobs.markers if path == JOBS_PAGE else None
    page = await programs.page(order.address, path)
    return mark(page), markers_of_rules(page) if path == RULES_PAGE else None
