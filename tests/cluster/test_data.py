"""Data through a VMCluster: what vminsert takes, every vmselect gives, whatever pod is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from localcluster.patience import drawn_out
from tests.cluster.conftest import Namespace, standing_demo, until
from tests.cluster.installed import Installed

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

SERIES = 50
TO_DISK_SECONDS = 40
"""Rows reach the disk some seconds after they are written; a pod that is killed loses the rest."""


@pytest.fixture(scope="module")
def demo(cluster: Cluster, installed: Installed) -> Iterator[Namespace]:
    with standing_demo(cluster, "data") as one:
        yield one


def write(namespace: Namespace) -> None:
    """The series, once, through the Service of vminsert."""
    path = f"/api/v1/namespaces/{namespace.name}/services/vminsert-demo:8480/proxy"
    rows = "".join(f'kept{{series="{index}"}} {index}\n' for index in range(SERIES))
    insert = f"{path}/insert/0/prometheus/api/v1/import/prometheus"
    namespace.kubectl("create", "--raw", insert, "-f", "-", stdin=rows)


def read(namespace: Namespace) -> dict[str, int]:
    """How many of the series each vmselect pod gives."""
    query = urlencode({"query": "count(last_over_time(kept[1h]))", "nocache": "1"})
    found: dict[str, int] = {}
    for pod in namespace.items("pods", "app.kubernetes.io/name=vmselect"):
        name = pod["metadata"]["name"]
        path = f"/api/v1/namespaces/{namespace.name}/pods/{name}:8481/proxy/select/0/prometheus"
        text = namespace.kubectl("get", "--raw", f"{path}/api/v1/query?{query}&latency_offset=1ms")
        result = json.loads(text)["data"]["result"]
        found[name] = int(result[0]["value"][1]) if result else 0
    return found


def answers(namespace: Namespace) -> bool:
    """Whether every vmselect answers, and with every series."""
    try:
        return read(namespace) == ALL
    except ClusterError:
        return False


ALL = {f"vmselect-demo-{index}": SERIES for index in (0, 1)}


def is_written(namespace: Namespace) -> bool:
    """Writes the series, unless the Service or vminsert does not know of ready pods yet."""
    try:
        write(namespace)
    except ClusterError as error:
        if "keeps no data" in str(error):
            pytest.skip("the stand-ins keep no data: victoria-metrics is not built")
        if "(ServiceUnavailable)" in str(error):
            return False
        raise
    return True


def is_back(namespace: Namespace, former: str) -> bool:
    """Whether another vmstorage-demo-0 than that one serves, and the status is good."""
    found = [
        pod
        for pod in namespace.items("pods", "app.kubernetes.io/name=vmstorage")
        if (pod["metadata"]["name"], "True") == ("vmstorage-demo-0", _ready(pod))
    ]
    is_new = any(pod["metadata"]["uid"] != former for pod in found)
    return is_new and namespace.status("demo")["updateStatus"] == "operational"


def _ready(pod: dict[str, Any]) -> str:
    conditions = pod["status"].get("conditions") or ()
    return next((str(it["status"]) for it in conditions if it["type"] == "Ready"), "")


def test_what_is_written_is_read_through_every_vmselect_while_a_vmstorage_is_killed(
    demo: Namespace,
) -> None:
    until(lambda: is_written(demo), what="vminsert is reached")
    written = time.monotonic()
    until(lambda: answers(demo), seconds=40, what="every series through every vmselect")
    print(f"readable after {time.monotonic() - written:.1f} s")
    time.sleep(max(0.0, written + TO_DISK_SECONDS - time.monotonic()))
    before = demo.get("pod", "vmstorage-demo-0")["metadata"]["uid"]
    demo.kubectl("delete", "pod", "vmstorage-demo-0", "--grace-period=0", "--force")
    killed = time.monotonic()
    reads = 0
    # The status is that of before the kill until the operator knows of it.
    while not is_back(demo, before) or reads < 5:
        assert read(demo) == ALL
        reads += 1
        assert time.monotonic() - killed < drawn_out(60)
    print(f"operational {time.monotonic() - killed:.1f} s after the kill; {reads} reads meanwhile")


def test_a_vmstorage_that_was_killed_has_its_data_still(demo: Namespace) -> None:
    demo.until_status("demo", "operational")
    demo.kubectl("delete", "pod", "vmstorage-demo-1", "--grace-period=0", "--force")
    # Whatever is read while the other one is away comes from the one that was killed before,
    # once its new address is known: DNS remembers the old one for some seconds.
    until(lambda: answers(demo), seconds=30, what="every series from the pod that came back")
    demo.until_status("demo", "operational")
