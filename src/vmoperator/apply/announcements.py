"""Announcements: Kubernetes Events about parents, written beside the passes and at a bounded rate.

No pass waits for them, and none fails for want of them.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Final, NamedTuple

from vmoperator.apply.client import Client
from vmoperator.apply.clock import now
from vmoperator.apply.revisions import Revisions
from vmoperator.base.errors import ApiError, NotFound
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import EVENT
from vmoperator.observe.announcing import Notice, event
from vmoperator.observe.pods import Pod
from vmoperator.observe.rollout import Sight, leaving

log = logging.getLogger(__name__)

# A rollout of a large cluster in one go; then as many as `kubectl describe` can still show.
_BURST: Final = 30
_PER_MINUTE: Final = 10
_WAITING: Final = 500
_REMEMBERED: Final = 500
# After so long the same text is a new event: Kubernetes keeps them for an hour.
_SAME_SECONDS: Final = 1800.0
_CLOSING_SECONDS: Final = 1.0


class _Written(NamedTuple):
    """An event that may be counted up: its name, how often it was told, and since when."""

    name: str
    times: int
    since: float


@dataclass(slots=True)
class _Allowance:
    """How many events one object may still have, and how many it was denied."""

    left: float = _BURST
    seen: float = 0.0
    denied: int = 0


@dataclass(slots=True)
class Announcements:
    """Events of all parents; one for the process, and `run` writes them."""

    client: Client
    revisions: Revisions = field(init=False)
    _pods: dict[Ref, tuple[Pod, ...]] = field(default_factory=dict, init=False)
    """Workload -> its pods as they were seen last."""
    _explained: OrderedDict[str, None] = field(default_factory=OrderedDict, init=False)
    """Pods whose replacement was told of, by uid."""
    _waiting: deque[tuple[Manifest, Callable[[], Awaitable[Notice]]]] = field(
        default_factory=lambda: deque(maxlen=_WAITING), init=False
    )
    _woken: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _written: OrderedDict[tuple[str, Notice], _Written] = field(
        default_factory=OrderedDict, init=False
    )
    _allowances: OrderedDict[str, _Allowance] = field(default_factory=OrderedDict, init=False)
    _told_errors: set[str] = field(default_factory=set, init=False)

    def __post_init__(self) -> None:
        self.revisions = Revisions(self.client)

    def tell(self, parent: Manifest, notice: Notice) -> None:
        """Have an event written about the parent, soon."""

        async def known() -> Notice:
            return notice

        self.tell_found(parent, known)

    def tell_found(self, parent: Manifest, find: Callable[[], Awaitable[Notice]]) -> None:
        """The same, of what has to be looked up first; `find` may raise ApiError."""
        self._waiting.append((parent, find))
        self._woken.set()

    def explain(self, parent: Manifest, sight: Sight) -> None:
        """Have it told, once for each pod, why it makes way for one of another revision."""
        if sight.workload is None:
            return
        workload = sight.workload.ref
        before = self._pods.get(workload, ())
        self._pods[workload] = sight.pods
        for pod, revision in leaving(sight, before):
            if pod.uid in self._explained:
                continue
            self._explained[pod.uid] = None
            if len(self._explained) > _REMEMBERED:
                self._explained.popitem(last=False)
            find = self.revisions.replacement
            self.tell_found(parent, partial(find, workload, pod.ref.name, pod.revision, revision))

    def forget(self, parent: Ref) -> None:
        """The parent is gone, and so are its pods."""
        gone = [it for it, pods in self._pods.items() if any(pod.parent == parent for pod in pods)]
        for workload in gone:
            del self._pods[workload]

    async def run(self) -> None:
        """Write what was told, one after the other, until cancelled."""
        while True:
            await self._woken.wait()
            self._woken.clear()
            await self.write()

    async def close(self) -> None:
        """Write what waits still, for a moment at most: nobody would tell it later."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.write(), _CLOSING_SECONDS)

    async def write(self) -> None:
        """Write all that waits."""
        while self._waiting:
            parent, find = self._waiting.popleft()
            try:
                await self._announce(parent, find)
            except ApiError as error:
                self._complain(error)

    async def _announce(self, parent: Manifest, find: Callable[[], Awaitable[Notice]]) -> None:
        uid = parent["metadata"]["uid"]
        allowance = self._allowance(uid)
        if allowance.left < 1:
            allowance.denied += 1
            return
        notice = await find()
        allowance.left -= 1
        key = (uid, notice)
        before = self._written.get(key)
        is_fresh = before is not None and monotonic() - before.since < _SAME_SECONDS
        if before and is_fresh and await self._count_up(parent, key, before):
            return
        if allowance.denied:
            words = f"{notice.message} ({allowance.denied} events before this one were left out)"
            notice, allowance.denied = Notice(notice.type, notice.reason, words), 0
        await self._create(parent, key, notice)

    async def _create(self, parent: Manifest, key: tuple[str, Notice], notice: Notice) -> None:
        made = event(parent, notice, mark=secrets.token_hex(8), now=now())
        await self.client.create(EVENT, made)
        self._remember(key, _Written(made["metadata"]["name"], 1, monotonic()))

    async def _count_up(self, parent: Manifest, key: tuple[str, Notice], before: _Written) -> bool:
        ref = Ref(EVENT.kind, parent["metadata"].get("namespace", ""), before.name)
        patch = {"count": before.times + 1, "lastTimestamp": now()}
        try:
            await self.client.patch(EVENT, ref, patch)
        except NotFound:
            return False  # Kubernetes keeps events for a while only
        self._remember(key, before._replace(times=before.times + 1))
        return True

    def _remember(self, key: tuple[str, Notice], written: _Written) -> None:
        self._written[key] = written
        self._written.move_to_end(key)
        if len(self._written) > _REMEMBERED:
            self._written.popitem(last=False)

    def _allowance(self, uid: str) -> _Allowance:
        moment = monotonic()
        found = self._allowances.setdefault(uid, _Allowance(seen=moment))
        found.left = min(_BURST, found.left + (moment - found.seen) * _PER_MINUTE / 60)
        found.seen = moment
        self._allowances.move_to_end(uid)
        if len(self._allowances) > _REMEMBERED:
            self._allowances.popitem(last=False)
        return found

    def _complain(self, error: ApiError) -> None:
        # A right that is missing would be told for each event.
        words = f"{type(error).__name__} {error.status}"
        level = logging.DEBUG if words in self._told_errors else logging.WARNING
        self._told_errors.add(words)
        log.log(level, "an event cannot be written: %s", error)


@dataclass(frozen=True, slots=True)
class Herald:
    """Announces what happens to one parent."""

    parent: Manifest
    announcements: Announcements | None = None
    """None: nothing is announced."""

    def tell(self, notice: Notice) -> None:
        """Have an event written about the parent, soon."""
        if self.announcements:
            self.announcements.tell(self.parent, notice)

    def explain(self, sight: Sight) -> None:
        """Have it told, once for each pod, why it makes way for one of another revision."""
        if self.announcements:
            self.announcements.explain(self.parent, sight)
