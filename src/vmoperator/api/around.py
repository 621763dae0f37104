"""Around: what the children of a parent depend on beside its own specification."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vmoperator.api.parent import Parent
from vmoperator.api.picking import Choice, Fragment, Picked
from vmoperator.api.selected.object import SelectedObject
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import Ref


class Around(Protocol):
    """Answers of the moment about the namespace of one parent; whoever asks is woken by changes.

    Raises Unread for a content that has to be fetched first: the caller does so and asks again.
    """

    def secret(self, name: str, namespace: str = "") -> Mapping[str, bytes] | None:
        """Data of a Secret, in the parent's namespace if none is named; None: there is none."""

    def config_map(self, name: str, namespace: str = "") -> Mapping[str, str] | None:
        """Data of a ConfigMap, in the parent's namespace if none is named; None: there is none."""

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """The objects that a choice hits, each made into its piece; what did not change is not
        made again."""

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """Every sound parent of a kind, of all namespaces if none is named, by their names."""

    def replicas(self, ref: Ref) -> int | None:
        """Replicas that a live workload of ours asks for; None if it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How one object becomes a piece of configuration."""

    key: str
    """Hash of all options of the parent that the piece depends on."""
    make: Callable[[SelectedObject, Around], bytes]
    """The piece; pure. Raises SpecInvalid, which names the field, where the object is wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An Around that says what it was made with: in tests, and where there is no cluster."""

    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parents: tuple[Parent, ...] = ()
    live: Mapping[Ref, int] = field(default_factory=dict)
    objects: tuple[SelectedObject, ...] = ()
    foreign: tuple[tuple[str, SelectedObject], ...] = ()
    """Kind of monitoring.coreos.com, and an object of it as it is read."""

    def secret(self, name: str, namespace: str = "") -> Mapping[str, bytes] | None:
        """Data of the Secret; one of another namespace stands under `namespace/name`."""
        return self.secrets.get(f"{namespace}/{name}", self.secrets.get(name))

    def config_map(self, name: str, namespace: str = "") -> Mapping[str, str] | None:
        """Data of the ConfigMap; one of another namespace stands under `namespace/name`."""
        return self.config_maps.get(f"{namespace}/{name}", self.config_maps.get(name))

    def picked(self, choice: Choice, recipe: Recipe) -> Picked:
        """Every object of these kinds, without a look at the selectors."""
        every = (*((it.kind, it) for it in self.objects), *self.foreign)
        found = sorted(
            ((kind, it) for kind, it in every if kind in choice.kinds),
            key=lambda one: (one[1].metadata.namespace, one[1].metadata.name, one[0]),
        )
        made = tuple(_fragment(kind, it, recipe, self) for kind, it in found)
        return Picked(choice=choice, fragments=made, existing=len(found))

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """The parents of that kind."""
        found = (it for it in self.parents if it.kind == kind)
        chosen = [it for it in found if namespace in ("", it.metadata.namespace)]
        return tuple(sorted(chosen, key=lambda it: (it.metadata.namespace, it.metadata.name)))

    def replicas(self, ref: Ref) -> int | None:
        """Replicas of the live workload."""
        return self.live.get(ref)


def _fragment(kind: str, selected: SelectedObject, recipe: Recipe, around: Around) -> Fragment:
    ref = Ref(kind, selected.metadata.namespace, selected.metadata.name)
    try:
        return Fragment(ref=ref, content=recipe.make(selected, around))
    except SpecInvalid as refused:
        return Fragment(ref=ref, content=b"", refusal=str(refused))


NOTHING: Around = Known()
"""A world in which there is nothing else."""
