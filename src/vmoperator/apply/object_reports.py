"""Reports on selected objects: their status, written on a transition, at a bounded rate.

An object is told of once it is known what every parent that selects it makes of it. So a restart
writes nothing, and nothing is `ignored` for the moment between its creation and the next pass.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field, replace
from typing import Final

from vmoperator.api.picking import Picked
from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.refused_reports import RefusedReports
from vmoperator.apply.world import World
from vmoperator.base.errors import ApiError, Conflict, NotFound, Unavailable
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import (
    SELECTED,
    VM_AGENT,
    VM_ALERT,
    VM_ALERTMANAGER,
    VM_SINGLE,
)
from vmoperator.observe.objects import Selectable, Told, report
from vmoperator.observe.rules import is_sickness, steady
from vmoperator.observe.selection import Hit
from vmoperator.observe.usage import Verdict, ignored, is_refusal, miss, parent_words, usage

log = logging.getLogger(__name__)

_CHOOSING: Final = (VM_AGENT, VM_SINGLE, VM_ALERT, VM_ALERTMANAGER)
_OURS: Final = frozenset(resource.kind for resource in SELECTED)
# Looking is cheap, but not so cheap that thousands of looks may hold everybody else up.
_LOOKS_AT_ONCE: Final = 100
_OUTAGE_SECONDS: Final = 5.0
# Whoever applies objects and their parent in one go needs no word in between.
_PATIENCE_SECONDS: Final = 30.0


@dataclass(slots=True)
class ObjectReports:
    """What all parents make of the objects that they select; one for the process."""

    client: Client
    world: World
    _: KW_ONLY
    wake: Callable[[Ref], None] = lambda ref: None
    """Called when there is something new to tell of a parent."""
    per_second: float = 50.0
    """Most status writes in a second."""
    patience_seconds: float = _PATIENCE_SECONDS
    """A new object that nobody selects is told so after this time."""
    refused: RefusedReports = field(init=False)
    _young: dict[Ref, None] = field(default_factory=dict, init=False)
    _told: dict[Ref, tuple[Picked, ...]] = field(default_factory=dict, init=False)
    """Parent -> what its last pass picked."""
    _sick: dict[Ref, dict[Ref, str]] = field(default_factory=dict, init=False)
    """Parent -> object -> what its running program has against it."""
    _of: dict[Ref, dict[Ref, Verdict]] = field(default_factory=dict, init=False)
    """Parent -> object -> what it makes of it."""
    _verdicts: dict[Ref, dict[Ref, Verdict]] = field(default_factory=dict, init=False)
    """The same by object, then parent."""
    _said: dict[Ref, tuple[str, Told]] = field(default_factory=dict, init=False)
    """Objects that another operator made -> uid, and what was written last."""
    _unsound: set[Ref] = field(default_factory=set, init=False)
    """Parents that cannot say, and will not before somebody changes them."""
    _urgent: dict[Ref, None] = field(default_factory=dict, init=False)
    _due: dict[Ref, None] = field(default_factory=dict, init=False)
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def __post_init__(self) -> None:
        self.refused = RefusedReports(self.touch)

    def tell(self, parent: Ref, picked: Sequence[Picked]) -> None:
        """What a pass of the parent made of the objects that it selects."""
        before = self._told.get(parent)
        self._unsound.discard(parent)
        if before == tuple(picked):
            return
        self._told[parent] = tuple(picked)
        if before is None:
            self._recall(parent)
        self._update(parent)
        if before is None or [it.choice for it in before] != [it.choice for it in picked]:
            self._look_at_all()

    def used(self, kind: str) -> dict[Ref, tuple[Ref, ...]]:
        """Parents of a kind that use objects, and the objects that each of them uses."""
        found = {
            parent: tuple(it.ref for one in picked for it in one.fragments if not it.refusal)
            for parent, picked in self._told.items()
            if parent.kind == kind
        }
        return {parent: refs for parent, refs in found.items() if refs}

    def rejected(self) -> set[Ref]:
        """Objects that some parent refuses, also those whose rules its program cannot evaluate."""
        found = (pair for told in self._of.values() for pair in told.items())
        return {ref for ref, verdict in found if is_refusal(verdict)}

    def complain(self, parent: Ref, sick: Mapping[Ref, str]) -> None:
        """What a running program of the parent has against objects that were sound before."""
        before = self._sick.get(parent, {})
        now = steady(sick, before)
        if parent in self._told and self.world.sick.get(parent) != now:
            self.world.sick[parent] = now
            self.wake(parent)
        if before != now:
            self._sick[parent] = now
            self._update(parent)

    def skip(self, parent: Ref) -> None:
        """The parent is paused or unsound: what it uses stays as it is."""
        if parent not in self._told and parent not in self._unsound:
            self._unsound.add(parent)
            self._look_at_all()

    def forget(self, parent: Ref) -> None:
        """The parent is gone, and uses nothing any more."""
        self._told.pop(parent, None)
        self._sick.pop(parent, None)
        self.world.sick.pop(parent, None)
        self._unsound.discard(parent)
        self._update(parent)
        self._look_at_all()

    def start_over(self) -> None:
        """Know nothing of what passes said: another process may write from now on.

        When it is this one's turn again, it waits for its passes as it did after its start.
        """
        for known in (
            self._told,
            self._sick,
            self._of,
            self._verdicts,
            self._said,
            self.world.sick,
        ):
            known.clear()
        self._unsound.clear()
        self._urgent.clear()
        self._due.update(dict.fromkeys(self.world.objects.all()))
        self._woken.set()

    def touch(self, ref: Ref) -> None:
        """Look at an object: it is new, or changed."""
        if ref.kind in _OURS:
            _put_last(self._due, ref)
            self._woken.set()

    async def run(self) -> None:
        """Write what is due until cancelled."""
        looks, free_at = itertools.count(1), 0.0
        loop = asyncio.get_running_loop()
        while True:
            await self._woken.wait()
            self._woken.clear()
            while self._urgent or self._due:
                # The latest first: somebody is looking at it.
                ref = next(reversed(self._urgent or self._due))
                self._urgent.pop(ref, None)
                self._due.pop(ref, None)
                if next(looks) % _LOOKS_AT_ONCE == 0:
                    await asyncio.sleep(0)
                one = self.world.objects.get(ref)
                wanted = self._wanted(one) if one else None
                if one is None:
                    self._said.pop(ref, None)
                if one and wanted:
                    await asyncio.sleep(max(0.0, free_at - loop.time()))
                    free_at = loop.time() + 1 / self.per_second
                    await self._write(one, wanted)

    def _recall(self, parent: Ref) -> None:
        """What an earlier process heard of running programs holds until they are asked again."""
        refs = (it.ref for one in self._told[parent] for it in one.fragments if not it.refusal)
        known = {ref: one.told for ref in refs if (one := self.world.objects.get(ref))}
        sick = {ref: it.reason for ref, it in known.items() if is_sickness(it)}
        if sick and parent.kind == VM_ALERT.kind:
            self._sick[parent] = sick

    def _update(self, parent: Ref) -> None:
        sick = self._sick.get(parent, {})
        new: dict[Ref, Verdict] = {}
        for one in self._told.get(parent, ()):
            new.update(one.copies)
            new.update({it.ref: it.refusal or sick.get(it.ref, "") for it in one.fragments})
        old = self._of.pop(parent, {})
        if new:
            self._of[parent] = new
        for ref in [*new, *(old.keys() - new.keys())]:
            if ref.kind in _OURS and old.get(ref) != new.get(ref):
                self._judge(ref, parent, new.get(ref))
        self._woken.set()

    def _judge(self, ref: Ref, parent: Ref, verdict: Verdict | None) -> None:
        verdicts = self._verdicts.setdefault(ref, {})
        if verdict is None:
            verdicts.pop(parent, None)
        else:
            verdicts[parent] = verdict
        if not verdicts:
            del self._verdicts[ref]
        # Whoever has to mend something is told first.
        is_urgent = verdict is not None and is_refusal(verdict)
        _put_last(self._urgent if is_urgent else self._due, ref)

    def _look_at_all(self) -> None:
        if not self._is_waiting():
            for kind in _OURS:
                self._due.update(dict.fromkeys(self.world.objects.by_index(kind)))
            self._woken.set()

    def _choosing(self) -> Iterable[Ref]:
        for resource in _CHOOSING:
            for ref, manifest in self.world.parents.by_index(resource.kind).items():
                if "deletionTimestamp" not in manifest["metadata"]:
                    yield ref

    def _is_waiting(self) -> bool:
        """Whether there are parents that have not said anything yet."""
        return any(it not in self._told and it not in self._unsound for it in self._choosing())

    def _wanted(self, one: Selectable) -> Told | None:
        """What to write; None if its status says so already, or it is too early to say."""
        verdicts = dict(self._verdicts.get(one.ref, {}))
        words = {parent_words(parent): verdict for parent, verdict in verdicts.items()}
        if one.told.parents:
            silent = {parent_words(it) for it in self._choosing() if it not in self._told}
            words.update({it: "" for it in one.told.parents if it in silent})
        wanted = usage(words) if words else ignored(self._misses(one), one.told)
        if wanted == one.told or one.is_leaving or self._is_early(one, verdicts):
            return None
        if self._said.get(one.ref) == (one.uid, wanted):
            return None  # the operator that made it says something else, and is not fought
        if not (words or one.told.word) and (one.is_ours or not self._is_patient(one)):
            return None
        return wanted

    def _misses(self, one: Selectable) -> list[str]:
        choosers, namespaces = self.world.choosers.by_kind(one.ref.kind), self.world.namespaces
        hits = ((it, it.hit(one, namespaces)) for it in choosers)
        return sorted(miss(it.parent, it.choice, hit) for it, hit in hits if hit is not Hit.HIT)

    def _is_early(self, one: Selectable, verdicts: Mapping[Ref, Verdict]) -> bool:
        if not verdicts and self._is_waiting():
            return True
        namespaces = self.world.namespaces
        return any(
            chooser.parent not in verdicts and chooser.hit(one, namespaces) is Hit.HIT
            for chooser in self.world.choosers.by_kind(one.ref.kind)
        )

    def _is_patient(self, one: Selectable) -> bool:
        """Whether an object has been waiting for a parent for long enough; else it is later."""
        left = self.patience_seconds - seconds_since(one.created)
        if left <= 0:
            return True
        if not self._young:
            asyncio.get_running_loop().call_later(left, self._grown)
        self._young[one.ref] = None
        return False

    def _grown(self) -> None:
        self._due.update(self._young)
        self._young.clear()
        self._woken.set()

    async def _write(self, one: Selectable, wanted: Told) -> None:
        try:
            await self.client.apply_status(report(one, wanted))
        except (NotFound, Conflict):
            return  # it is gone, or another one has its name
        except Unavailable:
            self.touch(one.ref)
            await asyncio.sleep(_OUTAGE_SECONDS)
            return
        except ApiError as refused:
            self.refused.add(one.ref, refused)
            return
        self.refused.written(one.ref)
        if one.source:
            self._said[one.ref] = (one.uid, wanted)
        log.debug("%s: %s %s", one.ref, wanted.word, wanted.reason)
        now = self.world.objects.get(one.ref)
        if now and now.uid == one.uid:
            # What is known may be newer than the answer: nothing but the status is taken from it.
            self.world.objects.put(one.ref, replace(now, told=wanted))


def _put_last(refs: dict[Ref, None], ref: Ref) -> None:
    refs.pop(ref, None)
    refs[ref] = None
