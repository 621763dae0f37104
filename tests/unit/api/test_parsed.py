"""The door: what comes in, and how it is refused."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.api.refused import BAD, REMOVED, Bad, changed, example

from vmoperator.api import parsed
from vmoperator.api.status import UpdateStatus
from vmoperator.api.vmcluster import VMCluster
from vmoperator.base.errors import SpecInvalid


def _cluster(manifest: dict[str, Any]) -> VMCluster:
    found = parsed(manifest)
    assert isinstance(found, VMCluster)
    return found


def test_the_example_is_read_with_its_names() -> None:
    cluster = _cluster(example())
    assert cluster.metadata.name == "never-created"
    assert cluster.spec.retention_period == "4"
    assert cluster.spec.replication_factor == 2
    storage = cluster.spec.vmstorage
    assert storage is not None and storage.storage is not None
    assert storage.replica_count == 2
    assert storage.manifest() == example()["spec"]["vmstorage"]


REFUSED_HERE = {name: bad for name, bad in BAD.items() if bad.also_here}


@pytest.mark.parametrize("bad", REFUSED_HERE.values(), ids=REFUSED_HERE)
def test_bad_input_is_refused_with_the_path_of_its_field(bad: Bad) -> None:
    with pytest.raises(SpecInvalid) as refused:
        parsed(bad.manifest())
    assert refused.value.field.startswith(bad.named)


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("spec.vmstorage.replicaCount", "5", 'must be an integer, not the string "5"'),
        ("spec.vmstorage.replicaCount", 5.0, "must be an integer, not the number 5.0"),
        ("spec.vmstorage.replicaCount", -1, "must be at least 0, not the number -1"),
        ("spec.vmstorage.paused", "yes", 'must be true or false, not the string "yes"'),
        ("spec.vmstorage.extraArgs.a", True, "must be a string, not true"),
        ("spec.vmstorage.image", [], "must be an object, not a list"),
        ("spec.vmstorage.secrets", {}, "must be a list, not an object"),
        ("spec.vmstorage.containers", [{}], "entry 0 needs a name"),
        ("spec.vmstorage.logFormat", "xml", "must be 'default' or 'json', not the string \"xml\""),
        ("metadata.name", REMOVED, "is required"),
        ("spec", REMOVED, "is required"),
        ("kind", "VMClutser", "must be one of VMCluster, "),
        ("apiVersion", "v1", "must be 'operator.victoriametrics.com/v1beta1', not the string"),
    ],
    ids=lambda value: "removed" if value is REMOVED else str(value)[:40],
)
def test_a_refusal_says_what_it_must_be_and_what_was_found(
    path: str, value: object, text: str
) -> None:
    with pytest.raises(SpecInvalid) as refused:
        parsed(changed(path, value))
    assert refused.value.field == path
    assert str(refused.value).startswith(f"{path}: {text}")


def test_a_place_in_a_list_is_named_by_its_number() -> None:
    nodes = [{"addr": "a:8401"}, {"addr": 5}]
    with pytest.raises(SpecInvalid, match="must be a string") as refused:
        parsed(changed("spec.vmselect.extraStorageNodes", nodes))
    assert refused.value.field == "spec.vmselect.extraStorageNodes[1].addr"


def test_a_long_value_is_cut_in_the_message() -> None:
    with pytest.raises(SpecInvalid) as refused:
        parsed(changed("spec.vmstorage.replicaCount", "x" * 5000))
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize("period", ["1", "1d", "24h", "30h", "100h", "024h", "2w", "100y"])
def test_a_retention_of_a_day_or_more_is_taken(period: str) -> None:
    assert _cluster(changed("spec.retentionPeriod", period)).spec.retention_period == period


@pytest.mark.parametrize("period", ["0", "0d", "0h", "1h", "9h", "19h", "23h", "023h", "00y"])
def test_a_retention_below_a_day_is_refused(period: str) -> None:
    with pytest.raises(SpecInvalid, match="at least one day") as refused:
        parsed(changed("spec.retentionPeriod", period))
    assert refused.value.field == "spec.retentionPeriod"


def test_a_manifest_without_a_kind_is_refused() -> None:
    with pytest.raises(SpecInvalid, match="must be one of VMCluster"):
        parsed({"metadata": {"name": "x"}})


def test_braces_in_a_value_are_shown_as_they_are() -> None:
    with pytest.raises(SpecInvalid, match=r'not the string "\{x\}"'):
        parsed(changed("spec.retentionPeriod", "{x}"))


def test_attribute_names_do_not_pass_for_fields() -> None:
    cluster = _cluster(changed("spec.vmstorage.storage_data_path", "/elsewhere"))
    assert cluster.spec.vmstorage is not None
    assert cluster.spec.vmstorage.storage_data_path == "/vm-data"


def test_null_counts_as_unset() -> None:
    cluster = _cluster(changed("spec.vmstorage.replicaCount", None))
    assert cluster.spec.vmstorage is not None
    assert cluster.spec.vmstorage.replica_count is None


def test_unknown_fields_are_ignored() -> None:
    assert parsed(changed("spec.vmstorage.fromTheFuture", {"a": 1})) == parsed(example())


def test_a_status_is_read() -> None:
    status = {"updateStatus": "expanding", "observedGeneration": 2, "conditions": []}
    cluster = _cluster(changed("status", status))
    assert cluster.status is not None
    assert cluster.status.update_status is UpdateStatus.EXPANDING


@pytest.mark.parametrize("status", ["x", {"updateStatus": "great"}, {"conditions": [{}]}])
def test_a_status_that_we_do_not_understand_stops_nothing(status: object) -> None:
    assert parsed(changed("status", status)).status is None


def test_what_is_given_is_left_as_it_was() -> None:
    manifest = changed("spec.vmstorage.replicaCount", None)
    parsed(manifest)
    assert manifest == changed("spec.vmstorage.replicaCount", None)
