"""Children: written only where they differ from what was rendered, and only if they are ours."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field

from vmoperator.apply.client import Client
from vmoperator.apply.world import World
from vmoperator.base import labels
from vmoperator.base.errors import Forbidden, Invalid, NotFound, NotYet
from vmoperator.base.manifest import Manifest, Ref, digest, ref_of
from vmoperator.base.resource import BY_KIND
from vmoperator.observe.claims import kept_claims
from vmoperator.observe.facts import Child, child
from vmoperator.observe.ownership import healed, intrusions, place, uncovered
from vmoperator.observe.verdict import Finding, Reason

log = logging.getLogger(__name__)

# The API server's words for a field that cannot be changed in place.
_IMMUTABLE = ("updates to statefulset spec", "field is immutable", "may not change once set")


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
    _seen: dict[Ref, tuple[Child, bool]] = field(default_factory=dict, init=False)
    """What was found of each child: a pass asks more than once, and the answer costs a hash."""

    def differs(self, manifest: Manifest) -> bool:
        """Whether the child is missing, was rendered differently, or was touched by others."""
        ref = ref_of(manifest)
        live = self.world.children.get(ref)
        if live is None or live.owner_uid != self.parent_uid:
            return True
        before = self._seen.get(ref)
        if before is None or before[0] is not live:
            before = self._seen[ref] = (live, self._is_apart(manifest, live))
        return before[1]

    def _is_apart(self, manifest: Manifest, live: Child) -> bool:
        wanted = self._marked(manifest, live)
        return (
            live.digest != wanted["metadata"]["annotations"][labels.HASH]
            or bool(uncovered(wanted, live.fields))
            or bool(intrusions(live.ref.kind, live.fields, live.foreign))
        )

    async def bring(self, manifest: Manifest) -> bool:
        """Write the child if it differs; False where it could not be, which becomes a finding.

        Raises NotYet while an earlier object of that name is being deleted, and ApiError for
        whatever time may mend.
        """
        ref = ref_of(manifest)
        live = self.world.children.get(ref)
        if live is not None and live.owner_uid == self.parent_uid and not live.deleting:
            self._report_claims(manifest, live)
            if not self.differs(manifest):
                return True
        try:
            return await self._write(manifest, live)
        except Invalid as error:
            self.findings.append(Finding(reason=Reason.REFUSED, message=_refusal(ref, error)))
        except Forbidden as error:
            self.findings.append(Finding(reason=Reason.FORBIDDEN, message=str(error)))
        return False

    async def prune(self, wanted: Iterable[Manifest]) -> None:
        """Delete the children of this parent that are no longer wanted."""
        keep = {ref_of(manifest) for manifest in wanted}
        for ref, live in self.world.children.by_index(self.parent).items():
            if (
                ref in keep
                or live.deleting
                or live.owner_uid != self.parent_uid
                or not live.instance
            ):
                continue
            log.info("deleting %s: it is no longer wanted", ref, extra=self._extra)
            try:
                await self.client.delete(BY_KIND[ref.kind], ref, uid=live.uid)
            except NotFound:
                continue
            except Forbidden as error:
                self.findings.append(Finding(reason=Reason.FORBIDDEN, message=str(error)))

    @property
    def _extra(self) -> dict[str, Ref]:
        return {"ref": self.parent}

    async def _write(self, manifest: Manifest, live: Child | None) -> bool:
        ref = ref_of(manifest)
        if live is None:
            live = await self._unseen(ref)
        if live is not None and not self._is_ours(live):
            self.findings.append(
                Finding(
                    reason=Reason.NAME_TAKEN,
                    message=f"{ref.kind} {ref.name} exists and is not this object's: left alone",
                )
            )
            return False
        if live is not None:
            self._refuse_leftovers(live)
            await self._heal(manifest, live)
        marked = self._marked(manifest, live)
        log.info("%s %s", "applying" if live else "creating", ref, extra=self._extra)
        self.world.children.put(ref, child(await self.client.apply(marked)))
        return True

    async def _unseen(self, ref: Ref) -> Child | None:
        """A child that the informers do not show: it may lack our labels, and not be ours."""
        try:
            return child(await self.client.get(BY_KIND[ref.kind], ref))
        except NotFound:
            return None

    def _is_ours(self, live: Child) -> bool:
        if live.owner_uid:
            return live.owner_uid == self.parent_uid or live.parent == self.parent
        return live.instance == self.parent.name

    def _refuse_leftovers(self, live: Child) -> None:
        # A parent that was deleted and made again meets the children of the first one, which the
        # garbage collector is about to take.
        if live.deleting or live.owner_uid not in ("", self.parent_uid):
            raise NotYet(f"the former {live.ref} is still being deleted", after_seconds=1.0)

    async def _heal(self, manifest: Manifest, live: Child) -> None:
        if not intrusions(live.ref.kind, live.fields, live.foreign):
            return
        resource = BY_KIND[live.ref.kind]
        fresh = await self.client.get(resource, live.ref)
        now = child(fresh)
        paths = intrusions(now.ref.kind, now.fields, now.foreign)
        if paths:
            words = ", ".join(sorted({place(path) for path in paths}))
            log.warning("%s: undoing a foreign change of %s", live.ref, words, extra=self._extra)
            final = kept_claims(manifest, now.claims).manifest
            await self.client.replace(resource, healed(fresh, final, paths))

    def _report_claims(self, manifest: Manifest, live: Child) -> None:
        for message in kept_claims(manifest, live.claims).messages:
            self.findings.append(Finding(reason=Reason.IMMUTABLE, message=message))

    def _marked(self, manifest: Manifest, live: Child | None) -> Manifest:
        """The manifest as it is sent: with what cannot be changed in place, and its own hash."""
        final = kept_claims(manifest, live.claims).manifest if live else manifest
        metadata = final["metadata"]
        annotations = {**metadata.get("annotations", {}), labels.HASH: digest(final)}
        return {**final, "metadata": {**metadata, "annotations": annotations}}


def _refusal(ref: Ref, error: Invalid) -> str:
    """The API server's words, and what helps where a field of the live object cannot change."""
    words = str(error) if f'"{ref.name}"' in str(error) else f"{ref.kind} {ref.name}: {error}"
    if not any(mark in str(error) for mark in _IMMUTABLE):
        return words
    kept = " --cascade=orphan" if ref.kind == "StatefulSet" else ""
    pods = "; its pods stay" if kept else ""
    return (
        f"{words} (undo the change, or have it made anew with"
        f" `kubectl -n {ref.namespace} delete {ref.kind.lower()} {ref.name}{kept}`{pods})"
    )
