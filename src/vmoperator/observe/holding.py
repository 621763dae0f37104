"""Holding back: a pod template that differs only because another operator rendered it.

A new version of the operator must not restart pods. What it renders differently waits until the
users ask for something: a change of the spec, or of the annotation `rollout`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

import orjson

from vmoperator.base import labels
from vmoperator.base.manifest import Manifest, Ref, digest
from vmoperator.observe.facts import Child
from vmoperator.observe.origins import Origin, with_origin
from vmoperator.observe.ownership import intrusions, uncovered
from vmoperator.observe.remains import Held

_UNKNOWN = "unknown"
_TEMPLATE = ("f:spec", "f:template")


class Standing(Enum):
    """What is to become of a rendered pod template."""

    GOES_OUT = auto()
    HELD = auto()
    UNCLEAR = auto()
    """Held, unless the API server says that it makes no difference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What the API server says of a pod template beside the live one."""

    key: str
    """What was compared."""
    is_same: bool
    templates: Held
    words: str = ""
    """What differs."""


def standing(live: Child | None, wanted: Origin) -> Standing:
    """Whether the template of this origin goes out to the live workload; the first rule decides.

    What is not there, or was never rendered by any version of ours, is written. The same template,
    another one of the same build, another wish of the users, and a template that somebody changed
    by hand go out. What this build held back once is held back until it renders something else.
    """
    if live is None or not live.digest:
        return Standing.GOES_OUT
    before = live.origin
    if wanted.template == before.template or wanted.build == before.build:
        return Standing.GOES_OUT
    is_other_spec = before.inputs and before.inputs != wanted.inputs
    if is_other_spec or before.rollout != wanted.rollout:
        return Standing.GOES_OUT
    if is_touched(live):
        return Standing.GOES_OUT
    if before.held == mark(live, wanted):
        return Standing.HELD
    if before.build == labels.FORMER_OPERATOR:
        return Standing.UNCLEAR  # whatever we render: none of it was ever asked for
    # Of two templates of this build the later one comes of something else that users did: a
    # Secret that is mounted, a replica that is named.
    is_another = before.held.startswith(f"{wanted.build}/")
    return Standing.GOES_OUT if is_another else Standing.UNCLEAR


def is_touched(live: Child) -> bool:
    """Whether somebody else's fields stand in the pod template of a workload of ours."""
    found = intrusions(live.ref.kind, live.fields, live.foreign)
    return any(path[: len(_TEMPLATE)] == _TEMPLATE for path in found)


def is_template_apart(workload: Manifest, live: Child) -> bool:
    """Whether somebody took from us, or added, a field of the pod template that is sent again."""
    template = workload["spec"].get("template")
    if template is None:
        return False
    return is_touched(live) or bool(uncovered({"spec": {"template": template}}, live.fields))


def mark(live: Child, wanted: Origin) -> str:
    """`BUILD/TEMPLATE/FIELDS`: what is held back, and the fields of the live template that are
    ours, for one that is removed by hand leaves no other trace."""
    return f"{wanted.build}/{wanted.template}/{digest(_template_fields(live))}"


def held(workload: Manifest, live: Child, wanted: Origin) -> Manifest:
    """The workload without its template, which stays as it is, and with the origin of that one.

    It is complete again when it is sent, see `remains.completed`.
    """
    before = live.origin
    kept = Origin(
        inputs=before.inputs or wanted.inputs,
        build=before.build or _UNKNOWN,
        template=before.template or _UNKNOWN,
        rollout=before.rollout,
        held=mark(live, wanted),
    )
    spec = {key: value for key, value in workload["spec"].items() if key != "template"}
    return with_origin({**workload, "spec": spec}, kept)


def pending_words(told: Mapping[str, str], *, parent: Ref, build: str) -> str:
    """What is held back and how to send it out; `told` says of each workload what differs."""
    alike: dict[str, list[str]] = {}
    for name, words in told.items():
        alike.setdefault(words, []).append(name)
    changes = "; ".join(f"{', '.join(names)} ({words})" for words, names in alike.items())
    way = f"kubectl -n {parent.namespace} annotate {parent.kind.lower()} {parent.name} --overwrite"
    return (
        f"this version of the operator renders the pods of {changes} differently; they stay as"
        f" they are until the spec changes or `{way} {labels.ROLLOUT}={build}` sends it out"
    )


def _template_fields(live: Child) -> dict[str, Any]:
    fields = orjson.loads(live.fields or b"{}")
    found: dict[str, Any] = (fields.get("f:spec") or {}).get("f:template") or {}
    return found
