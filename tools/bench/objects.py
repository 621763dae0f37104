"""The cases with many selected objects: VMServiceScrapes and the VMAgent that selects them."""

import asyncio
import base64
import gzip
import itertools
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from bench.run import Figures, Run
from vmoperator.base.resource import BY_KIND, VM_AGENT

_SCRAPE = BY_KIND["VMServiceScrape"]
_NAME = "bench"
_SECRETS = f"vmagent-{_NAME}"
_CHANGES = 5
_POLL_SECONDS = 0.2


async def scrapes(run: Run) -> Figures:
    """N VMServiceScrapes, then a VMAgent: seconds until its configuration holds all of them, and
    from one changed object to the changed configuration."""
    began = time.monotonic()
    await _each(run.number, lambda number: _create(run, number))
    created = time.monotonic()
    await run.api.create(VM_AGENT.path(run.namespace), _agent(run))
    jobs, size = await _configured(run, lambda text: text.count("job_name") >= run.number)
    return {
        "n": run.number,
        "create_s": round(created - began, 2),
        "first_config_s": round(time.monotonic() - created, 2),
        "jobs": jobs,
        "bytes_per_job": size // max(jobs, 1),
        "one_change_s": [await _one_change(run, place) for place in range(_CHANGES)],
    }


async def storm(run: Run) -> Figures:
    """Every object of the case `scrapes` changes once: seconds until all of it is configured."""
    mark = f"storm{int(time.time())}"
    began = time.monotonic()
    await _each(run.number, lambda number: _change(run, number, mark))
    changed = time.monotonic()
    pattern = re.compile(rf"/{mark}-(\d+)")
    await _configured(run, lambda text: len(set(pattern.findall(text))) >= run.number)
    return {
        "n": run.number,
        "change_s": round(changed - began, 2),
        "settle_s": round(time.monotonic() - changed, 2),
    }


def scrape(number: int, namespace: str, mark: str = "metrics") -> dict[str, Any]:
    """A VMServiceScrape of a service of its own; the mark shows in its job."""
    endpoint = {
        "port": "http",
        "path": f"/{mark}-{number:05d}",
        "interval": "30s",
        "relabelConfigs": [
            {"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}
        ],
        "metricRelabelConfigs": [
            {"sourceLabels": ["__name__"], "regex": "go_.*", "action": "drop"}
        ],
    }
    return {
        "apiVersion": _SCRAPE.api_version,
        "kind": _SCRAPE.kind,
        "metadata": {"name": f"bench-{number:05d}", "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": {"app": f"app-{number:05d}"}},
            "endpoints": [endpoint],
        },
    }


def texts(secret: dict[str, Any]) -> Iterator[str]:
    """The files of a Secret, unpacked where they are compressed."""
    for encoded in (secret.get("data") or {}).values():
        content = base64.b64decode(encoded)
        if content.startswith(b"\x1f\x8b"):
            content = gzip.decompress(content)
        yield content.decode("utf-8", errors="replace")


def _agent(run: Run) -> dict[str, Any]:
    return {
        "apiVersion": VM_AGENT.api_version,
        "kind": VM_AGENT.kind,
        "metadata": {"name": _NAME, "namespace": run.namespace},
        "spec": {
            "selectAllByDefault": True,
            "replicaCount": run.replicas,
            "remoteWrite": [{"url": "http://localhost:8428/api/v1/write"}],
        },
    }


async def _create(run: Run, number: int) -> None:
    await run.api.create(_SCRAPE.path(run.namespace), scrape(number, run.namespace))


async def _change(run: Run, number: int, mark: str) -> None:
    changed = scrape(number, run.namespace, mark)
    path = _SCRAPE.path(run.namespace, changed["metadata"]["name"])
    await run.api.merge(path, {"spec": {"endpoints": changed["spec"]["endpoints"]}})


async def change_one(run: Run, place: int) -> str:
    """One object changes, another one for each place; what marks its job from then on."""
    mark = f"changed{int(time.time())}x{place}"
    await _change(run, run.number // 3 + place, mark)
    return mark


async def _one_change(run: Run, place: int) -> float:
    began = time.monotonic()
    mark = await change_one(run, place)
    await _configured(run, lambda text: f"/{mark}-" in text, poll_seconds=0.02)
    seconds = round(time.monotonic() - began, 2)
    await asyncio.sleep(2)
    return seconds


async def _configured(
    run: Run, is_there: Callable[[str], bool], *, poll_seconds: float = _POLL_SECONDS
) -> tuple[int, int]:
    """Jobs and bytes of the configuration once it is as wanted, or the time is over.

    Secrets are read only when their metadata says that they differ: reading is work for the
    server, and counts for the operator's figures.
    """
    known: dict[str, tuple[str, str]] = {}
    ends = time.monotonic() + run.timeout
    while True:
        for name, version in await run.api.versions(f"/api/v1/namespaces/{run.namespace}/secrets"):
            if name.startswith(_SECRETS) and known.get(name, ("",))[0] != version:
                found = await run.api.get(f"/api/v1/namespaces/{run.namespace}/secrets/{name}")
                known[name] = (version, "\n".join(texts(found)))
        whole = "\n".join(text for _, text in known.values())
        if is_there(whole) or time.monotonic() > ends:
            return whole.count("job_name"), len(whole)
        await asyncio.sleep(poll_seconds)


async def _each(number: int, act: Callable[[int], Awaitable[None]], *, width: int = 16) -> None:
    places = itertools.count()

    async def worker() -> None:
        while (place := next(places)) < number:
            await act(place)

    await asyncio.gather(*(worker() for _ in range(width)))
