"""Usage: what parents make of the objects that they select, in their words and in the objects'."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias, TypeGuard

from vmoperator.api.picking import Choice, Picked
from vmoperator.api.status import UpdateStatus
from vmoperator.base.manifest import Ref
from vmoperator.observe.objects import Told
from vmoperator.observe.selection import Hit
from vmoperator.observe.verdict import Aspect, Remark

_NAMES_TOLD = 10
_REASON_LIMIT = 1000
_REFUSAL_LIMIT = 300
# As many as the definition of the status takes.
_PARENTS_TOLD = 64
_MISSES_TOLD = 3
# As many jobs have targets enough to fill the default limits of one agent (docs/vmagent.md).
_MANY_JOBS = 2000
_MANY_WORDS = (
    f"more than {_MANY_JOBS} jobs for each agent: spec.shardCount divides the targets, not the"
    " reading"
)
_NOBODY = "selected by no object that would use it"
_SICK = "in use that cannot be evaluated"


Verdict: TypeAlias = str | Ref
"""What a parent makes of an object: why it refuses it, "" where it uses it, or the original that it
uses instead."""


def is_refusal(verdict: Verdict) -> TypeGuard[str]:
    """Whether a parent refuses the object: it neither uses it, nor an original in its place."""
    return isinstance(verdict, str) and verdict != ""


def usage(verdicts: Mapping[str, Verdict]) -> Told:
    """What to say of an object, from the verdicts of the parents that select it.

    One that is refused by some and used by others works, and says by whom it is refused.
    """
    users = sorted(parent for parent, verdict in verdicts.items() if verdict == "")
    refusals = {
        parent: verdict for parent, verdict in sorted(verdicts.items()) if is_refusal(verdict)
    }
    if users:
        words = "; ".join(f"refused by {it}: {refusal}" for it, refusal in refusals.items())
        parents = tuple(users[:_PARENTS_TOLD])
        return Told(word=UpdateStatus.OPERATIONAL, reason=cut(words), parents=parents)
    if refusals:
        words = "; ".join(dict.fromkeys(refusals.values()))
        return Told(word=UpdateStatus.FAILED, reason=cut(words))
    originals = sorted({it for it in verdicts.values() if isinstance(it, Ref)})
    words = f"its original {originals[0]} is selected instead" if originals else _NOBODY
    return Told(word=UpdateStatus.IGNORED, reason=words)


def ignored(misses: Iterable[str], told: Told) -> Told:
    """What to say of an object that nobody selects, and which fields of whom keep it out.

    What is `told` already stays as long as all of it is true, so that thousands of objects are not
    written anew for each parent that comes.
    """
    known = dict.fromkeys(misses)
    beginning, more = f"{_NOBODY}: ", "and others"
    if told.word == UpdateStatus.IGNORED and told.reason.startswith(beginning):
        former = told.reason.removeprefix(beginning).split("; ")
        if {*former} <= {*known, more}:
            return told
    named = [*itertools.islice(known, _MISSES_TOLD), *([more] if len(known) > _MISSES_TOLD else [])]
    reason = cut(f"{beginning}{'; '.join(named)}") if named else _NOBODY
    return Told(word=UpdateStatus.IGNORED, reason=reason)


def miss(parent: Ref, choice: Choice, hit: Hit) -> str:
    """Which field of a parent keeps an object out, and how."""
    spaces = f"{choice.field.removesuffix('Selector')}NamespaceSelector"
    if hit is Hit.FOREIGN_LABELS:
        why = f"{choice.field} does not match its labels"
    elif hit is Hit.UNSELECTED:
        why = f"{choice.field} is not set"
    elif choice.namespaces is None:
        why = f"{spaces} is not set, and it is in another namespace"
    else:
        why = f"{spaces} does not match its namespace"
    return f"{parent_words(parent)}: {why}"


def parent_words(parent: Ref) -> str:
    """A parent as the status of an object names it."""
    return f"{parent.kind}/{parent.namespace}/{parent.name}"


def objects_selected(
    picked: Sequence[Picked],
    sick: Mapping[Ref, str] | None = None,
    *,
    previous: Remark | None = None,
    is_unsharded: bool = False,
) -> Remark | None:
    """The condition ObjectsSelected; None where a parent selects nothing, on purpose.

    `is_unsharded` says that each agent has all targets, and that they could be divided.

    `sick` are objects in use, and what the running programs have against them; None while that is
    not known: what the `previous` condition said of it stays.

    How many there are is told where none is hit alone: others do not learn of objects that they do
    not use, and a number that is old would be written anew by the next process.
    """
    asking = [it for it in picked if not _is_off(it)]
    if not asking:
        return None
    refused = [(one.ref, one.refusal) for it in asking for one in it.fragments if one.refusal]
    hit = [it for it in asking if it.fragments]
    missed = [it for it in asking if it.existing and not it.fragments]
    if sick is None and hit and previous is not None and _SICK in previous.message:
        return previous
    failing = _failing(hit, sick or {})
    told = (*_named(refused, "refused"), *_named(failing, _SICK))
    idle = _named(_idle(hit), "with fields that have no effect here")
    notes = _named(_notes(hit), "with the name of an object of ours")
    large = [_MANY_WORDS] if is_unsharded and _jobs(hit) > _MANY_JOBS else []
    words = "; ".join((*map(_hit, hit), *map(_missed, missed), *told, *large, *idle, *notes))
    if told:
        reason = "Refused" if refused else "NotEvaluated"
        return Remark(Aspect.OBJECTS_SELECTED, "False", reason, words)
    if hit:
        return Remark(Aspect.OBJECTS_SELECTED, "True", "Selected", words)
    nothing = words or f"there is no {_listed([k for it in asking for k in it.choice.kinds])}"
    return Remark(Aspect.OBJECTS_SELECTED, "False", "NothingSelected", nothing)


def cut(text: str, limit: int = _REASON_LIMIT) -> str:
    """The text, with an ellipsis at its end where it is too long."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _is_off(picked: Picked) -> bool:
    choice = picked.choice
    return choice.objects is None and choice.namespaces is None and not choice.takes_all


def _hit(picked: Picked) -> str:
    return f"selects {len(picked.fragments)} {_listed(picked.choice.kinds)}"


def _jobs(hit: Sequence[Picked]) -> int:
    """Each is a line."""
    return sum(content.count(b"\n") for it in hit for content in it.contents)


def _missed(picked: Picked) -> str:
    kinds, number = _listed(picked.choice.kinds), picked.existing
    if picked.foreign_namespaces and picked.foreign_labels:
        why = (
            f"namespace of {picked.foreign_namespaces} not matched,"
            f" labels of {picked.foreign_labels} not matched"
        )
    elif picked.foreign_namespaces:
        why = "namespace not matched"
    else:
        why = "labels not matched"
    return f"selects 0 of {number} {kinds}: {why} ({picked.choice.field})"


def _idle(hit: Sequence[Picked]) -> list[tuple[Ref, str]]:
    """Only those of monitoring.coreos.com: in ours the API server refuses what it does not know."""
    return [(one.ref, ", ".join(one.idle)) for it in hit for one in it.fragments if one.idle]


def _notes(hit: Sequence[Picked]) -> list[tuple[Ref, str]]:
    """Originals and their copies: those that differ first, for they are to be looked at."""
    found = [
        (bool(one.content), one.ref, one.note)
        for it in hit
        for one in it.fragments
        if one.note and not one.refusal
    ]
    return [
        (ref, note) for differs in (True, False) for is_so, ref, note in found if is_so is differs
    ]


def _failing(hit: Sequence[Picked], sick: Mapping[Ref, str]) -> list[tuple[Ref, str]]:
    if not sick:
        return []
    used = {one.ref for it in hit for one in it.fragments if not one.refusal}
    return [(ref, words) for ref, words in sorted(sick.items()) if ref in used]


def _named(objects: Sequence[tuple[Ref, str]], what: str) -> Iterator[str]:
    if not objects:
        return
    told = [
        f"{ref.kind} {ref.namespace}/{ref.name}: {cut(words, _REFUSAL_LIMIT)}"
        for ref, words in itertools.islice(objects, _NAMES_TOLD)
    ]
    more = len(objects) - len(told)
    rest = [f"and {more} more"] if more else []
    yield f"{len(objects)} {what}: {'; '.join((*told, *rest))}"


def _listed(kinds: Sequence[str]) -> str:
    return ", ".join(dict.fromkeys(kinds))
