"""What `vmoperator plan` found, as text for people and as one JSON document for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from vmoperator.apply.warrant import Lack, Warrant
from vmoperator.base.manifest import Ref
from vmoperator.observe.difference import HIDDEN, Difference, line
from vmoperator.observe.outlook import Action, Fate, Outlook, Restart

_SIGNS: Final = {
    Action.CREATE: "+",
    Action.CHANGE: "~",
    Action.RENEW: "±",
    Action.DELETE: "-",
    Action.HOLD: "=",
}
_WORDS: Final = {
    Action.RENEW: "deleted and made anew, for this cannot change in place",
}
_RENEWED_SET: Final = "made anew around its pods and claims, for this cannot change in place"
_CLAIM_SIZE: Final = "spec.resources.requests.storage"
_SUMMARY: Final = {
    Action.CREATE: "to create",
    Action.CHANGE: "to change",
    Action.RENEW: "to make anew",
    Action.DELETE: "to delete",
    Action.HOLD: "held back",
}
_LINES: Final = 40
"""Differences of one object that are shown as text; JSON has all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """The outcome of one run."""

    outlooks: tuple[Outlook, ...] = ()
    objects: tuple[Fate, ...] = ()
    """What files hold beside parents: objects that parents select or name."""
    errors: tuple[str, ...] = ()
    """What could not be planned at all."""
    warrant: Warrant | None = None
    """What the operator itself may not do; None: that was not asked."""

    @property
    def changes(self) -> bool:
        """Whether anything would be written or any pod be replaced."""
        changing = (outlook.changes for outlook in self.outlooks)
        return any(it.acts for it in self.objects) or any(changing)

    @property
    def lacks(self) -> tuple[Lack, ...]:
        """Rights that the operator needs and does not have."""
        return self.warrant.lacks if self.warrant else ()

    @property
    def exit_code(self) -> int:
        """2 when something is refused or wrong, else 1 when something would change, else 0."""
        if self.errors or self.lacks or any(outlook.refusals for outlook in self.outlooks):
            return 2
        return 1 if self.changes else 0


def text(planned: Planned) -> Iterator[str]:
    """The lines for people: only what changes, or is to be known."""
    for fate in planned.objects:
        if fate.acts:
            yield from _fate(fate, "")
    for outlook in planned.outlooks:
        if outlook.changes or outlook.holds or outlook.refusals or outlook.notes:
            yield from _outlook(outlook)
            yield ""
    for lack in planned.lacks:
        yield f"! {planned.warrant.account if planned.warrant else ''} may not {lack.words}"
    if planned.lacks:
        yield ""
    yield summary(planned)


def summary(planned: Planned) -> str:
    """One line: how much would change."""
    outlooks = planned.outlooks
    fates = [it for outlook in outlooks for it in (outlook.parent, *outlook.children)]
    counts = Counter(it.action for it in (*planned.objects, *fates))
    parts = [f"{counts[action]} {words}" for action, words in _SUMMARY.items() if counts[action]]
    parts += _counted(sum(len(it.pods) for o in outlooks for it in o.restarts), "pod", "to restart")
    parts += _counted(sum(len(it.removed) for it in outlooks), "pod", "to remove")
    grown = sum(it.path == _CLAIM_SIZE for fate in fates for it in fate.differences)
    parts += _counted(grown, "claim", "to grow")
    parts += _counted(sum(len(it.refusals) for it in outlooks), "refusal", "")
    parts += _counted(sum(map(_rights, planned.lacks)), "missing right", "")
    parts += _counted(len(planned.errors), "error", "")
    if planned.exit_code == 0:
        parts = ["nothing would change", *parts]
    return f"Plan: {', '.join(parts)}."


def document(planned: Planned) -> dict[str, Any]:
    """The whole outcome; the shape is described in docs/plan.md and only ever grows."""
    return {
        "version": 1,
        "exitCode": planned.exit_code,
        "changes": planned.changes,
        "summary": summary(planned),
        "objects": [_fate_document(it) for it in planned.objects],
        "parents": [_outlook_document(it) for it in planned.outlooks],
        "errors": list(planned.errors),
        "rights": _warrant_document(planned.warrant),
    }


def _rights(lack: Lack) -> int:
    return len(lack.verbs) * len(lack.resources)


def _warrant_document(warrant: Warrant | None) -> dict[str, Any] | None:
    if warrant is None:
        return None
    account = warrant.account
    lacks = [
        {
            "verbs": list(it.verbs),
            "group": it.group,
            "resources": list(it.resources),
            "namespace": it.namespace,
            "why": it.why,
        }
        for it in warrant.lacks
    ]
    named = account and {"namespace": account.namespace, "name": account.name}
    return {"serviceAccount": named, "message": warrant.told, "missing": lacks}


def _outlook(outlook: Outlook) -> Iterator[str]:
    yield from _fate(outlook.parent, "")
    for fate in outlook.children:
        if fate.acts or fate.action is Action.HOLD:
            yield from _fate(fate, "  ")
    for restart in outlook.restarts:
        yield from _restart(restart)
    if outlook.removed:
        yield f"  pods to be removed, in this order: {', '.join(outlook.removed)}"
    for refusal in outlook.refusals:
        yield f"  ! refused ({refusal.reason}): {refusal.message}"
    for note in outlook.notes:
        yield f"  note: {note}"


def _fate(fate: Fate, indent: str) -> Iterator[str]:
    ref = fate.ref
    name = ref.name if indent else f"{ref.namespace}/{ref.name}".removeprefix("/")
    words = fate.words or _WORDS.get(fate.action, "")
    if fate.action is Action.RENEW and ref.kind == "StatefulSet":
        words = _RENEWED_SET
    yield f"{indent}{_SIGNS.get(fate.action, ' ')} {ref.kind} {name}{f' ({words})' * bool(words)}"
    for difference in fate.differences[:_LINES]:
        yield f"{indent}    {line(difference)}"
    if len(fate.differences) > _LINES:
        yield f"{indent}    and {len(fate.differences) - _LINES} more differences (-o json)"


def _restart(restart: Restart) -> Iterator[str]:
    pace = "one at a time" if restart.at_once == 1 else f"{restart.at_once} at a time"
    if len(restart.pods) <= restart.at_once:
        pace = "at once" if len(restart.pods) > 1 else ""
    pods = ", ".join(restart.pods)
    yield f"  restarts {pods}{f' ({pace})' * bool(pace)}"
    yield f"    because {restart.why}"


def _counted(number: int, noun: str, words: str) -> list[str]:
    if not number:
        return []
    return [f"{number} {noun}{'s' if number > 1 else ''} {words}".rstrip()]


def _outlook_document(outlook: Outlook) -> dict[str, Any]:
    return {
        **_fate_document(outlook.parent),
        "changes": outlook.changes,
        "children": [_fate_document(it) for it in outlook.children],
        "restarts": [
            {
                "workload": _ref_document(it.workload),
                "pods": list(it.pods),
                "atOnce": it.at_once,
                "why": it.why,
            }
            for it in outlook.restarts
        ],
        "removedPods": list(outlook.removed),
        "refusals": [{"reason": it.reason, "message": it.message} for it in outlook.refusals],
        "notes": list(outlook.notes),
    }


def _fate_document(fate: Fate) -> dict[str, Any]:
    return {
        **_ref_document(fate.ref),
        "action": str(fate.action),
        "message": fate.words,
        "differences": list(_difference_documents(fate.differences)),
    }


def _difference_documents(differences: Iterable[Difference]) -> Iterator[dict[str, Any]]:
    for it in differences:
        found = {"path": it.path, "before": it.before, "after": it.after}
        yield {**found, "hidden": True} if HIDDEN in (it.before, it.after) else found


def _ref_document(ref: Ref) -> dict[str, str]:
    return {"kind": ref.kind, "namespace": ref.namespace, "name": ref.name}
