"""Hundreds of selected objects on a real node: pods take them up as they run, and none is lost."""

from __future__ import annotations

import base64
import itertools
import json
import re
import uuid
import zlib
from collections.abc import Iterator
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
LOADED_SECONDS = 120.0
JOB = re.compile(r'job_name"?: ?"?(serviceScrape/[^\s"]+)')
ROOM = {"limits": {"cpu": "500m", "memory": "400Mi"}, "requests": {"cpu": "10m"}}


@pytest.fixture(scope="module")
def stand(cluster: Cluster, operator: Operator) -> Iterator[Namespace]:
    """An agent of one pod."""
    del operator
    one = Namespace(cluster, f"many-{uuid.uuid4().hex[:8]}")
    cluster.kubectl("create", "namespace", one.name)
    one.apply(agent(replicaCount=1, resources=ROOM))
    one.until_status("demo", "operational", kind="vmagent")
    yield one
    one.clear()


def apply_all(stand: Namespace, found: list[dict[str, Any]]) -> None:
    manifest = {"apiVersion": "v1", "kind": "List", "items": found}
    stand.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(manifest))


def loaded(stand: Namespace) -> set[str]:
    """Names of the jobs that the pod runs."""
    (pod,) = pods(stand, "vmagent", "demo")
    try:
        return set(JOB.findall(stand.get_raw(pod["metadata"]["name"], 8429, "/config")))
    except ClusterError:
        return set()


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
    assert len(before) == 1
    names = [f"s{number}" for number in range(MANY)]
    apply_all(stand, [scrape("VMServiceScrape", name) for name in names[:FEW]])
    until(lambda: len(loaded(stand)) == FEW, seconds=LOADED_SECONDS, what="few jobs")

    text = "x" * (CAPACITY_BYTES // (LARGE - 1))
    rule = {"sourceLabels": ["a"], "action": "drop", "regex": text}
    large = neighbours(stand)
    apply_all(stand, [scrape("VMServiceScrape", name) for name in names[FEW:]])
    apply_all(stand, [scrape("VMServiceScrape", it, metricRelabelConfigs=[rule]) for it in large])
    wanted = {f"serviceScrape/{stand.name}/{name}/0" for name in (*names, *large)}
    until(lambda: loaded(stand) == wanted, seconds=LOADED_SECONDS, what="all jobs")

    kept = written(stand)
    assert sorted(itertools.chain.from_iterable(kept.values())) == sorted(wanted)
    assert sum(any("/large-" in job for job in jobs) for jobs in kept.values()) > 1
    assert life(stand) == before
