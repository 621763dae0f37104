"""Autoscalers on a real node: whoever scales is not fought with, and clients of storage follow."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.cluster.conftest import Namespace, small, until
from tests.cluster.installed import Installed

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

REST_SECONDS = 5


def _nodes(namespace: Namespace, kind: str, name: str) -> int:
    template = namespace.get(kind, name)["spec"]["template"]["spec"]
    flags = template["containers"][0]["args"]
    return len(next(it for it in flags if it.startswith("-storageNode=")).split(","))


def _replicas(namespace: Namespace, kind: str, name: str) -> Any:
    return namespace.get(kind, name)["spec"]["replicas"]


def test_storage_that_is_scaled_up_stays_so_and_gets_data(
    namespace: Namespace, installed: Installed
) -> None:
    scaled = {"hpa": {"minReplicas": 2, "maxReplicas": 3}}
    manifest = small(vmstorage=scaled, vmselect={"replicaCount": 1}, vminsert={"replicaCount": 1})
    namespace.apply(manifest)
    namespace.until_status("demo", "operational")
    scaler = namespace.get("hpa", "vmstorage-demo")["spec"]
    assert scaler["behavior"]["scaleDown"]["selectPolicy"] == "Disabled"
    assert _nodes(namespace, "deployment", "vminsert-demo") == 2
    # As the autoscaler does it: through the subresource.
    namespace.kubectl("scale", "statefulset", "vmstorage-demo", "--replicas=3")
    since = time.monotonic()
    until(
        lambda: (
            _nodes(namespace, "deployment", "vminsert-demo") == 3
            and _nodes(namespace, "statefulset", "vmselect-demo") == 3
        ),
        what="vminsert and vmselect know the third storage node",
    )
    print(f"clients know it after {time.monotonic() - since:.1f} s")
    namespace.until_status("demo", "operational")
    time.sleep(REST_SECONDS)
    assert _replicas(namespace, "statefulset", "vmstorage-demo") == 3
    manifest["spec"]["vmstorage"]["logLevel"] = "WARN"
    namespace.apply(manifest)
    namespace.until_status("demo", "operational")
    assert _replicas(namespace, "statefulset", "vmstorage-demo") == 3
