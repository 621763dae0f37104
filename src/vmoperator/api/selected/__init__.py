"""Objects that parents select: one model per kind, and the door through which they come in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from vmoperator.api.refusals import first_refusal
from vmoperator.api.selected.object import SelectedObject
from vmoperator.api.selected.vmalertmanagerconfig import VMAlertmanagerConfig
from vmoperator.api.selected.vmnodescrape import VMNodeScrape
from vmoperator.api.selected.vmpodscrape import VMPodScrape
from vmoperator.api.selected.vmprobe import VMProbe
from vmoperator.api.selected.vmrule import VMRule
from vmoperator.api.selected.vmscrapeconfig import VMScrapeConfig
from vmoperator.api.selected.vmservicescrape import VMServiceScrape
from vmoperator.api.selected.vmstaticscrape import VMStaticScrape
from vmoperator.base.errors import SpecInvalid
from vmoperator.base.manifest import pruned

OBJECTS: Mapping[str, type[SelectedObject]] = MappingProxyType(
    {
        "VMServiceScrape": VMServiceScrape,
        "VMPodScrape": VMPodScrape,
        "VMProbe": VMProbe,
        "VMNodeScrape": VMNodeScrape,
        "VMStaticScrape": VMStaticScrape,
        "VMScrapeConfig": VMScrapeConfig,
        "VMRule": VMRule,
        "VMAlertmanagerConfig": VMAlertmanagerConfig,
    }
)
"""Kind of the manifest -> model."""


def selected(manifest: Mapping[str, Any]) -> SelectedObject:
    """The typed object of a manifest; nulls count as unset, unknown fields are ignored.

    Raises SpecInvalid, which names the first offending field as `spec.endpoints[0].port`.
    """
    kind = manifest.get("kind")
    if not isinstance(kind, str) or kind not in OBJECTS:
        raise SpecInvalid("kind", f"must be one of {', '.join(OBJECTS)}, not {kind!r}")
    try:
        return OBJECTS[kind].model_validate(pruned(manifest), by_alias=True, by_name=False)
    except ValidationError as refused:
        raise first_refusal(refused) from refused
