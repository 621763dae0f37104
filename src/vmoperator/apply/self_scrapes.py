"""Self-scrapes: kept in line like other children, and done without where they cannot be had.

A program runs as well when nobody scrapes it: what is wrong with such an object is told, and is no
reason to call its parent failed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from vmoperator.apply.children import Writer
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import SELF_SCRAPES

_KINDS: Final = frozenset(resource.kind for resource in SELF_SCRAPES)


def self_scrapes(writer: Writer) -> frozenset[Ref]:
    """The live ones of the writer's parent."""
    known = writer.world.children.by_index(writer.parent)
    return frozenset(ref for ref in known if ref.kind in _KINDS)


async def keep_self_scrapes(writer: Writer, wanted: Iterable[Manifest]) -> None:
    """Write those that differ, and delete those that are no longer wanted.

    Raises ApiError for whatever time may mend; the rest is for the writer to tell.
    """
    manifests = tuple(wanted)
    own = Writer(writer.client, writer.world, writer.parent, writer.parent_uid)
    own.announce = writer.announce
    await own.bring_all(manifests)
    others = writer.world.children.by_index(writer.parent).keys() - self_scrapes(writer)
    await own.prune(manifests, kept=others)
    writer.missing.extend(own.missing)
    writer.missing.extend((str(it.reason), it.message) for it in own.findings)
