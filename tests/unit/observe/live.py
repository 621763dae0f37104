"""Live objects as the API server returns them, and sights of stages, for the tests of observe."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vmoperator.base import labels
from vmoperator.base.manifest import Ref
from vmoperator.observe.facts import Child, EndpointSlice, Rollout, child
from vmoperator.observe.pods import Pod
from vmoperator.observe.rollout import Sight

PARENT = Ref("VMCluster", "ns", "demo")
OWNER = labels.controller(
    api_version="operator.victoriametrics.com/v1beta1", kind="VMCluster", name="demo", uid="u-1"
)


def metadata(app: str = "vmstorage", **more: Any) -> dict[str, Any]:
    return {
        "name": f"{app}-demo",
        "namespace": "ns",
        "uid": f"uid-{app}",
        "resourceVersion": "7",
        "labels": labels.selector(app, "demo", part_of="vmcluster"),
        **more,
    }


def workload(status: Mapping[str, Any], *, kind: str = "StatefulSet", generation: int = 1) -> Child:
    """A workload with this status; generation 1 is seen unless the status says otherwise."""
    return child(
        {
            "apiVersion": "apps/v1",
            "kind": kind,
            "metadata": metadata(ownerReferences=[OWNER], generation=generation),
            "spec": {},
            "status": {"observedGeneration": 1, **status},
        }
    )


def counts(number: int, *, current: str = "a", update: str = "a", **more: Any) -> dict[str, Any]:
    """The status of a StatefulSet all of whose pods are there and of the newest revision."""
    keys = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
    revisions = {"currentRevision": current, "updateRevision": update}
    return {**dict.fromkeys(keys, number), **revisions, **more}


def pod(
    name: str,
    revision: str = "a",
    *,
    ready: bool = True,
    **more: Any,
) -> Pod:
    return Pod(
        ref=Ref("Pod", "ns", name),
        parent=PARENT,
        owner_uid="uid-vmstorage",
        app="vmstorage",
        uid=f"uid-{name}",
        resource_version="1",
        revision=revision,
        created=more.get("created", ""),
        ready=ready,
        deleting=more.get("deleting", False),
        ended=False,
        trouble=more.get("trouble", ""),
    )


def pods(*revisions: str) -> tuple[Pod, ...]:
    """Ready pods s-0, s-1, ... of these revisions."""
    return tuple(pod(f"s-{place}", revision) for place, revision in enumerate(revisions))


def endpoints(service: str, *names: str) -> EndpointSlice:
    return EndpointSlice(
        ref=Ref("EndpointSlice", "ns", f"{service}-x"),
        parent=PARENT,
        resource_version="1",
        service=service,
        serving=frozenset(names),
    )


def sight(
    status: Mapping[str, Any] | None,
    seen: tuple[Pod, ...],
    *,
    desired: int = 2,
    listed: tuple[str, ...] | None = None,
    **more: Any,
) -> Sight:
    """A stage behind one Service `svc`, which lists every ready pod unless told otherwise."""
    options = {key: more.pop(key) for key in ("kind", "generation") if key in more}
    names = listed
    if names is None:
        names = tuple(one.ref.name for one in seen if one.ready and not one.deleting)
    return Sight(
        name="vmstorage",
        desired=desired,
        workload=None if status is None else workload(status, **options),
        held=more.pop("held", False),
        pods=seen,
        slices={"svc": (endpoints("svc", *names),)},
        **more,
    )


def rollout(facts: Child) -> Rollout:
    assert facts.rollout is not None
    return facts.rollout
