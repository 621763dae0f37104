"""Bad input that the API server has to refuse, and that we refuse with the same field's name."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples/high-availability/vmcluster.yaml"
REMOVED = object()


@dataclass(frozen=True)
class Bad:
    """A change of the HA example, the field that is named, and words of the API server."""

    path: str
    value: Any
    says: str
    field: str = ""
    also_here: bool = True
    """Whether the models refuse it too; the others are left to the render layer."""

    def manifest(self) -> dict[str, Any]:
        return changed(self.path, self.value)

    @property
    def named(self) -> str:
        return self.field or self.path


def example() -> dict[str, Any]:
    """The HA example under a name that no other test gives to a live object."""
    manifest: dict[str, Any] = yaml.safe_load(EXAMPLE.read_text())
    manifest["metadata"]["name"] = "never-created"
    return manifest


def changed(path: str, value: Any, manifest: dict[str, Any] | None = None) -> dict[str, Any]:
    """The manifest, by default the example, with one field set or removed."""
    result = copy.deepcopy(manifest or example())
    *above, last = path.split(".")
    place = result
    for step in above:
        place = place.setdefault(step, {})
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return result


_CPU = "spec.vmstorage.resources.limits.cpu"
_CLAIM = "spec.vmselect.storage.volumeClaimTemplate.spec.resources.requests.storage"
_QUANTITY = 'must be a quantity such as 2, "500m" or "10Gi"'
_MONTHS = "must be a number of months such as"
_GRACE = "must be smaller than terminationGracePeriodSeconds (30 if unset)"
_LARGER = "must not be larger than vmstorage.replicaCount (1 if unset)"

BAD = {
    "replicationFactor above replicaCount": Bad(
        "spec.replicationFactor", 3, _LARGER, also_here=False
    ),
    "replicaCount below replicationFactor": Bad(
        "spec.vmstorage.replicaCount", 1, _LARGER, "spec.replicationFactor", also_here=False
    ),
    "replicaCount unset means 1": Bad(
        "spec.vmstorage.replicaCount", REMOVED, _LARGER, "spec.replicationFactor", also_here=False
    ),
    "retentionPeriod with an unknown unit": Bad("spec.retentionPeriod", "4x", _MONTHS),
    "retentionPeriod with a line break": Bad("spec.retentionPeriod", "4\n", _MONTHS),
    "retentionPeriod of nothing": Bad("spec.retentionPeriod", "0", _MONTHS),
    "retentionPeriod of no days": Bad("spec.retentionPeriod", "00d", "at least one day"),
    "retentionPeriod of less than a day": Bad("spec.retentionPeriod", "23h", "at least one day"),
    "retentionPeriod as a number": Bad("spec.retentionPeriod", 4, "must be of type string"),
    "vminsert without storage": Bad(
        "spec.vmstorage", REMOVED, "there is no storage node", "spec.vminsert", also_here=False
    ),
    "vmselect without storage": Bad(
        "spec.vmstorage", REMOVED, "there is no storage node", "spec.vmselect", also_here=False
    ),
    "count as text": Bad("spec.vmstorage.replicaCount", "5", "must be of type integer"),
    "count as a truth value": Bad("spec.vmstorage.replicaCount", True, "must be of type int32"),
    "negative count": Bad("spec.vmstorage.replicaCount", -1, "greater than or equal to 0"),
    "count beyond int32": Bad("spec.vmstorage.replicaCount", 2**31, "int32"),
    "truth value as text": Bad("spec.vmstorage.paused", "yes", "must be of type boolean"),
    "object as text": Bad("spec.vmstorage.image", "x:1", "must be of type object"),
    "flag as a number": Bad("spec.vmstorage.extraArgs.a", 1, "must be of type string"),
    "float as a quantity": Bad(_CPU, 0.5, "must be of type integer,string"),
    "malformed quantity": Bad(_CPU, "0,5", _QUANTITY),
    "malformed size of a claim": Bad(_CLAIM, "2Gx", _QUANTITY),
    "unknown word": Bad("spec.vmstorage.logLevel", "debug", 'supported values: "INFO"'),
    "port as a name": Bad("spec.vmstorage.port", "http", "must be a port number in quotes"),
    "interval without a unit": Bad("spec.discovery.interval", "5", "must be a number with s, m"),
    "no pods at once": Bad(
        "spec.vmselect.rollingUpdateStrategyBehavior.maxUnavailable", "0%", 'such as "25%"'
    ),
    "zero pods at once": Bad(
        "spec.vmselect.rollingUpdateStrategyBehavior.maxUnavailable", 0, 'such as "25%"'
    ),
    "preStop as long as the grace": Bad(
        "spec.vmselect.preStopSleepSeconds", 30, _GRACE, also_here=False
    ),
    "container without a name": Bad(
        "spec.vmstorage.containers", [{"image": "x"}], "[0].name: Required value"
    ),
    "container twice": Bad(
        "spec.vmstorage.containers", [{"name": "a"}, {"name": "a"}], "[1]: Duplicate value"
    ),
    "two ways to name a licence": Bad(
        "spec.license",
        {"key": "a", "keyRef": {"name": "b", "key": "c"}},
        "key and keyRef exclude each other",
        also_here=False,
    ),
    "empty storage node": Bad(
        "spec.vmselect.extraStorageNodes",
        [{"addr": ""}],
        "addr in body should be at least 1 chars long",
    ),
    "budget with both bounds": Bad(
        "spec.vmselect.podDisruptionBudget",
        {"minAvailable": 1, "maxUnavailable": "50%"},
        "exclude each other",
        also_here=False,
    ),
    "autoscaler without an upper bound": Bad(
        "spec.vminsert.hpa",
        {"minReplicas": 1},
        "is required: the largest number of pods",
        "spec.vminsert.hpa.maxReplicas",
        also_here=False,
    ),
    "autoscaler with its bounds the wrong way round": Bad(
        "spec.vminsert.hpa",
        {"minReplicas": 3, "maxReplicas": 2},
        "must not be larger than maxReplicas",
        "spec.vminsert.hpa.minReplicas",
        also_here=False,
    ),
    "vertical autoscaler that does not say how": Bad(
        "spec.vminsert.vpa",
        {"resourcePolicy": {}},
        "is required: updatePolicy.updateMode",
        "spec.vminsert.vpa.updatePolicy",
        also_here=False,
    ),
}
