"""Unread: claims with samples of an earlier object of the name, whose pods do not come back."""

from __future__ import annotations

import re
from collections.abc import Iterable

from vmoperator.base.manifest import Manifest
from vmoperator.observe.claims import name_of, templates
from vmoperator.observe.facts import Child

_TOLD = 6


def unread(
    manifest: Manifest, replicas: int, children: Iterable[Child], *, since: str
) -> tuple[str, ...]:
    """Claims of pods that a StatefulSet with so many replicas does not have, of before `since`
    (RFC 3339), when its parent was made: an object of that name had more pods.

    Those that are younger were left by a change of this object, which was allowed.
    """
    name = manifest["metadata"]["name"]
    kinds = "|".join(re.escape(name_of(it)) for it in templates(manifest))
    claim = re.compile(rf"(?:{kinds})-{re.escape(name)}-(\d+)")
    return tuple(
        sorted(
            child.ref.name
            for child in children
            if child.ref.kind == "PersistentVolumeClaim"
            and not child.deleting
            and child.created < since
            and (found := claim.fullmatch(child.ref.name))
            and int(found[1]) >= replicas
        )
    )


def unread_words(name: str, replicas: int, claims: tuple[str, ...]) -> str:
    """What to say of them, and to do; a long list by its beginning."""
    more = f" and {len(claims) - _TOLD} more" if len(claims) > _TOLD else ""
    highest = max(int(claim.rpartition("-")[2]) for claim in claims)
    return (
        f"{', '.join(claims[:_TOLD])}{more}: an earlier object of this name had more pods, and what"
        f" they kept is not read by the {replicas} of {name}; set spec.{name}.replicaCount to"
        f" {highest + 1} to have it again, or delete these claims"
    )
