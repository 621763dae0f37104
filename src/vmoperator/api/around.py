"""Around: what the children of a parent depend on beside its own specification."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from vmoperator.api.parent import Parent
from vmoperator.base.manifest import Ref


class Around(Protocol):
    """Answers of the moment about the namespace of one parent; whoever asks is woken by changes.

    Raises Unread for a content that has to be fetched first: the caller does so and asks again.
    """

    def secret(self, name: str) -> Mapping[str, bytes] | None:
        """Data of a Secret in the parent's namespace; None if there is no such Secret."""

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """Data of a ConfigMap in the parent's namespace; None if there is no such ConfigMap."""

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """Every sound parent of a kind, of all namespaces if none is named, by their names."""

    def replicas(self, ref: Ref) -> int | None:
        """Replicas that a live workload of ours asks for; None if it is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An Around that says what it was made with: in tests, and where there is no cluster."""

    secrets: Mapping[str, Mapping[str, bytes]] = field(default_factory=dict)
    config_maps: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parents: tuple[Parent, ...] = ()
    live: Mapping[Ref, int] = field(default_factory=dict)

    def secret(self, name: str) -> Mapping[str, bytes] | None:
        """Data of the Secret."""
        return self.secrets.get(name)

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """Data of the ConfigMap."""
        return self.config_maps.get(name)

    def neighbours(self, kind: str, namespace: str = "") -> tuple[Parent, ...]:
        """The parents of that kind."""
        found = (it for it in self.parents if it.kind == kind)
        chosen = [it for it in found if namespace in ("", it.metadata.namespace)]
        return tuple(sorted(chosen, key=lambda it: (it.metadata.namespace, it.metadata.name)))

    def replicas(self, ref: Ref) -> int | None:
        """Replicas of the live workload."""
        return self.live.get(ref)


NOTHING: Around = Known()
"""A world in which there is nothing else."""
