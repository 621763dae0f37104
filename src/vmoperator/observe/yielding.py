"""Yielding: what to say where somebody else decides about replicas."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vmoperator.base.labels import ALLOW_SCALE_DOWN
from vmoperator.base.manifest import Ref

_STORAGE = "vmstorage-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """Fewer pods of vmstorage than there are to be, which somebody sets again and again."""

    ref: Ref
    by: str
    replicas: int
    """What it is set back to."""


def scaled_by_others(
    owners: Mapping[Ref, str], undone: Sequence[Undone] = ()
) -> tuple[Literal["True"], str, str]:
    """Status, reason and message of the condition ScaledByOthers, given who scales what, and what
    of it is set back each time."""
    told = [_set_back(one) for one in undone]
    scaled = [f"{ref.kind} {ref.name} is scaled by {owner}" for ref, owner in owners.items()]
    if scaled:
        told.append(f"{'; '.join(scaled)}: the number in the spec has no effect meanwhile")
    if any(ref.name.startswith(_STORAGE) for ref in owners):
        told.append("vminsert and vmselect know the nodes of the spec alone, use vmstorage.hpa")
    return "True", "ReplicasSetBack" if undone else "ReplicasOwned", "; ".join(told)


def _set_back(one: Undone) -> str:
    return (
        f"{one.by} scales {one.ref.kind} {one.ref.name} down again and again: set back to"
        f" {one.replicas} each time, for its pods keep samples; take that away, or allow a number"
        f" with the annotation {ALLOW_SCALE_DOWN}; vmstorage.hpa never scales down"
    )
