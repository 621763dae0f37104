"""Files of rules: one for each object, shared out over buckets that are mounted in one folder.

vmalert knows a group by its file and its name, and refuses two groups of one name in a file. So
objects never meet in a file, and the file of an object is called the same in any bucket: nothing
that becomes of other objects starts its groups again, which would forget what is pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache

import orjson

from vmoperator.api.picking import Fragment
from vmoperator.base.names import RULES_FOLDER, rules_file
from vmoperator.base.rule_markers import written_marker
from vmoperator.render.buckets import COUNT, RULES, Bucket, Packed, sealed, shared_out
from vmoperator.render.source import Source

PATTERN = f"{RULES_FOLDER}/*.yaml"
# Several VMAlerts of many objects: a pass at rest encodes and hashes nothing.
_KEPT = 64


def rule_files(fragments: Iterable[Fragment], *, base: str) -> Packed:
    """The files of all sound objects, in buckets `BASE-rules-0`, `BASE-rules-1` and so on."""
    places, refused = shared_out(fragments, form=RULES)
    filled = (
        _bucket(_secret(base, index), tuple((rules_file(it.ref), it.content) for it in place))
        for index, place in enumerate(places)
        if place
    )
    return Packed(buckets=tuple(filled), refused=refused)


def rules_volume(base: str) -> Source:
    """The volume with the files of all buckets, each of which may be missing."""
    sources = [
        {"secret": {"name": _secret(base, index), "optional": True}} for index in range(COUNT)
    ]
    return Source(
        field="the operator's configuration",
        name=RULES.name,
        volume={"projected": {"sources": sources}},
        mount_path=RULES_FOLDER,
        is_read_only=True,
    )


@lru_cache(maxsize=_KEPT)
def _bucket(secret: str, files: tuple[tuple[str, bytes], ...]) -> Bucket:
    texts = {name: RULES.text([content]) for name, content in files}
    return replace(sealed(secret, texts), markers=_markers(texts))


def _markers(texts: Mapping[str, bytes]) -> frozenset[str] | None:
    """None where vmalert puts values of its environment in, which are not known here."""
    if any(b"%{" in text for text in texts.values()):
        return None
    return frozenset(
        written_marker(name, orjson.loads(text)["groups"]) for name, text in texts.items()
    )


def _secret(base: str, index: int) -> str:
    return f"{base}-{RULES.name}-{index}"
