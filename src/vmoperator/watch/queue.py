"""Work queue: decides when each key is worked, and never forgets one.

A key is worked by one worker at a time. Waking it while it waits changes nothing but the time;
waking it while it is worked brings it up once more afterwards.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import logging
from collections.abc import Awaitable, Callable
from dataclasses import KW_ONLY, dataclass, field
from typing import Protocol

from vmoperator.base.errors import NotYet, Overdue, VMOperatorError
from vmoperator.base.manifest import Ref
from vmoperator.watch.key import Key
from vmoperator.watch.remedies import UNEXPECTED, remedy

log = logging.getLogger(__name__)

# A key that fails is not woken more often than this: a pass that writes something and then fails
# would wake itself without an end.
_FAILING_SETTLE_SECONDS = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The queue in figures."""

    done: int
    failed: int
    depth: int
    """Keys that are due and wait for a worker."""
    oldest_waiting_seconds: float
    """For how long the first of them has been due."""
    running: int
    longest_running_seconds: float
    """For how long the oldest pass of those has been running."""
    idle_seconds: float
    """How long ago a pass last began or ended, or the work as a whole began."""


class OnEnd(Protocol):
    """Told of each try: how long it took, and the error that it ended with, if it did."""

    def __call__(self, ref: Ref, seconds: float, error: Exception | None) -> None:
        """Take it in."""


def _untold(ref: Ref, seconds: float, error: Exception | None) -> None:
    del ref, seconds, error


@dataclass(slots=True)
class WorkQueue:
    """Calls `work(key)` for each key that was added, again and again until it succeeds.

    What `work` returns is the number of seconds after which to work the key again, or None for
    not before it is added again. What it raises decides about the next try (`remedies`).
    """

    work: Callable[[Ref], Awaitable[float | None]]
    _: KW_ONLY
    workers: int = 8
    """So many keys are worked at the same time at most."""
    settle_seconds: float = 0.05
    """A burst of wake-ups is over when there was none for so long."""
    longest_settle_seconds: float = 0.5
    """A burst that does not end is waited for no longer than this, ..."""
    storm_settle_seconds: float = 5.0
    """... and if it still goes on, twice as long each time, up to this: a storm of thousands of
    changes is to end in few passes."""
    pass_seconds: float = 300.0
    """A pass that takes longer hangs: it is cut off with Overdue. Each of its requests has a limit
    of its own, and in an outage it ends with the first of them."""
    on_end: OnEnd = _untold
    _keys: dict[Ref, Key] = field(default_factory=dict, init=False)
    _plan: list[tuple[float, int, Ref]] = field(default_factory=list, init=False)
    _order: itertools.count[int] = field(default_factory=itertools.count, init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)
    _draining: bool = field(default=False, init=False)
    _done: int = field(default=0, init=False)
    _failed: int = field(default=0, init=False)
    _moved: float | None = field(default=None, init=False)
    """When a pass last began or ended, or `run` began; None while it does not run."""

    def add(self, ref: Ref, *, after_seconds: float = 0.0) -> None:
        """Have the key worked as soon as its burst is over, or after so many seconds at the latest.

        Keys that are added before `run` wait for it.
        """
        key = self._keys.setdefault(ref, Key())
        now = asyncio.get_running_loop().time()
        if after_seconds > 0:
            at = now + after_seconds
            key.timer = at if key.timer is None else min(key.timer, at)
        else:
            self._settle(key, now)
        self._enter(ref, key)

    def hurry(self) -> None:
        """Try soon again what failed last: what it failed of may be over."""
        for ref in [it for it, key in self._keys.items() if key.failures and key.began is None]:
            self.add(ref)

    def counts(self) -> Counts:
        """The figures of this moment."""
        now = asyncio.get_running_loop().time()
        # Where nobody works, because it is another process's turn, nothing waits for a worker.
        waits = [
            now - key.due
            for key in self._keys.values()
            if key.due is not None and key.began is None and self._moved is not None
        ]
        due = [seconds for seconds in waits if seconds >= 0]
        running = [now - key.began for key in self._keys.values() if key.began is not None]
        return Counts(
            done=self._done,
            failed=self._failed,
            depth=len(due),
            oldest_waiting_seconds=max(due, default=0.0),
            running=len(running),
            longest_running_seconds=max(running, default=0.0),
            idle_seconds=0.0 if self._moved is None else now - self._moved,
        )

    async def run(self) -> None:
        """Work the keys until drained; cancelling it cancels the passes in progress, which the next
        run takes up again."""
        loop = asyncio.get_running_loop()
        self._moved = loop.time()
        try:
            while not self._draining:
                self._wake.clear()
                self._start_due(loop.time())
                await self._sleep(loop.time())
        except asyncio.CancelledError:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            raise
        finally:
            self._moved = None

    async def drain(self, within_seconds: float) -> bool:
        """Start nothing any more, and wait for what runs; True if all of it ended in time.

        What did not end in time is cancelled.
        """
        self._draining = True
        self._wake.set()
        if not self._tasks:
            return True
        _, late = await asyncio.wait(self._tasks, timeout=within_seconds)
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)
        return not late

    def _settle(self, key: Key, now: float) -> None:
        failing = key.failures > 0
        settle = _FAILING_SETTLE_SECONDS if failing else self.settle_seconds
        if key.settled is None:
            # The pods of a rollout wake in bursts too, but hardly for so long without a pause.
            doublings = 0 if failing else min(max(key.cut_short - 1, 0), 10)
            longest = self.longest_settle_seconds * 2.0**doublings
            key.latest = now + max(settle, min(longest, self.storm_settle_seconds))
        key.settled = min(now + settle, key.latest)

    def _enter(self, ref: Ref, key: Key) -> None:
        """Give the key an entry in the plan that is not later than it is due."""
        due = key.due
        if due is None or key.began is not None or (key.entry is not None and key.entry <= due):
            return
        key.entry = due
        heapq.heappush(self._plan, (due, next(self._order), ref))
        self._wake.set()

    def _start_due(self, now: float) -> None:
        while self._plan and self._plan[0][0] <= now and len(self._tasks) < self.workers:
            at, _, ref = heapq.heappop(self._plan)
            key = self._keys.get(ref)
            if key is None or key.entry != at:
                continue  # an earlier entry of the key has taken its place
            key.entry = None
            if key.due is not None and key.due > now:
                self._enter(ref, key)
                continue
            goes_on = key.settled is not None and key.settled >= key.latest
            key.cut_short = key.cut_short + 1 if goes_on else 0
            key.settled = key.timer = None
            key.began = self._moved = now
            task = asyncio.create_task(self._serve(ref, key), name=f"pass of {ref}")
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._wake.set()

    async def _sleep(self, now: float) -> None:
        """Until the next key is due, or something happens."""
        seconds = None
        if self._plan and len(self._tasks) < self.workers:
            seconds = max(0.0, self._plan[0][0] - now)
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _serve(self, ref: Ref, key: Key) -> None:
        try:
            again = await self._outcome(ref, key)
        except asyncio.CancelledError:
            # Whoever runs the queue again takes it up.
            key.began = None
            self.add(ref)
            raise
        key.began = None
        if self._moved is not None:
            self._moved = asyncio.get_running_loop().time()
        if again is not None:
            self.add(ref, after_seconds=max(again, 0.001))
        elif key.due is None:
            del self._keys[ref]
        else:
            self._enter(ref, key)

    async def _outcome(self, ref: Ref, key: Key) -> float | None:
        """Seconds until the next try, or None when the key needs none."""
        began = asyncio.get_running_loop().time()
        try:
            again = await self._worked(ref)
        except VMOperatorError as error:
            self._tell(ref, began, error)
            return self._after_error(ref, key, error)
        except Exception as error:
            # A defect of ours in one pass must stop neither the other keys nor the next try.
            self._tell(ref, began, error)
            key.failures += 1
            self._failed += 1
            seconds = UNEXPECTED.seconds(key.failures)
            log.exception("unexpected error; next try in %.1f s", seconds, extra={"ref": ref})
            return seconds
        self._tell(ref, began, None)
        key.failures = 0
        self._done += 1
        return again

    async def _worked(self, ref: Ref) -> float | None:
        limit = asyncio.timeout(self.pass_seconds)
        try:
            async with limit:
                return await self.work(ref)
        except TimeoutError as late:
            if not limit.expired():
                raise
            message = f"the pass did not end within {self.pass_seconds:g} s and was cut off"
            raise Overdue(message) from late
        except asyncio.CancelledError as cut:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            raise Overdue("something that the pass waited for was cancelled") from cut

    def _tell(self, ref: Ref, began: float, error: Exception | None) -> None:
        self.on_end(ref, asyncio.get_running_loop().time() - began, error)

    def _after_error(self, ref: Ref, key: Key, error: VMOperatorError) -> float:
        if isinstance(error, NotYet):
            # Waiting for others is no failure: what they do next wakes the key at full speed.
            key.failures = 0
        else:
            key.failures += 1
            self._failed += 1
        found = remedy(error)
        seconds = found.seconds(error, key.failures)
        log.log(
            found.level,
            "%s: %s; next try in %.1f s",
            type(error).__name__,
            error,
            seconds,
            extra={"ref": ref},
        )
        return seconds
