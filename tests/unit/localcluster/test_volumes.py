"""Which volume a claim gets, when it grows and when it goes."""

from pathlib import Path
from typing import Any

import pytest

from localcluster import volumes

CLASS = {
    "metadata": {"name": "hostpath"},
    "provisioner": volumes.PROVISIONER,
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def claim(request: str = "10Gi", **metadata: Any) -> dict[str, Any]:
    annotations = {volumes.SELECTED_NODE: "node-2"}
    return {
        "metadata": {
            "name": "data",
            "namespace": "default",
            "uid": "u1",
            "annotations": annotations,
            **metadata,
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": request}},
        },
        "status": {"phase": "Pending"},
    }


def made(request: str = "10Gi") -> dict[str, Any]:
    return volumes.volume(claim(request), CLASS, "node-2", Path("/volumes/pvc-u1"))


@pytest.mark.parametrize(
    ("text", "size"),
    [("1", 1), ("10Gi", 10 * 2**30), ("1.5Ki", 1536), ("2G", 2 * 10**9), ("3k", 3000)],
)
def test_a_quantity_is_a_number_of_bytes(text: str, size: int) -> None:
    assert volumes.quantity_bytes(text) == size


@pytest.mark.parametrize("text", ["", "Gi", "10gi", "-1", "1e3x"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="storage quantity"):
        volumes.quantity_bytes(text)


def test_a_volume_belongs_to_its_claim_and_its_node() -> None:
    spec = made()["spec"]
    assert spec["claimRef"]["uid"] == "u1"
    terms = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert terms[0]["matchExpressions"][0]["values"] == ["node-2"]
    assert (spec["capacity"], spec["persistentVolumeReclaimPolicy"]) == (
        {"storage": "10Gi"},
        "Delete",
    )


def test_a_claim_waits_for_the_node_that_the_scheduler_selects() -> None:
    assert volumes.wants_volume(claim(), CLASS)
    assert not volumes.wants_volume(claim(annotations={}), CLASS)
    assert volumes.wants_volume(claim(annotations={}), {**CLASS, "volumeBindingMode": "Immediate"})


@pytest.mark.parametrize(
    ("given", "storage_class"),
    [
        (claim(), {**CLASS, "provisioner": "example.org/other"}),
        (claim(deletionTimestamp="2026-01-01T00:00:00Z"), CLASS),
        ({**claim(), "spec": {**claim()["spec"], "volumeName": "other"}}, CLASS),
    ],
    ids=["another provisioner's class", "a claim on its way out", "a claim with a volume"],
)
def test_no_volume_is_made_for(given: dict[str, Any], storage_class: dict[str, Any]) -> None:
    assert not volumes.wants_volume(given, storage_class)


def test_growth_raises_the_volume_first_and_the_claims_status_then() -> None:
    wanted, has = claim("20Gi"), made("10Gi")
    wanted["status"] = {"phase": "Bound", "capacity": {"storage": "10Gi"}}
    assert volumes.volume_growth(wanted, has) == "20Gi"
    assert volumes.claim_growth(wanted, has) is None
    has["spec"]["capacity"]["storage"] = "20Gi"
    assert volumes.volume_growth(wanted, has) is None
    assert volumes.claim_growth(wanted, has) == "20Gi"


def test_a_claim_that_got_what_it_asked_for_causes_no_write() -> None:
    settled = claim()
    settled["status"] = {"phase": "Bound", "capacity": {"storage": "10Gi"}}
    assert volumes.volume_growth(settled, made()) is None
    assert volumes.claim_growth(settled, made()) is None


@pytest.mark.parametrize(
    ("phase", "policy", "by", "goes"),
    [
        ("Released", "Delete", volumes.PROVISIONER, True),
        ("Bound", "Delete", volumes.PROVISIONER, False),
        ("Released", "Retain", volumes.PROVISIONER, False),
        ("Released", "Delete", "example.org/other", False),
    ],
    ids=["released", "still bound", "to be retained", "another provisioner's"],
)
def test_only_our_released_volumes_are_deleted(
    phase: str, policy: str, by: str, goes: bool
) -> None:
    volume = made()
    volume["status"] = {"phase": phase}
    volume["spec"]["persistentVolumeReclaimPolicy"] = policy
    volume["metadata"]["annotations"][volumes.PROVISIONED_BY] = by
    assert volumes.to_delete(volume) is goes
