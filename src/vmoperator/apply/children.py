"""Children: written only where they differ from what was rendered, and only if they are ours."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from vmoperator.apply.client import Client
from vmoperator.apply.clock import seconds_since
from vmoperator.apply.together import all_done
from vmoperator.apply.unreadable import told_apart
from vmoperator.apply.world import World
from vmoperator.base.errors import Conflict, Forbidden, Invalid, NotFound, NotYet
from vmoperator.base.manifest import Manifest, Ref, ref_of
from vmoperator.base.resource import BINDINGS, BY_KIND, CLAIM
from vmoperator.observe.announcing import Notice, undoing
from vmoperator.observe.claims import kept_claims
from vmoperator.observe.facts import Child, child
from vmoperator.observe.ownership import healed, place
from vmoperator.observe.refusals import forbidden, refusal
from vmoperator.observe.remains import completed, is_incomplete
from vmoperator.observe.sending import (
    foreign_fields,
    is_apart,
    is_replaced,
    is_shared,
    owner_uid,
    sent,
    with_replicas,
)
from vmoperator.observe.takeover import with_fixed
from vmoperator.observe.verdict import Aspect, Finding, Reason, Remark

log = logging.getLogger(__name__)

# A deletion that takes longer waits for something that a person should know of.
_DELETION_SECONDS = 30.0


@dataclass(slots=True)
class Writer:
    """Brings the children of one parent in line during one pass, and collects what a person must
    mend: an object of ours that the API server refuses, a right that is missing, a taken name.
    """

    client: Client
    world: World
    parent: Ref
    parent_uid: str
    findings: list[Finding] = field(default_factory=list)
    missing: list[tuple[str, str]] = field(default_factory=list)
    """Reason and message of what cannot be had, and that the parent can do without."""
    announce: Callable[[Notice], None] = lambda notice: None
    """Has an Event written about the parent."""
    _seen: dict[Ref, tuple[Child, Manifest, bool]] = field(default_factory=dict, init=False)
    """What was found of each child: a pass asks more than once, and the answer costs a hash."""

    @property
    def remarks(self) -> tuple[Remark, ...]:
        """What there is to say of children that the parent does without."""
        told = sorted(set(self.missing))
        if not told:
            return ()
        words = "; ".join(message for _, message in told)
        return (Remark(Aspect.CHILDREN_INCOMPLETE, "True", told[0][0], words),)

    def differs(self, manifest: Manifest) -> bool:
        """Whether the child is missing, was rendered differently, or was touched by others."""
        ref = ref_of(manifest)
        live = self.world.children.get(ref)
        if live is None:
            return True
        before = self._seen.get(ref)
        if before is None or before[0] is not live or before[1] is not manifest:
            before = self._seen[ref] = (live, manifest, is_apart(manifest, live))
        return before[2]

    async def bring_all(self, manifests: Iterable[Manifest]) -> None:
        """Write those that differ, side by side; what binds a role after the roles."""
        wanted = list(manifests)
        bindings = [it for it in wanted if it["kind"] in BINDINGS]
        await all_done(self.bring(it) for it in wanted if it["kind"] not in BINDINGS)
        await all_done(self.bring(it) for it in bindings)

    async def bring(self, manifest: Manifest, *, first_replicas: int | None = None) -> bool:
        """Write the child if it differs; False where it could not be, which is told.

        `first_replicas` are those of a new workload that an autoscaler is to scale. Raises NotYet
        while an earlier object of that name is being deleted, and ApiError for whatever time may
        mend.
        """
        ref = ref_of(manifest)
        live = self.world.children.get(ref)
        if live is not None and not live.deleting and not self.differs(manifest):
            self._report_claims(manifest, live)
            return True
        try:
            with told_apart(self.world, ref):
                if live is None and await self._create(manifest, first_replicas):
                    return True
                return await self._write(manifest, live, first_replicas)
        except Invalid as error:
            self.findings.append(Finding(reason=Reason.REFUSED, message=refusal(ref, error)))
        except Forbidden as error:
            self.findings.append(forbidden(error))
        except NotFound:
            if not BY_KIND[ref.kind].is_optional:
                raise
            words = f"{ref.kind} {ref.name} has no effect: the kind is not installed"
            self.missing.append(("NotInstalled", words))
        return False

    async def prune(
        self, wanted: Iterable[Manifest], *, kept: Collection[Ref] = frozenset()
    ) -> None:
        """Delete the children of this parent that are no longer wanted; never one with data, and
        none of those that are kept."""
        keep = {*kept, *(ref_of(manifest) for manifest in wanted)}
        for ref, live in self.world.children.by_index(self.parent).items():
            if live.deleting:
                self._tell_deletion(live)
            elif ref not in keep and self._is_disposable(live):
                await self._delete(live)

    @property
    def _extra(self) -> dict[str, Ref]:
        return {"ref": self.parent}

    def _is_disposable(self, live: Child) -> bool:
        is_own = live.owner_uid == self.parent_uid or live.is_marked
        return is_own and bool(live.instance) and live.ref.kind != CLAIM.kind

    async def _delete(self, live: Child) -> None:
        log.info("deleting %s: it is no longer wanted", live.ref, extra=self._extra)
        try:
            await self.client.delete(BY_KIND[live.ref.kind], live.ref, uid=live.uid)
        except NotFound:
            return
        except Forbidden as error:
            self.findings.append(Finding(reason=Reason.FORBIDDEN, message=str(error)))

    async def _write(
        self, manifest: Manifest, live: Child | None, first_replicas: int | None
    ) -> bool:
        ref = ref_of(manifest)
        if live is None:
            live = await self._unseen(ref)
            if live is not None and not live.deleting and not is_apart(manifest, live):
                return True  # no informer shows it here, or none does yet
        if live is not None and not self._is_ours(manifest, live):
            self._leave_alone(manifest)
            return False
        if live is not None and self._is_in_the_way(live):
            return False
        if live is not None and is_replaced(manifest, live):
            await self._take_away(live)
            live = None
        if live is not None:
            self._report_claims(manifest, live)
            if notice := undoing(manifest, live):
                self.announce(notice)
            await self._disown(manifest, live)
            await self._heal(manifest, live)
        log.info("%s %s", "applying" if live else "creating", ref, extra=self._extra)
        final = sent(manifest, live, first_replicas=first_replicas)
        written = await self.client.apply(await self._whole(final, live))
        self.world.children.put_answer(ref, child(written))
        return True

    async def _create(self, manifest: Manifest, first_replicas: int | None) -> bool:
        """Write what no informer shows; False where there is an object of that name after all."""
        ref = ref_of(manifest)
        if ref in self.world.asked_first:
            return False
        final = await self._whole(sent(manifest, None, first_replicas=first_replicas), None)
        try:
            written = await self.client.apply_new(final)
        except (Conflict, NotFound):
            # The name is taken or the kind is missing: no write that is refused in every pass.
            self.world.asked_first.add(ref)
            return False
        log.info("created %s", ref, extra=self._extra)
        self.world.children.put_answer(ref, child(written))
        return True

    async def _whole(self, final: Manifest, live: Child | None) -> Manifest:
        """The manifest with what is held back of it as it stands: left out, it would be removed."""
        if not is_incomplete(final):
            return final
        ref = ref_of(final)
        if live is None:
            raise Conflict(f"{ref} has been deleted meanwhile")
        return completed(final, await self.client.get(BY_KIND[ref.kind], ref))

    async def _take_away(self, live: Child) -> None:
        """Delete what is made anew; NotYet while something holds it up."""
        log.info("replacing %s: what it is cannot change in place", live.ref, extra=self._extra)
        await self.client.delete(BY_KIND[live.ref.kind], live.ref, uid=live.uid)
        if live.finalizers:
            raise NotYet(f"the former {live.ref} is still being deleted", after_seconds=1.0)

    async def _unseen(self, ref: Ref) -> Child | None:
        """A child that the informers do not show: it may lack our labels, and not be ours."""
        try:
            return child(await self.client.get(BY_KIND[ref.kind], ref))
        except NotFound as error:
            if BY_KIND[ref.kind].is_optional and f'"{ref.name}"' not in str(error):
                raise  # not the object is missing, but its kind
            self.world.asked_first.discard(ref)
            return None

    def _is_ours(self, manifest: Manifest, live: Child) -> bool:
        if is_shared(manifest):
            return not live.owner_uid and (live.is_managed or self.parent in live.sharers)
        if live.owner_uid:
            return live.owner_uid == self.parent_uid or live.parent == self.parent
        named = live.parent
        # Labels do not tell the namespace of what lives in none.
        return named is not None and (named.kind, named.name) == (
            self.parent.kind,
            self.parent.name,
        )

    def _leave_alone(self, manifest: Manifest) -> None:
        ref = ref_of(manifest)
        if is_shared(manifest):
            words = f"{ref.kind} {ref.name} exists and is not the operator's: left alone"
            self.missing.append((str(Reason.NAME_TAKEN), words))
        else:
            words = f"{ref.kind} {ref.name} exists and is not this object's: left alone"
            self.findings.append(Finding(reason=Reason.NAME_TAKEN, message=words))

    def _is_in_the_way(self, live: Child) -> bool:
        """Whether a former child of that name hangs; NotYet while it is about to go."""
        if live.deleting and self._tell_deletion(live):
            return True
        # A parent that was deleted and made again meets the children of the first one, which the
        # garbage collector is about to take, but for those that it does not know of.
        is_former = live.owner_uid not in ("", self.parent_uid) and not live.is_marked
        if live.deleting or is_former:
            raise NotYet(f"the former {live.ref} is still being deleted", after_seconds=1.0)
        return False

    def _tell_deletion(self, live: Child) -> bool:
        if seconds_since(live.deleted_at) < _DELETION_SECONDS:
            return False
        waits = f"; it waits for {', '.join(live.finalizers)}" if live.finalizers else ""
        what = f"{live.ref.kind} {live.ref.name}"
        words = f"{what} was deleted at {live.deleted_at} and is still there{waits}"
        self.missing.append(("BeingDeleted", words))
        return True

    async def _disown(self, manifest: Manifest, live: Child) -> None:
        """Take our owner reference off a claim that is to outlive its parent."""
        if owner_uid(manifest) or live.owner_uid != self.parent_uid:
            return
        resource = BY_KIND[live.ref.kind]
        metadata = (await self.client.get(resource, live.ref))["metadata"]
        owners = metadata.get("ownerReferences") or ()
        others = [owner for owner in owners if owner["uid"] != self.parent_uid]
        version = metadata["resourceVersion"]
        patch = {"metadata": {"ownerReferences": others, "resourceVersion": version}}
        await self.client.patch(resource, live.ref, patch)

    async def _heal(self, manifest: Manifest, live: Child) -> None:
        if not foreign_fields(manifest, live):
            return
        resource = BY_KIND[live.ref.kind]
        fresh = await self.client.get(resource, live.ref)
        now = child(fresh)
        paths = foreign_fields(manifest, now)
        if paths:
            words = ", ".join(sorted({place(path) for path in paths}))
            log.warning("%s: undoing a foreign change of %s", live.ref, words, extra=self._extra)
            final = kept_claims(with_fixed(manifest, now), now.claims, now.fields).manifest
            if "replicas" not in final["spec"]:
                final = with_replicas(final, now.replicas)
            await self.client.replace(resource, healed(fresh, final, paths))

    def _report_claims(self, manifest: Manifest, live: Child) -> None:
        for message in kept_claims(manifest, live.claims, live.fields).messages:
            self.findings.append(Finding(reason=Reason.IMMUTABLE, message=message))
