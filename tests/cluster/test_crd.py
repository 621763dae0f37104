"""The definitions on a real API server: taken, explained, and bad input refused by them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from localcluster import Cluster
from localcluster.errors import ClusterError
from tests.unit.api.refused import BAD, REMOVED, ROOT, Bad, changed, example
from vmoperator.api import parsed
from vmoperator.api.crd import definitions

pytestmark = pytest.mark.cluster

CRDS = sorted((ROOT / "crds").glob("*.yaml"))
SIZE = "spec.vmstorage.storage.volumeClaimTemplate.spec.resources.requests.storage"
CACHE = "spec.vmselect.storage.volumeClaimTemplate.spec.resources.requests.storage"


def _dry_run(cluster: Cluster, manifest: dict[str, Any]) -> dict[str, Any]:
    """What the API server would store."""
    command = ("apply", "--dry-run=server", "-o", "json", "-f", "-")
    stored: dict[str, Any] = json.loads(cluster.kubectl(*command, input=json.dumps(manifest)))
    return stored


def _refusal(cluster: Cluster, manifest: dict[str, Any]) -> str:
    """The words with which kubectl apply fails."""
    command = ("apply", "--dry-run=server", "-f", "-")
    with pytest.raises(ClusterError) as refused:
        cluster.kubectl(*command, input=json.dumps(manifest))
    return str(refused.value)


@pytest.mark.parametrize("path", CRDS, ids=lambda path: path.name)
def test_plain_kubectl_apply_takes_a_definition_again_and_again(
    cluster: Cluster, path: Path
) -> None:
    cluster.kubectl("apply", "-f", str(path))
    assert "unchanged" in cluster.kubectl("apply", "-f", str(path))


@pytest.mark.parametrize("definition", definitions(), ids=lambda one: one["spec"]["names"]["kind"])
def test_a_definition_is_established_and_structural(
    cluster: Cluster, definition: dict[str, Any]
) -> None:
    live = json.loads(cluster.kubectl("get", "crd", definition["metadata"]["name"], "-o", "json"))
    conditions = {one["type"]: one["status"] for one in live["status"]["conditions"]}
    assert conditions["Established"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
def test_bad_input_is_refused_and_the_message_names_the_field(cluster: Cluster, bad: Bad) -> None:
    said = _refusal(cluster, bad.manifest())
    assert bad.says in said
    assert bad.named in said.replace("[cpu]", ".cpu").replace("[storage]", ".storage")


@pytest.mark.parametrize(
    "path",
    ["spec.vmstorage.replicaCout", "spec.vmselect.image.tagg", "spec.retentionperiod"],
)
def test_a_misspelt_field_is_refused_by_its_path(cluster: Cluster, path: str) -> None:
    assert f'unknown field "{path}"' in _refusal(cluster, changed(path, 1))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param("spec.retentionPeriod", "100y", id="a retention in years"),
        pytest.param("spec.retentionPeriod", "24h", id="a retention of a day in hours"),
        pytest.param("spec.vmstorage.resources.limits.cpu", 2, id="a whole number of CPUs"),
        pytest.param("spec.vmstorage.resources.limits.cpu", "1e3", id="an exponent"),
        pytest.param("spec.vmstorage.replicaCount", 0, id="a cluster that is stopped"),
        pytest.param("spec.vminsert.extraArgs", {"storageNode": "a:8400"}, id="nodes elsewhere"),
        pytest.param("spec.vmselect.preStopSleepSeconds", 0, id="no sleep"),
        pytest.param("spec.vmselect.port", "", id="an empty port"),
        pytest.param(
            "spec.vmselect.rollingUpdateStrategyBehavior.maxUnavailable", "100%", id="all at once"
        ),
    ],
)
def test_good_input_is_taken(cluster: Cluster, path: str, value: object) -> None:
    _dry_run(cluster, changed(path, value))


def test_components_without_storage_of_their_own_are_taken_when_they_name_nodes(
    cluster: Cluster,
) -> None:
    alone = changed("spec.vmstorage", REMOVED)
    inserting = changed("spec.vminsert.extraArgs", {"storageNode": "a:8400"}, alone)
    _dry_run(cluster, changed("spec.vmselect.extraStorageNodes", [{"addr": "a:8401"}], inserting))
    _dry_run(cluster, changed("spec.discovery.enabled", True, alone))


def test_null_is_the_same_as_unset_to_both_sides(cluster: Cluster) -> None:
    manifest = changed("spec.vmselect.replicaCount", None)
    stored = _dry_run(cluster, manifest)
    assert parsed(stored).spec == parsed(manifest).spec
    assert parsed(stored).spec == parsed(changed("spec.vmselect.replicaCount", REMOVED)).spec


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("affinity", {"podAntiAffinity": {"someday": {"deep": [{"er": 1.5}]}}}),
        ("securityContext", {"seccompProfile": {"type": "RuntimeDefault", "someday": {"a": 1}}}),
        ("containers", [{"name": "side", "someday": {"deep": {"er": True}}}]),
        ("tolerations", [{"key": "a", "someday": {"b": []}}]),
        ("startupProbe", {"httpGet": {"port": "http", "someday": {"c": 1}}}),
        ("storage", {"volumeClaimTemplate": {"spec": {"selector": {"someday": {"d": "e"}}}}}),
        ("serviceSpec", {"spec": {"ports": [{"name": "x", "port": 1, "someday": {"f": 0}}]}}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_core_types_keep_what_we_never_heard_of(cluster: Cluster, path: str, value: object) -> None:
    stored = _dry_run(cluster, changed(f"spec.vmselect.{path}", value))
    assert stored["spec"]["vmselect"][path] == value


def test_the_api_server_adds_nothing_to_the_specification(cluster: Cluster) -> None:
    assert _dry_run(cluster, example())["spec"] == example()["spec"]


@pytest.fixture
def stored(cluster: Cluster) -> Iterator[dict[str, Any]]:
    # Paused, so that an operator that runs beside this test leaves it alone.
    manifest = changed("spec.paused", True)
    manifest["metadata"]["name"] = f"grows-{uuid4().hex[:8]}"
    cluster.kubectl("apply", "-f", "-", input=json.dumps(manifest))
    yield manifest
    cluster.kubectl("delete", "vmcluster", manifest["metadata"]["name"], "--wait=false")


@pytest.mark.parametrize(
    ("path", "size"),
    [(SIZE, "10240Mi"), (SIZE, "11Gi"), (SIZE, 10 * 2**30), (SIZE, "9Gi"), (CACHE, "2.5Gi")],
)
def test_sizes_are_taken_for_a_growth_that_fails_must_be_taken_back(
    cluster: Cluster, stored: dict[str, Any], path: str, size: object
) -> None:
    _dry_run(cluster, changed(path, size, stored))


def test_the_names_of_a_stored_cluster_may_not_change(
    cluster: Cluster, stored: dict[str, Any]
) -> None:
    said = _refusal(cluster, changed("spec.useLegacyNaming", True, stored))
    assert "spec.useLegacyNaming" in said
    assert "the data would stay behind under the old names" in said
    _dry_run(cluster, changed("spec.useLegacyNaming", False, stored))


def test_legacy_names_are_taken_at_creation(cluster: Cluster) -> None:
    _dry_run(cluster, changed("spec.useLegacyNaming", True))


def test_a_bad_size_of_stored_claims_is_named(cluster: Cluster, stored: dict[str, Any]) -> None:
    said = _refusal(cluster, changed(SIZE, "11Gix", stored))
    assert 'must be a quantity such as 2, "500m" or "10Gi"' in said
    assert "requests[storage]" in said


def test_kubectl_get_prints_the_columns_of_the_go_operator(
    cluster: Cluster, stored: dict[str, Any]
) -> None:
    header = cluster.kubectl("get", "vmclusters").splitlines()[0]
    assert [word.strip() for word in header.split("  ") if word.strip()] == [
        "NAME",
        "INSERT COUNT",
        "STORAGE COUNT",
        "SELECT COUNT",
        "AGE",
        "STATUS",
    ]
    assert stored["metadata"]["name"] in cluster.kubectl("get", "victoriametrics")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("vmcluster", ["A VictoriaMetrics cluster"]),
        ("vmcluster.spec", ["How long samples are kept (-retentionPeriod)", "vmstorage"]),
        ("vmcluster.spec.vmstorage", ["The component that keeps the samples.", "replicaCount"]),
        ("vmcluster.spec.vmstorage.storageDataPath", ["(-storageDataPath)"]),
        ("vmagent.spec.configReloaderImage", ["Does not act yet", "no reloader"]),
        ("vmcluster.status.conditions", ["Ready, Reconciling, Stalled"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_kubectl_explain_tells_what_a_field_does(
    cluster: Cluster, path: str, words: list[str]
) -> None:
    told = " ".join(cluster.kubectl("explain", path).split())
    assert [word for word in words if word not in told] == []
