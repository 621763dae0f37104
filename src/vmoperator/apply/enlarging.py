"""Enlarging: claims are asked to grow, and not asked again what was refused."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from vmoperator.apply.children import Writer
from vmoperator.apply.denials import Answer
from vmoperator.apply.volumes import Volumes
from vmoperator.base.errors import Conflict, Forbidden, Invalid, NotFound
from vmoperator.base.labels import GROW
from vmoperator.base.manifest import Manifest, Ref, digest
from vmoperator.base.resource import CLAIM
from vmoperator.observe.facts import child
from vmoperator.observe.growth import Wish, cannot_grow
from vmoperator.observe.verdict import Finding, Reason
from vmoperator.observe.volumes import Volume

log = logging.getLogger(__name__)

# The API server's words where the class of a claim does not let it grow.
_GROWTH = "must support resize"


@dataclass(slots=True)
class Enlarging:
    """Has the claims of one parent grow during one pass."""

    writer: Writer
    volumes: Volumes
    findings: list[Finding]
    """What there is to say goes there."""
    has_grown: bool = field(default=False, init=False)

    async def able(self, wish: Wish) -> list[Volume]:
        """The claims to be grown; those whose class does not let them are told."""
        able: list[Volume] = []
        unable: dict[str, list[Volume]] = {}
        for one in wish.short:
            may = _may_grow(wish, one)
            if may is None:
                may = await self.volumes.may_grow(one.storage_class)
            elif not may:
                continue  # the user leaves the growing to somebody else
            able.extend([one] if may else [])
            if not may:
                unable.setdefault(one.storage_class, []).append(one)
        for name, them in unable.items():
            self._find(cannot_grow(wish, them, name), Reason.IMMUTABLE)
        return able

    async def grow(self, wish: Wish, one: Volume) -> bool:
        """Ask for more; whether the StatefulSet need not wait for it any longer."""
        return await self._unless_denied(wish, one, lambda: self._ask(wish, one))

    async def bring(self, manifest: Manifest, wish: Wish, one: Volume) -> bool:
        """Write a claim that is a child itself and is to grow; whether it has been written."""
        return await self._unless_denied(wish, one, lambda: self.writer.bring(manifest))

    async def _unless_denied(
        self, wish: Wish, one: Volume, ask: Callable[[], Awaitable[bool]]
    ) -> bool:
        """What `ask` returns; what it found the last time, as long as that is not to be tried
        again."""
        parent, denials = self.writer.parent, self.writer.world.denials
        question = await self._question(wish, one)
        known = denials.standing(parent, one.ref, question, now=time.monotonic())
        if known:
            self.findings.extend(known.findings)
            return known.is_final
        before = len(self.findings), len(self.writer.findings)
        is_final = await ask()
        found = (*self.findings[before[0] :], *self.writer.findings[before[1] :])
        if found:
            answer = Answer(question=question, findings=found, is_final=is_final)
            denials.note(parent, one.ref, answer, now=time.monotonic())
        else:
            self.has_grown = self.has_grown or is_final
        return is_final

    async def _question(self, wish: Wish, one: Volume) -> str:
        """What an answer hangs on, as far as it is seen: the claim, its class, and the parent."""
        parent = self.writer.world.parents.get(self.writer.parent) or {"metadata": {}}
        metadata = parent["metadata"]
        asked = {key: metadata.get(key) for key in ("uid", "generation", "annotations")}
        version = await self.volumes.version(one.storage_class)
        claim = {"claim": [one.uid, one.resource_version], "class": version, "size": wish.size}
        return digest({**asked, **claim})

    async def _ask(self, wish: Wish, one: Volume) -> bool:
        log.info("%s grows to %s", one.ref, wish.size, extra={"ref": self.writer.parent})
        patch = {
            # Whoever else makes it larger in between is not to be undone.
            "metadata": {"resourceVersion": one.resource_version},
            "spec": {"resources": {"requests": {"storage": wish.size}}},
        }
        try:
            await self.patch(one.ref, patch)
        except (Conflict, NotFound):
            return False  # what came in between wakes the next pass
        except (Forbidden, Invalid) as error:
            if _GROWTH in str(error):
                self._find(cannot_grow(wish, [one], one.storage_class), Reason.IMMUTABLE)
                return True
            self.refused(error)
            return False
        return True

    async def patch(self, ref: Ref, patch: Manifest) -> None:
        """Write a claim, and take the answer for what it is. Raises ApiError."""
        written = await self.writer.client.patch(CLAIM, ref, patch)
        self.writer.world.children.put_answer(ref, child(written))

    def refused(self, error: Forbidden | Invalid) -> None:
        """Tell what the API server says."""
        is_forbidden = isinstance(error, Forbidden)
        self._find(str(error), Reason.FORBIDDEN if is_forbidden else Reason.REFUSED)

    def _find(self, message: str, reason: Reason) -> None:
        self.findings.append(Finding(reason=reason, message=message))


def _may_grow(wish: Wish, one: Volume) -> bool | None:
    """What the user says in an annotation of the claims, as for the Go operator; None: nothing."""
    for metadata in (wish.wanted["metadata"], one.manifest["metadata"]):
        said = (metadata.get("annotations") or {}).get(GROW)
        if said in ("true", "false"):
            return bool(said == "true")
    return None
