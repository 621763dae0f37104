"""Trials of the fields of selected objects: each is set, and the piece has to differ."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.unit.render.leaves import Leaf, add, leaves, with_leaf, with_place

from vmoperator.api import parsed
from vmoperator.api.around import Known, Recipe
from vmoperator.api.picking import Choice, Picked
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Manifest
from vmoperator.base.settings import Settings
from vmoperator.render import plan

_VERSION = "operator.victoriametrics.com/v1beta1"


@dataclass(frozen=True, kw_only=True)
class _Recorder(Known):
    """A world without objects that writes down how a parent would make their pieces."""

    recipes: dict[str, Recipe] = field(default_factory=dict)

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        self.recipes.update(dict.fromkeys(choice.kinds, recipe))
        return super().picked(choice, recipe)


def recipes(kind: str, **spec: Any) -> dict[str, Recipe]:
    """Kind of objects -> how a parent makes their pieces that selects everything there is."""
    recorder = _Recorder()
    manifest = {
        "apiVersion": _VERSION,
        "kind": kind,
        "metadata": {"name": "demo", "namespace": "monitoring", "uid": "u"},
        "spec": {"selectAllByDefault": True, **spec},
    }
    plan(parsed(manifest), Settings(), recorder)
    return recorder.recipes


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What it takes to try the fields of some kinds."""

    recipes: Mapping[str, Recipe]
    """Kind -> how its pieces are made."""
    around: Known = field(default_factory=Known)
    """The Secrets and ConfigMaps that samples name."""
    bases: Mapping[str, Manifest]
    """Kind -> the least that makes a piece."""
    needs: Sequence[tuple[str, Mapping[str, Any]]]
    """A field, or a model on the way to it -> what else has to be set for it to act."""
    samples: Mapping[str, Sequence[Any]]
    """A field -> values that it may have, at least two where it is required."""
    without_effect: Mapping[str, str]
    """The end of the path of a field, or the whole path of a part -> why it changes nothing."""

    def groups(self) -> dict[str, tuple[str, list[Leaf]]]:
        """Kind and first part of the path -> the kind, and the leaves there."""
        found = [
            (f"{kind} {leaf.dotted.split('.')[1]}", kind, leaf)
            for kind in self.bases
            for leaf in leaves(OBJECTS[kind].model_fields["spec"].annotation)  # type: ignore[arg-type]  # a model
        ]
        by_name = itertools.groupby(found, key=lambda one: one[0])
        return {name: (name.split()[0], [leaf for *_, leaf in group]) for name, group in by_name}

    def fault(self, kind: str, leaf: Leaf) -> str | None:
        """What is wrong with a field; None if it acts."""
        base, found = self._outcomes(kind, leaf)
        made = [it for it in found if isinstance(it, bytes)]
        if not made:
            return f"{leaf.dotted}: no sample is valid: {found}"
        if not any(one != other for one in made for other in (base, *made)):
            return f"{leaf.dotted}: does nothing"
        return None

    def pieces(self, kind: str, leaf: Leaf) -> list[bytes]:
        """The sound pieces in which the field is set."""
        return [it for it in self._outcomes(kind, leaf)[1] if isinstance(it, bytes)]

    def leaves_a_trace(self, kind: str, leaf: Leaf) -> bool:
        """Whether null differs from not being set."""
        without = self._manifest(kind, leaf)
        return self._outcome(with_leaf(without, leaf, None)) != self._outcome(without)

    def faults(self, kind: str, fields: Iterable[Leaf]) -> list[str]:
        """What is wrong with fields, those left out that have no effect."""
        found = (self.fault(kind, leaf) for leaf in fields if not self.excuses(leaf))
        return [it for it in found if it]

    def excuses(self, leaf: Leaf) -> set[str]:
        """Entries of the list that tell why a field does nothing."""
        listed = self.without_effect
        above = {name for name in listed if leaf.dotted.startswith(f"{name}.")}
        return above | (listed.keys() & {*leaf.names})

    def needless(self) -> list[str]:
        """Entries of that list that name no field, and fields that have an effect after all."""
        excused = [
            (kind, leaf, self.excuses(leaf))
            for kind, fields in self.groups().values()
            for leaf in fields
            if self.excuses(leaf)
        ]
        used = {name for *_, names in excused for name in names}
        acting = [leaf.dotted for kind, leaf, _ in excused if not self.fault(kind, leaf)]
        return [*sorted(self.without_effect.keys() - used), *acting]

    def _outcomes(self, kind: str, leaf: Leaf) -> tuple[bytes | str, list[bytes | str]]:
        """What comes without the field, and with each of its values."""
        without = self._manifest(kind, leaf)
        changed = (with_leaf(without, leaf, value) for value in self._values(leaf))
        return self._outcome(without), [self._outcome(it) for it in changed]

    def _manifest(self, kind: str, leaf: Leaf) -> Manifest:
        """An object of the kind in which the field would act but is not set."""
        manifest: Manifest = {
            "apiVersion": _VERSION,
            "kind": kind,
            "metadata": {"name": "sample", "namespace": "shop"},
            "spec": copy.deepcopy(self.bases[kind]),
        }
        placed = with_place(manifest, leaf)
        for name, needed in self.needs:
            for path in leaf.places(name):
                add(placed, path, needed)
        return with_place(placed, leaf)

    def _outcome(self, manifest: Manifest) -> bytes | str:
        """The piece of an object, or why there is none."""
        try:
            return self.recipes[manifest["kind"]].make(selected(manifest), self.around)
        except SpecInvalid as error:
            return str(error)

    def _values(self, leaf: Leaf) -> Sequence[Any]:
        named = (self.samples[name] for name in leaf.names if name in self.samples)
        return next(named, None) or leaf.values
