"""Kubernetes' controllers, as far as passes see them: pods, revisions, statuses, endpoints.

Nothing happens by itself: a test says when the controllers do their work.
"""

from __future__ import annotations

from typing import Any

from tests.fake_api import FakeApi

from vmoperator.apply.contents import Foreign
from vmoperator.apply.world import World
from vmoperator.base.labels import MANAGED_BY, MANAGER, NAME
from vmoperator.base.manifest import Ref, digest, ref_of
from vmoperator.base.resource import CHILDREN, PARENTS
from vmoperator.observe.facts import child, endpoint_slice, pod
from vmoperator.observe.parents import trimmed

Tree = dict[str, Any]

_CHILD_KINDS = {resource.kind for resource in CHILDREN}
_PARENT_KINDS = {resource.kind for resource in PARENTS}


class Kubernetes:
    """Plays the controllers on the objects of a fake API server."""

    def __init__(self, api: FakeApi) -> None:
        self.api = api
        self.ready = True
        """Whether new pods are ready at once."""
        self.address = "10.244.0.9"
        """Where new pods listen."""
        self.nodes = 1
        """How many pods each DaemonSet has."""
        self.grows = True
        """Whether volumes become as large as their claims ask."""

    def all(self, kind: str) -> list[Tree]:
        return [live for live in self.api.objects.live.values() if live["kind"] == kind]

    async def settle(self) -> None:
        """Make the missing pods, report them, and send traffic to those that are ready."""
        for workload in (*self.all("StatefulSet"), *self.all("Deployment")):
            await self._run(workload)
        for workload in self.all("DaemonSet"):
            await self._run_on_nodes(workload)
        for service in self.all("Service"):
            await self._publish(service)
        for claim in self.all("PersistentVolumeClaim"):
            await self._provide(claim)

    async def _run(self, workload: Tree) -> None:
        revision = digest(workload["spec"]["template"])[:10]
        status = workload.get("status") or {}
        await self._adopt(workload)
        await self._claim(workload)
        if workload["kind"] == "Deployment":
            for other in self._pods_of(workload):
                if other["metadata"]["labels"]["pod-template-hash"] != revision:
                    await self.api.remove(ref_of(other))
        for other in self._pods_of(workload):
            if pod(other).ordinal >= workload["spec"]["replicas"]:
                await self.api.remove(ref_of(other))
        for number in range(workload["spec"]["replicas"]):
            name = f"{workload['metadata']['name']}-{number}"
            if self.api.find(Ref("Pod", workload["metadata"]["namespace"], name)) is None:
                await self.api.put(self._pod(workload, name, revision))
        await self._report(workload, revision, current=status.get("currentRevision", revision))

    async def _adopt(self, workload: Tree) -> None:
        selector = workload["spec"]["selector"]["matchLabels"]
        owner = {"uid": workload["metadata"]["uid"], "name": "x", "controller": True}
        for one in self.all("Pod"):
            metadata = one["metadata"]
            if metadata["ownerReferences"] == [] and selector.items() <= metadata["labels"].items():
                await self.api.put({**one, "metadata": {**metadata, "ownerReferences": [owner]}})

    async def _claim(self, workload: Tree) -> None:
        metadata, spec = workload["metadata"], workload["spec"]
        for template in spec.get("volumeClaimTemplates") or ():
            for number in range(spec["replicas"]):
                name = f"{template['metadata']['name']}-{metadata['name']}-{number}"
                ref = Ref("PersistentVolumeClaim", metadata["namespace"], name)
                if self.api.find(ref) is None:
                    labels = spec["selector"]["matchLabels"]
                    own = {"name": name, "namespace": ref.namespace, "labels": labels}
                    await self.api.put({**template, "metadata": own}, manager="kube-controller")

    async def _provide(self, claim: Tree) -> None:
        """Give the claim a volume, as large as it asks for."""
        status = claim.get("status") or {}
        if status.get("phase") in (None, "Bound") and (self.grows or not status):
            size = {"storage": claim["spec"]["resources"]["requests"]["storage"]}
            bound = {**claim, "status": {"phase": "Bound", "capacity": size}}
            await self.api.put(bound, manager="provisioner")

    async def _run_on_nodes(self, workload: Tree) -> None:
        revision = digest(workload["spec"]["template"])[:10]
        keeps = workload["spec"]["updateStrategy"].get("type") == "OnDelete"
        for other in self._pods_of(workload):
            if not keeps and pod(other).revision != revision:
                await self.api.remove(ref_of(other))
        for number in range(self.nodes):
            name = f"{workload['metadata']['name']}-{number}"
            if self.api.find(Ref("Pod", workload["metadata"]["namespace"], name)) is None:
                await self.api.put(self._pod(workload, name, revision))
        live = self._pods_of(workload)
        ready = sum(pod(one).ready for one in live)
        status = {
            "observedGeneration": workload["metadata"]["generation"],
            "desiredNumberScheduled": self.nodes,
            "currentNumberScheduled": len(live),
            "updatedNumberScheduled": sum(pod(one).revision == revision for one in live),
            "numberReady": ready,
            "numberAvailable": ready,
        }
        await self.api.put({**workload, "status": status}, manager="kube-controller-manager")

    async def scale(self, ref: Ref, replicas: int) -> None:
        """Write the subresource `scale`, as autoscalers and `kubectl scale` do."""
        live = self.api.find(ref)
        assert live is not None
        after = {**live, "spec": {**live["spec"], "replicas": replicas}}
        key = self.api._key(live)
        self.api.objects.write(key, after, manager="autoscaler", subresource="scale")
        await self.api.tell()

    async def _report(self, workload: Tree, revision: str, *, current: str) -> None:
        live = self._pods_of(workload)
        ready = [one for one in live if pod(one).ready]
        new = [one for one in live if pod(one).revision == revision]
        status = {
            "observedGeneration": workload["metadata"]["generation"],
            "replicas": len(live),
            "readyReplicas": len(ready),
            "availableReplicas": len(ready),
            "updatedReplicas": len(new),
        }
        if workload["kind"] == "StatefulSet":
            status |= {"currentRevision": current, "updateRevision": revision}
        await self.api.put({**workload, "status": status}, manager="kube-controller-manager")

    async def _publish(self, service: Tree) -> None:
        selector = service["spec"]["selector"]
        metadata = service["metadata"]
        chosen = [
            one for one in self.all("Pod") if selector.items() <= one["metadata"]["labels"].items()
        ]
        await self.api.put(
            {
                "apiVersion": "discovery.k8s.io/v1",
                "kind": "EndpointSlice",
                "metadata": {
                    "name": f"{metadata['name']}-x",
                    "namespace": metadata["namespace"],
                    "labels": {
                        **metadata["labels"],
                        "kubernetes.io/service-name": metadata["name"],
                    },
                    "ownerReferences": [{"uid": metadata["uid"], "name": metadata["name"]}],
                },
                "endpoints": [
                    {
                        "addresses": [one["status"]["podIP"]] if "podIP" in one["status"] else [],
                        "conditions": {"ready": pod(one).ready, "serving": pod(one).ready},
                        "targetRef": {"kind": "Pod", "name": one["metadata"]["name"]},
                    }
                    for one in chosen
                ],
            }
        )

    def pods(self, app: str) -> list[Tree]:
        return [one for one in self.all("Pod") if one["metadata"]["labels"].get(NAME) == app]

    def _pods_of(self, workload: Tree) -> list[Tree]:
        uid = workload["metadata"]["uid"]
        owners = ((one, one["metadata"]["ownerReferences"]) for one in self.all("Pod"))
        return [one for one, them in owners if them and them[0]["uid"] == uid]

    async def fail(self, name: str, trouble: str = "ErrImagePull", said: str = "") -> None:
        """Let the pod stop to serve, and tell all who must know; `said` are its last words."""
        ref = next(ref_of(one) for one in self.all("Pod") if one["metadata"]["name"] == name)
        live = self.api.find(ref)
        assert live is not None
        container = {
            "name": "main",
            "image": "i",
            "ready": False,
            "state": {"waiting": {"reason": trouble}},
            "lastState": {"terminated": {"exitCode": 1, "message": said}} if said else {},
        }
        status = {"conditions": [], "containerStatuses": [container]}
        await self.api.put({**live, "status": status})
        await self.settle()

    def _pod(self, workload: Tree, name: str, revision: str) -> Tree:
        is_deployed = workload["kind"] == "Deployment"
        key = "pod-template-hash" if is_deployed else "controller-revision-hash"
        metadata = workload["metadata"]
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": metadata["namespace"],
                "labels": {**workload["spec"]["template"]["metadata"]["labels"], key: revision},
                "ownerReferences": [{"uid": metadata["uid"], "name": "x", "controller": True}],
            },
            "spec": {},
            "status": {
                "podIP": self.address,
                "conditions": [{"type": "Ready", "status": str(self.ready)}],
            },
        }

    def look(self, world: World) -> World:
        """Fill the stores as the informers would."""
        live = list(self.api.objects.live.values())
        ours = [one for one in live if _labels(one).get(MANAGED_BY) == MANAGER]
        world.parents.replace(
            {ref_of(one): trimmed(one) for one in live if one["kind"] in _PARENT_KINDS}
        )
        world.children.replace(
            {ref_of(one): child(one) for one in ours if one["kind"] in _CHILD_KINDS}
        )
        world.pods.replace({ref_of(one): pod(one) for one in ours if one["kind"] == "Pod"})
        surveyed = [one for one in live if one["kind"] in ("Secret", "ConfigMap")]
        world.foreign.replace(
            {
                ref_of(one): Foreign(one["metadata"]["resourceVersion"])
                for one in surveyed
                if one not in ours
            }
        )
        slices = [one for one in ours if one["kind"] == "EndpointSlice"]
        world.slices.replace({ref_of(one): endpoint_slice(one) for one in slices})
        return world


def _labels(manifest: Tree) -> Tree:
    return manifest["metadata"].get("labels") or {}
