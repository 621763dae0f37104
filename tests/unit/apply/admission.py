"""A cluster in memory, and what the operator says of objects that are about to be stored in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmoperator.api import KINDS, parsed
from vmoperator.apply.admission import Judge
from vmoperator.apply.contents import Foreign
from vmoperator.apply.world import World
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.settings import Settings
from vmoperator.observe.admission import Judgement, question
from vmoperator.observe.facts import child
from vmoperator.render import plan

GROUP = "operator.victoriametrics.com/v1beta1"


def manifest(
    kind: str, spec: Mapping[str, Any], annotations: Mapping[str, str] | None = None, **more: Any
) -> Manifest:
    metadata = {"name": "demo", "namespace": "ns", "uid": "u-1", **more}
    if annotations:
        metadata["annotations"] = dict(annotations)
    return {"apiVersion": GROUP, "kind": kind, "metadata": metadata, "spec": dict(spec)}


@dataclass
class Stand:
    """A world, and judgements in it."""

    world: World = field(default_factory=World)

    def judged(self, new: Manifest, old: Manifest | None = None) -> Judgement:
        request = {
            "uid": "r-1",
            "kind": {"kind": new["kind"]},
            "namespace": "ns",
            "operation": "UPDATE" if old else "CREATE",
            "object": new,
            "oldObject": old,
        }
        judge = Judge(self.world, Settings(), lambda: "2026-11-23T05:00:00Z")
        return judge.judged(question({"request": request}))

    def refused(self, new: Manifest, old: Manifest | None = None) -> str:
        return "; ".join(self.judged(new, old).refusals)

    def warned(self, new: Manifest, old: Manifest | None = None) -> str:
        """The warnings of an object that may be stored."""
        found = self.judged(new, old)
        assert found.refusals == ()
        return "; ".join(found.warnings)

    def put(self, one: Manifest) -> None:
        """The object is stored."""
        if one["kind"] in KINDS:
            self.world.parents.put(ref_of(one), one)
        else:
            self.world.foreign.put(ref_of(one), Foreign("7"))

    def run(self, one: Manifest) -> None:
        """The parent is stored, and has been carried out."""
        self.put(one)
        for made in plan(parsed(one), Settings()).manifests:
            self.world.children.put(ref_of(made), child(_settled(made)))

    def secret(self, name: str) -> None:
        self.world.foreign.put(Ref("Secret", "ns", name), Foreign("7"))


def _settled(made: Manifest) -> Manifest:
    replicas = (made.get("spec") or {}).get("replicas", 0)
    counts = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    status = {"observedGeneration": 1, **dict.fromkeys(counts, replicas)}
    metadata = {**made["metadata"], "uid": "c-1", "generation": 1}
    return {**made, "metadata": metadata, "status": status}
