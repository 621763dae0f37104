"""Selection: which objects the selectors of a parent hit (go-operator.md 4.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import TypeAlias

Matches: TypeAlias = Callable[[Mapping[str, str]], bool]
"""Whether labels fulfil a selector."""


class Hit(Enum):
    """Whether an object is hit, and if not, what keeps it out."""

    HIT = auto()
    FOREIGN_NAMESPACE = auto()
    FOREIGN_LABELS = auto()
    UNSELECTED = auto()
    """The parent selects nothing of this kind at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """The selectors of one choice, ready to be asked for thousands of objects."""

    home: str
    """Namespace of the parent."""
    objects: Matches | None
    namespaces: Matches | None
    takes_all_namespaces: bool = False
    """The namespace selector is set and says nothing: it takes those whose labels are not known
    as well."""
    takes_all: bool = False
    """What is hit where no selector is set: everything, or nothing."""
    is_confined: bool = False
    """The operator looks after some namespaces alone: all of them are in reach, for it cannot
    read the labels of namespaces."""

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is selected."""
        return self.objects is None and self.namespaces is None and not self.takes_all

    @property
    def asks_namespaces(self) -> bool:
        """Whether the labels of namespaces decide."""
        return bool(self.namespaces) and not (self.takes_all_namespaces or self.is_confined)

    def covers(self, namespace: str, labels: Mapping[str, str] | None) -> bool:
        """Whether objects of a namespace are in reach; None for labels that are not known."""
        if self.is_confined or self.takes_all_namespaces:
            return not self.is_empty
        if self.namespaces is not None:
            return labels is not None and self.namespaces(labels)
        if self.objects is not None:
            return namespace == self.home
        return self.takes_all

    def hit(self, labels: Mapping[str, str], *, is_covered: bool) -> Hit:
        """What becomes of an object with these labels, in a namespace that is covered or not."""
        if self.is_empty:
            return Hit.UNSELECTED
        if not is_covered:
            return Hit.FOREIGN_NAMESPACE
        if self.objects is not None and not self.objects(labels):
            return Hit.FOREIGN_LABELS
        return Hit.HIT
