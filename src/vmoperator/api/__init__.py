"""What users may write: one model per kind, and the door through which manifests come in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from vmoperator.api.parent import Parent
from vmoperator.api.refusals import first_refusal
from vmoperator.api.vmagent import VMAgent
from vmoperator.api.vmalert import VMAlert
from vmoperator.api.vmalertmanager import VMAlertmanager
from vmoperator.api.vmcluster import VMCluster
from vmoperator.api.vmsingle import VMSingle
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned

KINDS: Mapping[str, type[Parent]] = MappingProxyType(
    {
        "VMCluster": VMCluster,
        "VMSingle": VMSingle,
        "VMAgent": VMAgent,
        "VMAlert": VMAlert,
        "VMAlertmanager": VMAlertmanager,
    }
)
"""Kind of the manifest -> model."""


def parsed(manifest: Mapping[str, Any]) -> Parent:
    """The typed object of a manifest; nulls count as unset, unknown fields are ignored.

    Raises SpecInvalid, which names the first offending field as `spec.vmstorage.replicaCount`.
    """
    kind = manifest.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        raise SpecInvalid("kind", f"must be one of {', '.join(KINDS)}, not {kind!r}")
    try:
        return KINDS[kind].model_validate(pruned(manifest), by_alias=True, by_name=False)
    except ValidationError as refused:
        raise first_refusal(refused) from refused
