"""Translation: tables that say what becomes of each field of an object of monitoring.coreos.com.

What a table does not name is of a newer definition: it is left out and told, but for tables that
are CLOSED. So is what changes neither targets nor series (limits, protocols, the pace of a
discovery).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest


@dataclass(frozen=True, slots=True)
class Record:
    """What a translation finds beside its result."""

    idle: list[str] = field(default_factory=list)
    """Paths of the fields that are left out; those that nobody here knows say so."""
    names: dict[str, str] = field(default_factory=dict)
    """Path of a field of ours -> path of the field that it comes from."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a translation is: the path in the original, and the one in ours."""

    theirs: str
    ours: str
    record: Record

    def below(self, theirs: str, ours: str = "") -> Place:
        """The place of a field, by default of the same name on both sides."""
        return self._at(f"{self.theirs}.{theirs}", f"{self.ours}.{ours or theirs}")

    def entry(self, theirs: int, ours: int) -> Place:
        """The place of an entry of a list."""
        return self._at(f"{self.theirs}[{theirs}]", f"{self.ours}[{ours}]")

    def refusal(self, message: str) -> SpecInvalid:
        """The refusal of what stands here."""
        return SpecInvalid(self.theirs, message)

    def _at(self, theirs: str, ours: str) -> Place:
        if theirs != ours:
            self.record.names[ours] = theirs
        return Place(theirs, ours, self.record)


Step: TypeAlias = Callable[[Any, Place, str], Manifest]
"""Value, place of the part that holds it, name of its field -> fields of ours."""
Table: TypeAlias = Mapping[str, Step]

OTHERS = "*"
"""The name under which a table says what becomes of the fields that it does not name."""


def translated(given: Any, table: Table, place: Place) -> Manifest:
    """The fields of ours that mean the same. Raises SpecInvalid for what is refused."""
    found: Manifest = {}
    for name, value in mapping(given, place).items():
        if value is not None:
            step = table.get(name) or table.get(OTHERS, unknown)
            found |= step(value, place, name)
    return found


def mapping(given: Any, place: Place) -> Mapping[str, Any]:
    """The object that stands here. Raises SpecInvalid for anything else."""
    if not isinstance(given, Mapping):
        raise place.refusal("must be an object")
    return given


def listed(given: Any, place: Place) -> list[Any]:
    """The list that stands here. Raises SpecInvalid for anything else."""
    if not isinstance(given, list):
        raise place.refusal("must be a list")
    return given


def text(given: Any, place: Place) -> str:
    """The text that stands here. Raises SpecInvalid for anything else."""
    if not isinstance(given, str):
        raise place.refusal("must be a string")
    return given


def kept(ours: str = "") -> Step:
    """The same value, under a name of ours if one is given; an empty text counts as unset."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        place.below(name, ours)
        return {} if value == "" else {ours or name: value}

    return step


def verbatim(value: Any, place: Place, name: str) -> Manifest:
    """The same value under the same name; an empty text means something."""
    place.below(name)
    return {name: value}


def untouched(value: Any, _place: Place, name: str) -> Manifest:
    """The same value under the same name, in a part where all names are the same."""
    return {name: value}


def lowered(ours: str = "") -> Step:
    """The same word in small letters."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        word = text(value, place.below(name, ours)).lower()
        return {ours or name: word} if word else {}

    return step


def period(ours: str = "") -> Step:
    """The same length of time; 0 means unset."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        given = text(value, place.below(name, ours))
        return {} if given in ("", "0") else {ours or name: given}

    return step


def part(table: Table, ours: str = "") -> Step:
    """An object, translated by a table of its own; one that says nothing counts as unset."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        below = translated(value, table, place.below(name, ours))
        return {ours or name: below} if below else {}

    return step


def whole(table: Table) -> Step:
    """An object of the same name and fields; one that says nothing means something."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        return {name: translated(value, table, place.below(name))}

    return step


def parts(table: Table, ours: str = "") -> Step:
    """A list of objects, each translated by a table of its own."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        here = place.below(name, ours)
        entries = enumerate(listed(value, here))
        return {ours or name: [translated(it, table, here.entry(i, i)) for i, it in entries]}

    return step


def idle(value: Any, place: Place, name: str) -> Manifest:
    """Nothing: there is no such thing here, and neither targets nor series depend on it."""
    if value is not False and value != 0:
        place.record.idle.append(place.below(name).theirs)
    return {}


def unknown(_value: Any, place: Place, name: str) -> Manifest:
    """Nothing: a newer definition has such a field, and what is known does not depend on it."""
    place.record.idle.append(f"{place.below(name).theirs} (unknown to this version)")
    return {}


def narrowing(_value: Any, place: Place, name: str) -> Manifest:
    """A refusal, for a part that picks may pick more, or something else, without this field."""
    message = "is not known to this operator, and may say which targets or alerts are meant"
    raise place.below(name).refusal(f"{message}: remove it")


CLOSED: Table = {OTHERS: narrowing}
"""For tables of parts that pick: targets, series, alerts, times. Nothing of them is left out."""


def same_anyway(_value: Any, _place: Place, _name: str) -> Manifest:
    """Nothing: the result is the same whatever it says."""
    return {}


def refused(message: str) -> Step:
    """A refusal, for without this field there would be other targets or other series."""

    def step(value: Any, place: Place, name: str) -> Manifest:
        if value in ("", [], {}, False):
            return {}
        raise place.below(name).refusal(message)

    return step
