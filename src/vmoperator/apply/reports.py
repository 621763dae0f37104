"""Reports: the status of a parent, written only when it says something new."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from vmoperator.api.status import UpdateStatus
from vmoperator.apply.client import Client
from vmoperator.apply.clock import now
from vmoperator.apply.world import World
from vmoperator.base.errors import Forbidden, Invalid, NotFound
from vmoperator.base.manifest import Manifest, ref_of
from vmoperator.base.resource import BY_KIND
from vmoperator.observe.announcing import Notice, transitions
from vmoperator.observe.parents import trimmed
from vmoperator.observe.status import Beside, is_told, leftovers, status
from vmoperator.observe.verdict import Verdict

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Reporter:
    """Writes what there is to say of one parent during one pass."""

    client: Client
    world: World
    parent: Manifest
    beside: Beside = field(default_factory=lambda: Beside(sizes=None, remarks=None))
    """Until a pass knows better, what was told beside the verdict stays."""
    announce: Callable[[Notice], None] = lambda notice: None
    """Has an Event written about the parent."""

    @property
    def previous(self) -> Manifest:
        """The status as it stands, an empty map before the first one."""
        found: Manifest = self.parent.get("status") or {}
        return found

    def knows(self, **beside: Any) -> None:
        """Tell this beside the verdict from now on: fields of Beside."""
        self.beside = replace(self.beside, **beside)

    @property
    def says_unfinished(self) -> bool:
        """Whether the status says already that this very generation is not in line yet."""
        before = self.previous
        return (
            before.get("updateStatus") in (UpdateStatus.EXPANDING, UpdateStatus.FAILED)
            and before.get("observedGeneration") == self.parent["metadata"]["generation"]
        )

    async def report(self, verdict: Verdict) -> None:
        """Write the verdict, unless the status says just that already."""
        wanted = status(
            verdict,
            self.beside,
            generation=self.parent["metadata"]["generation"],
            previous=self.previous,
            now=now(),
        )
        if is_told(wanted, self.previous):
            return
        ref = ref_of(self.parent)
        log.info("%s: %s %s", ref, verdict.status, verdict.message, extra={"ref": ref})
        try:
            written = await self.client.apply_status(_status_manifest(self.parent, wanted))
            if left := leftovers(wanted, written.get("status") or {}):
                patch = {"status": dict.fromkeys(left)}
                written = await self.client.patch_status(BY_KIND[ref.kind], ref, patch)
        except NotFound:
            return
        except (Forbidden, Invalid) as error:
            # The children matter more than what is said of them.
            log.error("the status of %s cannot be written: %s", ref, error, extra={"ref": ref})
            return
        for notice in transitions(self.previous, wanted):
            self.announce(notice)
        self.parent = {**self.parent, "status": written.get("status") or {}}
        self.world.parents.put_answer(ref, trimmed(written))


def _status_manifest(parent: Manifest, wanted: Manifest) -> Manifest:
    metadata = parent["metadata"]
    return {
        "apiVersion": parent["apiVersion"],
        "kind": parent["kind"],
        # The uid keeps the status of a deleted object from going to its successor.
        "metadata": {key: metadata[key] for key in ("name", "namespace", "uid")},
        "status": wanted,
    }
