"""Admission: what the API server asks before it stores an object, and what it is answered.

The form is that of admission.k8s.io/v1
(https://kubernetes.io/docs/reference/access-authn-authz/extensible-admission-controllers/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.base.manifest import Manifest

_NO_UID: Final = "00000000-0000-0000-0000-000000000000"
_UNPROCESSABLE: Final = 422
_MOST_WARNINGS: Final = 20
# The API server cuts off all warnings of a request behind 4,096 characters, and one behind 256.
_MOST_CHARACTERS: Final = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """May this object be stored?"""

    uid: str
    kind: str
    manifest: Manifest
    """The object as it would be stored."""
    former: Manifest | None = None
    """The object as it is stored; None for a new one."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong with an object."""

    words: str
    is_sure: bool = True
    """Whether it stays wrong unless the object changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What there is to say of an object that is about to be stored."""

    refusals: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def outcome(self) -> str:
        """allowed, warned or refused."""
        return "refused" if self.refusals else "warned" if self.warnings else "allowed"


def question(review: Any) -> Question:
    """What an AdmissionReview asks. Raises ValueError for what is none."""
    request = review.get("request") if isinstance(review, Mapping) else None
    if not isinstance(request, Mapping) or not isinstance(request.get("uid"), str):
        raise ValueError("no AdmissionReview: request.uid is missing")
    manifest, former = request.get("object"), request.get("oldObject")
    if not isinstance(manifest, Mapping) or not isinstance(manifest.get("metadata"), Mapping):
        raise ValueError("no AdmissionReview of an object that is stored: request.object")
    kind = (request.get("kind") or {}).get("kind") or manifest.get("kind") or ""
    return Question(
        uid=request["uid"],
        kind=str(kind),
        manifest=_placed(manifest, request),
        former=_placed(former, request) if isinstance(former, Mapping) else None,
    )


def answer(uid: str, judgement: Judgement) -> dict[str, Any]:
    """The AdmissionReview with the answer."""
    response: dict[str, Any] = {"uid": uid, "allowed": not judgement.refusals}
    if judgement.refusals:
        words = "; ".join(judgement.refusals)
        response["status"] = {"code": _UNPROCESSABLE, "reason": "Invalid", "message": words}
    if judgement.warnings:
        response["warnings"] = [_short(it) for it in judgement.warnings[:_MOST_WARNINGS]]
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "response": response}


def judgement(
    name: str, faults: Sequence[Fault], former: Sequence[Fault], remarks: Sequence[str]
) -> Judgement:
    """Refused is what is surely wrong and was not before; all else is a warning.

    What was stored while nobody judged can so still be changed in other places. `name` is that of
    the object, with its kind.
    """
    known = {it.words for it in former}
    refused = [it.words for it in faults if it.is_sure and it.words not in known]
    told = [it.words for it in faults if it.words not in refused]
    return Judgement(
        refusals=tuple(f"{name}: {words}" for words in refused),
        warnings=tuple(f"{name}: {words}" for words in (*told, *remarks)),
    )


def is_reference(manifest: Mapping[str, Any], field: str) -> bool:
    """Whether at this place, above it or right below it a Secret or ConfigMap is named.

    A fault there may be one of the content.
    """
    value: Any = manifest
    for step in filter(None, re.split(r"[.\[\]]+", field)):
        value = _below(value, step)
        if _names_content(value) or step.endswith("Secret"):
            return True
    below = value.values() if isinstance(value, Mapping) else ()
    return any(map(_names_content, below))


def _below(value: Any, step: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(step)
    is_there = isinstance(value, list) and step.isdecimal() and int(step) < len(value)
    return value[int(step)] if is_there else None


def _names_content(value: Any) -> bool:
    return isinstance(value, Mapping) and "key" in value and "name" in value


def _placed(manifest: Mapping[str, Any], request: Mapping[str, Any]) -> Manifest:
    """The object with what the API server fills in later, where it has a generated name, say."""
    metadata = manifest.get("metadata") or {}
    given = {"name": "generated", "namespace": request.get("namespace") or "", "uid": _NO_UID}
    return {**manifest, "metadata": {**given, **metadata}}


def _short(words: str) -> str:
    line = " ".join(words.split())
    return line if len(line) <= _MOST_CHARACTERS else f"{line[: _MOST_CHARACTERS - 3]}..."
