"""Storage: claims grow in place, and a StatefulSet is made anew around its pods where its claim
templates have changed. No claim is ever deleted or made anew."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vmoperator.apply.children import Writer
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.enlarging import Enlarging
from vmoperator.apply.renewal import Renewal
from vmoperator.apply.volumes import PATIENCE_SECONDS, Volumes
from vmoperator.base.errors import Forbidden, Invalid
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import CLAIM, STATEFUL_SET
from vmoperator.observe.claims import is_same
from vmoperator.observe.database import KEEPERS
from vmoperator.observe.facts import Child
from vmoperator.observe.growth import (
    Wish,
    allowed_class,
    changes_in_place,
    claim_ref,
    elsewhere,
    growing,
    refusals,
    wishes,
)
from vmoperator.observe.remains import is_incomplete
from vmoperator.observe.unread import unread, unread_words
from vmoperator.observe.verdict import Aspect, Finding, Reason, Remark
from vmoperator.observe.volumes import leaving, lost, volume
from vmoperator.render.plan import Stage


@dataclass(slots=True)
class Storage:
    """Brings the claims of one parent in line during one pass, and collects what there is to say.

    Every step can be the last one of a process: the next pass sees what is left to be done.
    """

    writer: Writer
    annotations: Mapping[str, str]
    """Those of the parent."""
    findings: list[Finding] = field(default_factory=list)
    _stages: list[tuple[str, Manifest, int]] = field(default_factory=list, init=False)
    _owned: list[Manifest] = field(default_factory=list, init=False)
    _renewal: Renewal = field(init=False)
    _volumes: Volumes = field(init=False)
    _enlarging: Enlarging = field(init=False)

    def __post_init__(self) -> None:
        self._volumes = Volumes(self.writer.client, self.writer.world)
        self._enlarging = Enlarging(self.writer, self._volumes, self.findings)
        self._renewal = Renewal(self.writer, self.findings)

    async def sized(self, manifests: Iterable[Manifest]) -> list[Manifest]:
        """The manifests; a claim among them whose class does not let it grow keeps its size."""
        return [await self._sized(it) if it["kind"] == CLAIM.kind else it for it in manifests]

    async def prepare(self, stage: Stage) -> int | None:
        """Let the claims of a StatefulSet grow, and make way for one with other claim templates.

        Returns the replicas to start with where an autoscaler decides about them. Raises NotYet
        while the former StatefulSet lets go of its pods, and ApiError for what time may mend.
        """
        manifest, known = stage.workload, self.writer.world.children
        if manifest["kind"] != STATEFUL_SET.kind:
            return stage.first_replicas
        live = known.get(ref_of(manifest))
        if live is None:
            return self._orphans(stage)
        if live.deleting or live.owner_uid != self.writer.parent_uid:
            return stage.first_replicas
        replicas = max(live.replicas or 0, manifest["spec"].get("replicas", 0))
        self._stages.append((stage.name, manifest, replicas))
        wanted = wishes(stage.name, manifest, known.get, replicas)
        await self._bring(manifest, live, wanted)
        return live.replicas

    @property
    def again_seconds(self) -> float | None:
        """When to try again what leaves pods without a StatefulSet; None where nothing does."""
        return self._renewal.again_seconds

    async def adopted(self, ref: Ref) -> None:
        """Return once a StatefulSet that was made anew has taken its pods over."""
        await self._renewal.adopted(ref)

    async def remarks(self, previous: Mapping[str, Any]) -> tuple[Remark, ...]:
        """What there is to say of claims; `previous` is the status as it stands."""
        return (*(await self._ready(previous)), *self._unread())

    def _unread(self) -> Iterable[Remark]:
        """That samples lie where no pod of vmstorage reads them."""
        world, parent = self.writer.world, self.writer.parent
        live = world.parents.get(parent)
        if live is None or self._is_blind:
            return
        since = live["metadata"]["creationTimestamp"]
        children = world.children.by_index(parent).values()
        for name, manifest, replicas in self._stages:
            claims = unread(manifest, replicas, children, since=since) if name in KEEPERS else ()
            if claims:
                words = unread_words(name, replicas, claims)
                yield Remark(Aspect.DATA_UNREAD, "True", "ClaimsOfEarlierObject", words)

    async def _ready(self, previous: Mapping[str, Any]) -> tuple[Remark, ...]:
        wanted = tuple(self._wanted())
        volumes = [it for wish in wanted for it in wish.volumes]
        self._find(*lost(volumes), reason=Reason.VOLUME_LOST)
        reasons = (
            ("ClaimDeleted", leaving(volumes)),
            ("ClaimMissing", self._missing()),
            ("ClaimPending", await self._volumes.pending(volumes)),
            ("Growing", growing(wanted)),
            ("OtherStorageClass", elsewhere(wanted) if allowed_class(self.annotations) else ()),
        )
        told = [(reason, words) for reason, found in reasons for words in found]
        if self._is_blind:
            return ()
        if told:
            words = "; ".join(words for _, words in told)
            return (Remark(Aspect.STORAGE_READY, "False", told[0][0], words),)
        types = {it.get("type") for it in previous.get("conditions") or ()}
        ready = Remark(Aspect.STORAGE_READY, "True", "Ready", "every claim is as large as wanted")
        is_told = self._enlarging.has_grown or Aspect.STORAGE_READY in types
        return (ready,) if is_told and not self.findings else ()

    @property
    def _is_blind(self) -> bool:
        return self.writer.world.is_blind(CLAIM.kind, self.writer.parent.namespace)

    async def _sized(self, manifest: Manifest) -> Manifest:
        live = self.writer.world.children.get(ref_of(manifest))
        if live is None:
            return manifest
        self._owned.append(manifest)
        wish = _own_wish(manifest, live)
        small = await self._enlarging.able(wish)
        if not wish.short or small and await self._enlarging.bring(manifest, wish, small[0]):
            return manifest
        resources = live.claims[0]["spec"]["resources"]
        return {**manifest, "spec": {**manifest["spec"], "resources": resources}}

    async def _bring(self, manifest: Manifest, live: Child, wanted: Sequence[Wish]) -> None:
        """Grow what can, in order; make way for the StatefulSet once no claim is behind."""
        ask = self._enlarging
        grown = [await ask.grow(wish, it) for wish in wanted for it in await ask.able(wish)]
        if is_same(manifest, live.claims) or is_incomplete(manifest):
            return  # whose pod template is held back cannot be made anew
        if self._is_blind:
            return  # what would be refused of claims that are not seen is not known
        refused = refusals(manifest, live, wanted, self.annotations)
        self._find(*refused)
        if not refused and all(grown) and await self._change_in_place(manifest, wanted):
            await self._renewal.make_way(manifest, live)

    async def _change_in_place(self, manifest: Manifest, wanted: Sequence[Wish]) -> bool:
        selector = manifest["spec"]["selector"]["matchLabels"]
        try:
            for wish in wanted:
                for one in wish.volumes:
                    if patch := changes_in_place(wish, one, selector):
                        await self._enlarging.patch(one.ref, patch)
        except (Forbidden, Invalid) as error:
            self._enlarging.refused(error)
            return False
        return True

    def _orphans(self, stage: Stage) -> int | None:
        """The replicas of a StatefulSet that was to be made anew when the process ended."""
        if stage.first_replicas is None:
            return None
        pods = self.writer.world.pods.by_index(self.writer.parent).values()
        return max(stage.first_replicas, sum(it.app == stage.app for it in pods))

    def _missing(self) -> tuple[str, ...]:
        """What to say of claims that are gone from under their pods."""
        world = self.writer.world
        pods = world.pods.by_index(self.writer.parent)
        return tuple(
            f"PersistentVolumeClaim {ref.name} of pod {pod.ref.name} is gone"
            for name, manifest, replicas in self._stages
            for wish in wishes(name, manifest, world.children.get, 0)
            for number in range(replicas)
            if (ref := _claim_of(manifest, wish, number)) not in world.children
            and (pod := pods.get(_pod_of(manifest, number)))
            and not pod.deleting
            and seconds_since(pod.created) > PATIENCE_SECONDS
        )

    def _wanted(self) -> Iterable[Wish]:
        known = self.writer.world.children
        for name, manifest, replicas in self._stages:
            yield from wishes(name, manifest, known.get, replicas)
        for manifest in self._owned:
            live = known.get(ref_of(manifest))
            if live:
                yield _own_wish(manifest, live)

    def _find(self, *messages: str, reason: Reason = Reason.IMMUTABLE) -> None:
        self.findings.extend(Finding(reason=reason, message=message) for message in messages)


def _own_wish(manifest: Manifest, live: Child) -> Wish:
    return Wish(name=manifest["metadata"]["name"], wanted=manifest, volumes=(volume(live),))


def _claim_of(manifest: Manifest, wish: Wish, number: int) -> Ref:
    return claim_ref(manifest["metadata"], wish.wanted["metadata"]["name"], number)


def _pod_of(manifest: Manifest, number: int) -> Ref:
    metadata = manifest["metadata"]
    return Ref("Pod", metadata["namespace"], f"{metadata['name']}-{number}")
