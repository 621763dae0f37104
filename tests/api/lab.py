"""A laboratory: the operator's passes over one object, and what they write and say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.api.kubernetes import Kubernetes
from tests.fake_api import FakeApi

from vmoperator.apply.aftercare import Aides
from vmoperator.apply.announcements import Announcements
from vmoperator.apply.client import Client
from vmoperator.apply.reconcile import Reconciler
from vmoperator.apply.world import World
from vmoperator.base.manifest import Ref
from vmoperator.base.settings import Settings

Tree = dict[str, Any]
_AT_ONCE_SECONDS = 0.01


@dataclass
class Lab:
    """An operator's passes, one at a time, over what the fake API server holds."""

    api: FakeApi
    client: Client
    kubernetes: Kubernetes
    parent: Ref = Ref("VMCluster", "default", "demo")
    """The object whose passes run."""
    world: World = field(default_factory=World)
    aides: Aides | None = None
    announcements: Announcements | None = None
    settings: Settings = field(default_factory=Settings)
    build: str = "1.0.0-abc"
    """The operator that renders."""

    async def apply(self, manifest: Tree) -> None:
        """As `kubectl apply` does it: the status stays."""
        live = self.api.find(self.parent) or {}
        await self.api.put(
            {**live, **manifest, "metadata": {**live.get("metadata", {}), **manifest["metadata"]}}
        )

    async def run(self) -> float | None:
        """One pass, after the informers have caught up, and what is to follow it at once."""
        self.kubernetes.look(self.world)
        again_seconds = await self.reconcile()
        if again_seconds is not None and again_seconds < _AT_ONCE_SECONDS:
            self.kubernetes.look(self.world)
            again_seconds = await self.reconcile()
        return again_seconds

    async def reconcile(self) -> float | None:
        """One pass over what the informers have shown so far."""
        reconciler = Reconciler(
            self.client,
            self.world,
            self.settings,
            self.aides,
            announcements=self.announcements,
            build=self.build,
        )
        return await reconciler.reconcile(self.parent)

    async def writes(self) -> list[str]:
        """What one pass writes, as `PATCH statefulsets/vmstorage-demo`."""
        before = len(self.api.writes)
        await self.run()
        return [short(one.method, one.path) for one in self.api.writes[before:]]

    async def settle(self) -> list[str]:
        """Controllers and passes in turns until nothing is written any more: all messages."""
        said: list[str] = []
        for _ in range(40):
            await self.kubernetes.settle()
            if not await self.writes():
                return said
            if not said or said[-1] != self.message:
                said.append(self.message)
        raise AssertionError(f"it does not come to rest: {said}")

    @property
    def status(self) -> Tree:
        return self.live(self.parent).get("status") or {}

    @property
    def message(self) -> str:
        return f"{self.status['updateStatus']} {self.status.get('reason', '')}".strip()

    def live(self, ref: Ref) -> Tree:
        found = self.api.find(ref)
        assert found is not None, ref
        return found

    def age(self, kind: str, name: str) -> None:
        """Let the object be as old as one of a cluster that has been running for long."""
        self.child(kind, name)["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"

    def child(self, kind: str, name: str) -> Tree:
        return self.live(Ref(kind, "default", name))


def short(method: str, path: str) -> str:
    parts = path.split("/namespaces/default/")[-1]
    return f"{method} {parts}"
