"""What the schema alone cannot refuse: each message names the field that has to change."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.render.clusters import cluster, planned

from vmoperator.base.errors import SpecInvalid

CLAIM = {"spec": {"resources": {"requests": {"storage": "1Gi"}}}}
LICENCE = {"key": "k"}


def _claims(storage: Any = "1Gi") -> dict[str, Any]:
    return {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": storage}}}}}


def _downsampling(*periods: tuple[str, str], **more: Any) -> dict[str, Any]:
    listed = [{"offset": offset, "interval": interval} for offset, interval in periods]
    return {"license": LICENCE, "downsampling": {"rules": [{"periods": listed}], **more}}


REFUSED: dict[str, tuple[dict[str, Any], str, str]] = {
    "more copies than storage nodes": (
        {"replicationFactor": 3, "vmstorage": {"replicaCount": 2}},
        "spec.replicationFactor",
        "3 copies need as many nodes",
    ),
    "more copies than the one node of an unset count": (
        {"replicationFactor": 2},
        "spec.replicationFactor",
        "replicaCount is 1",
    ),
    "vminsert without vmstorage": (
        {"vmstorage": None, "vmselect": None},
        "spec.vmstorage",
        "spec.vminsert.extraArgs.storageNode",
    ),
    "vmselect without vmstorage": (
        {"vmstorage": None, "vminsert": None},
        "spec.vmstorage",
        "vmselect has no storage node",
    ),
    "vmstorage scaled to nothing under clients": (
        {"vmstorage": {"replicaCount": 0}},
        "spec.vmstorage.replicaCount",
        "no storage node left",
    ),
    "every node in maintenance for vminsert": (
        {"vmstorage": {"replicaCount": 2, "maintenanceInsertNodeIDs": [0, 1]}},
        "spec.vmstorage.maintenanceInsertNodeIDs",
        "every pod is in maintenance",
    ),
    "every node in maintenance for vmselect": (
        {"vmstorage": {"replicaCount": 1, "maintenanceSelectNodeIDs": [0]}},
        "spec.vmstorage.maintenanceSelectNodeIDs",
        "vmselect has no storage node left",
    ),
    "a storage node named twice": (
        {"vmselect": {"extraStorageNodes": [{"addr": "a:1"}, {"addr": "a:1"}]}},
        "spec.vmselect.extraStorageNodes[1].addr",
        "a:1 is a storage node already",
    ),
    "an extra storage node that is one of ours": (
        {
            "vmselect": {
                "extraStorageNodes": [{"addr": "vmstorage-demo-0.vmstorage-demo.monitoring:8401"}]
            }
        },
        "spec.vmselect.extraStorageNodes[0].addr",
        "already",
    ),
    "an extra storage node that extraArgs name": (
        {"vmselect": {"extraArgs": {"storageNode": "a:1"}, "extraStorageNodes": [{"addr": "a:1"}]}},
        "spec.vmselect.extraStorageNodes[0].addr",
        "already",
    ),
    "a node twice in extraArgs": (
        {"vminsert": {"extraArgs": {"storageNode": "a:1,a:1"}}},
        "spec.vminsert.extraArgs",
        "twice",
    ),
    "storage and a volume of the same name": (
        {
            "vmstorage": {
                "storage": _claims(),
                "volumes": [{"name": "vmstorage-db", "emptyDir": {}}],
            }
        },
        "spec.vmstorage.volumes[0].name",
        "'vmstorage-db' is the name of another volume",
    ),
    "a volume given twice": (
        {"vmselect": {"volumes": [{"name": "a", "emptyDir": {}}, {"name": "a", "emptyDir": {}}]}},
        "spec.vmselect.volumes",
        "twice",
    ),
    "a claim and a volume of the same name": (
        {
            "vmstorage": {
                "claimTemplates": [{"metadata": {"name": "wal"}, **CLAIM}],
                "volumes": [{"name": "wal", "emptyDir": {}}],
            }
        },
        "spec.vmstorage.volumes[0].name",
        "another volume",
    ),
    "a claim template without a name": (
        {"vmstorage": {"claimTemplates": [CLAIM]}},
        "spec.vmstorage.claimTemplates[0].metadata.name",
        "needs a name",
    ),
    "a claim without a size": (
        {"vmselect": {"storage": {"volumeClaimTemplate": {"spec": {}}}}},
        "spec.vmselect.storage.volumeClaimTemplate.spec.resources.requests.storage",
        "how large",
    ),
    "a claim beside an emptyDir": (
        {"vmselect": {"storage": {"emptyDir": {}, **_claims()}}},
        "spec.vmselect.storage",
        "either emptyDir or volumeClaimTemplate",
    ),
    "a bad quantity of a claim": (
        {"vmstorage": {"storage": _claims("10 gigs")}},
        "spec.vmstorage.storage.volumeClaimTemplate.spec.resources.requests.storage",
        "10 gigs",
    ),
    "a bad quantity of a limit": (
        {"vmstorage": {"resources": {"limits": {"memory": "lots"}}}},
        "spec.vmstorage.resources.limits.memory",
        "lots",
    ),
    "a request above its limit": (
        {"vmstorage": {"resources": {"limits": {"cpu": "500m"}, "requests": {"cpu": 1}}}},
        "spec.vmstorage.resources.requests.cpu",
        "1 is above the limit, 500m",
    ),
    "a mount without a volume": (
        {"vminsert": {"volumeMounts": [{"name": "gone", "mountPath": "/x"}]}},
        "spec.vminsert.volumeMounts",
        "no volume 'gone'",
    ),
    "a sidecar's mount without a volume": (
        {"vminsert": {"containers": [{"name": "s", "volumeMounts": [{"name": "gone"}]}]}},
        "spec.vminsert.containers[s].volumeMounts",
        "no volume 'gone'",
    ),
    "an init container's mount without a volume": (
        {"vmstorage": {"initContainers": [{"name": "i", "volumeMounts": [{"name": "gone"}]}]}},
        "spec.vmstorage.initContainers[i].volumeMounts",
        "vmstorage-db",
    ),
    "something else mounted over the data": (
        {
            "vmstorage": {
                "storage": _claims(),
                "storageDataPath": "/data",
                "volumes": [{"name": "v", "emptyDir": {}}],
                "volumeMounts": [{"name": "v", "mountPath": "/data"}],
            }
        },
        "spec.vmstorage.volumeMounts[0].mountPath",
        "mounted at /data already",
    ),
    "an additional Service of the main one's name": (
        {"vmstorage": {"serviceSpec": {"metadata": {"name": "vmstorage-demo"}}}},
        "spec.vmstorage.serviceSpec.metadata.name",
        "vmstorage-demo is the main Service",
    ),
    "an additional Service of a later component's name": (
        {"vmstorage": {"serviceSpec": {"metadata": {"name": "vminsert-demo"}}}},
        "spec.vmstorage.serviceSpec.metadata.name",
        "another component",
    ),
    "an additional Service of an earlier component's name": (
        {"vminsert": {"serviceSpec": {"metadata": {"name": "vmstorage-demo"}}}},
        "spec.vminsert.serviceSpec.metadata.name",
        "another component",
    ),
    "an impossible name of an additional Service": (
        {"vminsert": {"serviceSpec": {"metadata": {"name": "Writes.here"}}}},
        "spec.vminsert.serviceSpec.metadata.name",
        "no name for a Service",
    ),
    "a headless Service that shall balance": (
        {"vmselect": {"serviceSpec": {"useAsDefault": True, "spec": {"type": "LoadBalancer"}}}},
        "spec.vmselect.serviceSpec.spec.type",
        "stays headless",
    ),
    "a headless Service with an address": (
        {"vmselect": {"serviceSpec": {"useAsDefault": True, "spec": {"clusterIP": "10.0.0.1"}}}},
        "spec.vmselect.serviceSpec.spec.clusterIP",
        "stays headless",
    ),
    "a sleep as long as the grace": (
        {"vminsert": {"preStopSleepSeconds": 30}},
        "spec.vminsert.preStopSleepSeconds",
        "30 s leave nothing of the 30 s",
    ),
    "a malformed retention": (
        {"retentionPeriod": "4x"},
        "spec.retentionPeriod",
        "4x",
    ),
    "a port that is no number": (
        {"vmselect": {"port": "http"}},
        "spec.vmselect.port",
        "port",
    ),
    "a port that does not exist": (
        {"vminsert": {"insertPorts": {"graphitePort": "70000"}}},
        "spec.vminsert.insertPorts.graphitePort",
        "'70000' is not a port",
    ),
    "a flag given in two styles": (
        {"vmselect": {"extraArgs": {"a": "1", "--a": "2"}}},
        "spec.vmselect.extraArgs",
        "the flag a is given twice",
    ),
    "a flag with its value in the name": (
        {"vmselect": {"extraArgs": {"a=1": ""}}},
        "spec.vmselect.extraArgs",
        "'a=1' is not the name of a flag",
    ),
    "a budget that says nothing": (
        {"vmselect": {"podDisruptionBudget": {}}},
        "spec.vmselect.podDisruptionBudget",
        "either minAvailable or maxUnavailable",
    ),
    "a budget that says both": (
        {"vmselect": {"podDisruptionBudget": {"minAvailable": 1, "maxUnavailable": 1}}},
        "spec.vmselect.podDisruptionBudget",
        "either minAvailable or maxUnavailable",
    ),
    "steps of a rollout that has none": (
        {"vminsert": {"updateStrategy": "Recreate", "rollingUpdate": {"maxSurge": 1}}},
        "spec.vminsert.rollingUpdate",
        "Recreate does not",
    ),
    "a licence in two places": (
        {"license": {"key": "k", "keyRef": {"name": "s", "key": "k"}}},
        "spec.license",
        "either key or keyRef",
    ),
    "a licence in a Secret without a name": (
        {"license": {"keyRef": {"key": "k"}}},
        "spec.license.keyRef.name",
        "Secret",
    ),
    "a reload of what is no file": (
        {"license": {"key": "k", "reloadInterval": "1h"}},
        "spec.license.reloadInterval",
        "no file",
    ),
    "discovery without a licence": (
        {"discovery": {"enabled": True}},
        "spec.discovery.enabled",
        "set license",
    ),
    "discovery of nothing": (
        {"license": LICENCE, "vmstorage": None, "discovery": {"enabled": True}},
        "spec.vmstorage",
        "add it",
    ),
    "discovery beside maintenance": (
        {
            "license": LICENCE,
            "vmstorage": {"replicaCount": 2, "maintenanceInsertNodeIDs": [0]},
            "vminsert": {"discovery": {"enabled": True}},
        },
        "spec.vmstorage.maintenanceInsertNodeIDs",
        "discovery.filter",
    ),
    "discovery without a pause": (
        {"license": LICENCE, "vmselect": {"discovery": {"enabled": True, "interval": "0s"}}},
        "spec.vmselect.discovery.interval",
        "above zero",
    ),
    "downsampling without a licence": (
        {"downsampling": {"rules": [{"periods": [{"offset": "30d", "interval": "5m"}]}]}},
        "spec.downsampling",
        "license",
    ),
    "downsampling without a period": (
        {"license": LICENCE, "downsampling": {"rules": [{"filter": "x"}]}},
        "spec.downsampling.rules[0].periods",
        "at least one",
    ),
    "downsampling to nothing": (
        _downsampling(("30d", "0")),
        "spec.downsampling.rules[0].periods[0].interval",
        "above zero",
    ),
    "downsampling from an age that the interval does not divide": (
        _downsampling(("1h", "7m")),
        "spec.downsampling.rules[0].periods[0].offset",
        "1h is no multiple of the interval, 7m",
    ),
    "downsampling by intervals that do not fit": (
        _downsampling(("30d", "4m"), ("60d", "6m")),
        "spec.downsampling.rules[0].periods[1].interval",
        "6m is no multiple of 4m",
    ),
    "downsampling below deduplication": (
        _downsampling(("30d", "5m"), dedupInterval="2m"),
        "spec.downsampling.rules[0].periods[0].interval",
        "5m is no multiple of 2m",
    ),
    "downsampling by what is no duration": (
        _downsampling(("30d", "often")),
        "spec.downsampling.rules[0].periods[0].interval",
        "'often' is not a duration",
    ),
    "two rules of one filter": (
        {
            "license": LICENCE,
            "downsampling": {
                "rules": [{"periods": [{"offset": "30d", "interval": "5m"}]}, {"periods": []}]
            },
        },
        "spec.downsampling.rules[1].filter",
        "another rule",
    ),
    "retention filters without a licence": (
        {"vmstorage": {"retentionFilters": [{"filter": "x", "retention": "1d"}]}},
        "spec.vmstorage.retentionFilters",
        "license",
    ),
    "a filter's retention beyond the whole": (
        {
            "license": LICENCE,
            "retentionPeriod": "1",
            "vmstorage": {"retentionFilters": [{"filter": "x", "retention": "5w"}]},
        },
        "spec.vmstorage.retentionFilters[0].retention",
        "5w is longer than spec.retentionPeriod, 1",
    ),
}


@pytest.mark.parametrize(("spec", "field", "message"), REFUSED.values(), ids=REFUSED)
def test_a_spec_that_cannot_work_is_refused(spec: dict[str, Any], field: str, message: str) -> None:
    with pytest.raises(SpecInvalid) as refused:
        planned(cluster(**spec))
    assert refused.value.field == field
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param(
            {"replicationFactor": 3, "vminsert": {"extraArgs": {"--storageNode": "a:1,b:1,c:1"}}},
            id="copies on nodes that the user names",
        ),
        pytest.param(
            {"vmstorage": None, "vminsert": {"extraArgs": {"-storageNode": "a"}}, "vmselect": None},
            id="vminsert before nodes of another cluster",
        ),
        pytest.param(
            {
                "vmstorage": None,
                "vminsert": None,
                "vmselect": {"extraStorageNodes": [{"addr": "a"}]},
            },
            id="vmselect before nodes of another cluster",
        ),
        pytest.param(
            {
                "vmstorage": {"replicaCount": 0},
                "vmselect": {"replicaCount": 0},
                "vminsert": {"replicaCount": 0},
            },
            id="everything scaled to nothing",
        ),
        pytest.param({"vmselect": None, "vminsert": None}, id="vmstorage alone"),
        pytest.param({"vmstorage": {"maintenanceInsertNodeIDs": [7]}}, id="maintenance of no pod"),
        pytest.param(_downsampling(("30d", "5m"), ("180d", "1h")), id="intervals that fit"),
        pytest.param({"vminsert": {"terminationGracePeriodSeconds": 0}}, id="no grace at all"),
    ],
)
def test_a_spec_that_works_is_not_refused(spec: dict[str, Any]) -> None:
    assert planned(cluster(**spec)).stages


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("a" * 43, "could not be labelled", id="longer than a label of its pods holds"),
        pytest.param("a.b", "no name for a Service", id="dots"),
    ],
)
def test_a_name_that_children_cannot_have_is_refused(name: str, message: str) -> None:
    manifest = cluster()
    manifest["metadata"]["name"] = name
    with pytest.raises(SpecInvalid, match=message) as refused:
        planned(manifest)
    assert refused.value.field == "metadata.name"
