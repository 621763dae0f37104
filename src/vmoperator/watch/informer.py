"""Informer: keeps a store in line with a collection of the API server, whatever happens to it.

A paged LIST fills the store, a WATCH keeps it up to date, and a LIST replaces it when the watch
has fallen too far behind (https://kubernetes.io/docs/reference/using-api/api-concepts/).
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection
from contextlib import aclosing
from dataclasses import KW_ONLY, dataclass, field
from typing import Generic, TypeVar

from vmoperator.apply.client import Client, WatchEvent
from vmoperator.apply.store import Store, is_later, version_of
from vmoperator.base.errors import ApiError, Forbidden, Gone, NotFound
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import Resource
from vmoperator.watch.backoff import Backoff
from vmoperator.watch.company import Company, State

log = logging.getLogger(__name__)

T = TypeVar("T")

# After so many refusals of a watch the version that it starts from is in doubt (an API server
# restored from a backup does not know it): list anew.
_REFUSALS = 3
# An API server that has just started may not know all roles and definitions yet: once is nothing.
_FIRST_DENIAL_SECONDS = 2.0
# A watch that lasted so long was a good one: its end is no failure in a row.
_GOOD_WATCH_SECONDS = 30.0


_WORDS = {
    State.FORBIDDEN: "the right to list and watch them is missing",
    State.MISSING: "the API server does not know them: is the CRD installed (vmoperator crds)?",
    State.FAILING: "the API server fails to give them, and gives others: going on without",
    State.UNREACHABLE: "unreachable",
}


@dataclass(slots=True)
class Informer(Generic[T]):
    """Keeps `store` filled with the transformed objects of one collection.

    `on_change(ref, old, new)` is called once for each change, with None for what was not there or
    is gone; also for what vanished while nobody watched. Several informers may share a store as
    long as no object is in the collection of two.
    """

    client: Client
    resource: Resource
    _: KW_ONLY
    store: Store[T]
    transform: Callable[[Manifest], T]
    on_change: Callable[[Ref, T | None, T | None], None]
    selector: str = ""
    namespace: str = ""
    retry: Backoff = Backoff(0.2, 10.0)
    """A try is one cheap request; after an outage everybody waits for the last informer."""
    slow_retry_seconds: float = 5.0
    """Between tries while a right or the resource itself is missing."""
    rare_retry_seconds: float = 30.0
    """The same for a resource that is optional: it may be missing for ever."""
    patience_seconds: float = 30.0
    """So long others wait for a collection that the API server fails to give, and gives others."""
    company: Company = field(default_factory=Company)
    page_size: int = 500
    on_state: Callable[[State], None] = lambda state: None
    """Called when `state` has changed."""
    synced: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when the store first held the whole collection, or nobody is to wait for that: the right
    to see it is missing, or the API server does not know it, or fails to give it."""
    state: State = State.SYNCING
    last_heard: float = field(default_factory=time.monotonic)
    """Monotonic time, in seconds, of the last answer or event."""
    last_alive: float = field(default_factory=time.monotonic)
    """The same of the last sign of life: an answer or event, or a try to get one."""
    _versions: dict[Ref, str] = field(default_factory=dict, init=False)
    _position: str = field(default="", init=False)
    """The resourceVersion to watch from; empty when a list must come first."""
    _failures: int = field(default=0, init=False)
    _denials: int = field(default=0, init=False)
    """How often in a row it was told that it may not see them, or that there are none such."""
    _opened_at: float = field(default=float("inf"), init=False)
    """Monotonic time, in seconds, when the watch opened that has not failed yet."""
    _slighted_since: float | None = field(default=None, init=False)
    """Since when the API server has failed it, and served others."""

    async def run(self) -> None:
        """Keep the store in line until cancelled; no error of the API server ends it."""
        self._position = ""
        while True:
            self.last_alive = time.monotonic()
            try:
                if not self._position:
                    await self._list()
                await self._watch()
            except Gone as gone:
                if not self._position:
                    await self._wait_after(gone)
                    continue
                log.debug("%s: listing again: %s", self.resource.plural, gone)
                self._position = ""
                await self._pause()
            except ApiError as refused:
                await self._wait_after(refused)

    async def _list(self) -> None:
        known = self._known()
        async with aclosing(
            self.client.list(
                self.resource,
                namespace=self.namespace,
                selector=self.selector,
                limit=self.page_size,
            )
        ) as pages:
            async for page in pages:
                self._hear()
                for manifest in page.items:
                    known.discard(self._take(manifest))
                version = page.resource_version
                # Events of the other informers get their turn between two pages.
                await asyncio.sleep(0)
        self._forget(known)
        self._position = version
        if self.state is State.SYNCING:  # what can be listed need not be there to be watched
            self._become(State.LIVE)
        self.synced.set()

    async def _watch(self) -> None:
        heard = False
        async with aclosing(
            self.client.watch(
                self.resource,
                namespace=self.namespace,
                selector=self.selector,
                resource_version=self._position,
                on_open=self._opened,
            )
        ) as events:
            async for event in events:
                heard = True
                self._hear()
                self._handle(event)
                self._position = event.object["metadata"]["resourceVersion"]
                self._failures = 0
        if not heard:
            # Something in between may close every stream at once: that must not be a tight loop.
            await self._pause()

    def _opened(self) -> None:
        self._hear()
        self._denials, self._slighted_since = 0, None
        self._opened_at = self.last_alive
        self._become(State.LIVE)

    def _hear(self) -> None:
        self.last_heard = self.last_alive = time.monotonic()

    def _handle(self, event: WatchEvent) -> None:
        if event.type == "BOOKMARK":
            return
        ref = ref_of(event.object, self.resource.kind)
        if self._is_late(event.object):
            # What the pass put in holds this change of somebody else, which it did not work with.
            known = self.store.get(ref)
            self.on_change(ref, known, known)
        elif event.type == "DELETED":
            self._forget((ref,))
        else:
            self._take(event.object)

    def _is_late(self, manifest: Manifest) -> bool:
        """Whether the store knows better already: a pass put in what its own write returned."""
        known = version_of(self.store.get(ref_of(manifest, self.resource.kind)))
        return is_later(known, str(manifest["metadata"]["resourceVersion"]))

    def _take(self, manifest: Manifest) -> Ref:
        ref = ref_of(manifest, self.resource.kind)
        version = manifest["metadata"]["resourceVersion"]
        if self._versions.get(ref) == version:
            return ref
        self._versions[ref] = version
        try:
            old, new = self.store.get(ref), self.transform(manifest)
        except (AttributeError, KeyError, TypeError, ValueError):
            # One object of a shape that nobody foresaw must not stop the others.
            log.exception("%s cannot be read and is left out", ref, extra={"ref": ref})
            return ref
        # A pass may have put in what it wrote: then this event brings nothing new.
        if new != old:
            self.store.put(ref, new)
            self.on_change(ref, old, new)
        return ref

    def _forget(self, refs: Collection[Ref]) -> None:
        for ref in refs:
            self._versions.pop(ref, None)
            old = self.store.get(ref)
            if old is not None:
                self.store.remove(ref)
                self.on_change(ref, old, None)

    def _known(self) -> set[Ref]:
        """What the store holds of this collection, whoever put it there."""
        return {
            ref
            for ref in self.store.all()
            if ref.kind == self.resource.kind and self.namespace in ("", ref.namespace)
        }

    def _count_failure(self) -> None:
        if time.monotonic() - self._opened_at > _GOOD_WATCH_SECONDS:
            self._failures = 0
        self._opened_at = float("inf")
        self._failures += 1

    async def _pause(self) -> None:
        self._count_failure()
        await asyncio.sleep(self.retry.seconds(self._failures))

    async def _wait_after(self, refused: ApiError) -> None:
        self._count_failure()
        if refused.status and self._failures % _REFUSALS == 0:
            self._position = ""
        if isinstance(refused, Forbidden | NotFound):
            self._lack(refused)
        elif self._is_given_up():
            self._become(State.FAILING, refused)
            self.synced.set()
        elif self._failures > 1 and self.state is not State.FAILING:
            # One broken connection is nothing: API servers restart, load balancers cut streams.
            self._become(State.UNREACHABLE, refused)
        if await self.company.pause(id(self), self._pause_seconds(refused)):
            self._failures = 0

    def _is_given_up(self) -> bool:
        """Whether the API server has been failing this collection alone for too long."""
        now = time.monotonic()
        others = self.company.is_served(id(self))
        self._slighted_since = (self._slighted_since or now) if others else None
        return now - (self._slighted_since or now) > self.patience_seconds

    def _lack(self, refused: Forbidden | NotFound) -> None:
        """Others go on without this collection, once it is sure that it is not to be had."""
        self._denials += 1
        is_absent = isinstance(refused, NotFound)
        if self._is_first_denial and not (is_absent and self.resource.is_optional):
            return
        self._become(State.MISSING if is_absent else State.FORBIDDEN, refused)
        if is_absent:
            self._do_without()
        self.synced.set()

    @property
    def _is_first_denial(self) -> bool:
        return self._denials == 1

    def _do_without(self) -> None:
        """Where an optional resource is not installed there are no objects of it."""
        if self.resource.is_optional:
            self._position = ""
            self._forget(self._known())

    def _pause_seconds(self, refused: ApiError) -> float:
        if isinstance(refused, Forbidden | NotFound):
            is_rare = isinstance(refused, NotFound) and self.resource.is_optional
            seconds = self.rare_retry_seconds if is_rare else self.slow_retry_seconds
            if self._is_first_denial and not is_rare:
                seconds = min(seconds, _FIRST_DENIAL_SECONDS)
            return seconds * random.uniform(0.8, 1.2)
        after_seconds: float = getattr(refused, "after_seconds", 0.0)
        return after_seconds + self.retry.seconds(self._failures)

    def _become(self, state: State, why: ApiError | None = None) -> None:
        if state is self.state:
            return
        self.state = state
        self.company.note(id(self), state)
        self.on_state(state)
        if why is None:
            log.info("%s: %s objects, live", self.name, len(self._versions))
        elif state is State.MISSING and self.resource.is_optional:
            log.info("%s: not installed; going on without them", self.resource.plural)
        else:
            log.warning("%s: %s; trying on (%s)", self.name, _WORDS[state], why)

    @property
    def name(self) -> str:
        """What people and metrics call it: the resource, and the namespace if it is of one."""
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.resource.plural}{where}"
