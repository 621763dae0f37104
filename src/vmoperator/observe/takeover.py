"""Taking over: what tells that another operator keeps a parent, and how its children become ours.

The Go operator puts a finalizer on each of its parents, and puts it back within a second wherever
somebody takes it off (seen with v0.74.1): so taking it off shows whether that operator still runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum, auto
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.observe.facts import Child
from vmoperator.observe.verdict import Aspect

WATCHED_SECONDS = 20.0
"""For so long the finalizer has to stay away."""
YIELDED_SECONDS = 300.0
"""After so long it is taken off again, in case that the other operator has been stopped."""

MISSING_SECONDS = 60.0
"""After so long it is tried again where the right to take it off is missing."""

OBSERVING, YIELDING, MISSING = "Observing", "AnotherOperator", "Forbidden"
LASTS = {OBSERVING: WATCHED_SECONDS, YIELDING: YIELDED_SECONDS, MISSING: MISSING_SECONDS}
"""Reasons of the condition TakingOver, and for how many seconds it stands before the next step."""

TAKEN_OVER = (
    "taken over from another operator: pods run on as that one started them, and their"
    " configuration stays as it left it, until this goes out"
)
_WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")
_CREATOR = b'"f:managed-by"'


class Step(Enum):
    """What to do with a parent before anything else."""

    GO_ON = auto()
    """It is ours."""
    RELEASE = auto()
    """Take the finalizer off, and see whether it comes back."""
    WATCH = auto()
    """It is off; wait."""
    YIELD = auto()
    """It has come back: another operator runs. Nothing is written."""


def step(parent: Mapping[str, Any], *, since_seconds: float) -> Step:
    """What comes next; `since_seconds` is the age of the condition TakingOver as it stands."""
    reason = told(parent).get("reason")
    if not has_finalizer(parent):
        if reason == OBSERVING:
            return Step.WATCH if since_seconds < WATCHED_SECONDS else Step.GO_ON
        return Step.WATCH if reason in (YIELDING, MISSING) else Step.GO_ON
    if reason == OBSERVING:
        return Step.YIELD
    if reason == YIELDING and since_seconds < YIELDED_SECONDS:
        return Step.YIELD
    return Step.RELEASE


def has_finalizer(manifest: Mapping[str, Any]) -> bool:
    """Whether the Go operator's finalizer is on the object."""
    return labels.FORMER_FINALIZER in (manifest["metadata"].get("finalizers") or ())


def told(parent: Mapping[str, Any]) -> Mapping[str, Any]:
    """The condition TakingOver as it stands; empty where there is none."""
    conditions = (parent.get("status") or {}).get("conditions") or ()
    return next((it for it in conditions if it.get("type") == Aspect.TAKING_OVER), {})


def condition(parent: Mapping[str, Any], reason: str, *, now: str) -> Manifest:
    """The condition TakingOver with this reason, begun now."""
    kind, name = parent["kind"].lower(), parent["metadata"]["name"]
    where = f"{kind} {name} -n {parent['metadata'].get('namespace', '')}"
    by_hand = f'`kubectl patch {where} --type merge -p \'{{"metadata":{{"finalizers":null}}}}\'`'
    words = {
        OBSERVING: f"the finalizer {labels.FORMER_FINALIZER} of another operator was taken off;"
        " unless it comes back, this object is taken over",
        YIELDING: f"another operator keeps this object: it has put {labels.FORMER_FINALIZER} back."
        " Nothing is changed. Stop that operator; after a few minutes this one tries again, at"
        f" once after {by_hand}",
        MISSING: f"the finalizer {labels.FORMER_FINALIZER} of another operator stands in the way,"
        f" and the right to patch {kind}s to take it off is missing; once that operator is"
        f" stopped, {by_hand} does it as well",
    }
    return {
        "type": str(Aspect.TAKING_OVER),
        "status": "True" if reason == OBSERVING else "False",
        "reason": reason,
        "message": words[reason],
        "observedGeneration": parent["metadata"]["generation"],
        "lastTransitionTime": now,
        # The Go operator's definitions, which may still be installed, ask for it.
        "lastUpdateTime": now,
    }


def is_unconverted(live: Child) -> bool:
    """Whether another operator made the child, and we have not written it yet."""
    return not live.digest and not live.fields and is_made_by_others(live)


def is_made_by_others(live: Child) -> bool:
    """Whether fields of the child still belong to whoever made it, and that was not us."""
    return any(_CREATOR in entry for entry in live.foreign)


def is_kept_for_pods(live: Child) -> bool:
    """Whether pods that another operator's template made may need it to start again."""
    return not live.digest and live.ref.kind in (
        "Secret",
        "ConfigMap",
        "ServiceAccount",
        "Role",
        "RoleBinding",
    )


def is_of_others(workload: Child | None) -> bool:
    """Whether the pod template of a workload is still that of another operator."""
    return workload is not None and (
        not workload.digest or workload.origin.build == labels.FORMER_OPERATOR
    )


def converted(live: Manifest, *, rollout: str = "") -> list[dict[str, Any]] | None:
    """A JSON patch that makes the fields of the object's maker ours; None where there are none.

    What we leave out of the next apply is then removed. A workload is marked as rendered by
    another operator, so that its pod template stays until its users ask for a change; `rollout` is
    the annotation of its parent as it stands, which asks for none. The patch fails if somebody
    writes in between.
    """
    metadata = live["metadata"]
    entries = metadata.get("managedFields") or ()
    makers = {it.get("manager") for it in entries if _is_maker(it)}
    taken = [it for it in entries if _is_plain(it) and it.get("manager") in makers]
    if not taken:
        return None
    own = [it for it in entries if _is_own(it)]
    others = [it for it in entries if it not in taken and it not in own]
    fields: dict[str, Any] = {}
    for entry in (*own, *taken):
        fields = _union(fields, _as_applied(entry["fieldsV1"]))
    ours = {
        **{key: taken[0][key] for key in ("apiVersion", "fieldsType", "time") if key in taken[0]},
        "manager": labels.MANAGER,
        "operation": "Apply",
        "fieldsV1": fields,
    }
    return [
        {"op": "replace", "path": "/metadata/managedFields", "value": [ours, *others]},
        {
            "op": "replace",
            "path": "/metadata/resourceVersion",
            "value": metadata["resourceVersion"],
        },
        *_marks(live, rollout),
    ]


def unfinalized(live: Manifest) -> dict[str, Any]:
    """A merge patch that takes the Go operator's finalizer off, unless somebody writes before."""
    metadata = live["metadata"]
    left = [it for it in metadata.get("finalizers") or () if it != labels.FORMER_FINALIZER]
    version = metadata["resourceVersion"]
    return {"metadata": {"finalizers": left or None, "resourceVersion": version}}


def disowned(live: Manifest, *, uid: str) -> dict[str, Any]:
    """A merge patch that takes the owner of this uid off, unless somebody writes before."""
    metadata = live["metadata"]
    left = [it for it in metadata.get("ownerReferences") or () if it["uid"] != uid]
    version = metadata["resourceVersion"]
    return {"metadata": {"ownerReferences": left or None, "resourceVersion": version}}


def with_fixed(manifest: Manifest, live: Child | None) -> Manifest:
    """The StatefulSet with what cannot be changed in place as it is in the live one."""
    if live is None or not live.fixed:
        return manifest
    spec, kept = manifest["spec"], dict(live.fixed)
    if all(spec.get(key, "") == kept[key] for key in kept):
        return manifest
    changed = {**spec, **kept}
    return {**manifest, "spec": {key: it for key, it in changed.items() if it or key not in kept}}


def _marks(live: Manifest, rollout: str) -> Iterable[dict[str, Any]]:
    annotations = live["metadata"].get("annotations") or {}
    if live["kind"] not in _WORKLOADS or labels.HASH in annotations:
        return
    marks = {
        labels.HASH: labels.FORMER_OPERATOR,
        labels.RENDERED_BY: labels.FORMER_OPERATOR,
        **({labels.ROLLOUT: rollout} if rollout else {}),
    }
    yield {"op": "add", "path": "/metadata/annotations", "value": {**annotations, **marks}}


def _is_plain(entry: Mapping[str, Any]) -> bool:
    return entry.get("operation") == "Update" and not entry.get("subresource")


def _is_own(entry: Mapping[str, Any]) -> bool:
    is_apply = entry.get("operation") == "Apply" and not entry.get("subresource")
    return is_apply and entry.get("manager") == labels.MANAGER


def _is_maker(entry: Mapping[str, Any]) -> bool:
    own = ((entry.get("fieldsV1") or {}).get("f:metadata") or {}).get("f:labels") or {}
    return _is_plain(entry) and f"f:{labels.MANAGED_BY}" in own


def _as_applied(fields: Mapping[str, Any], *, is_item: bool = False) -> dict[str, Any]:
    """The set as a server-side apply of the same fields would record it: a map by its members."""
    is_left = {key: below for key, below in fields.items() if key != "." or is_item or not fields}
    if set(fields) == {"."}:
        return dict(fields) if is_item else {}
    return {
        key: _as_applied(below, is_item=key.startswith("k:")) if below else {}
        for key, below in is_left.items()
    }


def _union(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Both sets of fields; one that is whole in either of them (an empty map) stays whole."""
    result = dict(one)
    for key, below in other.items():
        if key not in result:
            result[key] = below
        elif result[key] and below:
            result[key] = _union(result[key], below)
        else:
            result[key] = {}
    return result


def prefix(parent: Mapping[str, Any]) -> str:
    """How the names of a parent's cluster-scoped children begin, with both operators."""
    return f"monitoring:{ref_of(parent).namespace}:"
