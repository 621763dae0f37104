"""Translation: tables that say what becomes of each field of an object of monitoring.coreos.com.

What a table does not name is refused, for nobody could tell what is lost with it. What changes
neither targets nor series (limits, protocols, the pace of a discovery) is left out and told.
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
    """Paths of the fields that are left out."""
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


def translated(given: Any, table: Table, place: Place) -> Manifest:
    """The fields of ours that mean the same. Raises SpecInvalid for a field that is not known."""
    found: Manifest = {}
    for name, value in mapping(given, place).items():
        if value is None:
            continue
        if name not in table:
            message = "is not known to this operator, which cannot tell what it is for: remove it"
            raise place.below(name).refusal(message)
        found |= table[name](value, place, name)
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
