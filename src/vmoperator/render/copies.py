"""Copies: objects of ours that another operator made of those of monitoring.coreos.com.

They have the name of the original and, as a rule, no owner. One that says the same as its original
stands for both, so nothing is scraped, evaluated or sent twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TypeAlias

from vmoperator.api.picking import Fragment, Picked
from vmoperator.api.prometheus import COUNTERPARTS
from vmoperator.base.manifest import Ref

Same: TypeAlias = Callable[[Fragment, Fragment], bool]
"""Whether an object of ours, the first one, says the same as the one of monitoring.coreos.com."""

_OURS: Mapping[str, str] = MappingProxyType({foreign: own for own, foreign in COUNTERPARTS.items()})


def equal(ours: Fragment, theirs: Fragment) -> bool:
    """Whether both make the same piece."""
    return ours.content == theirs.content


def without_copies(picked: Sequence[Picked], same: Same = equal) -> list[Picked]:
    """The same choices of one parent, where of an original and its copy only the copy has content.

    Of two that differ both count, for nobody but their author knows which one is meant; the note
    of the second one says so.
    """
    if not any(it.ref.kind in _OURS for one in picked for it in one.fragments):
        return list(picked)
    copies = {
        it.ref: it
        for one in picked
        for it in one.fragments
        if it.ref.kind in COUNTERPARTS and it.content
    }
    return [
        replace(one, fragments=tuple(_told(it, copies, same) for it in one.fragments))
        for one in picked
    ]


def _told(fragment: Fragment, copies: Mapping[Ref, Fragment], same: Same) -> Fragment:
    kind = _OURS.get(fragment.ref.kind)
    if kind is None or not fragment.content:
        return fragment
    copy = copies.get(replace(fragment.ref, kind=kind))
    if copy is None:
        return fragment
    if same(copy, fragment):
        return replace(fragment, content=b"", note=f"the {kind} of this name says the same")
    return replace(fragment, note=f"the {kind} of this name differs, and both are used")
