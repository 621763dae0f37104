"""World: everything that a pass knows of live objects; filled by the informers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter, itemgetter

from vmoperator.api.parent import Parent
from vmoperator.apply.askers import Askers
from vmoperator.apply.choosers import Choosers
from vmoperator.apply.contents import Contents, Foreign
from vmoperator.apply.denials import Denials
from vmoperator.apply.fragments import Fragments
from vmoperator.apply.inquiries import Inquiries
from vmoperator.apply.last_words import LastWords
from vmoperator.apply.objects import Namespaces, Objects
from vmoperator.apply.offspring import Offspring
from vmoperator.apply.store import Store
from vmoperator.apply.tugs import Tugs
from vmoperator.apply.withheld import Withheld
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.observe.facts import Child, EndpointSlice, Pod
from vmoperator.observe.holding import Comparison
from vmoperator.observe.lapses import Lapse


@dataclass(frozen=True, slots=True)
class World:
    """The stores of one process; children, pods and slices are indexed by their parent's Ref."""

    doomed: dict[Ref, str] = field(default_factory=dict)
    """uid of each parent whose namespace is being deleted: nothing is made for it any more."""
    parents: Store[Manifest] = field(default_factory=lambda: Store(itemgetter("kind")))
    """Objects that users apply, whole but for most of their managedFields; indexed by kind."""
    typed: dict[Ref, tuple[object, Parent | None]] = field(default_factory=dict)
    """Parents that others asked for, as they were last parsed, and what they were parsed from."""
    children: Store[Child] = field(default_factory=Offspring)
    asked_first: set[Ref] = field(default_factory=set)
    """Children that could not be created at once: what is there is looked at before a write."""
    pods: Store[Pod] = field(default_factory=lambda: Store(attrgetter("parent")))
    slices: Store[EndpointSlice] = field(default_factory=lambda: Store(attrgetter("parent")))
    foreign: Store[Foreign] = field(default_factory=Store)
    """Secrets and ConfigMaps that are not ours."""
    unseen: set[tuple[str, str]] = field(default_factory=set)
    """Kinds, with the namespace or "" for all, that the operator may not list and watch: Secrets
    and ConfigMaps that are asked for have to be read in every pass, selected objects not at all."""
    lapses: set[Lapse] = field(default_factory=set)
    """What cannot be watched at present: the stores hold what was known of it last, or nothing."""
    objects: Objects = field(default_factory=Objects)
    """Objects that parents may select."""
    namespaces: Namespaces = field(default_factory=Namespaces)
    sick: dict[Ref, Mapping[Ref, str]] = field(default_factory=dict)
    """Parent -> objects that it uses -> what its running programs have against them; only parents
    whose programs were asked."""
    choosers: Choosers = field(default_factory=Choosers)
    fragments: Fragments = field(default_factory=Fragments)
    contents: Contents = field(default_factory=Contents)
    askers: Askers = field(default_factory=Askers)
    held: dict[Ref, dict[Ref, Comparison]] = field(default_factory=dict)
    """Parent -> workload -> what the API server said of the pod template that is held back."""
    tugs: dict[Ref, Tugs] = field(default_factory=dict)
    """Workloads whose replicas somebody else has set, and how often."""
    denials: Denials = field(default_factory=Denials)
    withheld: Withheld = field(default_factory=Withheld)
    inquiries: Inquiries = field(default_factory=Inquiries)
    last_words: LastWords = field(default_factory=LastWords)

    def lapses_in(self, namespace: str) -> tuple[Lapse, ...]:
        """The lapses that a parent in this namespace may meet."""
        return tuple(it for it in self.lapses if it.namespace in ("", namespace))

    def is_blind(self, kind: str, namespace: str) -> bool:
        """Whether the objects of this kind cannot be watched at present."""
        return any(it.kind == kind for it in self.lapses_in(namespace))
