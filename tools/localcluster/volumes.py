"""What the provisioner writes, as plain data: which volume a claim gets, when it grows or goes."""

import re
from pathlib import Path
from typing import Any

Object = dict[str, Any]

PROVISIONER = "vmoperator.local/hostpath"
PROVISIONED_BY = "pv.kubernetes.io/provisioned-by"
SELECTED_NODE = "volume.kubernetes.io/selected-node"
_SUFFIXES = {
    "": 1,
    **{letter: 1000**power for power, letter in enumerate("kMGTPE", 1)},
    **{f"{letter}i": 1024**power for power, letter in enumerate("KMGTPE", 1)},
}


def quantity_bytes(text: str) -> int:
    """The bytes of a storage quantity such as `10Gi`; raises ValueError for anything else."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([kMGTPE]?|[KMGTPE]i)", text)
    if match is None:
        raise ValueError(f"not a storage quantity: {text!r}")
    return int(float(match[1]) * _SUFFIXES[match[2]])


def volume_name(claim: Object) -> str:
    """The name that Kubernetes' own provisioners give: found again after a crash."""
    return f"pvc-{claim['metadata']['uid']}"


def requested(claim: Object) -> str:
    return str(claim["spec"]["resources"]["requests"]["storage"])


def wants_volume(claim: Object, storage_class: Object) -> bool:
    """True for a claim of ours without a volume whose node, if one matters, is known."""
    if claim["spec"].get("volumeName") or storage_class["provisioner"] != PROVISIONER:
        return False
    if claim["metadata"].get("deletionTimestamp"):
        return False
    waits = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return not waits or SELECTED_NODE in claim["metadata"].get("annotations", {})


def volume(claim: Object, storage_class: Object, node: str, folder: Path) -> Object:
    """The PersistentVolume of a claim: a folder of this machine, seen from one node alone."""
    metadata = claim["metadata"]
    on_node = {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": volume_name(claim),
            "annotations": {PROVISIONED_BY: PROVISIONER},
        },
        "spec": {
            "capacity": {"storage": requested(claim)},
            "accessModes": claim["spec"]["accessModes"],
            "volumeMode": "Filesystem",
            "storageClassName": storage_class["metadata"]["name"],
            "persistentVolumeReclaimPolicy": storage_class.get("reclaimPolicy", "Delete"),
            "hostPath": {"path": str(folder), "type": "DirectoryOrCreate"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [on_node]}]}},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "namespace": metadata["namespace"],
                "name": metadata["name"],
                "uid": metadata["uid"],
            },
        },
    }


def ours(volume: Object) -> bool:
    """True for a PersistentVolume that this provisioner made."""
    annotations = volume["metadata"].get("annotations", {})
    return bool(annotations.get(PROVISIONED_BY) == PROVISIONER)


def to_delete(volume: Object) -> bool:
    """True for a volume whose claim is gone and whose data shall go too."""
    return (
        ours(volume)
        and volume.get("status", {}).get("phase") == "Released"
        and volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete"
        and not volume["metadata"].get("deletionTimestamp")
    )


def volume_growth(claim: Object, volume: Object) -> str | None:
    """The capacity that the volume must be raised to, if the claim asks for more."""
    wanted, has = requested(claim), volume["spec"]["capacity"]["storage"]
    return wanted if quantity_bytes(wanted) > quantity_bytes(has) else None


def claim_growth(claim: Object, volume: Object) -> str | None:
    """The capacity that the bound claim's status must say, if the volume has become larger."""
    status = claim.get("status", {})
    if status.get("phase") != "Bound":
        return None
    has = str(volume["spec"]["capacity"]["storage"])
    said = str(status.get("capacity", {}).get("storage", "0"))
    return has if quantity_bytes(has) > quantity_bytes(said) else None
