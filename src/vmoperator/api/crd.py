"""The CustomResourceDefinitions of our kinds, made from the models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from vmoperator.api import KINDS
from vmoperator.api.model import SpecModel
from vmoperator.api.selected import OBJECTS
from vmoperator.api.structural import Schema, structural
from vmoperator.base.manifest import Manifest
from vmoperator.base.resource import BY_KIND, Resource

CATEGORY = "victoriametrics"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of `kubectl get`; NAME is always there and the first."""

    name: str
    path: str
    type: str = "string"

    @property
    def schema(self) -> dict[str, str]:
        """One entry of `additionalPrinterColumns`."""
        return {"name": self.name, "type": self.type, "jsonPath": self.path}


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_STATUS = Column("Status", ".status.updateStatus")
# Names and order as in the Go operator (go-operator.md 1.1), so that its documents hold.
COLUMNS: Mapping[str, tuple[Column, ...]] = MappingProxyType(
    {
        "VMCluster": (
            Column("Insert Count", ".spec.vminsert.replicaCount"),
            Column("Storage Count", ".spec.vmstorage.replicaCount"),
            Column("Select Count", ".spec.vmselect.replicaCount"),
            _AGE,
            _STATUS,
        ),
        "VMSingle": (_STATUS, _AGE),
        "VMAgent": (
            Column("Shards Count", ".status.shards", "integer"),
            Column("Replica Count", ".status.replicas", "integer"),
            _STATUS,
            _AGE,
        ),
        "VMAlert": (
            _STATUS,
            # The first of the two names that is set.
            Column("ReplicaCount", ".spec['replicaCount','replicas']", "integer"),
            _AGE,
        ),
        "VMAlertmanager": (
            Column("ReplicaCount", ".spec.replicaCount", "integer"),
            _AGE,
            Column("Update Status", ".status.updateStatus"),
        ),
    }
)
_OBJECT_COLUMNS = (_AGE, _STATUS, Column("Sync Error", ".status.reason"))
MODELS: Mapping[str, type[SpecModel]] = MappingProxyType({**KINDS, **OBJECTS})
"""Every kind that the operator defines -> its model."""
_SHORT_NAMES: Mapping[str, str] = MappingProxyType({"VMAlertmanager": "vma"})
_SCALES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "VMAgent": {
            "specReplicasPath": ".spec.shardCount",
            "statusReplicasPath": ".status.shards",
            "labelSelectorPath": ".status.selector",
        }
    }
)
_ROOT_FIELDS: Mapping[str, Any] = MappingProxyType(
    {
        "apiVersion": {"type": "string", "description": "Version of the schema of this object."},
        "kind": {"type": "string", "description": "Kind of this object."},
        "metadata": {"type": "object"},
    }
)


def definitions() -> tuple[Manifest, ...]:
    """One CustomResourceDefinition (apiextensions.k8s.io/v1) per kind, ready to be applied."""
    return tuple(_definition(BY_KIND[kind]) for kind in MODELS)


def _definition(resource: Resource) -> Manifest:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{resource.plural}.{resource.group}"},
        "spec": {
            "group": resource.group,
            "names": {
                "kind": resource.kind,
                "listKind": f"{resource.kind}List",
                "plural": resource.plural,
                "singular": resource.kind.lower(),
                "categories": [CATEGORY],
                **_short(resource.kind),
            },
            "scope": "Namespaced",
            "versions": [_version(resource)],
        },
    }


def _short(kind: str) -> Manifest:
    return {"shortNames": [_SHORT_NAMES[kind]]} if kind in _SHORT_NAMES else {}


def _scale(kind: str) -> Manifest:
    return {"scale": dict(_SCALES[kind])} if kind in _SCALES else {}


def _columns(kind: str) -> tuple[Column, ...]:
    return COLUMNS.get(kind, _OBJECT_COLUMNS)


def _version(resource: Resource) -> Manifest:
    return {
        "name": resource.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}, **_scale(resource.kind)},
        "additionalPrinterColumns": [
            column.schema for column in COLUMNS.get(resource.kind, _OBJECT_COLUMNS)
        ],
        "schema": {"openAPIV3Schema": _root(structural(MODELS[resource.kind]))},
    }


def _root(schema: Schema) -> Schema:
    # The API server itself checks apiVersion, kind and metadata, and forbids most rules for them.
    return {
        "type": "object",
        "description": schema["description"],
        "required": ["spec"],
        "properties": {**schema["properties"], **_ROOT_FIELDS},
    }
