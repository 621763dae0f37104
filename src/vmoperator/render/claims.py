"""Claims: the volume of a program's data, and the templates of a StatefulSet's claims."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from vmoperator.api.storage import ClaimTemplate, EmbeddedObjectMetadata
from vmoperator.base.errors import SpecInvalid
from vmoperator.render.shapes import mapping
from vmoperator.render.source import Source
from vmoperator.render.workload import Workload


def data(workload: Workload) -> list[Source]:
    """The data of a program that keeps some: a claim, an emptyDir, or a volume of the user's.

    A volume of the user's under the default name takes the emptyDir's place; beside `storage` it
    would be ambiguous and is refused where names are compared.
    """
    storage = workload.storage
    if storage is None or storage.is_elsewhere:
        return []
    spec, path = storage.spec, storage.mount_path
    field = storage.field or f"{workload.field}.storage"
    template = spec.volume_claim_template if spec else None
    if spec and template and spec.empty_dir is not None:
        raise SpecInvalid(field, "set either emptyDir or volumeClaimTemplate")
    if template is not None:
        claimed = _claimed(template, field=field, default=storage.volume, mount_path=path)
        return [replace(claimed, sub_path=storage.sub_path or None)]
    if spec is None and any(it["name"] == storage.volume for it in workload.spec.volumes or ()):
        return [Source(field=field, name=storage.volume, mount_path=path)]
    volume = {"emptyDir": (spec and spec.empty_dir) or {}}
    return [Source(field=field, name=storage.volume, volume=volume, mount_path=path)]


def further(workload: Workload) -> list[Source]:
    """The volumes that claimTemplates adds; volumeMounts says where they are mounted."""
    sources = []
    for place, template in enumerate(workload.storage.claims if workload.storage else ()):
        field = f"{workload.field}.claimTemplates[{place}]"
        metadata = mapping(template.get("metadata"), field=f"{field}.metadata")
        spec = mapping(template.get("spec"), field=f"{field}.spec")
        name = metadata.get("name")
        if not name or not isinstance(name, str):
            raise SpecInvalid(f"{field}.metadata.name", "a claim template needs a name")
        claim = _claim(metadata, spec, field=field)
        sources.append(Source(field=f"{field}.metadata.name", name=name, claim=claim))
    return sources


def _claimed(template: ClaimTemplate, *, field: str, default: str, mount_path: str) -> Source:
    metadata = template.metadata or EmbeddedObjectMetadata()
    name = metadata.name or default
    spec = template.spec.manifest() if template.spec else {}
    named = {**metadata.manifest(), "name": name}
    claim = _claim(named, spec, field=f"{field}.volumeClaimTemplate")
    return Source(field=field, name=name, claim=claim, mount_path=mount_path)


def _claim(metadata: Mapping[str, Any], spec: Mapping[str, Any], *, field: str) -> dict[str, Any]:
    path = f"{field}.spec.resources"
    resources = mapping(spec.get("resources"), field=path)
    if "storage" not in mapping(resources.get("requests"), field=f"{path}.requests"):
        raise SpecInvalid(
            f"{path}.requests.storage", 'say how large the volume shall be, such as "10Gi"'
        )
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {key: metadata.get(key) for key in ("name", "labels", "annotations")},
        "spec": {"accessModes": ["ReadWriteOnce"], **spec},
    }
