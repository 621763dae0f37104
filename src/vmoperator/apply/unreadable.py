"""Unreadable: what becomes of a request for a kind that the API server fails, and no other."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from vmoperator.apply.world import World
from vmoperator.base.errors import NotLeading, Unavailable, Unreadable
from vmoperator.base.manifest import Ref
from vmoperator.observe.lapses import Cause


@contextmanager
def told_apart(world: World, ref: Ref) -> Iterator[None]:
    """Raises Unreadable instead of Unavailable where the kind alone is failed: an outage is waited
    for and passes without a word, but this is to be told, and the rest goes on."""
    try:
        yield
    except NotLeading:
        raise
    except Unavailable as error:
        lapses = world.lapses_in(ref.namespace)
        if not any(it.kind == ref.kind and it.cause is Cause.FAILING for it in lapses):
            raise
        raise Unreadable(f"{ref}: {error}", status=error.status, request=error.request) from error
