"""Delivery: configuration that was written is brought into the running pods, beside the passes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.apply.errands import LONG_SECONDS, Errand
from vmoperator.apply.orders import Order, Pace
from vmoperator.apply.programs import Address, Programs
from vmoperator.base.manifest import Ref
from vmoperator.observe.loading import Loading, Standing, marks_of
from vmoperator.observe.pods import Pod
from vmoperator.render.plan import Delivery

log = logging.getLogger(__name__)

_AT_ONCE: Final = 64
"""Pods that are asked at the same time; those that wait to be asked again do not count."""
# Programs that show a hash of the file that they run.
_HASHING: Final = ("alertmanager",)


@dataclass(slots=True)
class _Running:
    errand: Errand
    task: asyncio.Task[None]


@dataclass(slots=True)
class Deliveries:
    """What each pod of each parent was asked to load, and how far it is; one for the process."""

    client: Client
    programs: Programs
    wake: Callable[[Ref], None]
    """Called when there is something new to tell of a parent."""
    long_seconds: float = LONG_SECONDS
    """What takes longer is told of while it goes on."""
    slots: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))
    """One for each pod that is asked at the same time."""
    _running: dict[Ref, dict[str, _Running]] = field(default_factory=dict, init=False)
    """Parent -> uid of the pod -> its errand, ended or not."""
    _paces: dict[Ref, dict[str, Pace]] = field(default_factory=dict, init=False)
    """Parent -> uid of the pod -> its pace: an errand must not disturb what the last one began."""

    def deliver(self, parent: Ref, orders: Mapping[Pod, Order], *, is_trusted: bool = True) -> None:
        """Have these pods of the parent load what they were ordered to, unless they are at it.

        Nothing is done for a pod that has it; of pods that are not named nothing is kept.
        `is_trusted`: pods that an earlier process told are taken to have it, unless they say no.
        """
        known = self._running.setdefault(parent, {})
        wanted = {pod.uid: (pod, order) for pod, order in orders.items()}
        for uid in known.keys() - wanted.keys():
            known.pop(uid).task.cancel()
            self._paces[parent].pop(uid)
        for uid, (pod, order) in wanted.items():
            before = known.get(uid)
            if before and _is_same(before.errand.order, order):
                continue
            if before:
                before.task.cancel()
            known[uid] = self._started(parent, pod, order, is_trusted)
        if not known:
            del self._running[parent]
            self._paces.pop(parent, None)

    def loadings(self, parent: Ref) -> Iterator[Loading]:
        """How far each pod of the parent is."""
        for running in self._running.get(parent, {}).values():
            yield running.errand.loading

    def addresses(self, parent: Ref) -> Iterator[Address]:
        """Where the pods of the parent answer that run what was written for them."""
        for running in self._running.get(parent, {}).values():
            errand = running.errand
            if errand.loading.standing is Standing.LOADED and errand.order.address.host:
                yield errand.order.address

    def _started(self, parent: Ref, pod: Pod, order: Order, is_trusted: bool) -> _Running:
        host = replace(order, address=replace(order.address, host=pod.address))
        errand = Errand(
            self.client,
            self.programs,
            pod,
            host,
            slots=self.slots,
            told=lambda: self._told(parent),
            pace=self._paces.setdefault(parent, {}).setdefault(pod.uid, Pace()),
            is_trusted=is_trusted,
            long_seconds=self.long_seconds,
        )
        task = asyncio.create_task(errand.run(), name=f"configuration of {pod.ref}")
        task.add_done_callback(_log_defect)
        return _Running(errand, task)

    def _told(self, parent: Ref) -> None:
        if all(it.standing is not Standing.PENDING for it in self.loadings(parent)):
            self.wake(parent)

    async def close(self) -> None:
        """Give up whatever is under way; whoever comes next finds what is left to do."""
        tasks = [it.task for known in self._running.values() for it in known.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._running.clear()
        self._paces.clear()


def order(delivery: Delivery, *, key: str = "") -> Order:
    """What every pod of a stage is asked to do; `key` is the authKey of its reload request."""
    return Order(
        digest=delivery.digest,
        size_bytes=delivery.size_bytes,
        markers=delivery.markers,
        program=delivery.program,
        marks=marks_of(delivery.files) if delivery.program in _HASHING else frozenset(),
        files=delivery.files,
        address=Address(
            scheme=delivery.scheme,
            host="",
            port=delivery.port,
            reload_path=delivery.reload_path,
            key=key,
        ),
    )


def _is_same(before: Order, after: Order) -> bool:
    return replace(before, address=replace(before.address, host="")) == after


def _log_defect(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.error("%s: unexpected error", task.get_name(), exc_info=task.exception())
