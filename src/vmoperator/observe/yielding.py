"""Yielding: what to say where somebody else decides about replicas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from vmoperator.base.manifest import Ref

_STORAGE = "vmstorage-"


def scaled_by_others(owners: Mapping[Ref, str]) -> tuple[Literal["True"], str, str]:
    """Status, reason and message of the condition ScaledByOthers, given who scales what."""
    told = [f"{ref.kind} {ref.name} is scaled by {owner}" for ref, owner in owners.items()]
    words = f"{'; '.join(told)}: the number in the spec has no effect meanwhile"
    if any(ref.name.startswith(_STORAGE) for ref in owners):
        words += "; vminsert and vmselect know the nodes of the spec alone, use vmstorage.hpa"
    return "True", "ReplicasOwned", words
