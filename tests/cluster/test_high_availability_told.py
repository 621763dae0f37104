"""HighlyAvailable on a real node: what it says follows the spec, the neighbours and the nodes."""

from __future__ import annotations

import pytest

from tests.cluster.conftest import Namespace, small, until
from tests.cluster.installed import Installed

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

TYPE = "HighlyAvailable"
TINY = {"limits": {"cpu": "200m", "memory": "100Mi"}, "requests": {"cpu": "10m", "memory": "20Mi"}}


def test_agents_say_that_their_cluster_keeps_every_copy_until_it_deduplicates(
    namespace: Namespace, installed: Installed
) -> None:
    namespace.apply(small())
    url = "http://vminsert-demo:8480/insert/0/prometheus/api/v1/write"
    spec = {"replicaCount": 2, "remoteWrite": [{"url": url}], "resources": TINY}
    namespace.apply(
        {
            "apiVersion": "operator.victoriametrics.com/v1beta1",
            "kind": "VMAgent",
            "metadata": {"name": "demo"},
            "spec": {**spec, "ingestOnlyMode": True},
        }
    )
    namespace.until_status("demo", "operational")
    namespace.until_status("demo", "operational", kind="vmagent")
    # There is one node only.
    told = namespace.condition("vmcluster", "demo", TYPE)
    assert (told["status"], told["reason"]) == ("False", "PodsOnOneNode"), told
    assert namespace.condition("vmagent", "demo", TYPE)["reason"] == "NotDeduplicated"
    flag = {"extraArgs": {"dedup.minScrapeInterval": "30s"}}
    namespace.apply(small(vmstorage=flag, vmselect=flag))
    until(
        lambda: namespace.condition("vmagent", "demo", TYPE)["reason"] == "PodsOnOneNode",
        what="the agents know that their cluster deduplicates",
    )
    namespace.until_status("demo", "operational")
    namespace.kubectl("delete", "pod", "vmselect-demo-0", "--grace-period=0", "--force")
    namespace.until_status("demo", "operational")
    assert namespace.condition("vmcluster", "demo", TYPE)["reason"] == "PodsOnOneNode"
