"""Picking: which objects a parent selects, and what becomes of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from vmoperator.base.manifest import Ref


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The objects of some kinds that a parent selects (matrix: go-operator.md 4.1)."""

    kinds: tuple[str, ...]
    """Kinds that one pair of selectors chooses from: VMServiceScrape and ServiceMonitor."""
    field: str
    """Path of the object selector in the parent, for messages: spec.serviceScrapeSelector."""
    objects: Mapping[str, Any] | None
    """LabelSelector of the objects, None when unset."""
    namespaces: Mapping[str, Any] | None
    """LabelSelector of their namespaces, None when unset."""
    takes_all: bool = False
    """selectAllByDefault: with neither selector, every object of every namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fragment:
    """What became of one object."""

    ref: Ref
    """The live object, whichever group its kind belongs to."""
    content: bytes = field(repr=False)
    """Its piece of the configuration, empty where it was refused; it may hold secrets."""
    refusal: str = ""
    """Why it was refused, with the field."""
    idle: tuple[str, ...] = ()
    """Paths of its fields that have no effect here."""
    note: str = ""
    """What the parent says of it beside, where another object has its name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """The objects that a choice hits."""

    choice: Choice
    fragments: tuple[Fragment, ...]
    """By namespace, then name, then kind."""
    existing: int
    """Objects of these kinds that there are at all."""
    foreign_namespaces: int = 0
    """Those whose namespace does not match."""
    foreign_labels: int = 0
    """Those in a matching namespace whose own labels do not match."""
    copies: Mapping[Ref, Ref] = field(default_factory=dict)
    """Objects that would be hit -> the originals that are used instead of them, of which another
    operator made them."""

    @property
    def contents(self) -> tuple[bytes, ...]:
        """The pieces of all sound objects, in order."""
        return tuple(it.content for it in self.fragments if not it.refusal)

    def without(self, refused: Mapping[Ref, str]) -> Picked:
        """The same, with some objects refused, each for a reason."""
        if not refused:
            return self
        made = (
            replace(it, content=b"", refusal=refused[it.ref]) if it.ref in refused else it
            for it in self.fragments
        )
        return replace(self, fragments=tuple(made))
