"""Rollouts: pods of OnDelete StatefulSets are replaced one by one, by eviction."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from vmoperator.apply.announcements import Herald
from vmoperator.apply.client import Client
from vmoperator.apply.together import all_done
from vmoperator.base.errors import Conflict, Forbidden, NotFound, Unavailable
from vmoperator.base.manifest import Ref
from vmoperator.base.resource import POD, STATEFUL_SET
from vmoperator.observe.facts import Pod
from vmoperator.observe.rollout import Sight, hopeless, is_rolled_out, replaceable
from vmoperator.observe.verdict import Finding, Reason
from vmoperator.render.plan import Stage

log = logging.getLogger(__name__)

_TOO_MANY_REQUESTS = 429
_RETRY_SECONDS = 5.0


@dataclass(slots=True)
class Roller:
    """Moves the rollout of one parent's stages on by one step, and says what held it up."""

    client: Client
    parent: Ref
    herald: Herald
    blocked: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def again_seconds(self) -> float | None:
        """When to try a refused eviction again; None when nothing was refused."""
        return _RETRY_SECONDS if self.blocked else None

    async def roll(self, sight: Sight, stage: Stage) -> None:
        """Replace the pods whose turn it is; record a finished rollout in the StatefulSet.

        Where a StatefulSet replaces its pods itself, only those that it would wait for in vain.
        """
        if stage.workload["kind"] != "StatefulSet":
            return
        if not _is_on_delete(stage):
            await all_done(self._replace(pod) for pod in hopeless(sight))
            return
        pods = replaceable(sight, max_unavailable=stage.max_unavailable)
        await all_done(self._replace(pod) for pod in pods)
        if is_rolled_out(sight) and sight.workload and sight.workload.rollout:
            await self._settle(sight.workload.ref, sight.workload.rollout.update_revision)

    def explain(self, sight: Sight) -> None:
        """Tell why the pods that go make way for others, whoever has them replaced."""
        self.herald.explain(sight)

    async def _replace(self, pod: Pod) -> None:
        log.info("replacing pod %s: its spec has changed", pod.ref.name, extra={"ref": self.parent})
        try:
            await self._take_away(pod)
        except (NotFound, Conflict):
            return  # gone already, or a new pod of that name
        except Forbidden as error:
            self.findings.append(Finding(reason=Reason.FORBIDDEN, message=str(error)))

    async def _take_away(self, pod: Pod) -> None:
        try:
            await self.client.evict(pod.ref, uid=pod.uid)
        except Unavailable as error:
            if error.status != _TOO_MANY_REQUESTS:
                raise
            if pod.ready:
                self.blocked.append(f"pod {pod.ref.name} may not be evicted: {error}")
                return
            # A disruption budget protects pods that serve; this one does not, and its stuck
            # revision would block the very change that mends it. If it has come to serve since
            # it was seen, its resourceVersion is another.
            await self.client.delete(
                POD, pod.ref, uid=pod.uid, resource_version=pod.resource_version
            )

    async def _settle(self, ref: Ref, revision: str) -> None:
        patch = {"status": {"currentRevision": revision}}
        try:
            await self.client.patch_status(STATEFUL_SET, ref, patch)
        except NotFound:
            return
        except Forbidden as error:
            self.findings.append(Finding(reason=Reason.FORBIDDEN, message=str(error)))


def _is_on_delete(stage: Stage) -> bool:
    strategy = stage.workload["spec"].get("updateStrategy") or {}
    return strategy.get("type") == "OnDelete"
