"""Aftercare: what is done for running pods beside their rollout, and what there is to tell of it.

Configuration that was written is brought to them, and the rights of their account are looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any

from vmoperator.api.parent import Parent
from vmoperator.api.scrape import ScrapeFields
from vmoperator.apply.access import Access, again_seconds
from vmoperator.apply.around import Surroundings
from vmoperator.apply.children import Writer
from vmoperator.apply.clock import now
from vmoperator.apply.delivery import Deliveries, order
from vmoperator.apply.orders import Order
from vmoperator.base import labels
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.manifest import Ref, ref_of
from vmoperator.base.resource import BY_KIND, CLAIM, ENDPOINT_SLICE, POD, VM_AGENT
from vmoperator.observe.access import Account, has_come, questions
from vmoperator.observe.high_availability import highly_available
from vmoperator.observe.lapses import watch_incomplete
from vmoperator.observe.loading import Loading, Standing, config_loaded
from vmoperator.observe.pods import Pod
from vmoperator.observe.usage import objects_selected
from vmoperator.observe.verdict import Aspect, Remark
from vmoperator.observe.vmagent import is_unsharded
from vmoperator.render.plan import Delivery, Plan, Stage
from vmoperator.render.scrape import scrapes


@dataclass(frozen=True, slots=True)
class Aides:
    """What the passes of one process share to look after running pods."""

    deliveries: Deliveries
    access: Access


@dataclass(slots=True)
class Aftercare:
    """Looks after the running pods of one parent during one pass."""

    parent: Parent
    plan: Plan
    around: Surroundings
    aides: Aides | None
    """None: nothing is done and nothing told."""
    again_seconds: float | None = field(default=None, init=False)
    """When to look again at what wakes nobody."""

    @property
    def _ref(self) -> Ref:
        return self.around.parent

    @property
    def _stages(self) -> tuple[tuple[Stage, Delivery], ...]:
        """The stages whose pods load configuration, but for those that are left alone."""
        stages = (stage for stage in self.plan.stages if not stage.is_paused)
        return tuple((stage, stage.config) for stage in stages if stage.config)

    async def deliver(self, writer: Writer, previous: Mapping[str, Any]) -> None:
        """Have the pods load what was written; returns at once, they are asked beside the pass.

        `previous` is the status as it stands.
        """
        if self.aides is None:
            return
        configs = {it for _, config in self._stages for it in (config.secret, *config.buckets)}
        secrets = [it for it in self.plan.shared if it["metadata"]["name"] in configs]
        if any(it["kind"] == "Secret" and writer.differs(it) for it in secrets):
            return  # it could not be written: the pods have what there is
        orders: dict[Pod, Order] = {}
        for stage, config in self._stages:
            wanted = order(config, key=await self._key(config))
            orders.update(dict.fromkeys(self._pods(stage), wanted))
        told = _told(previous, Aspect.CONFIG_LOADED)
        is_trusted = told is None or told.status == "True"
        self.aides.deliveries.deliver(self._ref, orders, is_trusted=is_trusted)

    async def remarks(self, previous: Mapping[str, Any]) -> tuple[Remark, ...]:
        """What there is to tell; `previous` is the status as it stands."""
        lapsed = watch_incomplete(self.around.world.lapses_in(self._ref.namespace), self._kinds)
        if self.aides is None:
            return tuple(filter(None, (lapsed,)))
        found = (
            lapsed,
            self._loaded(self.aides.deliveries, previous),
            await self._allowed(self.aides, previous),
        )
        return tuple(filter(None, found))

    def selected(self, previous: Mapping[str, Any]) -> tuple[Remark, ...]:
        """What is told of selected objects; `previous` is the status as it stands."""
        before = _told(previous, Aspect.OBJECTS_SELECTED)
        sick = self.around.world.sick.get(self._ref)
        found = objects_selected(
            self.plan.picked, sick, previous=before, is_unsharded=is_unsharded(self.parent)
        )
        return () if found is None else (found,)

    def available(self, previous: Mapping[str, Any], *, is_operational: bool) -> Remark:
        """Whether a pod or a node may be gone; `previous` is the status as it stands."""
        pods = self.around.world.pods.by_index(self._ref).values() if is_operational else ()
        told = _told(previous, Aspect.HIGHLY_AVAILABLE)
        try:
            return highly_available(self.parent, self.around, pods, previous=told)
        except Forbidden as unseen:
            return Remark(Aspect.HIGHLY_AVAILABLE, "Unknown", "Forbidden", str(unseen))

    @property
    def _kinds(self) -> frozenset[str]:
        """Kinds of the objects that the parent has to do with."""
        workloads = [stage.workload for stage in self.plan.stages]
        claims = any(it["spec"].get("volumeClaimTemplates") for it in workloads)
        own = {self.parent.kind, *(it["kind"] for it in self.plan.manifests)}
        pods = {POD.kind, ENDPOINT_SLICE.kind} if workloads else set()
        return self.around.kinds | own | pods | ({CLAIM.kind} if claims else set())

    def _loaded(self, deliveries: Deliveries, previous: Mapping[str, Any]) -> Remark | None:
        if all(stage.workload["spec"].get("replicas") == 0 for stage, _ in self._stages):
            return None
        ready = {
            pod.ref.name for stage, _ in self._stages for pod in self._pods(stage) if pod.ready
        }
        loadings = [_seen(it, it.pod in ready) for it in deliveries.loadings(self._ref)]
        return config_loaded(loadings) or _told(previous, Aspect.CONFIG_LOADED)

    async def _allowed(self, aides: Aides, previous: Mapping[str, Any]) -> Remark | None:
        spec, namespace = self.parent.spec, self._ref.namespace
        name = spec.service_account_name
        by_default = self.parent.kind == VM_AGENT.kind
        if (
            not name
            or not isinstance(spec, ScrapeFields)
            or not scrapes(spec, by_default=by_default)
        ):
            return None
        files = [text for _, config in self._stages for text in config.files.values()]
        asked = questions(spec, files, namespace=namespace)
        if not asked:
            return None
        remark = await aides.access.remark(Account(namespace, name), asked)
        self.again_seconds = again_seconds(remark)
        if has_come(_told(previous, Aspect.DISCOVERY_ALLOWED), remark):
            await self._ask_controllers()
        return remark

    async def _ask_controllers(self) -> None:
        """Have the controllers try again to make pods: by themselves they wait up to 16 minutes.

        Those that have made all of theirs are left alone. An annotation of a Deployment is copied
        to its ReplicaSet, whose controller it wakes.
        """
        patch = {"metadata": {"annotations": {labels.ASKED_AGAIN: now()}}}
        for stage in self.plan.stages:
            ref = ref_of(stage.workload)
            if len(tuple(self._pods(stage))) >= stage.workload["spec"].get("replicas", 1):
                continue
            with suppress(NotFound, Forbidden):
                await self.around.client.patch(BY_KIND[ref.kind], ref, patch)

    async def _key(self, config: Delivery) -> str:
        """The authKey of the reload request; empty where it is not there to be read."""
        if config.reload_key is None:
            return ""
        name, key = config.reload_key
        try:
            data = await self.around.answered(lambda: self.around.secret(name))
        except Forbidden:
            return ""
        # The programs take the key from a file without the white space behind it.
        return (data or {}).get(key, b"").decode(errors="replace").rstrip()

    def _pods(self, stage: Stage) -> Iterator[Pod]:
        for pod in self.around.world.pods.by_index(self._ref).values():
            is_its = (pod.app, pod.shard) == (stage.app, stage.shard)
            if is_its and not pod.ended and not pod.deleting:
                yield pod


def _seen(loading: Loading, is_ready: bool) -> Loading:
    """A pod that is not ready is told of by Ready, unless it is the configuration's fault."""
    if is_ready or loading.standing is Standing.REFUSED:
        return loading
    return replace(loading, standing=Standing.PENDING)


def _told(previous: Mapping[str, Any], aspect: Aspect) -> Remark | None:
    """The condition as it stands in the status."""
    conditions = previous.get("conditions") or ()
    found = next((it for it in conditions if it.get("type") == aspect), None)
    if found is None:
        return None
    return Remark(aspect, *(found.get(key, "") for key in ("status", "reason", "message")))
