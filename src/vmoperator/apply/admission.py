"""Admission: judges an object that is about to be stored, by rendering it as a pass would.

What rendering refuses is refused, and what guards would hold back. Passes do the same when the
object is stored all the same: nothing depends on anybody having asked here. An annotation has an
object stored without a look at it, but for what guards would hold back.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeVar

from vmoperator.api import KINDS, parsed
from vmoperator.api.deprecated import deprecated
from vmoperator.api.parent import Parent
from vmoperator.api.selected import OBJECTS, selected
from vmoperator.api.unsupported import unsupported
from vmoperator.apply.around import sound
from vmoperator.apply.clock import now
from vmoperator.apply.foresight import PLACEHOLDERS, Foresight
from vmoperator.apply.guarded import Guarded, Live
from vmoperator.apply.guards import guarded
from vmoperator.apply.world import World
from vmoperator.base import labels
from vmoperator.base.errors import Dangling, SpecInvalid
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.base.resource import CLAIM, STATEFUL_SET, VM_AGENT
from vmoperator.base.settings import Settings
from vmoperator.observe.admission import Fault, Judgement, Question, is_reference, judgement
from vmoperator.observe.claims import is_same, kept_claims
from vmoperator.observe.growth import refusals, wishes
from vmoperator.observe.objects import Selectable, selectable
from vmoperator.observe.verdict import Aspect
from vmoperator.render import plan

T = TypeVar("T")

_MOST_PARENTS: Final = 20
"""So many parents are asked what they make of an object; it is about milliseconds each."""
_UNJUDGED: Final = "not judged, by its annotation skip-validation: its status tells what is wrong"
_SELECTING: Final = MappingProxyType(
    {
        **dict.fromkeys(OBJECTS, ("VMAgent", "VMSingle")),
        "VMRule": ("VMAlert",),
        "VMAlertmanagerConfig": ("VMAlertmanager",),
    }
)
"""Kind of an object -> kinds of parents that select it."""
_URL: Final = {"url": "http://localhost"}
_ANYBODY: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "VMAgent": {"remoteWrite": [_URL]},
        "VMAlert": {
            "datasource": _URL,
            "remoteWrite": _URL,
            "remoteRead": _URL,
            "extraArgs": {"clusterMode": "true", "license": "any"},
        },
        "VMAlertmanager": {},
    }
)
"""Specs of parents that have nothing against any object of itself."""


@dataclass(frozen=True, slots=True)
class Judge:
    """Knows what the informers know, and asks nobody: any process of the operator can judge."""

    world: World
    settings: Settings
    clock: Callable[[], str] = now

    def judged(self, question: Question) -> Judgement:
        """What there is to say of the object."""
        if question.kind not in KINDS and question.kind not in OBJECTS:
            return Judgement()
        is_parent = question.kind in KINDS
        find = self._parent_faults if is_parent else self._object_faults
        told = deprecated(question.manifest)
        if _is_to_be_skipped(question.manifest):
            find, told = self._losses if is_parent else _nothing, (_UNJUDGED,)
        faults, remarks = find(question.manifest)
        sure = any(it.is_sure for it in faults)
        former = find(question.former)[0] if sure and question.former else ()
        name = str(ref_of(question.manifest, question.kind))
        return judgement(name, faults, former, (*remarks, *told))

    def _parent_faults(self, manifest: Manifest) -> tuple[list[Fault], list[str]]:
        """What is wrong with a parent, and what else is to be said of it."""
        try:
            parent = parsed(manifest)
        except SpecInvalid as error:
            return [Fault(str(error))], []
        remarks = [f"{field} does not act yet" for field in unsupported(parent)]
        found = _certain(manifest, self._foresight(manifest), lambda it: self._guarded(parent, it))
        if not isinstance(found, Guarded):
            return [found] if found else [], remarks
        lifted = (it.message for it in found.remarks if it.type is Aspect.GUARD_LIFTED)
        return self._held_back(found), [*remarks, *lifted]

    def _losses(self, manifest: Manifest) -> tuple[list[Fault], list[str]]:
        """What guards would hold back of a parent; nothing of one that cannot be rendered, which
        no pass carries out."""
        try:
            parent = parsed(manifest)
        except SpecInvalid:
            return [], []
        found = _certain(manifest, self._foresight(manifest), lambda it: self._guarded(parent, it))
        return self._held_back(found) if isinstance(found, Guarded) else [], []

    def _held_back(self, found: Guarded) -> list[Fault]:
        faults = [Fault(it.message) for it in found.findings]
        return [*faults, *map(Fault, self._frozen(found))]

    def _object_faults(self, manifest: Manifest) -> tuple[list[Fault], list[str]]:
        """What is wrong with an object whoever selects it, and what those who do have against it.

        Their own options may still change, and nothing says who is applied first.
        """
        try:
            selected(manifest)
        except SpecInvalid as error:
            return [Fault(str(error))], []
        one = selectable(manifest)
        _, own = self._by_itself(one)
        told = [it for it in self._opinions(one) if it is not None]
        if own is not None and not own.is_sure:
            return [own], []
        if own is not None and all(fault is not None for _, fault in told):
            return [own], []
        remarks = (f"{name} would leave it out: {it.words}" for name, it in told if it is not None)
        return [], list(remarks)

    def _opinions(self, one: Selectable) -> Iterator[tuple[str, Fault | None] | None]:
        """The name of each parent that selects the object, and what it has against it."""
        asked = 0
        for kind in _SELECTING[one.ref.kind]:
            for ref, manifest in sorted(self.world.parents.by_index(kind).items()):
                parent = sound(manifest) if _may_select(manifest) else None
                if parent is None or asked == _MOST_PARENTS:
                    continue
                asked += 1
                yield self._opinion(manifest, parent, one, name=str(ref))

    def _by_itself(self, one: Selectable) -> tuple[str, Fault | None]:
        """The same of a parent that says nothing of its own."""
        kind = _SELECTING[one.ref.kind][0]
        spec: dict[str, Any] = {**_ANYBODY[kind], "selectAllByDefault": True}
        scrape_class = (one.manifest.get("spec") or {}).get("scrapeClass")
        if kind == VM_AGENT.kind and scrape_class:
            spec["scrapeClasses"] = [{"name": scrape_class}]
        metadata = {"name": "any", "namespace": one.ref.namespace, "uid": one.uid}
        manifest = {
            "apiVersion": VM_AGENT.api_version,
            "kind": kind,
            "metadata": metadata,
            "spec": spec,
        }
        return self._opinion(manifest, parsed(manifest), one, name=kind) or (kind, None)

    def _opinion(
        self, manifest: Manifest, parent: Parent, one: Selectable, *, name: str
    ) -> tuple[str, Fault | None] | None:
        """None for a parent that does not select the object, or is wrong itself."""

        def refusal(foresight: Foresight) -> bool:
            try:
                made = plan(parent, self.settings, foresight)
            except SpecInvalid:
                return False
            found = [it for picked in made.picked for it in picked.fragments if it.ref == one.ref]
            if found and found[0].refusal:
                field, _, words = found[0].refusal.partition(": ")
                raise (Dangling if foresight.dangling else SpecInvalid)(field, words)
            return bool(found)

        outcome = _certain(one.manifest, self._foresight(manifest, one), refusal)
        if outcome is False:
            return None
        return name, outcome if isinstance(outcome, Fault) else None

    def _foresight(
        self, manifest: Manifest, one: Selectable | None = None
    ) -> Callable[[str], Foresight]:
        return lambda content: Foresight(self.world, manifest, one, content)

    def _guarded(self, parent: Parent, foresight: Foresight) -> Guarded:
        return guarded(parent, lambda it: plan(it, self.settings, foresight), self._live())

    def _live(self) -> Live:
        world = self.world
        return Live(
            child=world.children.get,
            pods=lambda ref: world.pods.by_index(ref).values(),
            now=self.clock(),
        )

    def _frozen(self, guard: Guarded) -> Iterator[str]:
        """What is asked of claims that there are, and that no claim can do."""
        live, known = self._live(), self.world.children
        if guard.parent.spec.paused:
            return
        for stage in guard.plan.stages:
            workload = stage.workload
            child = live.own(guard.parent, ref_of(workload))
            if workload["kind"] != STATEFUL_SET.kind or child is None or stage.is_paused:
                continue
            if not is_same(workload, child.claims):
                replicas = max(child.replicas or 0, workload["spec"].get("replicas", 0))
                wanted = wishes(stage.name, workload, known.get, replicas)
                yield from refusals(workload, child, wanted, guard.annotations)
        for manifest in guard.plan.shared:
            claim = known.get(ref_of(manifest)) if manifest["kind"] == CLAIM.kind else None
            if claim is not None:
                yield from kept_claims(manifest, claim.claims, claim.fields).messages


def _certain(
    manifest: Manifest, foresee: Callable[[str], Foresight], ask: Callable[[Foresight], T]
) -> T | Fault | None:
    """What `ask` returns, or what is wrong with the manifest; None where that is for the contents
    to decide of the Secrets and ConfigMaps that it names, which nobody has looked at."""
    told: set[str] = set()
    for content in PLACEHOLDERS:
        foresight = foresee(content)
        try:
            return ask(foresight)
        except Dangling as error:
            return Fault(str(error), is_sure=False)
        except SpecInvalid as error:
            if not foresight.has_looked:
                return Fault(str(error))
            if is_reference(manifest, error.field):
                return None
            told.add(str(error))
    return Fault(told.pop()) if len(told) == 1 else None


def _is_to_be_skipped(manifest: Manifest) -> bool:
    # The one value that the Go operator takes.
    annotations = manifest["metadata"].get("annotations") or {}
    return bool(annotations.get(labels.SKIP_VALIDATION) == "true")


def _nothing(manifest: Manifest) -> tuple[list[Fault], list[str]]:
    del manifest
    return [], []


def _may_select(manifest: Manifest) -> bool:
    spec = manifest.get("spec") or {}
    return any(key == "selectAllByDefault" or key.endswith("Selector") for key in spec)
