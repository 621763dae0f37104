"""Choosers: which parents select objects of which kind, so that changes wake just those."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TypeAlias

from vmoperator.api.picking import Choice
from vmoperator.apply.store import Store
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Namespace, Selectable
from vmoperator.observe.selection import Hit, Matches, Reach
from vmoperator.render.label_selector import selects

Key: TypeAlias = tuple[str, tuple[str, ...]]
"""What tells the choices of one parent apart: field and kinds."""


def key_of(choice: Choice) -> Key:
    """What tells a choice from the others of its parent."""
    return (choice.field, choice.kinds)


def reach(choice: Choice, *, home: str, is_confined: bool) -> Reach:
    """The selectors of a choice. Raises SpecInvalid, which names the place, where one is wrong."""
    place = choice.field.removesuffix("Selector")
    given = choice.namespaces
    says_nothing = given is not None and not any(given.values())
    return Reach(
        home=home,
        objects=_matches(choice.objects, choice.field),
        namespaces=_matches(given, f"{place}NamespaceSelector"),
        takes_all_namespaces=says_nothing,
        takes_all=choice.takes_all,
        is_confined=is_confined,
    )


def _matches(selector: Mapping[str, object] | None, field: str) -> Matches | None:
    if selector is None:
        return None
    found = partial(selects, selector, field=field)
    found({})
    return found


@dataclass(slots=True)
class Chooser:
    """One choice of one parent; `is_idle` while it hits nothing."""

    parent: Ref
    choice: Choice
    reach: Reach
    is_idle: bool = False

    def hit(self, one: Selectable, namespaces: Store[Namespace]) -> Hit:
        """Whether an object is hit."""
        return self.reach.hit(one.labels, is_covered=self.covers(one.ref.namespace, namespaces))

    def covers(self, name: str, namespaces: Store[Namespace]) -> bool:
        """Whether objects of this namespace are in reach."""
        known = namespaces.get(Ref("Namespace", "", name))
        return self.reach.covers(name, known.labels if known else None)


@dataclass(frozen=True, slots=True)
class Choosers:
    """The choices of all parents, as they were last rendered."""

    _of: dict[Ref, dict[Key, Chooser]] = field(default_factory=dict)
    _by_kind: dict[str, dict[tuple[Ref, Key], Chooser]] = field(default_factory=dict)

    def add(self, chooser: Chooser) -> None:
        """From now on objects wake the parent, for they may change before its pass ends."""
        key = key_of(chooser.choice)
        self._of.setdefault(chooser.parent, {})[key] = chooser
        for kind in chooser.choice.kinds:
            self._by_kind.setdefault(kind, {})[(chooser.parent, key)] = chooser

    def of(self, parent: Ref) -> Mapping[Key, Chooser]:
        """The choices of one parent."""
        return dict(self._of.get(parent, {}))

    def by_kind(self, kind: str) -> Iterator[Chooser]:
        """The choices that objects of a kind are taken by."""
        return iter(tuple(self._by_kind.get(kind, {}).values()))

    def settle(self, parent: Ref, keys: Iterable[Key]) -> None:
        """The parent has just these choices."""
        own = self._of.get(parent, {})
        for key in own.keys() - set(keys):
            for kind in own.pop(key).choice.kinds:
                del self._by_kind[kind][(parent, key)]
        if not own:
            self._of.pop(parent, None)

    def concerned(
        self, old: Selectable | None, new: Selectable | None, namespaces: Store[Namespace]
    ) -> frozenset[Ref]:
        """The parents that use the object as it was, or as it is.

        Those that find nothing tell how many there are: they are concerned by their number.
        """
        versions = [one for one in (old, new) if one is not None]
        counts = len(versions) == 1
        return frozenset(
            chooser.parent
            for chooser in self.by_kind(versions[0].ref.kind)
            if (counts and chooser.is_idle)
            or any(chooser.hit(one, namespaces) is Hit.HIT for one in versions)
        )

    def regrouped(
        self, name: str, old: Namespace | None, new: Namespace | None
    ) -> Iterator[Chooser]:
        """The choices for which a namespace is now in reach, or no longer."""
        for chooser in [it for own in self._of.values() for it in own.values()]:
            if chooser.reach.asks_namespaces:
                before, after = (
                    chooser.reach.covers(name, one.labels if one else None) for one in (old, new)
                )
                if before != after:
                    yield chooser
