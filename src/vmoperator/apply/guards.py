"""Guards: the plan of a parent, in which nothing loses data unless somebody asks for just that."""

from __future__ import annotations

from dataclasses import replace

from vmoperator.api.parent import Parent
from vmoperator.api.vmcluster import VMCluster
from vmoperator.api.vmsingle import VMSingle
from vmoperator.apply.guarded import Guarded, Live, Rendering
from vmoperator.apply.shrinking import sized
from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import CLAIM
from vmoperator.observe.database import KEEPERS, TEMPLATE, Database, database
from vmoperator.observe.facts import Child
from vmoperator.observe.guards import Cut, is_cut, lifted, place_refusal, retention_refusal
from vmoperator.render.kept import (
    Keeper,
    place_field,
    retention_field,
    with_place,
    with_retention,
)


def guarded(parent: Parent, render: Rendering, live: Live) -> Guarded:
    """The plan of a parent, with live values where the spec would lose data unasked.

    Raises whatever rendering the parent as it is raises.
    """
    made = Guarded(parent=parent, plan=render(parent))
    if not isinstance(parent, VMCluster | VMSingle) or parent.spec.paused:
        return made
    for guard in (_retained, _placed, sized):
        made = guard(made, render, live)
    if made.findings:
        return made
    left = {key: it for key, it in made.annotations.items() if key not in made.used}
    return replace(made, remarks=(*made.remarks, *lifted(left)))


def _retained(made: Guarded, render: Rendering, live: Live) -> Guarded:
    """A retention that is shorter than the live one deletes samples."""
    parent, seen = made.parent, _seen(made, live)
    if seen is None or not isinstance(parent, Keeper):
        return made
    _, now, wanted = seen
    if not is_cut(wanted.retention, now.retention):
        return made
    cut = Cut(
        kind=parent.kind,
        field=retention_field(parent),
        wanted=wanted.retention,
        live=now.retention,
    )
    refusal = retention_refusal(cut, made.annotations)
    if refusal is None:
        return replace(made, used=made.used | {labels.ALLOW_RETENTION_CUT})
    changed = with_retention(parent, now.retention)
    return made.keeping(refusal, changed, render, lambda it: it.retention == now.retention)


def _placed(made: Guarded, render: Rendering, live: Live) -> Guarded:
    """Another volume, or another folder of it, is an empty database."""
    parent, seen = made.parent, _seen(made, live)
    if seen is None or not isinstance(parent, Keeper):
        return made
    child, now, wanted = seen
    if not now.place or now.place == wanted.place:
        return made
    cut = Cut(kind=parent.kind, field=place_field(parent), wanted=wanted.place, live=now.place)
    refusal = place_refusal(cut, made.annotations)
    if refusal is None:
        return replace(made, used=made.used | {labels.ALLOW_STORAGE_CHANGE})
    claim = _claim(now.place, child, live)
    changed = with_place(parent, claim, now.path) if claim else parent
    return made.keeping(refusal, changed, render, lambda it: it.place == now.place)


def _seen(made: Guarded, live: Live) -> tuple[Child, Database, Database] | None:
    """The live workload that keeps samples, what it says of them, and what the plan says."""
    stage = made.stage(*KEEPERS)
    child = live.own(made.parent, ref_of(stage.workload)) if stage else None
    wanted = database(stage.workload) if stage else None
    return (child, child.database, wanted) if child and child.database and wanted else None


def _claim(place: str, child: Child, live: Live) -> Manifest | None:
    """The claim, or claim template, in which the data lies; None for any other volume."""
    kind, _, rest = place.partition("/")
    name = rest.partition("/")[0]
    if kind == TEMPLATE:
        claims = child.claims
    else:
        found = live.child(Ref(CLAIM.kind, child.ref.namespace, name))
        claims = found.claims if found else ()
    return next((claim for claim in claims if claim["metadata"]["name"] == name), None)
