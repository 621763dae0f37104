"""Files of rules: one for each object, shared out over buckets that are mounted in one folder.

vmalert knows a group by its file and its name, and refuses two groups of one name in a file. So
objects never meet in a file, and the file of an object is called the same in any bucket: nothing
that becomes of other objects starts its groups again, which would forget what is pending.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import orjson

from vmoperator.api.picking import Fragment
from vmoperator.base.manifest import Ref
from vmoperator.base.names import RULES_FOLDER, rules_file
from vmoperator.base.rule_markers import written_marker
from vmoperator.render.buckets import COUNT, RULES, Bucket, Packed, latest, sealed, shared_out
from vmoperator.render.source import Source

PATTERN = f"{RULES_FOLDER}/*.yaml"


def rule_files(fragments: Iterable[Fragment], *, base: str, namespace: str) -> Packed:
    """The files of all sound objects, in buckets `BASE-rules-0`, `BASE-rules-1` and so on.

    `namespace` is the one that they are for.
    """
    places, refused = shared_out(fragments, form=RULES)
    filled = (
        _bucket(Ref("Secret", namespace, _secret(base, index)), place)
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


def _bucket(secret: Ref, place: Iterable[Fragment]) -> Bucket:
    files = tuple((rules_file(it.ref), it.content) for it in place)

    def make() -> Bucket:
        texts = {name: RULES.text([content]) for name, content in files}
        return replace(sealed(secret.name, texts), markers=_markers(texts))

    return latest(secret, files, make)


def _markers(texts: Mapping[str, bytes]) -> frozenset[str] | None:
    """None where vmalert puts values of its environment in, which are not known here."""
    if any(b"%{" in text for text in texts.values()):
        return None
    return frozenset(
        written_marker(name, orjson.loads(text)["groups"]) for name, text in texts.items()
    )


def _secret(base: str, index: int) -> str:
    return f"{base}-{RULES.name}-{index}"
