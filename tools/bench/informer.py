"""Measures what one informer costs: CPU per object and per event, and memory.

`PYTHONPATH=.:tools .venv/bin/python -m bench.informer [OBJECTS]`, from the root of the repository.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import resource
import sys
import time
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from tests.fake_api import FakeApi

from vmoperator.apply.client import Client
from vmoperator.apply.connection import Connection
from vmoperator.apply.store import Store
from vmoperator.base.labels import INSTANCE, MANAGED_BY, MANAGER
from vmoperator.base.resource import STATEFUL_SET
from vmoperator.observe.facts import Child, child
from vmoperator.watch.informer import Informer


def stateful_set(number: int, *, replicas: int = 1) -> dict[str, Any]:
    """A StatefulSet of about 2.5 kB."""
    name = f"vmstorage-{number:05}"
    env = [{"name": f"VARIABLE_{index}", "value": "x" * 60} for index in range(16)]
    container = {"name": "vmstorage", "image": "victoriametrics/vmstorage", "env": env}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": name,
            "namespace": "default",
            "labels": {MANAGED_BY: MANAGER, INSTANCE: name},
        },
        "spec": {"replicas": replicas, "template": {"spec": {"containers": [container]}}},
    }


def serve(objects: int, pipe: Pipe) -> None:
    """Serve that many objects; change each of them once when told to, until told to end."""
    asyncio.run(_serve(objects, pipe))


async def _serve(objects: int, pipe: Pipe) -> None:
    async with FakeApi() as api:
        for number in range(objects):
            await api.put(stateful_set(number))
        pipe.send(api.url)
        await asyncio.to_thread(pipe.recv)
        for number in range(objects):
            await api.put(stateful_set(number, replicas=2))
        await asyncio.to_thread(pipe.recv)


async def measure(objects: int, url: str, pipe: Pipe) -> None:
    """Print the figures of one informer."""
    changes, all_changed = 0, asyncio.Event()

    def count(*_: object) -> None:
        nonlocal changes
        changes += 1
        if changes == objects:
            all_changed.set()

    store: Store[Child] = Store(lambda value: value.parent)
    before = resident_megabytes()
    async with Client(Connection(server=url)) as client:
        informer = Informer(client, STATEFUL_SET, store=store, transform=child, on_change=count)
        task, started, cpu = asyncio.create_task(informer.run()), time.monotonic(), cpu_seconds()
        await informer.synced.wait()
        report("list", len(store), time.monotonic() - started, cpu_seconds() - cpu)
        print(f"memory: {before:.0f} MB before, {resident_megabytes():.0f} MB with the list")
        all_changed.clear()
        changes, started, cpu = 0, time.monotonic(), cpu_seconds()
        pipe.send("change")
        await all_changed.wait()
        report("events", changes, time.monotonic() - started, cpu_seconds() - cpu)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"memory: {resident_megabytes():.0f} MB after the events, {peak:.0f} MB at most")
        task.cancel()
    pipe.send("end")


def report(what: str, count: int, seconds: float, cpu: float) -> None:
    """Print one line of figures."""
    print(f"{what}: {count} in {seconds:.2f} s, {cpu:.2f} s CPU, {cpu / count * 1e6:.0f} µs each")


def cpu_seconds() -> float:
    """CPU time of this process, in seconds."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def resident_megabytes() -> float:
    """Resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024 / 1024


def main() -> None:
    """Measure with as many objects as the command line says, else 5,000."""
    objects = int(sys.argv[1]) if len(sys.argv) > 1 else 5_000
    spawning = multiprocessing.get_context("spawn")
    ours, theirs = spawning.Pipe()
    server = spawning.Process(target=serve, args=(objects, theirs))
    server.start()
    asyncio.run(measure(objects, ours.recv(), ours))
    server.join()


if __name__ == "__main__":
    main()
