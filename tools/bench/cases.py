"""The cases: what is done, and what is measured of it."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from bench.loaded import loaded
from bench.objects import scrapes, storm
from bench.run import Figures, Run
from vmoperator.api import parsed
from vmoperator.base.resource import BY_KIND, VM_CLUSTER
from vmoperator.base.settings import Settings
from vmoperator.render import plan

EXAMPLE = Path(__file__).parents[2] / "examples/high-availability/vmcluster.yaml"
_POLL_SECONDS = 0.05


async def cluster(run: Run) -> Figures:
    """Seconds from the creation of the VMCluster to each word of its status."""
    manifest = _example(run)
    began = time.monotonic()
    await run.api.create(VM_CLUSTER.path(run.namespace), manifest)
    path = VM_CLUSTER.path(run.namespace, manifest["metadata"]["name"])
    seen: list[tuple[str | None, float]] = []
    while time.monotonic() - began < run.timeout:
        status = (await run.api.get(path)).get("status") or {}
        word = status.get("updateStatus") or status.get("clusterStatus")
        if not seen or seen[-1][0] != word:
            seen.append((word, round(time.monotonic() - began, 2)))
        if word == "operational":
            break
        await asyncio.sleep(_POLL_SECONDS)
    return {"statuses": seen}


async def plain(run: Run) -> Figures:
    """Seconds until all pods of the rendered children are ready, applied by this program alone."""
    manifest = _example(run)
    manifest["metadata"]["uid"] = "00000000-0000-0000-0000-000000000000"
    began = time.monotonic()
    manifests = plan(parsed(manifest), Settings()).manifests
    await asyncio.gather(*(_create(run, child) for child in manifests))
    pods = sum(child["spec"].get("replicas", 0) for child in manifests if "spec" in child)
    while time.monotonic() - began < run.timeout:
        if await _ready_pods(run) >= pods:
            break
        await asyncio.sleep(_POLL_SECONDS)
    return {"pods": pods, "ready_s": round(time.monotonic() - began, 2)}


async def idle(run: Run) -> Figures:
    """Nothing is done for a while: what is counted is the operator's alone."""
    await asyncio.sleep(run.seconds)
    return {"seconds": run.seconds}


async def clean(run: Run) -> Figures:
    """The namespace with everything in it goes, and is waited for."""
    path = f"/api/v1/namespaces/{run.namespace}"
    await run.api.delete(path)
    began = time.monotonic()
    while time.monotonic() - began < run.timeout:
        if not await run.api.get(path):
            break
        await asyncio.sleep(0.5)
    return {"gone_s": round(time.monotonic() - began, 1)}


CASES: Mapping[str, Callable[[Run], Awaitable[Figures]]] = MappingProxyType(
    {
        "cluster": cluster,
        "plain": plain,
        "scrapes": scrapes,
        "storm": storm,
        "loaded": loaded,
        "idle": idle,
        "clean": clean,
    }
)


def _example(run: Run) -> dict[str, Any]:
    manifest: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    return {**manifest, "metadata": {**manifest["metadata"], "namespace": run.namespace}}


async def _create(run: Run, child: dict[str, Any]) -> None:
    # Without its owner, which does not exist: the garbage collector would take it at once.
    metadata = {key: value for key, value in child["metadata"].items() if key != "ownerReferences"}
    path = BY_KIND[child["kind"]].path(run.namespace)
    await run.api.create(path, {**child, "metadata": metadata})


async def _ready_pods(run: Run) -> int:
    listed = await run.api.get(f"/api/v1/namespaces/{run.namespace}/pods")
    return sum(
        condition["type"] == "Ready" and condition["status"] == "True"
        for pod in listed["items"]
        for condition in pod["status"].get("conditions") or ()
    )
