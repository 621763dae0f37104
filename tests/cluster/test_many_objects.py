"""Hundreds of selected objects on a real node: pods take them up as they run, and none is lost."""

from __future__ import annotations

import base64
import itertools
import json
import os
import re
import signal
import time
import uuid
import zlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.cluster.conftest import Namespace, Operator, until
from tests.cluster.stack import pods
from tests.cluster.targets import agent, scrape
from vmoperator.render.buckets import CAPACITY_BYTES, COUNT

pytestmark = pytest.mark.cluster

FEW, MANY = 50, 800
LARGE = 4
"""Objects that share a bucket and do not fit into it together."""
REPLICAS = 2
LOADED_SECONDS = 120.0
JOB = re.compile(r'job_name"?: ?"?(serviceScrape/[^\s"]+)')
INTERVAL = re.compile(r"job_name: (serviceScrape/\S+)\s+scrape_interval: (\S+)")
AT_ONCE = 4
"""Callers of the API server at a time: one alone is held back by its own limits."""
ROOM = {"limits": {"cpu": "500m", "memory": "800Mi"}, "requests": {"cpu": "10m"}}


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """An agent of two pods."""
    del operator
    one = Namespace(cluster, f"many-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(agent(replicaCount=REPLICAS, resources=ROOM))
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


def apply_all(stand: Namespace, found: list[dict[str, Any]]) -> None:
    """Writes the objects, several at a time."""

    def apply(items: list[dict[str, Any]]) -> None:
        manifest = {"apiVersion": "v1", "kind": "List", "items": items}
        stand.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))

    parts = [found[place::AT_ONCE] for place in range(min(AT_ONCE, len(found)))]
    with ThreadPoolExecutor(AT_ONCE) as callers:
        list(callers.map(apply, parts))


def pages(stand: Namespace) -> list[str]:
    """The configuration that each pod runs with; empty while one does not answer."""
    try:
        return [
            stand.get_raw(pod["metadata"]["name"], 8429, "/config")
            for pod in pods(stand, "vmagent", "demo")
        ]
    except ClusterError:
        return []


def loaded(stand: Namespace) -> list[set[str]]:
    """Names of the jobs that each pod runs."""
    return [set(JOB.findall(page)) for page in pages(stand)]


def intervals(stand: Namespace) -> list[dict[str, str]]:
    """Job -> its interval, for each pod."""
    return [dict(INTERVAL.findall(page)) for page in pages(stand)]


def written(stand: Namespace) -> dict[str, list[str]]:
    """Secret -> names of the jobs in it."""
    found = {
        secret["metadata"]["name"]: base64.b64decode(secret["data"]["jobs.yaml"]).decode()
        for secret in stand.items("secrets")
        if "-jobs-" in secret["metadata"]["name"]
    }
    return {name: JOB.findall(text) for name, text in found.items()}


def neighbours(stand: Namespace) -> list[str]:
    """Names whose objects share a bucket."""
    names = (f"large-{number}" for number in itertools.count())
    shared = (it for it in names if not _hash(stand, it) % COUNT)
    return list(itertools.islice(shared, LARGE))


def _hash(stand: Namespace, name: str) -> int:
    return zlib.crc32(f"VMServiceScrape/{stand.name}/{name}".encode())


def jobs(stand: Namespace, names: list[str]) -> list[str]:
    """The jobs of objects of these names."""
    return [f"serviceScrape/{stand.name}/{name}/0" for name in names]


def life(stand: Namespace) -> list[tuple[str, int]]:
    """Every pod of the agent, and how often it was restarted."""
    return [
        (pod["metadata"]["uid"], pod["status"]["containerStatuses"][0]["restartCount"])
        for pod in pods(stand, "vmagent", "demo")
    ]


def test_from_few_objects_to_many_no_pod_restarts_and_a_full_bucket_loses_no_job(
    stand: Namespace,
) -> None:
    before = life(stand)
    assert len(before) == REPLICAS
    names = [f"s{number}" for number in range(MANY)]
    apply_all(stand, [scrape("VMServiceScrape", name) for name in names[:FEW]])
    few = [set(jobs(stand, names[:FEW]))] * REPLICAS
    until(lambda: loaded(stand) == few, seconds=LOADED_SECONDS, what="few jobs")

    text = "x" * (CAPACITY_BYTES // (LARGE - 1))
    params = {"large": [text]}
    large = neighbours(stand)
    apply_all(stand, [scrape("VMServiceScrape", name) for name in names[FEW:]])
    apply_all(stand, [scrape("VMServiceScrape", it, params=params) for it in large])
    wanted = set(jobs(stand, [*names, *large]))
    until(lambda: loaded(stand) == [wanted] * REPLICAS, seconds=LOADED_SECONDS, what="all jobs")

    def is_kept() -> bool:
        return sorted(itertools.chain.from_iterable(written(stand).values())) == sorted(wanted)

    until(is_kept, what="each job in one Secret")
    kept = written(stand)
    assert sum(any("/large-" in job for job in jobs) for jobs in kept.values()) > 1
    assert life(stand) == before


@contextmanager
def frozen(operator: Operator) -> Iterator[None]:
    """The operator hears of all that happens meanwhile at once, however slow the machine is."""
    pid = operator.pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def test_a_storm_that_changes_all_objects_ends_in_the_right_configuration_by_few_writes(
    stand: Namespace, operator: Operator
) -> None:
    before = life(stand)
    names = [f"s{number}" for number in range(MANY)]
    since = time.time()
    with frozen(operator):
        apply_all(stand, [scrape("VMServiceScrape", name, interval="3s") for name in names])
    wanted = dict.fromkeys(jobs(stand, names), "3s")

    def is_right() -> bool:
        found = [{job: it.get(job) for job in wanted} for it in intervals(stand)]
        return found == [wanted] * REPLICAS

    until(is_right, seconds=LOADED_SECONDS, what="every job as it was said last")
    written = [it for it in stand.cluster.audit.writes(since) if it.namespace == stand.name]
    secrets = sum(it.call.resource == "secrets" for it in written)
    print(f"{MANY} changes: {secrets} writes of Secrets, {len(written)} of all")
    assert COUNT <= secrets < MANY / 4
    assert life(stand) == before
