"""Revisions: the pod templates that the controllers of workloads keep, one for each revision.

They tell, also after a restart of the operator, what the spec of a running pod was.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final

from vmoperator.apply.client import Client
from vmoperator.base.errors import Forbidden, NotFound
from vmoperator.base.manifest import Manifest, Ref
from vmoperator.base.resource import CONTROLLER_REVISION, REPLICA_SET
from vmoperator.observe.announcing import Notice, replacement

_REMEMBERED: Final = 50
# Labels in which the controllers note a revision down, and that say nothing else.
_REVISION_LABELS: Final = ("pod-template-hash", "controller-revision-hash")


@dataclass(frozen=True, slots=True)
class Revisions:
    """Pod templates by workload and revision; a revision never changes."""

    client: Client
    _templates: OrderedDict[tuple[Ref, str], Manifest] = field(
        default_factory=OrderedDict, init=False
    )

    async def replacement(self, workload: Ref, pod: str, before: str, after: str) -> Notice:
        """Why the pod of one revision makes way for one of another."""
        old, new = await self._template(workload, before), await self._template(workload, after)
        return replacement(pod, old, new)

    async def _template(self, workload: Ref, revision: str) -> Manifest:
        """The template; empty where it is gone, or may not be read."""
        key = (workload, revision)
        if key not in self._templates:
            try:
                self._templates[key] = await self._read(workload, revision)
            except (NotFound, Forbidden):
                return {}
        self._templates.move_to_end(key)
        if len(self._templates) > _REMEMBERED:
            self._templates.popitem(last=False)
        return self._templates[key]

    async def _read(self, workload: Ref, revision: str) -> Manifest:
        is_deployed = workload.kind == "Deployment"
        resource = REPLICA_SET if is_deployed else CONTROLLER_REVISION
        # The label of a StatefulSet's pod is the whole name, of the others the hash in it.
        prefix = "" if workload.kind == "StatefulSet" else f"{workload.name}-"
        ref = Ref(resource.kind, workload.namespace, f"{prefix}{revision}")
        found = await self.client.get(resource, ref)
        spec = found["spec"] if is_deployed else found["data"]["spec"]
        return _without_marks(spec["template"])


def _without_marks(template: Manifest) -> Manifest:
    metadata = template.get("metadata") or {}
    own = {k: v for k, v in (metadata.get("labels") or {}).items() if k not in _REVISION_LABELS}
    kept = {key: value for key, value in template.items() if key != "$patch"}
    # So that the first annotation is told by its name.
    annotations = metadata.get("annotations") or {}
    return {**kept, "metadata": {**metadata, "labels": own, "annotations": annotations}}
